/*
 * malloc, realloc and free, and the end of the program. The heap lies between the end of the program and the stack's
 * megabyte, in WebAssembly between the stack and the end of memory. Blocks are rounded up to one of four sizes per power of two and, when freed, kept in a list of their size; they are
 * never joined. That suits programs whose sizes repeat, which ours do.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef __wasm__
#define HEAP_START __heap_base
enum { HEAP_END = 4 << 20 };
#else
#define HEAP_START _end
enum { HEAP_END = 3 << 20 };
#endif

enum { CLASSES = 96 };

/* Stands before every block, so blocks are aligned to 16 bytes. */
struct header {
    union {
        struct header *next; /* while free */
        size_t capacity;     /* while in use */
    };
    size_t class;
};

extern char HEAP_START[]; /* from the linker */

static uintptr_t top;
static struct header *free_blocks[CLASSES];

/* The class that holds n bytes, and how many bytes a block of it has. */
static size_t class_of(size_t n, size_t *capacity) {
    if (n < 64) n = n ? n : 1;
    if (n <= 64) {
        *capacity = (n + 15) & ~(size_t)15;
        return *capacity / 16 - 1;
    }
    unsigned log = 63 - (unsigned)__builtin_clzl(n - 1); /* 2^log <= n - 1 */
    size_t step = (size_t)1 << (log - 2);
    size_t steps = (n - 1) / step + 1; /* 5 .. 8 */
    *capacity = steps * step;
    return 4 + (log - 6) * 4 + (steps - 5);
}

void *malloc(size_t n) {
    size_t capacity;
    if (n > HEAP_END) return 0;
    size_t class = class_of(n, &capacity);
    struct header *block = free_blocks[class];
    if (block) {
        free_blocks[class] = block->next;
    } else {
        if (top == 0) top = ((uintptr_t)HEAP_START + 15) & ~(uintptr_t)15;
        if (top + sizeof(struct header) + capacity > HEAP_END) return 0;
        block = (struct header *)top;
        top += sizeof(struct header) + capacity;
        block->class = class;
    }
    block->capacity = capacity;
    return block + 1;
}

void free(void *p) {
    if (!p) return;
    struct header *block = (struct header *)p - 1;
    block->next = free_blocks[block->class];
    free_blocks[block->class] = block;
}

void *realloc(void *p, size_t n) {
    if (!p) return malloc(n);
    size_t capacity = ((struct header *)p - 1)->capacity;
    if (n <= capacity && n > capacity / 2) return p;
    void *moved = malloc(n);
    if (!moved) return n <= capacity ? p : 0;
    memcpy(moved, p, n < capacity ? n : capacity);
    free(p);
    return moved;
}

#ifdef __wasm__
/* No program that ends in the middle has succeeded; a module has no other way to end there. */
void exit(int code) {
    (void)code;
    __builtin_trap();
}
#else
void exit(int code) {
    register long a0 __asm__("a0") = code;
    register long a7 __asm__("a7") = 93;
    for (;;) __asm__ volatile("ecall" : : "r"(a0), "r"(a7));
}
#endif

/* As a shell reports it: 128 + SIGABRT, which the VM shows as -122. */
void abort(void) { exit(134); }
