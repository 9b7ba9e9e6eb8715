/*
 * A shared library for `loader.c`: position independent, with read-only tables, data that it changes,
 * and pointers that have to be relocated. A script finds `digest_by_name` and calls what it gives.
 */
#include "sha256.h"

#define EXPORT __attribute__((visibility("default")))

typedef void digest_function(uint8_t digest[32], const uint8_t *message, uint64_t n);

static void sha256_plain(uint8_t digest[32], const uint8_t *message, uint64_t n) { sha256(digest, message, n); }

static void sha256_twice(uint8_t digest[32], const uint8_t *message, uint64_t n) {
    sha256(digest, message, n);
    sha256(digest, digest, 32);
}

/* Names and functions: pointers, which the loader relocates. */
static const struct {
    const char *name;
    digest_function *function;
} FUNCTIONS[] = {
    {"sha256", sha256_plain},
    {"sha256d", sha256_twice},
};

EXPORT uint64_t library_calls = 0;

EXPORT digest_function *digest_by_name(const char *name) {
    library_calls++;
    for (unsigned i = 0; i < sizeof FUNCTIONS / sizeof *FUNCTIONS; i++) {
        const char *a = FUNCTIONS[i].name, *b = name;
        while (*a && *a == *b) a++, b++;
        if (*a == *b) return FUNCTIONS[i].function;
    }
    return 0;
}
