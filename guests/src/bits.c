/*
 * Bit manipulation: every instruction of Zba, Zbb, Zbc and Zbs over edge and random operands. The instructions are in bits.S;
 * here is what they mean, in plain C, for the native build.
 */
#include "mix.h"

#ifndef __riscv

static uint64_t rotate_right(uint64_t x, uint64_t n) { return rotate_left(x, -(unsigned)n & 63); }

/* 32-bit results are sign-extended. */
static uint64_t word(uint64_t x) { return (uint64_t)(int64_t)(int32_t)x; }

static uint64_t rotate_right_word(uint64_t x, uint64_t n) {
    uint32_t w = (uint32_t)x;
    n &= 31;
    return word(n ? w >> n | w << (32 - n) : w);
}

static uint64_t count_leading(uint64_t x, int width) {
    uint64_t n = 0;
    for (int i = width - 1; i >= 0 && !(x >> i & 1); i--) n++;
    return n;
}

static uint64_t count_trailing(uint64_t x, int width) {
    uint64_t n = 0;
    for (int i = 0; i < width && !(x >> i & 1); i++) n++;
    return n;
}

static uint64_t population(uint64_t x) {
    uint64_t n = 0;
    for (int i = 0; i < 64; i++) n += x >> i & 1;
    return n;
}

static uint64_t combine_bytes(uint64_t x) {
    uint64_t y = 0;
    for (int i = 0; i < 64; i += 8) y |= (x >> i & 0xff ? 0xffULL : 0) << i;
    return y;
}

static uint64_t reverse_bytes(uint64_t x) {
    uint64_t y = 0;
    for (int i = 0; i < 64; i += 8) y |= (x >> i & 0xff) << (56 - i);
    return y;
}

/* The 127 bits of a product without carries. */
static unsigned __int128 carryless(uint64_t a, uint64_t b) {
    unsigned __int128 product = 0;
    for (int i = 0; i < 64; i++) {
        if (b >> i & 1) product ^= (unsigned __int128)a << i;
    }
    return product;
}

uint64_t mix(uint64_t a, uint64_t b, uint64_t sum) {
    uint64_t low = (uint32_t)a;
    int64_t sa = (int64_t)a, sb = (int64_t)b;
    MIX(low + b);
    MIX((a << 1) + b);
    MIX((a << 2) + b);
    MIX((a << 3) + b);
    MIX((low << 1) + b);
    MIX((low << 2) + b);
    MIX((low << 3) + b);
    MIX(low);
    MIX(low << 1);
    MIX(low << 31);
    MIX(low << 32);
    MIX(low << 63);
    MIX(a & ~b);
    MIX(a | ~b);
    MIX(~(a ^ b));
    MIX(sa < sb ? a : b);
    MIX(a < b ? a : b);
    MIX(sa > sb ? a : b);
    MIX(a > b ? a : b);
    MIX(rotate_left(a, b & 63));
    MIX(rotate_right(a, b));
    MIX(rotate_right_word(a, -b));
    MIX(rotate_right_word(a, b));
    MIX(count_leading(a, 64));
    MIX(count_leading(b, 64));
    MIX(count_leading(a, 32));
    MIX(count_leading(b, 32));
    MIX(count_trailing(a, 64));
    MIX(count_trailing(b, 64));
    MIX(count_trailing(a, 32));
    MIX(count_trailing(b, 32));
    MIX(population(a));
    MIX(population(b));
    MIX(population(low));
    MIX(population((uint32_t)b));
    MIX((int64_t)(int8_t)a);
    MIX((int64_t)(int8_t)b);
    MIX((int64_t)(int16_t)a);
    MIX((int64_t)(int16_t)b);
    MIX((uint16_t)a);
    MIX((uint16_t)b);
    MIX(combine_bytes(a));
    MIX(combine_bytes(b));
    MIX(reverse_bytes(a));
    MIX(reverse_bytes(b));
    MIX(a);
    MIX(word(a));
    MIX(rotate_right(a, 5));
    MIX(rotate_right_word(a, 5));
    MIX(rotate_right(a, 31));
    MIX(rotate_right_word(a, 31));
    MIX(rotate_right(a, 32));
    MIX(rotate_right(a, 63));
    MIX(carryless(a, b));
    MIX(carryless(a, b) >> 64);
    MIX(carryless(a, b) >> 63);
    static const int AT[4] = {0, 31, 32, 63};
    for (int i = -1; i < 4; i++) {
        int at = i < 0 ? (int)(b & 63) : AT[i];
        MIX(a & ~(1ULL << at));
        MIX(a >> at & 1);
        MIX(a ^ 1ULL << at);
        MIX(a | 1ULL << at);
    }
    b = (uint64_t)carryless(a, b);
    MIX(b);
    b = rotate_left(b, a & 63);
    MIX(b);
    b = ((uint64_t)(uint32_t)b << 3) + b;
    MIX(b);
    MIX(combine_bytes(b));
    return sum;
}

#endif

int main(int argc, char **argv) { return mix_main(argc, argv, 0xa46fe9e70419067); }
