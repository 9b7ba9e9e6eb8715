/*
 * Integer arithmetic: multiplications, divisions (by zero and overflowing ones too), shifts and the 32-bit forms over edge and
 * random operands. The instructions are in muldiv.S; here is what they mean, in plain C, for the native build.
 */
#include "mix.h"

#ifndef __riscv

static uint64_t word(uint64_t x) { return (uint64_t)(int64_t)(int32_t)x; }

static uint64_t divide(int64_t a, int64_t b) {
    if (b == 0) return ~0ULL;
    return b == -1 ? -(uint64_t)a : (uint64_t)(a / b);
}

static uint64_t remainder_of(int64_t a, int64_t b) {
    if (b == 0) return (uint64_t)a;
    return b == -1 ? 0 : (uint64_t)(a % b);
}

uint64_t mix(uint64_t a, uint64_t b, uint64_t sum) {
    int64_t sa = (int64_t)a, sb = (int64_t)b;
    int32_t wa = (int32_t)a, wb = (int32_t)b;
    uint32_t ua = (uint32_t)a, ub = (uint32_t)b;
    MIX(a * b);
    MIX((__int128)sa * sb >> 64);
    MIX((unsigned __int128)a * b >> 64);
    MIX((__int128)sa * (__int128)b >> 64);
    MIX(word(a * b));
    MIX(divide(sa, sb));
    MIX(b ? a / b : ~0ULL);
    MIX(remainder_of(sa, sb));
    MIX(b ? a % b : a);
    MIX(word(divide(wa, wb)));
    MIX(ub ? word(ua / ub) : ~0ULL);
    MIX(word(remainder_of(wa, wb)));
    MIX(word(ub ? ua % ub : ua));
    MIX(a + b);
    MIX(a - b);
    MIX(word(a + b));
    MIX(word(a - b));
    MIX(sa < sb);
    MIX(a < b);
    MIX(a << (b & 63));
    MIX(a >> (b & 63));
    MIX(sa >> (b & 63));
    MIX(word(ua << (b & 31)));
    MIX(word(ua >> (b & 31)));
    MIX(word((uint64_t)(wa >> (b & 31))));
    for (int64_t c = -1; c <= 2047; c += 2048) {
        MIX(a + (uint64_t)c);
        MIX(word(a + (uint64_t)c));
        MIX(sa < c);
        MIX(a < (uint64_t)c);
        MIX(a ^ (uint64_t)c);
        MIX(a | (uint64_t)c);
        MIX(a & (uint64_t)c);
    }
    MIX(a << 31);
    MIX(a >> 31);
    MIX(sa >> 31);
    MIX(word(ua << 31));
    MIX(word(ua >> 31));
    MIX(word((uint64_t)(wa >> 31)));
    MIX(a << 33);
    MIX(a >> 33);
    MIX(sa >> 33);
    b = word(divide(wa, wb));
    MIX(b);
    b = a ? b % a : b;
    MIX(b);
    b = (uint64_t)((__int128)(int64_t)b * (int64_t)b >> 64);
    MIX(b);
    MIX(~0ULL);
    MIX(b);
    MIX(0);
    return sum;
}

#endif

int main(int argc, char **argv) { return mix_main(argc, argv, 0x6dfe7adb562411a6); }
