/*
 * libsecp256k1, from the sources in crate secp256k1-sys: ECDSA verification, the work of a lock script. A round parses
 * a public key and a signature and verifies the signature twice: of the message, and of one that differs in a bit.
 * The values were made by a separate implementation of the curve, not by this library.
 */
#include "guest.h"

#include <secp256k1.h>

/* The crate gives every symbol a prefix with its version, so that two versions can be linked together. */
#define VERSIONED(name) rustsecp256k1_v0_10_0_##name

/* A context without tables for signing; the crate has taken its declaration out of the header. */
extern const VERSIONED(context) *VERSIONED(context_static);

static uint8_t message[32] = {
    0xf5, 0x3c, 0x09, 0xca, 0x39, 0x71, 0x7a, 0x45, 0xc6, 0x2d, 0x9a, 0xca, 0x8f, 0x81, 0x13, 0xed,
    0xdb, 0xfd, 0x5f, 0x81, 0xdc, 0xab, 0x0b, 0x33, 0xb1, 0xc1, 0x83, 0x40, 0x75, 0x22, 0x5e, 0x68,
};

static const uint8_t PUBLIC_KEY[33] = {
    0x03, 0x90, 0x74, 0x3c, 0x9b, 0x59, 0x93, 0xa3, 0xcd, 0xbc, 0x60, 0xae, 0x24, 0x2d, 0xdd, 0x82,
    0x93, 0xa9, 0xa8, 0x47, 0x1a, 0x8a, 0xea, 0xde, 0x6a, 0x4b, 0x2d, 0xe1, 0xab, 0x8d, 0xab, 0x12,
    0x54,
};

static const uint8_t SIGNATURE[64] = {
    0x98, 0xe1, 0x5f, 0x2e, 0x53, 0x57, 0xbb, 0x77, 0x57, 0x5b, 0xa1, 0xe3, 0x72, 0xbd, 0xe2, 0x41,
    0x88, 0xa0, 0x84, 0x70, 0x67, 0x59, 0xa8, 0x78, 0x38, 0xa9, 0x2f, 0x2d, 0x1e, 0x30, 0xec, 0x2a,
    0x2f, 0x53, 0x7c, 0xd2, 0xca, 0xf1, 0xf1, 0x4b, 0x53, 0xd3, 0x7a, 0xcc, 0x89, 0x5c, 0x91, 0x28,
    0xbe, 0xb9, 0xa9, 0x28, 0x67, 0x3e, 0xb3, 0x01, 0xa5, 0x47, 0xec, 0xe4, 0xb6, 0x3d, 0x62, 0x46,
};

/* The library calls these on misuse; it is not misused. */
void VERSIONED(default_illegal_callback_fn)(const char *text, void *data) {
    (void)text;
    (void)data;
    __builtin_trap();
}

void VERSIONED(default_error_callback_fn)(const char *text, void *data) {
    (void)text;
    (void)data;
    __builtin_trap();
}

static int verify(void) {
    const VERSIONED(context) *context = VERSIONED(context_static);
    VERSIONED(pubkey) key;
    VERSIONED(ecdsa_signature) signature;
    if (!VERSIONED(ec_pubkey_parse)(context, &key, PUBLIC_KEY, sizeof PUBLIC_KEY)) return -1;
    if (!VERSIONED(ecdsa_signature_parse_compact)(context, &signature, SIGNATURE)) return -1;
    return VERSIONED(ecdsa_verify)(context, &signature, message, &key);
}

int main(int argc, char **argv) {
    uint64_t rounds = guest_rounds(argc, argv, 1);
    while (rounds--) {
        opaque_memory(message);
        if (verify() != 1) return 1;
        message[31] ^= 1;
        if (verify() != 0) return 1;
        message[31] ^= 1;
    }
    return 0;
}
