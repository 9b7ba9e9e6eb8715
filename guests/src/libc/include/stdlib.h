/* The part of <stdlib.h> that memory.c and text.c have. */
#ifndef GUEST_STDLIB_H
#define GUEST_STDLIB_H

#include <stddef.h>

#define EXIT_SUCCESS 0
#define EXIT_FAILURE 1

void *malloc(size_t);
void *realloc(void *, size_t);
void free(void *);
_Noreturn void exit(int);
_Noreturn void abort(void);
double strtod(const char *restrict, char **restrict);
int abs(int);
char *getenv(const char *);

#endif
