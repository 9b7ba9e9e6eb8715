/*
 * 64-bit logic and rotations over more state than there are registers: SHA3-256 (FIPS 202, Keccak-f[1600])
 * of 16 320 bytes, which is 120 blocks. A round is one message.
 */
#include "guest.h"

enum { RATE = 136, LENGTH = 120 * RATE };

static uint8_t message[LENGTH];

static const uint64_t ROUND_CONSTANTS[24] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
    0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
    0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
    0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

/* Rho and pi walked in one cycle: lane and rotation of each step. */
static const uint8_t LANE[24] = {10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1};
static const uint8_t ROTATION[24] = {1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44};

static const uint8_t EXPECTED[32] = {
    0x95, 0xb9, 0xb1, 0x7f, 0x0d, 0xb0, 0x10, 0xc2, 0xf7, 0xd0, 0x7d, 0x57, 0x03, 0x40, 0xd7, 0xb9,
    0x08, 0xbb, 0xfa, 0x1f, 0x2e, 0x72, 0xd8, 0x89, 0xc4, 0x66, 0x2a, 0x52, 0xcc, 0x25, 0xf2, 0x56,
};

static __attribute__((noinline)) void permute(uint64_t a[25]) {
    for (int round = 0; round < 24; round++) {
        uint64_t c[5];
        for (int x = 0; x < 5; x++) c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
        for (int x = 0; x < 5; x++) {
            uint64_t d = c[(x + 4) % 5] ^ rotate_left(c[(x + 1) % 5], 1);
            for (int y = 0; y < 25; y += 5) a[y + x] ^= d;
        }
        uint64_t moved = a[1];
        for (int i = 0; i < 24; i++) {
            uint64_t next = a[LANE[i]];
            a[LANE[i]] = rotate_left(moved, ROTATION[i]);
            moved = next;
        }
        for (int y = 0; y < 25; y += 5) {
            for (int x = 0; x < 5; x++) c[x] = a[y + x];
            for (int x = 0; x < 5; x++) a[y + x] = c[x] ^ (~c[(x + 1) % 5] & c[(x + 2) % 5]);
        }
        a[0] ^= ROUND_CONSTANTS[round];
    }
}

static uint64_t load_little_endian(const uint8_t *p) {
    uint64_t x = 0;
    for (int i = 7; i >= 0; i--) x = x << 8 | p[i];
    return x;
}

/* Hashes the first n bytes of the message; n is a multiple of RATE, so the padding is a block of its own. */
static int digest_is_right(uint64_t n) {
    uint64_t state[25] = {0};
    for (uint64_t at = 0; at < n; at += RATE) {
        for (int i = 0; i < RATE / 8; i++) state[i] ^= load_little_endian(message + at + 8 * i);
        permute(state);
    }
    state[0] ^= 0x06;
    state[RATE / 8 - 1] ^= 0x8000000000000000;
    permute(state);
    for (int i = 0; i < 4; i++) {
        if (state[i] != load_little_endian(EXPECTED + 8 * i)) return 0;
    }
    return 1;
}

int main(int argc, char **argv) {
    uint64_t rounds = guest_rounds(argc, argv, 1);
    for (int i = 0; i < LENGTH; i++) message[i] = (uint8_t)(i * 7 + (i >> 8));
    while (rounds--) {
        opaque_memory(message);
        if (!digest_is_right(opaque(LENGTH))) return 1;
    }
    return 0;
}
