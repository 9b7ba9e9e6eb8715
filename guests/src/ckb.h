/*
 * The system calls of CKB, for the guests that are scripts: numbers and argument orders as in RFCs
 * 9, 34 and 50. Nothing is hidden: a call gives what the chain answers, 0 for success.
 */
#ifndef CKB_H
#define CKB_H

#include <stddef.h>
#include <stdint.h>

enum {
    CKB_SUCCESS = 0,
    CKB_INDEX_OUT_OF_BOUND = 1,
    CKB_SLICE_OUT_OF_BOUND = 3,
    CKB_WAIT_FAILURE = 5,
    CKB_INVALID_FD = 6,
    CKB_OTHER_END_CLOSED = 7,
    CKB_MAX_VMS_SPAWNED = 8,
    CKB_MAX_FDS_CREATED = 9,
};

/* Where cells and witnesses are counted. */
#define CKB_INPUT 1UL
#define CKB_CELL_DEP 3UL
#define CKB_GROUP_INPUT 0x0100000000000001UL

/* Where a program is taken from. */
enum { CKB_PLACE_CELL = 0, CKB_PLACE_WITNESS = 1 };

/* Which bytes of it: all from `offset` when `length` is 0. */
#define CKB_BOUNDS(offset, length) ((uint64_t)(offset) << 32 | (uint32_t)(length))

static inline long ckb_call(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f) {
    register uint64_t a0 __asm__("a0") = a;
    register uint64_t a1 __asm__("a1") = b;
    register uint64_t a2 __asm__("a2") = c;
    register uint64_t a3 __asm__("a3") = d;
    register uint64_t a4 __asm__("a4") = e;
    register uint64_t a5 __asm__("a5") = f;
    register long a7 __asm__("a7") = number;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7) : "memory");
    return (long)a0;
}

#define CKB_ADDRESS(pointer) ((uint64_t)(uintptr_t)(pointer))

static inline void ckb_exit(int code) {
    for (;;) ckb_call(93, (uint64_t)code, 0, 0, 0, 0, 0);
}

static inline uint64_t ckb_vm_version(void) { return (uint64_t)ckb_call(2041, 0, 0, 0, 0, 0, 0); }
static inline uint64_t ckb_current_cycles(void) { return (uint64_t)ckb_call(2042, 0, 0, 0, 0, 0, 0); }

/* Comes back only when it fails. */
static inline long ckb_exec(uint64_t index, uint64_t source, uint64_t place, uint64_t bounds, int argc, char **argv) {
    return ckb_call(2043, index, source, place, bounds, (uint64_t)argc, CKB_ADDRESS(argv));
}

/* Loads at most *length bytes from `offset` on; *length becomes what there is from there. */
static inline long ckb_load_script(void *to, uint64_t *length, uint64_t offset) {
    return ckb_call(2052, CKB_ADDRESS(to), CKB_ADDRESS(length), offset, 0, 0, 0);
}
static inline long ckb_load_witness(void *to, uint64_t *length, uint64_t offset, uint64_t index, uint64_t source) {
    return ckb_call(2074, CKB_ADDRESS(to), CKB_ADDRESS(length), offset, index, source, 0);
}
static inline long ckb_load_cell_data(void *to, uint64_t *length, uint64_t offset, uint64_t index, uint64_t source) {
    return ckb_call(2092, CKB_ADDRESS(to), CKB_ADDRESS(length), offset, index, source, 0);
}

/* Makes `memory_size` bytes at `to` code: `length` bytes of the cell's data from `offset` on, then zeros. */
static inline long ckb_load_cell_data_as_code(void *to, uint64_t memory_size, uint64_t offset, uint64_t length,
                                              uint64_t index, uint64_t source) {
    return ckb_call(2091, CKB_ADDRESS(to), memory_size, offset, length, index, source);
}

struct ckb_spawn {
    uint64_t argc;
    char **argv;
    uint64_t *process_id;
    /* What the child gets: ends with 0. */
    const uint64_t *fds;
};

static inline long ckb_spawn(uint64_t index, uint64_t source, uint64_t place, uint64_t bounds, struct ckb_spawn *how) {
    return ckb_call(2601, index, source, place, bounds, CKB_ADDRESS(how), 0);
}
static inline long ckb_wait(uint64_t process_id, int8_t *exit_code) {
    return ckb_call(2602, process_id, CKB_ADDRESS(exit_code), 0, 0, 0, 0);
}
static inline uint64_t ckb_process_id(void) { return (uint64_t)ckb_call(2603, 0, 0, 0, 0, 0, 0); }
/* The first end reads, the second writes. */
static inline long ckb_pipe(uint64_t fds[2]) {
    return ckb_call(2604, CKB_ADDRESS(&fds[0]), CKB_ADDRESS(&fds[1]), 0, 0, 0, 0);
}
/* Writes *length bytes; *length becomes what was written. */
static inline long ckb_write(uint64_t fd, const void *from, uint64_t *length) {
    return ckb_call(2605, fd, CKB_ADDRESS(from), CKB_ADDRESS(length), 0, 0, 0);
}
/* Reads at most *length bytes; *length becomes what was read. */
static inline long ckb_read(uint64_t fd, void *to, uint64_t *length) {
    return ckb_call(2606, fd, CKB_ADDRESS(to), CKB_ADDRESS(length), 0, 0, 0);
}
static inline long ckb_inherited_fds(uint64_t *fds, uint64_t *count) {
    return ckb_call(2607, CKB_ADDRESS(fds), CKB_ADDRESS(count), 0, 0, 0, 0);
}
static inline long ckb_close(uint64_t fd) { return ckb_call(2608, fd, 0, 0, 0, 0, 0); }
static inline void ckb_debug(const char *text) { ckb_call(2177, CKB_ADDRESS(text), 0, 0, 0, 0, 0); }

/* Exit codes of these guests when the chain does not answer what it should. */
enum { GUEST_NO_ARGS = 100, GUEST_CALL_FAILED = 101 };

/* Ends the guest unless the call gave what it should. */
static inline void expect(long got, long wanted) {
    if (got != wanted) ckb_exit(GUEST_CALL_FAILED);
}

static inline uint32_t little_endian(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* The script's args: their number, at most `capacity` of them in `args`. */
static inline uint64_t script_args(uint8_t *args, uint64_t capacity) {
    uint8_t script[512];
    uint64_t length = sizeof script;
    expect(ckb_load_script(script, &length, 0), CKB_SUCCESS);
    /* A table of three: its size, three offsets; the last field is a count and so many bytes. */
    if (length < 16 || length > sizeof script || little_endian(script) != length) ckb_exit(GUEST_NO_ARGS);
    uint64_t at = little_endian(script + 12);
    if (at + 4 > length || at + 4 + little_endian(script + at) != length) ckb_exit(GUEST_NO_ARGS);
    uint64_t count = little_endian(script + at);
    for (uint64_t i = 0; i < count && i < capacity; i++) args[i] = script[at + 4 + i];
    return count;
}

/* Writes all of it to a pipe. Nothing is not written: it would wait for a reader. */
static inline void write_all(uint64_t fd, const void *from, uint64_t length) {
    uint64_t written = length;
    if (length == 0) return;
    expect(ckb_write(fd, from, &written), CKB_SUCCESS);
    if (written != length) ckb_exit(GUEST_CALL_FAILED);
}

/* Reads so much from a pipe, in as many calls as it takes. */
static inline void read_all(uint64_t fd, void *to, uint64_t length) {
    uint64_t got = 0;
    while (got < length) {
        uint64_t now = length - got;
        expect(ckb_read(fd, (uint8_t *)to + got, &now), CKB_SUCCESS);
        if (now == 0) ckb_exit(GUEST_CALL_FAILED);
        got += now;
    }
}

#endif
