/*
 * The memory and string functions that compilers call and programs expect, written word by word
 * as small C libraries do. Compiled with -fno-builtin, so that none of them is turned into a call
 * of itself. Not tuned beyond that.
 */
#include <stddef.h>
#include <stdint.h>

typedef uint64_t __attribute__((may_alias)) word;

enum { WORD = sizeof(word) };

#define ONES 0x0101010101010101ULL
#define HIGHS 0x8080808080808080ULL

/* Not zero when one of the eight bytes is. */
static inline uint64_t has_zero(uint64_t w) { return (w - ONES) & ~w & HIGHS; }

static inline int aligned(const void *p) { return ((uintptr_t)p & (WORD - 1)) == 0; }

void *memcpy(void *restrict to, const void *restrict from, size_t n) {
    unsigned char *d = to;
    const unsigned char *s = from;
    if ((((uintptr_t)d ^ (uintptr_t)s) & (WORD - 1)) == 0) {
        while (n && !aligned(d)) {
            *d++ = *s++;
            n--;
        }
        for (; n >= 4 * WORD; n -= 4 * WORD, d += 4 * WORD, s += 4 * WORD) {
            word a = ((const word *)s)[0], b = ((const word *)s)[1];
            word c = ((const word *)s)[2], e = ((const word *)s)[3];
            ((word *)d)[0] = a;
            ((word *)d)[1] = b;
            ((word *)d)[2] = c;
            ((word *)d)[3] = e;
        }
        for (; n >= WORD; n -= WORD, d += WORD, s += WORD) *(word *)d = *(const word *)s;
    }
    while (n--) *d++ = *s++;
    return to;
}

void *memmove(void *to, const void *from, size_t n) {
    unsigned char *d = to;
    const unsigned char *s = from;
    if ((uintptr_t)d - (uintptr_t)s >= n) return memcpy(to, from, n);
    if ((((uintptr_t)d ^ (uintptr_t)s) & (WORD - 1)) == 0) {
        while (n && !aligned(d + n)) {
            n--;
            d[n] = s[n];
        }
        while (n >= WORD) {
            n -= WORD;
            *(word *)(d + n) = *(const word *)(s + n);
        }
    }
    while (n--) d[n] = s[n];
    return to;
}

void *memset(void *to, int value, size_t n) {
    unsigned char *d = to;
    uint64_t w = (unsigned char)value * ONES;
    while (n && !aligned(d)) {
        *d++ = (unsigned char)value;
        n--;
    }
    for (; n >= 2 * WORD; n -= 2 * WORD, d += 2 * WORD) {
        ((word *)d)[0] = w;
        ((word *)d)[1] = w;
    }
    while (n--) *d++ = (unsigned char)value;
    return to;
}

int memcmp(const void *left, const void *right, size_t n) {
    const unsigned char *a = left, *b = right;
    if (aligned(a) && aligned(b)) {
        for (; n >= WORD && *(const word *)a == *(const word *)b; n -= WORD) {
            a += WORD;
            b += WORD;
        }
    }
    for (; n; n--, a++, b++) {
        if (*a != *b) return *a < *b ? -1 : 1;
    }
    return 0;
}

void *memchr(const void *in, int value, size_t n) {
    const unsigned char *p = in;
    for (; n; n--, p++) {
        if (*p == (unsigned char)value) return (void *)p;
    }
    return 0;
}

size_t strlen(const char *text) {
    const char *p = text;
    for (; !aligned(p); p++) {
        if (!*p) return (size_t)(p - text);
    }
    /* An aligned word never crosses the end of memory. */
    while (!has_zero(*(const word *)p)) p += WORD;
    while (*p) p++;
    return (size_t)(p - text);
}

int strcmp(const char *a, const char *b) {
    if (aligned(a) && aligned(b)) {
        while (*(const word *)a == *(const word *)b && !has_zero(*(const word *)a)) {
            a += WORD;
            b += WORD;
        }
    }
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return (int)(unsigned char)*a - (int)(unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t n) {
    for (; n && *a && *a == *b; n--) {
        a++;
        b++;
    }
    return n ? (int)(unsigned char)*a - (int)(unsigned char)*b : 0;
}

char *strcpy(char *restrict to, const char *restrict from) {
    char *d = to;
    while ((*d++ = *from++)) {
    }
    return to;
}

char *strchr(const char *text, int value) {
    for (;; text++) {
        if (*text == (char)value) return (char *)text;
        if (!*text) return 0;
    }
}
