/*
 * A program for registers of 32 bits: sums and products of several words with carries, quotients, a small machine with a
 * switch, calls through pointers, recursion, and data of every width. Nothing in it depends on the width of a register,
 * so a native build has the same result.
 *
 * Neither a byte swap nor a narrowing to uint16_t of a computed value: with Zbb compilers make RV32's rev8 and zext.h of
 * them, which CKB-VM does not decode for 32 bits.
 */
#include "guest.h"

enum { WORDS = 6, CODE = 24, ITEMS = 300 };

static uint32_t rotate(uint32_t x, unsigned n) {
    return (x << (n & 31)) | (x >> (-n & 31));
}

static uint32_t mix(uint32_t sum, uint32_t x) {
    return rotate(sum, 5) ^ (x * 0x9e3779b1u);
}

/* 192 bits: a = a * a + k, then a - k over all words. */
static void square_and_subtract(uint32_t *a, uint32_t k) {
    uint32_t product[WORDS] = {0};
    for (int i = 0; i < WORDS; i++) {
        uint32_t carry = 0;
        for (int j = 0; i + j < WORDS; j++) {
            uint64_t t = (uint64_t)a[i] * a[j] + product[i + j] + carry;
            product[i + j] = (uint32_t)t;
            carry = (uint32_t)(t >> 32);
        }
    }
    uint32_t borrow = k;
    for (int i = 0; i < WORDS; i++) {
        uint32_t old = product[i];
        a[i] = old - borrow;
        borrow = old < borrow;
    }
}

static uint32_t numbers(uint32_t seed) {
    uint32_t a[WORDS];
    for (int i = 0; i < WORDS; i++) a[i] = seed + (uint32_t)i * 0x01010101u;
    uint32_t sum = 0;
    for (uint32_t k = 0; k < 60; k++) {
        square_and_subtract(a, k);
        for (int i = 0; i < WORDS; i++) sum = mix(sum, a[i]);
    }
    uint64_t state = seed;
    for (int i = 0; i < 500; i++) {
        uint64_t r = next_random(&state);
        uint32_t low = (uint32_t)r, high = (uint32_t)(r >> 32), divisor = low >> (high & 31);
        if (divisor != 0) sum = mix(sum, high / divisor + high % divisor);
        int32_t by = (int32_t)(divisor | 1);
        if (by != -1) sum = mix(sum, (uint32_t)((int32_t)high / by - (int32_t)high % by));
        sum = mix(sum, (uint32_t)(((int64_t)(int32_t)low * (int32_t)high) >> 32));
        sum = mix(sum, (uint32_t)(r >> (low & 63)) ^ (uint32_t)__builtin_popcount(low));
        sum = mix(sum, (uint32_t)(low > high) + 2 * (uint32_t)((int32_t)low > (int32_t)high));
    }
    return sum;
}

/* A machine of eight registers and a byte an instruction. */
static uint32_t machine(const uint8_t *code, uint32_t steps, uint32_t seed) {
    uint32_t r[8];
    for (uint32_t i = 0; i < 8; i++) r[i] = seed ^ (i << 28);
    uint32_t at = 0;
    while (steps--) {
        uint8_t op = code[at];
        uint32_t *d = &r[op & 7], s = r[(op >> 3) & 7];
        at = at + 1 == CODE ? 0 : at + 1;
        switch ((op + at) % 11) {
        case 0: *d += s; break;
        case 1: *d -= s; break;
        case 2: *d ^= s + at; break;
        case 3: *d = rotate(*d, s); break;
        case 4: *d *= s | 1; break;
        case 5: *d = s > *d ? s - *d : *d - s; break;
        case 6: *d >>= s & 7; break;
        case 7: *d = (uint32_t)((int32_t)*d >> (s & 31)) + 1; break;
        case 8: *d |= 1u << (s & 31); break;
        case 9: if (s & 1) at = s % CODE; break;
        default: *d = ~(*d & s); break;
        }
    }
    uint32_t sum = 0;
    for (int i = 0; i < 8; i++) sum = mix(sum, r[i]);
    return sum;
}

static uint32_t depth(uint32_t n) {
    return n < 2 ? n : depth(n - 1) + depth(n - 2);
}

static uint32_t twice(uint32_t n) {
    return depth(n & 7) * 2;
}

static uint32_t inverse(uint32_t n) {
    return ~depth((n >> 3) & 7);
}

static uint32_t (*const FUNCTIONS[])(uint32_t) = {depth, twice, inverse, depth};

static uint32_t calls(uint32_t seed) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < 40; i++) {
        uint32_t (*call)(uint32_t) = FUNCTIONS[(seed >> (i & 15)) & 3];
        sum = mix(sum, call(i % 12));
    }
    return sum;
}

struct item {
    int16_t key;
    uint8_t tag;
    int8_t weight;
    uint32_t next;
};

static uint32_t items(uint32_t seed) {
    static struct item list[ITEMS];
    uint64_t state = seed;
    for (uint32_t i = 0; i < ITEMS; i++) {
        uint32_t r = (uint32_t)next_random(&state);
        list[i] = (struct item){(int16_t)r, (uint8_t)(r >> 16), (int8_t)(r >> 24), i};
    }
    for (int i = 1; i < ITEMS; i++) {
        struct item moved = list[i];
        int k = i;
        for (; k > 0 && list[k - 1].key > moved.key; k--) list[k] = list[k - 1];
        list[k] = moved;
    }
    uint32_t sum = 0;
    for (int i = 0; i < ITEMS; i++) {
        sum = mix(sum, (uint32_t)list[i].key + list[i].tag + (uint32_t)list[i].weight + list[i].next);
    }
    return sum;
}

static uint32_t work(uint32_t seed) {
    uint8_t code[CODE];
    for (uint32_t i = 0; i < CODE; i++) code[i] = (uint8_t)((seed + i) * 37 >> 1);
    uint32_t sum = numbers(seed);
    sum = mix(sum, machine(code, 3000, seed));
    sum = mix(sum, calls(seed));
    return mix(sum, items(seed));
}

int main(int argc, char **argv) {
    uint64_t rounds = guest_rounds(argc, argv, 3);
    while (rounds--) {
        if (work((uint32_t)opaque(0xc0ffee01)) != 0x685a65e4) return 1;
    }
    return 0;
}
