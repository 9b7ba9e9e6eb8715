/*
 * A script for the corners of spawn, pipes and wait: one case a run, named by the first byte of the
 * script's args. It exits with 0 when the chain answered as it should; some cases are there to fail.
 * Its own code is cell dependency 0. A child's argv is the letter of its case.
 */
#include "ckb.h"

static uint64_t spawn_with(char what, const uint64_t *fds, long wanted) {
    char argument[2] = {what, 0};
    char *argv[1] = {argument};
    uint64_t process_id = 0;
    struct ckb_spawn how = {1, argv, &process_id, fds};
    expect(ckb_spawn(0, CKB_CELL_DEP, CKB_PLACE_CELL, 0, &how), wanted);
    return process_id;
}

static uint64_t spawn_plain(char what) { return spawn_with(what, 0, CKB_SUCCESS); }

/* What a child does, by its letter. */
static int be_child(char what) {
    uint64_t fds[4], count = 4, length;
    uint8_t byte = 0;
    switch (what) {
    case 'q': /* ends at once, with a code that is negative for who waits */
        return -5;
    case 'x': { /* becomes another child, which keeps what it inherited */
        char *argv[1] = {"e"};
        return (int)ckb_exec(0, CKB_CELL_DEP, CKB_PLACE_CELL, 0, 1, argv);
    }
    case 'e': /* echoes a byte, plus one */
        expect(ckb_inherited_fds(fds, &count), CKB_SUCCESS);
        expect((long)count, 2);
        read_all(fds[0], &byte, 1);
        byte++;
        write_all(fds[1], &byte, 1);
        return 3;
    case 'b': /* blocks until the other end is closed: the read under way ends with nothing */
        expect(ckb_inherited_fds(fds, &count), CKB_SUCCESS);
        length = 1;
        expect(ckb_read(fds[0], &byte, &length), CKB_SUCCESS);
        expect((long)length, 0);
        return 4;
    case 'n': /* inherits nothing */
        expect(ckb_inherited_fds(fds, &count), CKB_SUCCESS);
        return (int)count;
    case 'w': /* writes where it may not */
        *(volatile uint8_t *)(uintptr_t)be_child = 1;
        return 0;
    case 'o': /* reads beyond memory */
        return *(volatile uint8_t *)0x400000;
    case 'i': /* runs into what is no instruction */
        __asm__ volatile(".4byte 0");
        return 0;
    case 'l': /* never ends */
        for (volatile uint64_t i = 0;; i++) {}
    case 'p': /* its number, and the cycles that it sees */
        return (int)(1 + (ckb_process_id() * 31 + ckb_current_cycles()) % 120);
    }
    return GUEST_NO_ARGS;
}

/* An echo through a child that was spawned as `what`. */
static int echo(char what) {
    uint64_t down[2], up[2];
    uint8_t byte = 41;
    int8_t code = 0;
    expect(ckb_pipe(down), CKB_SUCCESS);
    expect(ckb_pipe(up), CKB_SUCCESS);
    uint64_t fds[3] = {down[0], up[1], 0};
    uint64_t child = spawn_with(what, fds, CKB_SUCCESS);
    write_all(down[1], &byte, 1);
    read_all(up[0], &byte, 1);
    expect(byte, 42);
    expect(ckb_wait(child, &code), CKB_SUCCESS);
    return code == 3 ? 0 : 1;
}

static int wait_for(char what) {
    int8_t code = 0;
    expect(ckb_wait(spawn_plain(what), &code), CKB_SUCCESS);
    return code;
}

static int wait_wrongly(void) {
    int8_t code = 0;
    uint64_t child = spawn_plain('q');
    expect(ckb_wait(child, &code), CKB_SUCCESS);
    expect(code, -5);
    /* Asked for twice, and never there. */
    expect(ckb_wait(child, &code), CKB_WAIT_FAILURE);
    expect(ckb_wait(99, &code), CKB_WAIT_FAILURE);
    return 0;
}

static int use_ends_wrongly(void) {
    uint64_t pipe[2], length = 1;
    uint8_t byte = 0;
    expect(ckb_pipe(pipe), CKB_SUCCESS);
    expect(ckb_read(99, &byte, &length), CKB_INVALID_FD);
    expect(ckb_write(98, &byte, &length), CKB_INVALID_FD);
    expect(ckb_close(99), CKB_INVALID_FD);
    /* The reading end does not write, the writing end does not read. */
    expect(ckb_write(pipe[0], &byte, &length), CKB_INVALID_FD);
    expect(ckb_read(pipe[1], &byte, &length), CKB_INVALID_FD);
    uint64_t fds[3] = {pipe[0], 77, 0};
    spawn_with('q', fds, CKB_INVALID_FD);
    /* What was given away is gone. */
    uint64_t given[2] = {pipe[0], 0};
    uint64_t child = spawn_with('b', given, CKB_SUCCESS);
    expect(ckb_read(pipe[0], &byte, &length), CKB_INVALID_FD);
    expect(ckb_close(pipe[1]), CKB_SUCCESS);
    int8_t code = 0;
    expect(ckb_wait(child, &code), CKB_SUCCESS);
    expect(code, 4);
    expect(ckb_pipe(pipe), CKB_SUCCESS);
    expect(ckb_close(pipe[1]), CKB_SUCCESS);
    expect(ckb_read(pipe[0], &byte, &length), CKB_OTHER_END_CLOSED);
    expect(ckb_pipe(pipe), CKB_SUCCESS);
    expect(ckb_close(pipe[0]), CKB_SUCCESS);
    expect(ckb_write(pipe[1], &byte, &length), CKB_OTHER_END_CLOSED);
    return 0;
}

static int exhaust_ends(void) {
    uint64_t pipe[2];
    for (int i = 0; i < 32; i++) expect(ckb_pipe(pipe), CKB_SUCCESS);
    expect(ckb_pipe(pipe), CKB_MAX_FDS_CREATED);
    return 0;
}

/* Children that wait for each other's parent, until there are too many; then all of them end. */
static int exhaust_processes(void) {
    uint64_t pipes[17][2], children[17];
    int n = 0;
    for (; n < 17; n++) {
        expect(ckb_pipe(pipes[n]), CKB_SUCCESS);
        uint64_t fds[2] = {pipes[n][0], 0};
        char *argv[1] = {"b"};
        struct ckb_spawn how = {1, argv, &children[n], fds};
        long answer = ckb_spawn(0, CKB_CELL_DEP, CKB_PLACE_CELL, 0, &how);
        if (answer == CKB_MAX_VMS_SPAWNED) break;
        expect(answer, CKB_SUCCESS);
    }
    for (int i = 0; i < n; i++) {
        int8_t code = 0;
        expect(ckb_close(pipes[i][1]), CKB_SUCCESS);
        expect(ckb_wait(children[i], &code), CKB_SUCCESS);
        expect(code, 4);
    }
    return n >= 15 && n < 17 ? 0 : 1;
}

static int spawn_nothing(void) {
    uint64_t process_id = 0;
    struct ckb_spawn how = {0, 0, &process_id, 0};
    expect(ckb_spawn(50, CKB_CELL_DEP, CKB_PLACE_CELL, 0, &how), CKB_INDEX_OUT_OF_BOUND);
    expect(ckb_spawn(50, CKB_INPUT, CKB_PLACE_WITNESS, 0, &how), CKB_INDEX_OUT_OF_BOUND);
    expect(ckb_spawn(0, CKB_CELL_DEP, CKB_PLACE_CELL, CKB_BOUNDS(0x7fffffff, 0), &how), CKB_SLICE_OUT_OF_BOUND);
    expect(ckb_spawn(0, CKB_CELL_DEP, CKB_PLACE_CELL, CKB_BOUNDS(8, 0x7fffffff), &how), CKB_SLICE_OUT_OF_BOUND);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 1) return be_child(argv[0][0]);
    uint8_t which = 0;
    if (script_args(&which, 1) == 0) return GUEST_NO_ARGS;
    switch (which) {
    case 'e':
    case 'x':
        return echo((char)which);
    case 'W':
        return wait_wrongly();
    case 'F':
        return use_ends_wrongly();
    case 'P':
        return exhaust_ends();
    case 'V':
        return exhaust_processes();
    case 'N':
        return spawn_nothing();
    case 'D': { /* nobody will ever write */
        uint64_t pipe[2], length = 1;
        uint8_t byte;
        expect(ckb_pipe(pipe), CKB_SUCCESS);
        return (int)ckb_read(pipe[0], &byte, &length);
    }
    case 'v':
        return (int)(1 + (ckb_vm_version() * 31 + ckb_current_cycles()) % 120);
    case 'S': /* what is no program, started: the bytes from 8 on */ {
        uint64_t process_id = 0;
        struct ckb_spawn how = {0, 0, &process_id, 0};
        return (int)ckb_spawn(0, CKB_CELL_DEP, CKB_PLACE_CELL, CKB_BOUNDS(8, 0), &how);
    }
    default:
        return wait_for((char)which);
    }
}
