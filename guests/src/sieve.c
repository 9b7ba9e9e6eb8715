/*
 * Loops over bytes: the sieve of Eratosthenes. A round counts the primes below 100 000.
 */
#include "guest.h"

enum { LIMIT = 100000 };

static uint8_t composite[LIMIT];

static __attribute__((noinline)) uint64_t count_primes(uint64_t limit) {
    uint64_t count = 0;
    for (uint64_t i = 0; i < limit; i++) composite[i] = 0;
    for (uint64_t i = 2; i < limit; i++) {
        if (composite[i]) continue;
        count++;
        for (uint64_t k = i * i; k < limit; k += i) composite[k] = 1;
    }
    return count;
}

int main(int argc, char **argv) {
    uint64_t rounds = guest_rounds(argc, argv, 1);
    while (rounds--) {
        if (count_primes(opaque(LIMIT)) != 9592) return 1;
    }
    return 0;
}
