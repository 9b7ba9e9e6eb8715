/*
 * A script with a defect to be found by a debugger: it exits with 3, because somebody stored to `checksum`.
 * docs/debugging.md goes from the wrong result back to the store.
 * Built with debug information and symbols, from the root of the repository:
 *
 *   clang-19 --target=riscv64 -march=rv64imc_zba_zbb_zbc_zbs -mabi=lp64 -O1 -g -gdwarf-4 -fno-inline -ffile-prefix-map=$PWD=. \
 *     -fno-asynchronous-unwind-tables -nostdlib -static -fuse-ld=lld -Wl,-z,norelro -Wl,-z,separate-code \
 *     -Wl,--image-base=0x10000 guests/src/crt0.S examples/debugging/damage.c -o examples/debugging/damage.elf
 */
typedef unsigned long word;

static struct {
    volatile word digits[8];
    volatile word checksum;
} state;

static void clear(word count) {
    for (word at = 0; at <= count; at++) state.digits[at] = 0;
}

static void work(word rounds) {
    for (word round = 0; round < rounds; round++) state.digits[round % 8] += round;
}

static int check(void) {
    return state.checksum == 17 ? 0 : 3;
}

int main(void) {
    state.checksum = 17;
    work(1000);
    clear(8);
    work(100000);
    return check();
}
