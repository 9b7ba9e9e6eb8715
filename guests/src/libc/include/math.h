/* The few functions that Lua's core needs; see math.c for their limits. */
#ifndef GUEST_MATH_H
#define GUEST_MATH_H

#define HUGE_VAL __builtin_huge_val()

double fabs(double);
double floor(double);
double fmod(double, double);
double frexp(double, int *);
double ldexp(double, int);
double pow(double, double);

#endif
