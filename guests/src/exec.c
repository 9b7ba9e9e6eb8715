/*
 * A script that replaces itself by itself, so many times, hashing a little in between, and hands its
 * state on in argv. The last one exits with 0 when the state is what a loop gives, or becomes another
 * program.
 *
 * The script's args, 12 bytes: where its code is taken from (0: a cell, 1: a witness, 2: in turn), how
 * many times, which cell dependency or witness of an input it is, the cell dependency of the last
 * program plus one (0: none); then offset and length in the cell or witness, 4 bytes each, little
 * endian; a length of 0 is the whole rest.
 */
#include "ckb.h"
#include "sha256.h"

enum { DIGEST = 32, ROUNDS = 8, ARGS = 12 };

static void hash_some(uint8_t state[DIGEST]) {
    for (int i = 0; i < ROUNDS; i++) sha256(state, state, DIGEST);
}

static void to_hex(char *text, const uint8_t *bytes, int n) {
    for (int i = 0; i < n; i++) {
        text[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    text[2 * n] = 0;
}

static int digit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

static void from_hex(uint8_t *bytes, const char *text, int n) {
    for (int i = 0; i < n; i++) bytes[i] = (uint8_t)(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
}

int main(int argc, char **argv) {
    uint8_t args[ARGS], state[DIGEST] = {0}, left;
    char count[3], hex[2 * DIGEST + 1];
    if (script_args(args, ARGS) != ARGS) return GUEST_NO_ARGS;
    left = args[1];
    if (argc == 2) {
        from_hex(&left, argv[0], 1);
        from_hex(state, argv[1], DIGEST);
    }
    hash_some(state);
    if (left > 0) {
        int from_witness = args[0] == 1 || (args[0] == 2 && left % 2 == 1);
        uint64_t source = from_witness ? CKB_INPUT : CKB_CELL_DEP;
        char *next[2] = {count, hex};
        left--;
        to_hex(count, &left, 1);
        to_hex(hex, state, DIGEST);
        return (int)ckb_exec(args[2], source, from_witness ? CKB_PLACE_WITNESS : CKB_PLACE_CELL,
                             CKB_BOUNDS(little_endian(args + 4), little_endian(args + 8)), 2, next);
    }
    uint8_t expected[DIGEST] = {0};
    for (int i = 0; i <= args[1]; i++) hash_some(expected);
    for (int i = 0; i < DIGEST; i++) {
        if (state[i] != expected[i]) return 1;
    }
    if (args[3] == 0) return 0;
    char *last[1] = {"1"};
    return (int)ckb_exec(args[3] - 1u, CKB_CELL_DEP, CKB_PLACE_CELL, 0, 1, last);
}
