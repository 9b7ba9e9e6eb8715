/*
 * The driver of the assembly guests bits, muldiv, fused and jumps: a function `mix(a, b, sum)` takes two operands through the
 * instructions in question and mixes every result into the sum. For the VM it is assembly (name.S); natively it is the
 * model in C (name.c), which is how the expected sum was found and can be checked.
 */
#ifndef GUEST_MIX_H
#define GUEST_MIX_H

#include "guest.h"

uint64_t mix(uint64_t a, uint64_t b, uint64_t sum);

/* As the assembly's macro `mix`. */
#define MIX(x) (sum = rotate_left(sum, 7) ^ (uint64_t)(x))

static const uint64_t OPERANDS[] = {
    0, 1, 2, 3, 31, 32, 63, 64, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
    0x100000000, 0x8000000080000000, 0x7fffffffffffffff, 0x8000000000000000, 0xffffffff80000000, 0xffffffff00000000,
    0xfffffffffffffffe, 0xffffffffffffffff,
};

enum { EDGES = sizeof OPERANDS / sizeof OPERANDS[0], RANDOM = 400 };

/* All pairs of edge operands, then random ones of random length. */
static inline uint64_t mix_round(uint64_t seed) {
    uint64_t sum = 0;
    for (int i = 0; i < EDGES; i++) {
        for (int k = 0; k < EDGES; k++) sum = mix(OPERANDS[i], OPERANDS[k], sum);
    }
    for (int i = 0; i < RANDOM; i++) {
        uint64_t a = next_random(&seed), b = next_random(&seed);
        sum = mix(a >> (b & 63), b >> (a >> 58), sum);
    }
    return sum;
}

static inline int mix_main(int argc, char **argv, uint64_t expected) {
    uint64_t rounds = guest_rounds(argc, argv, 4);
    while (rounds--) {
        if (mix_round(opaque(1)) != expected) return 1;
    }
    return 0;
}

#endif
