/*
 * Double-precision arithmetic without floating-point registers (-mabi=lp64): the functions that clang calls
 * for +, -, *, /, comparisons and conversions. Rounds to nearest even, subnormals, infinities and NaNs included; NaN
 * payloads are not kept, there are no exception flags. Not fast: clear.
 *
 * A double travels as its 64 bits, which is what the lp64 convention does with it anyway.
 */
#include <stdint.h>

/* Natively the functions get another name, so that they can be compared with the processor. */
#ifndef SOFT
#define SOFT(name) name
#endif

typedef uint64_t bits; /* of a double */

#define SIGN 0x8000000000000000ULL
#define INFINITE 0x7ff0000000000000ULL
#define QUIET 0x7ff8000000000000ULL
#define HIDDEN 0x0010000000000000ULL
#define FRACTION (HIDDEN - 1)

static inline int is_nan(bits x) { return (x & ~SIGN) > INFINITE; }

/* Shifts right; bits that fall out leave a 1 at the end ("sticky"). */
static inline uint64_t shift_sticky(uint64_t x, unsigned n) {
    if (n == 0) return x;
    if (n > 63) return x != 0;
    return x >> n | ((x << (64 - n)) != 0);
}

/*
 * Makes a double of sign, exponent and significand: value = significand * 2^(exponent - 1075 - 10), where a normal
 * significand has its highest bit at 62. Any significand below 2^63 is accepted and shifted into place (one whose
 * last bit is sticky must be above 2^60).
 */
static bits pack(bits sign, int exponent, uint64_t significand) {
    if (significand == 0) return sign;
    int shift = __builtin_clzll(significand) - 1;
    significand <<= shift;
    exponent -= shift;
    if (exponent <= 0) {
        significand = shift_sticky(significand, 1 - (unsigned)exponent);
        exponent = 0;
    } else if (exponent >= 0x7ff) {
        return sign | INFINITE;
    }
    uint64_t rest = significand & 0x3ff;
    uint64_t result = significand >> 10;
    result += rest > 0x200 || (rest == 0x200 && (result & 1));
    /* A normal number brings its hidden bit: take it out. Carries flow into the exponent as they should. */
    if (exponent) result += ((uint64_t)exponent - 1) << 52;
    return sign | result;
}

/* Exponent (1 for subnormals) and significand with the hidden bit, normalised so that the highest bit is 52. */
static int unpack(bits x, uint64_t *significand) {
    int exponent = (int)(x >> 52 & 0x7ff);
    *significand = x & FRACTION;
    if (exponent) {
        *significand |= HIDDEN;
        return exponent;
    }
    if (*significand == 0) return 1;
    int shift = __builtin_clzll(*significand) - 11;
    *significand <<= shift;
    return 1 - shift;
}

bits SOFT(__adddf3)(bits a, bits b) {
    if (is_nan(a) || is_nan(b)) return QUIET;
    if ((a & ~SIGN) < (b & ~SIGN)) {
        bits x = a;
        a = b;
        b = x;
    }
    bits sign = a & SIGN;
    if ((a & ~SIGN) == INFINITE) return (b & ~SIGN) == INFINITE && (a ^ b) ? QUIET : a;
    if ((a & ~SIGN) == 0) return a & b;
    uint64_t x, y;
    int ex = unpack(a, &x), ey = unpack(b, &y);
    if (y == 0) return a;
    x <<= 9;
    y = shift_sticky(y << 9, (unsigned)(ex - ey));
    uint64_t sum = (a ^ b) & SIGN ? x - y : x + y;
    return sum ? pack(sign, ex + 1, sum) : 0;
}

bits SOFT(__subdf3)(bits a, bits b) { return SOFT(__adddf3)(a, b ^ SIGN); }

bits SOFT(__muldf3)(bits a, bits b) {
    if (is_nan(a) || is_nan(b)) return QUIET;
    bits sign = (a ^ b) & SIGN;
    a &= ~SIGN;
    b &= ~SIGN;
    if (a == INFINITE || b == INFINITE) return a && b ? sign | INFINITE : QUIET;
    uint64_t x, y;
    int exponent = unpack(a, &x) + unpack(b, &y) - 0x3fe;
    unsigned __int128 product = (unsigned __int128)x * y;
    uint64_t high = (uint64_t)(product >> 43), low = (uint64_t)product & ((1ULL << 43) - 1);
    return pack(sign, exponent, high | (low != 0));
}

bits SOFT(__divdf3)(bits a, bits b) {
    if (is_nan(a) || is_nan(b)) return QUIET;
    bits sign = (a ^ b) & SIGN;
    a &= ~SIGN;
    b &= ~SIGN;
    if (a == INFINITE) return b == INFINITE ? QUIET : sign | INFINITE;
    if (b == INFINITE) return sign;
    if (b == 0) return a ? sign | INFINITE : QUIET;
    uint64_t x, y;
    int exponent = unpack(a, &x) - unpack(b, &y) + 0x3ff;
    if (x == 0) return sign;
    /* Long division, 62 bits of quotient: far more than rounding needs. */
    uint64_t quotient = x >= y, rest = x >= y ? x - y : x;
    for (int i = 0; i < 62; i++) {
        rest <<= 1;
        quotient <<= 1;
        if (rest >= y) {
            rest -= y;
            quotient |= 1;
        }
    }
    return pack(sign, exponent, quotient | (rest != 0));
}

/* -1, 0, 1 as a is below, equal to or above b; `unordered` when one is NaN. */
static inline int compare(bits a, bits b, int unordered) {
    if (is_nan(a) || is_nan(b)) return unordered;
    if (((a | b) & ~SIGN) == 0 || a == b) return 0;
    int below = (a & SIGN) != (b & SIGN) ? (a & SIGN) != 0 : (a < b) != ((a & SIGN) != 0);
    return below ? -1 : 1;
}

int SOFT(__eqdf2)(bits a, bits b) { return compare(a, b, 1); }
int SOFT(__nedf2)(bits a, bits b) { return compare(a, b, 1); }
int SOFT(__ltdf2)(bits a, bits b) { return compare(a, b, 1); }
int SOFT(__ledf2)(bits a, bits b) { return compare(a, b, 1); }
int SOFT(__gtdf2)(bits a, bits b) { return compare(a, b, -1); }
int SOFT(__gedf2)(bits a, bits b) { return compare(a, b, -1); }
int SOFT(__unorddf2)(bits a, bits b) { return is_nan(a) || is_nan(b); }

bits SOFT(__floatundidf)(uint64_t n) {
    /* pack wants bit 63 free. */
    return n >> 63 ? pack(0, 0x3ff + 63, shift_sticky(n, 1)) : pack(0, 0x3ff + 62, n);
}

bits SOFT(__floatdidf)(int64_t n) {
    return n < 0 ? SIGN | SOFT(__floatundidf)(-(uint64_t)n) : SOFT(__floatundidf)((uint64_t)n);
}

bits SOFT(__floatsidf)(int32_t n) { return SOFT(__floatdidf)(n); }
bits SOFT(__floatunsidf)(uint32_t n) { return SOFT(__floatundidf)(n); }

/* Towards zero; what does not fit gives the nearest number that does. NaN gives 0. */
uint64_t SOFT(__fixunsdfdi)(bits x) {
    if (x & SIGN || is_nan(x)) return 0;
    int exponent = (int)(x >> 52) - 0x3ff;
    uint64_t significand = (x & FRACTION) | HIDDEN;
    if (exponent < 0) return 0;
    if (exponent > 63) return ~0ULL;
    return exponent <= 52 ? significand >> (52 - exponent) : significand << (exponent - 52);
}

int64_t SOFT(__fixdfdi)(bits x) {
    uint64_t size = SOFT(__fixunsdfdi)(x & ~SIGN);
    if (x & SIGN) return size >= SIGN ? (int64_t)SIGN : -(int64_t)size;
    return size >= SIGN ? (int64_t)~SIGN : (int64_t)size;
}

int32_t SOFT(__fixdfsi)(bits x) {
    int64_t n = SOFT(__fixdfdi)(x);
    return n > INT32_MAX ? INT32_MAX : n < INT32_MIN ? INT32_MIN : (int32_t)n;
}

uint32_t SOFT(__fixunsdfsi)(bits x) {
    uint64_t n = SOFT(__fixunsdfdi)(x);
    return n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

bits SOFT(__extendsfdf2)(uint32_t x) {
    bits sign = (bits)(x >> 31) << 63;
    uint32_t exponent = x >> 23 & 0xff, fraction = x & 0x7fffff;
    if (exponent == 0xff) return fraction ? QUIET : sign | INFINITE;
    if (exponent == 0) return pack(sign, 0x3ff - 126, (uint64_t)fraction << 39);
    return sign | (bits)(exponent + 0x3ff - 127) << 52 | (bits)fraction << 29;
}

uint32_t SOFT(__truncdfsf2)(bits x) {
    uint32_t sign = (uint32_t)(x >> 63) << 31;
    if (is_nan(x)) return 0x7fc00000;
    uint64_t significand;
    int exponent = unpack(x & ~SIGN, &significand) - 0x3ff + 127;
    if ((x & ~SIGN) == INFINITE || exponent >= 0xff) return sign | 0x7f800000;
    if (exponent <= 0) {
        significand = shift_sticky(significand, 1 - (unsigned)exponent);
        exponent = 0;
    }
    uint64_t rest = significand & 0x1fffffff;
    uint32_t result = (uint32_t)(significand >> 29);
    result += rest > 0x10000000 || (rest == 0x10000000 && (result & 1));
    if (exponent) result += ((uint32_t)exponent - 1) << 23;
    return sign | result;
}
