/*
 * A script that fails in several ways, chosen by its first argument, to see what `translate run` says of each. On the
 * chain it has no arguments; then it stores beyond the end of memory.
 * Built with debug information and symbols, from the root of the repository:
 *
 *   clang-19 --target=riscv64 -march=rv64imc_zba_zbb_zbc_zbs -mabi=lp64 -O1 -g -gdwarf-4 -fno-inline -ffile-prefix-map=$PWD=. \
 *     -fno-asynchronous-unwind-tables -nostdlib -static -fuse-ld=lld -Wl,-z,norelro -Wl,-z,separate-code \
 *     -Wl,--image-base=0x10000 guests/src/crt0.S examples/faults/faults.c -o examples/faults/faults.elf
 */
typedef unsigned long word;
static word data[4] = {1, 2, 3, 4};

/* An address that the compiler knows nothing of. */
static word hidden(word address) {
    __asm__ volatile("" : "+r"(address));
    return address;
}

static word peek(word address) {
    return *(volatile word *)hidden(address);
}

static void poke(word address, word value) {
    *(volatile word *)hidden(address) = value;
}

static word deeper(word depth) {
    volatile word frame[64];
    frame[0] = depth;
    return deeper(depth + 1) + frame[0];
}

static void jump(word address) {
    ((void (*)(void))hidden(address))();
}

/* What a language does that checks divisors: it traps by an instruction that is none. */
static word divide(word a, word b) {
    if (b == 0) __builtin_trap();
    return a / b;
}

static word call_host(word number) {
    register word a7 __asm__("a7") = number;
    register word a0 __asm__("a0") = 0;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7) : "memory");
    return a0;
}

static word fail(char how) {
    switch (how) {
    case '1': return peek(0x10000000000) + 1;
    case '2': poke(0x10000000000, 1); return 1;
    case '3': poke((word)fail, 1); return 2;
    case '4': return deeper(0) + 3;
    case '5': jump((word)data); return 4;
    case '6': return divide(7, hidden(0)) + 5;
    case '7': return call_host(4242) + 6;
    case '8': for (;;) __asm__ volatile("");
    case '9': jump(0); return 7;
    default: return 0;
    }
}

int main(int argc, char **argv) {
    return (int)fail(argc > 0 ? argv[0][0] : '2');
}
