/*
 * 32-bit arithmetic and rotations: SHA-256 (FIPS 180-4) of a 16 KiB message. A round is one message.
 */
#include "guest.h"
#include "sha256.h"

enum { LENGTH = 16384 };

/* One block more than the message: its padding. */
static uint8_t message[LENGTH + 64];

/* The digest, as big-endian words. */
static const uint32_t EXPECTED[8] = {
    0x5252abae, 0x92836caa, 0x122f8d6c, 0x078aa248, 0x7dc32b17, 0xe1b204a7, 0xcc022809, 0xfaebc192,
};

/* Hashes the first n bytes of the message; n is a multiple of 64. */
static int digest_is_right(uint64_t n) {
    uint32_t state[8];
    for (int i = 0; i < 8; i++) state[i] = START[i];
    uint8_t *padding = message + n;
    for (int i = 0; i < 56; i++) padding[i] = i == 0 ? 0x80 : 0;
    for (int i = 0; i < 8; i++) padding[56 + i] = (uint8_t)(n * 8 >> (56 - 8 * i));
    for (uint64_t at = 0; at <= n; at += 64) compress(state, message + at);
    for (int i = 0; i < 8; i++) {
        if (state[i] != EXPECTED[i]) return 0;
    }
    return 1;
}

int main(int argc, char **argv) {
    uint64_t rounds = guest_rounds(argc, argv, 2);
    for (int i = 0; i < LENGTH; i++) message[i] = (uint8_t)(i * 7 + (i >> 8));
    while (rounds--) {
        opaque_memory(message);
        if (!digest_is_right(opaque(LENGTH))) return 1;
    }
    return 0;
}
