/*
 * What every guest program shares: its iteration count, and how to keep the compiler from
 * computing it ahead of time. It is not a C library; that is libc/.
 *
 * A program is `main(argc, argv)`, does its work `guest_rounds(...)` times, compares the
 * result of each round with a constant, and returns 0 only when all were right.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stddef.h>
#include <stdint.h>

/*
 * The iteration count: a decimal number, or `usual` when there is none (or nonsense).
 * A CKB script has no program name, so as a guest it is argv[0]; natively it is argv[1].
 */
static inline uint64_t guest_rounds(int argc, char **argv, uint64_t usual) {
#ifdef __riscv
    int at = 0;
#else
    int at = 1;
#endif
    if (argc <= at || argv[at][0] == 0) return usual;
    uint64_t n = 0;
    for (const char *p = argv[at]; *p; p++) {
        if (*p < '0' || *p > '9') return usual;
        n = n * 10 + (uint64_t)(*p - '0');
    }
    return n;
}

/* The same value, of which the optimiser now knows nothing. */
static inline uint64_t opaque(uint64_t x) {
    __asm__ volatile("" : "+r"(x));
    return x;
}

/* From here on the optimiser assumes that memory at p has been read and changed. */
static inline void opaque_memory(void *p) {
    __asm__ volatile("" : : "r"(p) : "memory");
}

/* xorshift64*: a small generator with a fixed seed, so that data is the same everywhere. */
static inline uint64_t next_random(uint64_t *state) {
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * 0x2545f4914f6cdd1dULL;
}

static inline uint64_t rotate_left(uint64_t x, unsigned n) {
    return (x << (n & 63)) | (x >> (-n & 63));
}

#endif
