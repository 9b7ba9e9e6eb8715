/*
 * setjmp and longjmp in WebAssembly. The compiler turns longjmp into an exception and setjmp into a catch around what
 * follows (`-mllvm -wasm-enable-sjlj`); these three functions are what its code calls: which setjmp of which call a
 * buffer belongs to, and the throw.
 */
#include <stdint.h>

/* In the program's jmp_buf. */
struct buffer {
    void *call;     /* of the function that called setjmp, while it runs */
    uint32_t place; /* which of its setjmps, from 1 */
    /* What the exception carries: the address of this is thrown. */
    struct {
        void *buffer;
        int value;
    } thrown;
};

enum { LONGJMP_TAG = 1 };

void __wasm_setjmp(struct buffer *buffer, uint32_t place, void *call) {
    buffer->call = call;
    buffer->place = place;
}

/* The place, when the buffer was filled in this call; 0 otherwise: the exception goes on to a caller. */
uint32_t __wasm_setjmp_test(struct buffer *buffer, void *call) {
    return buffer->call == call ? buffer->place : 0;
}

void __wasm_longjmp(struct buffer *buffer, int value) {
    buffer->thrown.buffer = buffer;
    buffer->thrown.value = value ? value : 1;
    __builtin_wasm_throw(LONGJMP_TAG, &buffer->thrown);
}
