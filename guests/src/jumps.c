/*
 * Jumps to computed places, as compilers, C libraries and hand-written code have them. The code is in jumps.S; here is what it
 * computes, in plain C, for the native build.
 */
#include "mix.h"

#ifndef __riscv

static void pointed(int which, uint64_t a, uint64_t *sum) {
    *sum = which ? rotate_left(*sum, 64 - 13) : rotate_left(*sum, 7) ^ a;
}

uint64_t mix(uint64_t a, uint64_t b, uint64_t sum) {
    static const uint8_t CASES[8] = {0, 1, 2, 3, 4, 5, 1, 0};
    switch (CASES[a & 7]) {
    case 0: MIX(b + 100); break;
    case 1: MIX(b ^ 101); break;
    case 2: MIX(b << 3); break;
    case 3:
    case 4: MIX(b + 104); break;
    case 5: MIX(~b); break;
    }
    switch (b & 3) {
    case 0: MIX(a); /* fall through */
    case 1: MIX(b); /* fall through */
    case 2: MIX(a + 7);
    }
    static const int STRAIGHT[16] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1, 3, 5, 7, 9};
    uint64_t x = 0;
    for (uint64_t i = a >> 5 & 15; i < 16; i++) x += (uint64_t)STRAIGHT[i];
    MIX(x);
    MIX(a + 11);
    MIX(b + 13);
    MIX(b + 13);
    x = (a + 3) << 1;
    MIX(x);
    x = (x + 5) ^ 0x55;
    MIX(x);
    x = x + 7 - 9;
    MIX(x);
    pointed(b & 1, a, &sum);
    pointed(!(b & 1), a, &sum);
    return sum;
}

#endif

int main(int argc, char **argv) { return mix_main(argc, argv, 0xcf7a008cddfe24fb); }
