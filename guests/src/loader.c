/*
 * A hash lock whose hash function is in a shared library: the library is a cell, and its code is
 * loaded with load_cell_data_as_code.
 *
 * The script's args: the expected digest (32 bytes), which cell dependency is the library, in how many
 * places it is loaded (1 or 2), then the name of the function. The witness is the preimage. Exits with
 * 0 when its digest is the expected one, with 1 when it is not. With two places both copies are asked
 * in turn; they share nothing.
 */
#include "ckb.h"

enum { PAGE = 4096, PLACE = 16 * PAGE, CAPACITY = 16384, DIGEST = 32, NO_LIBRARY = 102 };

typedef void digest_function(uint8_t digest[DIGEST], const uint8_t *message, uint64_t n);
typedef digest_function *find_function(const char *name);

struct header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, program_offset, section_offset;
    uint32_t flags;
    uint16_t size, program_size, program_count, section_size, section_count, section_names;
};

struct segment {
    uint32_t type, flags;
    uint64_t offset, address, physical, file_size, memory_size, align;
};

struct symbol {
    uint32_t name;
    uint8_t info, other;
    uint16_t section;
    uint64_t value, size;
};

struct relocation {
    uint64_t offset, info;
    int64_t addend;
};

struct dynamic {
    int64_t tag;
    uint64_t value;
};

enum { SEGMENT_LOAD = 1, SEGMENT_DYNAMIC = 2, SEGMENT_EXECUTABLE = 1, SEGMENT_WRITABLE = 2 };
enum { TAG_HASH = 4, TAG_STRINGS = 5, TAG_SYMBOLS = 6, TAG_RELA = 7, TAG_RELA_SIZE = 8 };
enum { RELOCATE_64 = 2, RELOCATE_RELATIVE = 3 };

/* Behind the program and below the stack: version 0 freezes all pages of a program, its data's too. */
#define FIRST_PLACE ((uint8_t *)0x100000)

static uint8_t message[CAPACITY];

static void read_cell(void *to, uint64_t length, uint64_t offset, uint64_t index) {
    uint64_t got = length;
    expect(ckb_load_cell_data(to, &got, offset, index, CKB_CELL_DEP), CKB_SUCCESS);
    if (got < length) ckb_exit(NO_LIBRARY);
}

/* Puts the segments of the library in place; its dynamic section. */
static const struct dynamic *load_segments(uint8_t *place, uint64_t index) {
    struct header header;
    const struct dynamic *dynamic = 0;
    read_cell(&header, sizeof header, 0, index);
    for (int i = 0; i < header.program_count; i++) {
        struct segment segment;
        read_cell(&segment, sizeof segment, header.program_offset + (uint64_t)i * sizeof segment, index);
        if (segment.address + segment.memory_size > PLACE) ckb_exit(NO_LIBRARY);
        if (segment.type == SEGMENT_DYNAMIC) dynamic = (const struct dynamic *)(place + segment.address);
        if (segment.type != SEGMENT_LOAD || segment.memory_size == 0) continue;
        if (segment.flags & SEGMENT_EXECUTABLE) {
            /* Whole pages, from the start of one. */
            uint64_t before = segment.address % PAGE;
            uint64_t size = (before + segment.memory_size + PAGE - 1) / PAGE * PAGE;
            expect(ckb_load_cell_data_as_code(place + segment.address - before, size, segment.offset - before,
                                              before + segment.file_size, index, CKB_CELL_DEP),
                   CKB_SUCCESS);
        } else if (segment.file_size > 0) {
            read_cell(place + segment.address, segment.file_size, segment.offset, index);
        }
    }
    return dynamic;
}

static int same(const char *a, const char *b) {
    while (*a && *a == *b) a++, b++;
    return *a == *b;
}

/* Loads the library and finds a symbol in it. */
static void *load_library(uint8_t *place, uint64_t index, const char *name) {
    const struct dynamic *dynamic = load_segments(place, index);
    const uint32_t *hash = 0;
    const char *strings = 0;
    const struct symbol *symbols = 0;
    const struct relocation *relocations = 0;
    uint64_t relocation_bytes = 0;
    if (!dynamic) ckb_exit(NO_LIBRARY);
    for (; dynamic->tag; dynamic++) {
        uint8_t *at = place + dynamic->value;
        if (dynamic->tag == TAG_HASH) hash = (const uint32_t *)at;
        if (dynamic->tag == TAG_STRINGS) strings = (const char *)at;
        if (dynamic->tag == TAG_SYMBOLS) symbols = (const struct symbol *)at;
        if (dynamic->tag == TAG_RELA) relocations = (const struct relocation *)at;
        if (dynamic->tag == TAG_RELA_SIZE) relocation_bytes = dynamic->value;
    }
    if (!hash || !strings || !symbols) ckb_exit(NO_LIBRARY);
    for (uint64_t i = 0; i < relocation_bytes / sizeof *relocations; i++) {
        const struct relocation *relocation = &relocations[i];
        uint64_t value = CKB_ADDRESS(place) + (uint64_t)relocation->addend;
        uint32_t type = (uint32_t)relocation->info;
        if (type == RELOCATE_64) value += symbols[relocation->info >> 32].value;
        if (type != RELOCATE_64 && type != RELOCATE_RELATIVE) ckb_exit(NO_LIBRARY);
        *(uint64_t *)(place + relocation->offset) = value;
    }
    /* The table of hashes says how many symbols there are. */
    for (uint32_t i = 0; i < hash[1]; i++) {
        if (same(strings + symbols[i].name, name)) return place + symbols[i].value;
    }
    ckb_exit(NO_LIBRARY);
    return 0;
}

int main(void) {
    uint8_t args[64], digest[DIGEST];
    char name[32];
    uint64_t count = script_args(args, sizeof args), n = CAPACITY, wrong = 0;
    if (count < DIGEST + 3 || count >= sizeof name + DIGEST + 2 || args[DIGEST + 1] - 1u > 1) return GUEST_NO_ARGS;
    for (uint64_t i = 0; i <= count - DIGEST - 2; i++) name[i] = i < count - DIGEST - 2 ? (char)args[DIGEST + 2 + i] : 0;
    expect(ckb_load_witness(message, &n, 0, 0, CKB_GROUP_INPUT), CKB_SUCCESS);
    if (n > CAPACITY) n = CAPACITY;
    int copies = args[DIGEST + 1];
    digest_function *functions[2];
    for (int i = 0; i < copies; i++) {
        find_function *find = (find_function *)load_library(FIRST_PLACE + i * PLACE, args[DIGEST], "digest_by_name");
        functions[i] = find(name);
        if (!functions[i]) return NO_LIBRARY;
    }
    for (int i = 0; i < copies; i++) {
        functions[i](digest, message, n);
        for (int k = 0; k < DIGEST; k++) wrong |= digest[k] ^ args[k];
    }
    return wrong ? 1 : 0;
}
