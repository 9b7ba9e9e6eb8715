/* Jumps out of calls: setjmp.S; in WebAssembly the compiler's, with wasm_setjmp.c. */
#ifndef GUEST_SETJMP_H
#define GUEST_SETJMP_H

/* ra, sp, s0 .. s11; in WebAssembly the four words of wasm_setjmp.c. */
typedef unsigned long jmp_buf[14];

int setjmp(jmp_buf) __attribute__((returns_twice));
_Noreturn void longjmp(jmp_buf, int);

#endif
