/*
 * One big switch: a bytecode machine with sixteen 64-bit registers, a memory of 1024 words and a call stack,
 * in a single function that clang compiles to a jump table. Its program runs Collatz sequences, an insertion
 * sort and a recursive gcd. A round is one run of the program.
 */
#include "guest.h"

enum op {
    HALT, LOAD_IMM, MOVE, ADD, ADD_IMM, SUB, MUL, AND_IMM, SHIFT_RIGHT, XOR,
    LOAD, STORE, JUMP, IF_LESS, IF_EQUAL, IF_ZERO, REMAINDER, CALL, RETURN, ROTATE,
};

/* Operation, registers a and b, and a number or a target. */
struct code {
    uint8_t op, a, b;
    int32_t c;
};

static const struct code PROGRAM[] = {
    /* r15: checksum. Collatz: the sum of the lengths for 1 .. 200. */
    /* 0 */ {LOAD_IMM, 1, 0, 1},
    /* 1 */ {LOAD_IMM, 2, 0, 201},
    /* 2 */ {MOVE, 3, 1, 0},
    /* 3 */ {LOAD_IMM, 4, 0, 1},
    /* 4 */ {IF_EQUAL, 3, 4, 15},
    /* 5 */ {ADD_IMM, 15, 15, 1},
    /* 6 */ {MOVE, 5, 3, 0},
    /* 7 */ {AND_IMM, 5, 5, 1},
    /* 8 */ {IF_ZERO, 5, 0, 13},
    /* 9 */ {MOVE, 6, 3, 0},
    /* 10 */ {ADD, 3, 3, 6},
    /* 11 */ {ADD, 3, 3, 6},
    /* 12 */ {ADD_IMM, 3, 3, 1},
    /* 13: the odd step has made it even, so both halve */ {SHIFT_RIGHT, 3, 3, 1},
    /* 14 */ {JUMP, 0, 0, 4},
    /* 15 */ {ADD_IMM, 1, 1, 1},
    /* 16 */ {IF_LESS, 1, 2, 2},

    /* Fill memory 0 .. 127 from a linear congruential generator. */
    /* 17 */ {LOAD_IMM, 1, 0, 0},
    /* 18 */ {LOAD_IMM, 2, 0, 128},
    /* 19 */ {LOAD_IMM, 3, 0, 12345},
    /* 20 */ {LOAD_IMM, 4, 0, 1103515245},
    /* 21 */ {MUL, 3, 3, 4},
    /* 22 */ {ADD_IMM, 3, 3, 12345},
    /* 23 */ {MOVE, 5, 3, 0},
    /* 24 */ {SHIFT_RIGHT, 5, 5, 20},
    /* 25 */ {AND_IMM, 5, 5, 0xfffff},
    /* 26 */ {STORE, 1, 5, 0},
    /* 27 */ {ADD_IMM, 1, 1, 1},
    /* 28 */ {IF_LESS, 1, 2, 21},

    /* Insertion sort. */
    /* 29 */ {LOAD_IMM, 1, 0, 1},
    /* 30 */ {LOAD, 5, 1, 0},
    /* 31 */ {MOVE, 3, 1, 0},
    /* 32 */ {IF_ZERO, 3, 0, 38},
    /* 33 */ {LOAD, 6, 3, -1},
    /* 34 */ {IF_LESS, 6, 5, 38},
    /* 35 */ {STORE, 3, 6, 0},
    /* 36 */ {ADD_IMM, 3, 3, -1},
    /* 37 */ {JUMP, 0, 0, 32},
    /* 38 */ {STORE, 3, 5, 0},
    /* 39 */ {ADD_IMM, 1, 1, 1},
    /* 40 */ {IF_LESS, 1, 2, 30},

    /* Mix the sorted numbers and the gcd of neighbours into the checksum. */
    /* 41 */ {LOAD_IMM, 1, 0, 1},
    /* 42 */ {LOAD, 7, 1, 0},
    /* 43 */ {LOAD, 8, 1, -1},
    /* 44 */ {ROTATE, 15, 15, 9},
    /* 45 */ {XOR, 15, 15, 7},
    /* 46 */ {CALL, 0, 0, 52},
    /* 47 */ {SUB, 15, 15, 7},
    /* 48 */ {ADD_IMM, 1, 1, 1},
    /* 49 */ {IF_LESS, 1, 2, 42},
    /* 50 */ {HALT, 15, 0, 0},
    /* 51 */ {HALT, 0, 0, 0},

    /* gcd(r7, r8) into r7, by recursion. */
    /* 52 */ {IF_ZERO, 8, 0, 57},
    /* 53 */ {REMAINDER, 7, 7, 8},
    /* 54 */ {XOR, 7, 7, 8},
    /* 55 */ {JUMP, 0, 0, 58},
    /* 56 */ {HALT, 0, 0, 0},
    /* 57 */ {RETURN, 0, 0, 0},
    /* 58: exchange r7 and r8 */ {XOR, 8, 7, 8},
    /* 59 */ {XOR, 7, 7, 8},
    /* 60 */ {CALL, 0, 0, 52},
    /* 61 */ {RETURN, 0, 0, 0},
};

static uint64_t memory[1024];

static __attribute__((noinline)) uint64_t run(const struct code *program) {
    uint64_t r[16] = {0};
    uint32_t stack[64];
    uint32_t depth = 0;
    const struct code *pc = program;
    for (;;) {
        struct code c = *pc++;
        uint64_t *a = &r[c.a & 15], b = r[c.b & 15];
        switch (c.op) {
        case HALT: return *a;
        case LOAD_IMM: *a = (uint64_t)(int64_t)c.c; break;
        case MOVE: *a = b; break;
        case ADD: *a = b + r[c.c & 15]; break;
        case ADD_IMM: *a = b + (uint64_t)(int64_t)c.c; break;
        case SUB: *a = b - r[c.c & 15]; break;
        case MUL: *a = b * r[c.c & 15]; break;
        case AND_IMM: *a = b & (uint64_t)(int64_t)c.c; break;
        case SHIFT_RIGHT: *a = b >> (c.c & 63); break;
        case XOR: *a = b ^ r[c.c & 15]; break;
        case LOAD: *a = memory[(b + (uint64_t)(int64_t)c.c) & 1023]; break;
        case STORE: memory[(*a + (uint64_t)(int64_t)c.c) & 1023] = b; break;
        case JUMP: pc = program + c.c; break;
        case IF_LESS: if (*a < b) pc = program + c.c; break;
        case IF_EQUAL: if (*a == b) pc = program + c.c; break;
        case IF_ZERO: if (*a == 0) pc = program + c.c; break;
        case REMAINDER: if (r[c.c & 15]) *a = b % r[c.c & 15]; break;
        case CALL:
            if (depth == 64) return 0;
            stack[depth++] = (uint32_t)(pc - program);
            pc = program + c.c;
            break;
        case RETURN:
            if (depth == 0) return 0;
            pc = program + stack[--depth];
            break;
        case ROTATE: *a = rotate_left(b, (unsigned)c.c); break;
        default: return 0;
        }
    }
}

int main(int argc, char **argv) {
    uint64_t rounds = guest_rounds(argc, argv, 1);
    while (rounds--) {
        if (run((const struct code *)opaque((uint64_t)PROGRAM)) != 0x3bca4505432b3cc3) return 1;
    }
    return 0;
}
