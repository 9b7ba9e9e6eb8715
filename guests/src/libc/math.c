/*
 * The few functions of <math.h> that Lua's core calls, on the bits of a double. Exact where they return, and they end the
 * program where they could not be: `pow` takes whole exponents only.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

static uint64_t bits_of(double x) {
    union { double x; uint64_t bits; } u = {x};
    return u.bits;
}

static double double_of(uint64_t bits) {
    union { uint64_t bits; double x; } u = {bits};
    return u.x;
}

double fabs(double x) { return double_of(bits_of(x) & ~(1ULL << 63)); }

double floor(double x) {
    uint64_t bits = bits_of(x);
    int exponent = (int)(bits >> 52 & 0x7ff) - 0x3ff;
    if (exponent >= 52) return x; /* whole, infinite or NaN */
    if (exponent < 0) return bits << 1 == 0 ? x : bits >> 63 ? -1.0 : 0.0;
    double cut = double_of(bits & ~(~0ULL >> (12 + exponent)));
    return cut != x && bits >> 63 ? cut - 1.0 : cut;
}

double frexp(double x, int *exponent) {
    uint64_t bits = bits_of(x);
    int biased = (int)(bits >> 52 & 0x7ff);
    *exponent = 0;
    if (bits << 1 == 0 || biased == 0x7ff) return x;
    if (biased == 0) {
        x = frexp(x * 0x1p64, exponent);
        *exponent -= 64;
        return x;
    }
    *exponent = biased - 0x3fe;
    return double_of((bits & ~(0x7ffULL << 52)) | 0x3feULL << 52);
}

/* One multiplication at the end that can round: the steps before it are exact. */
double ldexp(double x, int n) {
    if (n > 3000) n = 3000;
    if (n < -3000) n = -3000;
    int exponent;
    double fraction = frexp(x, &exponent);
    n += exponent;
    if (x == 0 || bits_of(x) << 1 >> 53 == 0x7ff) return x;
    if (n > 1024) return fraction * 0x1p1023 * 4; /* infinite */
    if (n < -1080) return fraction * 0x1p-1022 * 0x1p-1022;
    if (n > 0) return fraction * double_of((uint64_t)(n - 1 + 0x3ff) << 52) * 2;
    if (n > -1021) return fraction * double_of((uint64_t)(n + 0x3ff) << 52);
    return fraction * double_of((uint64_t)(n + 100 + 0x3ff) << 52) * 0x1p-100;
}

double fmod(double x, double y) {
    double size = fabs(y), rest = fabs(x);
    if (!(rest < HUGE_VAL) || !(size > 0)) return (x - x) / (x - x); /* NaN */
    if (size == HUGE_VAL) return x;
    while (rest >= size) {
        int ex, ey;
        frexp(rest, &ex);
        frexp(size, &ey);
        double part = ldexp(size, ex - ey);
        if (part > rest) part = ldexp(size, ex - ey - 1);
        rest -= part; /* exact: both have the same or neighbouring exponents */
    }
    return bits_of(x) >> 63 ? -rest : rest;
}

double pow(double x, double y) {
    if (floor(y) != y || fabs(y) > 1e9) abort();
    double base = y < 0 ? 1 / x : x, result = 1;
    for (int64_t n = (int64_t)fabs(y); n; n >>= 1) {
        if (n & 1) result *= base;
        base *= base;
    }
    return result;
}
