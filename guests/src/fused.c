/*
 * Macro-operation fusion: the sequences that CKB-VM executes as one operation, their neighbours that it must not, and jumps into
 * their middle. The instructions are in fused.S; here is what they mean one by one, in plain C, for the native build.
 */
#include "mix.h"

#ifndef __riscv

struct three {
    uint64_t r, c, d;
};

static struct three carry_add(uint64_t r, uint64_t c, uint64_t d, int from_middle) {
    if (!from_middle) {
        r += c;
        c = r < c;
    }
    r += d;
    d = r < d;
    return (struct three){r, c | d, d};
}

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
    struct three x;
    for (int i = 0; i < 3; i++) {
        x = carry_add(a, b, sum, i == 2 && (sum & 1));
        MIX(x.r);
        MIX(x.c);
        MIX(x.d);
    }
    uint64_t y, z, carry, old = sum;
    y = a + b;
    carry = y < b;
    MIX(y);
    MIX(carry);
    MIX(carry + old);

    old = sum;
    y = b + old;
    carry = y < b;
    MIX(y);
    MIX(carry);
    MIX(carry + a);

    old = sum;
    y = b + old;
    carry = y < b;
    MIX(y);
    MIX(carry + b);

    old = sum;
    y = b + old;
    MIX(y);
    MIX(y < b);
    y = a + b;
    MIX(y);
    MIX(y < b);

    for (int i = 0; i < 2; i++) {
        uint64_t r = a, s = b, d = sum, c;
        s = r - s;
        c = r < s;
        r = s - d;
        d = s < r;
        s = d | c;
        MIX(r);
        MIX(s);
        if (i == 0) {
            MIX(d);
            MIX(c);
        }
    }

    MIX(a - b);
    MIX(a < b);

    MIX((__int128)sa * sb >> 64);
    MIX(a * b);
    MIX((unsigned __int128)a * b >> 64);
    MIX(a * b);
    MIX((__int128)sa * (__int128)b >> 64);
    MIX(a * b);
    MIX(divide(sa, sb));
    MIX(remainder_of(sa, sb));
    MIX(b ? a / b : ~0ULL);
    MIX(b ? a % b : a);
    y = (uint64_t)((unsigned __int128)a * b >> 64);
    MIX(a * b);
    MIX(y);

    MIX(y);
    MIX(y * b);
    MIX(y);
    MIX(a * b);
    MIX(divide(sa, sb));
    MIX(b ? a % b : a);
    y = divide(sa, sb);
    MIX(y);
    MIX(remainder_of((int64_t)y, sb));
    MIX(a + a);
    MIX(0);
    z = a - b;
    MIX(z);
    MIX(z < b);

    MIX(0x12345678);
    MIX(0x7fffffff);
    MIX(0xffffffffffffe800);
    MIX(0x12345000);
    MIX(0x12345678);

    MIX(0);
    for (int i = 0; i < 4; i++) {
        MIX(a + 1);
        MIX(0);
    }
    MIX(b + 1);
    MIX(0);
    return sum;
}

#endif

int main(int argc, char **argv) { return mix_main(argc, argv, 0xe49491eb1c87878); }
