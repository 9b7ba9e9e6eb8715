/*
 * Where a guest starts in machines whose programs export functions, WebAssembly's and PolkaVM's: `run` takes the
 * iteration count and returns what main returns. There is no argv there, so it is made here, as a process would
 * get it.
 */
#include <stdint.h>

int guest_main(int argc, char **argv);

#ifdef __wasm__
__attribute__((export_name("run")))
#endif
int run(uint64_t rounds) {
    static char name[] = "guest", digits[21];
    char *digit = digits + sizeof digits - 1;
    do {
        *--digit = (char)('0' + rounds % 10);
        rounds /= 10;
    } while (rounds);
    /* The count stands behind the program's name; a CKB script has none (guest.h). */
    char *argv[] = {name, digit, 0};
#ifdef __riscv
    return guest_main(1, argv + 1);
#else
    return guest_main(2, argv);
#endif
}

#ifdef __riscv
/* What PolkaVM's linker looks for: the function's name and how many registers go in and out (polkavm-linker). */
static const char NAME[] = "run";

static const struct __attribute__((packed)) {
    uint8_t version;
    uint32_t flags, name_length;
    const char *name;
    uint8_t registers_in, registers_out;
} METADATA __attribute__((section(".polkavm_metadata"), used)) = {1, 0, 3, NAME, 1, 1};

static const struct __attribute__((packed)) {
    uint8_t version;
    const void *metadata;
    int (*code)(uint64_t);
} EXPORT __attribute__((section(".polkavm_exports"), used, retain)) = {1, &METADATA, run};
#endif
