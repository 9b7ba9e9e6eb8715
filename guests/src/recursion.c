/*
 * Deep stacks and calls through pointers: a recursion 8000 frames deep whose frames are linked and walked at the
 * bottom, two functions that call each other through a table, and Ackermann's function. A round does each once.
 */
#include "guest.h"

/* A frame holds a node and points at its caller's: the compiler cannot make a loop of this. */
struct node {
    const struct node *above;
    uint64_t value;
};

static __attribute__((noinline)) uint64_t walk(const struct node *node) {
    uint64_t sum = 0;
    for (; node; node = node->above) sum = sum * 3 + node->value;
    return sum;
}

static __attribute__((noinline)) uint64_t descend(const struct node *above, uint64_t depth) {
    struct node here = {above, depth ^ 0x55};
    if (depth == 0) return walk(&here);
    uint64_t below = descend(&here, depth - 1);
    opaque_memory(&here);
    return rotate_left(below, 1) + here.value;
}

typedef uint64_t step(uint64_t n, uint64_t sum);

static step even, odd;
static step *const STEPS[2] = {even, odd};

static uint64_t even(uint64_t n, uint64_t sum) {
    if (n == 0) return sum;
    return STEPS[opaque((n - 1) & 1)](n - 1, sum + n) + 1;
}

static uint64_t odd(uint64_t n, uint64_t sum) {
    return STEPS[opaque((n - 1) & 1)](n - 1, sum * 3) ^ n;
}

static __attribute__((noinline)) uint64_t ackermann(uint64_t m, uint64_t n) {
    if (m == 0) return n + 1;
    if (n == 0) return ackermann(m - 1, 1);
    return ackermann(m - 1, ackermann(m, n - 1));
}

static __attribute__((noinline)) uint64_t round_sum(uint64_t depth) {
    uint64_t sum = descend(0, depth);
    sum = sum * 31 + even(depth, 1);
    return sum * 31 + ackermann(opaque(2), opaque(150));
}

int main(int argc, char **argv) {
    uint64_t rounds = guest_rounds(argc, argv, 2);
    while (rounds--) {
        if (round_sum(opaque(8000)) != 0x63baf5155c56ac92) return 1;
    }
    return 0;
}
