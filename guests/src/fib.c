/*
 * Calls and returns: the doubly recursive Fibonacci function, which does next to nothing else.
 * A round is fib(20).
 */
#include "guest.h"

static __attribute__((noinline)) uint64_t fib(uint64_t n) {
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

int main(int argc, char **argv) {
    uint64_t rounds = guest_rounds(argc, argv, 5);
    while (rounds--) {
        if (fib(opaque(20)) != 6765) return 1;
    }
    return 0;
}
