/*
 * A script that hashes its witness as a tree of processes: a node cuts what it has in two, spawns a
 * child for each half, hands the halves over through pipes, and hashes the two digests that come
 * back. The root does the same once more by itself and exits with 0 when both digests are equal.
 *
 * The script's args are one byte: how many levels of children there are (0 to 3: 15 processes of the
 * 16 that may be). Its own code is cell dependency 0. A child's argv is its level; it exits with 40
 * and its level, so that who waits has something to look at.
 */
#include "ckb.h"
#include "sha256.h"

enum { CAPACITY = 32768, DIGEST = 32, CHILD_CODE = 40 };

static uint8_t data[CAPACITY];

struct child {
    uint64_t process_id, to, from;
};

static struct child spawn_child(char level) {
    char argument[2] = {level, 0};
    char *argv[1] = {argument};
    uint64_t down[2], up[2];
    struct child child = {0, 0, 0};
    expect(ckb_pipe(down), CKB_SUCCESS);
    expect(ckb_pipe(up), CKB_SUCCESS);
    uint64_t fds[3] = {down[0], up[1], 0};
    struct ckb_spawn how = {1, argv, &child.process_id, fds};
    expect(ckb_spawn(0, CKB_CELL_DEP, CKB_PLACE_CELL, 0, &how), CKB_SUCCESS);
    child.to = down[1];
    child.from = up[0];
    return child;
}

/* The tree, by processes. */
static void hash_tree(uint8_t digest[DIGEST], const uint8_t *from, uint64_t n, int levels) {
    if (levels == 0) {
        sha256(digest, from, n);
        return;
    }
    uint8_t digests[2 * DIGEST];
    struct child children[2];
    uint64_t half = n / 2, sizes[2] = {half, n - half};
    for (int i = 0; i < 2; i++) {
        children[i] = spawn_child((char)('0' + levels - 1));
        write_all(children[i].to, &sizes[i], sizeof sizes[i]);
        write_all(children[i].to, from + (i ? half : 0), sizes[i]);
        expect(ckb_close(children[i].to), CKB_SUCCESS);
    }
    for (int i = 0; i < 2; i++) {
        int8_t code = 0;
        read_all(children[i].from, digests + i * DIGEST, DIGEST);
        expect(ckb_wait(children[i].process_id, &code), CKB_SUCCESS);
        expect(code, CHILD_CODE + levels - 1);
        expect(ckb_close(children[i].from), CKB_SUCCESS);
    }
    sha256(digest, digests, sizeof digests);
}

/* The same tree in one process. */
static void hash_alone(uint8_t digest[DIGEST], const uint8_t *from, uint64_t n, int levels) {
    if (levels == 0) {
        sha256(digest, from, n);
        return;
    }
    uint8_t digests[2 * DIGEST];
    hash_alone(digests, from, n / 2, levels - 1);
    hash_alone(digests + DIGEST, from + n / 2, n - n / 2, levels - 1);
    sha256(digest, digests, sizeof digests);
}

static int be_child(int levels) {
    uint64_t fds[2], count = 2, n = 0;
    uint8_t digest[DIGEST];
    expect(ckb_inherited_fds(fds, &count), CKB_SUCCESS);
    expect((long)count, 2);
    read_all(fds[0], &n, sizeof n);
    if (n > CAPACITY) return GUEST_NO_ARGS;
    read_all(fds[0], data, n);
    hash_tree(digest, data, n, levels);
    write_all(fds[1], digest, DIGEST);
    return CHILD_CODE + levels;
}

int main(int argc, char **argv) {
    if (argc == 1) return be_child(argv[0][0] - '0');
    uint8_t levels = 0, by_processes[DIGEST], alone[DIGEST];
    uint64_t n = CAPACITY;
    if (script_args(&levels, 1) != 1 || levels > 3) return GUEST_NO_ARGS;
    expect(ckb_load_witness(data, &n, 0, 0, CKB_GROUP_INPUT), CKB_SUCCESS);
    if (n > CAPACITY) n = CAPACITY;
    hash_tree(by_processes, data, n, levels);
    hash_alone(alone, data, n, levels);
    for (int i = 0; i < DIGEST; i++) {
        if (by_processes[i] != alone[i]) return 1;
    }
    return 0;
}
