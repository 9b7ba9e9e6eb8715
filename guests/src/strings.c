/*
 * Memory and string functions: those of libc/string.c over many sizes, alignments and overlaps. A round is one pass over all of
 * them. The native build uses the same functions, not the machine's C library; both are compiled with -fno-builtin.
 */
#include "guest.h"

void *memcpy(void *restrict, const void *restrict, size_t);
void *memmove(void *, const void *, size_t);
void *memset(void *, int, size_t);
int memcmp(const void *, const void *, size_t);
void *memchr(const void *, int, size_t);
size_t strlen(const char *);
int strcmp(const char *, const char *);
int strncmp(const char *, const char *, size_t);
char *strcpy(char *restrict, const char *restrict);
char *strchr(const char *, int);

enum { SIZE = 1024, MARGIN = 64 };

static _Alignas(64) char left[SIZE + MARGIN];
static _Alignas(64) char right[SIZE + MARGIN];

static uint64_t sign(int x) { return x < 0 ? 1 : x > 0 ? 2 : 3; }

/* What stands in a buffer, in one number. */
static uint64_t content(const char *p, size_t n) {
    uint64_t sum = n;
    for (size_t i = 0; i < n; i += 13) sum = rotate_left(sum, 5) + (unsigned char)p[i];
    return sum;
}

static void fill(char *p, uint64_t seed) {
    for (size_t i = 0; i < SIZE + MARGIN; i++) p[i] = (char)(next_random(&seed) >> 33 | 1);
}

static __attribute__((noinline)) uint64_t blocks(uint64_t limit) {
    uint64_t sum = 0;
    for (size_t n = 0; n <= limit; n += n < 40 ? 1 : n / 3) {
        for (size_t from = 0; from < 8; from++) {
            size_t to = (from * 3 + n) & 7;
            memcpy(left + to, right + from, n);
            sum = sum * 31 + (uint64_t)(memcmp(left + to, right + from, n) == 0);
            left[to + n] ^= 4;
            sum = sum * 31 + sign(memcmp(left + to, right + from, n + 1));
            memmove(left + from, left + 2 * to, n);
            memmove(left + 2 * to + 8, left + from, n);
            sum = sum * 31 + content(left, n + 24);
            memset(right + to, (int)(n + from), n);
            sum = sum * 31 + content(right, n + 8);
            const char *found = memchr(left, (int)(unsigned char)left[n], n + 1);
            sum = sum * 31 + (uint64_t)(found - left);
        }
    }
    return sum;
}

static __attribute__((noinline)) uint64_t texts(uint64_t limit) {
    uint64_t sum = 0;
    for (size_t n = 0; n <= limit; n += n < 40 ? 1 : n / 3) {
        for (size_t from = 0; from < 8; from++) {
            char *a = left + from, *b = right + ((n + 3 * from) & 7);
            for (size_t i = 0; i < n; i++) a[i] = (char)('a' + (i * 7 + n) % 26);
            a[n] = 0;
            strcpy(b, a);
            sum = sum * 31 + strlen(a) + strlen(b);
            sum = sum * 31 + sign(strcmp(a, b));
            if (n) b[n - 1]++;
            sum = sum * 31 + sign(strcmp(a, b)) + sign(strncmp(a, b, n / 2));
            const char *found = strchr(a, 'z');
            sum = sum * 31 + (found ? (uint64_t)(found - a) : 999);
        }
    }
    return sum;
}

static uint64_t round_sum(uint64_t seed) {
    fill(left, seed);
    fill(right, seed + 1);
    uint64_t sum = blocks(opaque(SIZE - 64));
    return rotate_left(sum, 17) ^ texts(opaque(SIZE - 64));
}

int main(int argc, char **argv) {
    uint64_t rounds = guest_rounds(argc, argv, 1);
    while (rounds--) {
        if (round_sum(opaque(1)) != 0x5d86df5c7bfcaf97) return 1;
    }
    return 0;
}
