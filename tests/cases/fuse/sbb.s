# sbb: sub b,a,b; sltu c,a,any; sub a,b,d; sltu d,b,a; or b,d,c, where a, b, c and d differ and none is x0.
# The second source of the first sltu is not looked at: the fused operation compares with the new b whatever is named there.

#: case canonical: 1 entry
#: cycles = 502
#| a1                 a0                 a2                 a3                 -> a1  a0                 a2  a3
#| 0x0                0x0                0x0                0x0                -> 0x0 0x0                0x0 0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x1 0x1                0x0 0x1
#| 0xffffffffffffffff 0x1                0x1                0x1                -> 0x1 0x1                0x1 0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                -> 0x0 0xfedcba987654320f 0x0 0x0
#| 0x7fffffffffffffff 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x1 0x2                0x1 0x0
#| 0x2                0x7fffffffffffffff 0x1                0xfedcba9876543210 -> 0x1 0x8123456789abcded 0x0 0x1
#| 0xffffffffffffffff 0x2                0x7fffffffffffffff 0x1                -> 0x1 0x2                0x1 0x0
#| 0x123456789abcdef  0xffffffffffffffff 0x2                0x7fffffffffffffff -> 0x0 0x7edcba9876543211 0x0 0x0
#| 0x0                0x7fffffffffffffff 0x7fffffffffffffff 0x7fffffffffffffff -> 0x0 0x0                0x0 0x0
#| 0x123456789abcdef  0xffffffffffffffff 0x123456789abcdef  0xfedcba9876543210 -> 0x0 0x0                0x0 0x0
    sub a1, a0, a1
    sltu a2, a0, a1
    sub a0, a1, a3
    sltu a3, a1, a0
    or a1, a3, a2
    exit

#: case other registers: 1 entry
#: cycles = 502
#| ra                 t6                 s11                gp                 -> ra  t6                 s11 gp
#| 0x0                0x0                0x0                0x0                -> 0x0 0x0                0x0 0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x1 0x1                0x0 0x1
#| 0xffffffffffffffff 0x1                0x1                0x1                -> 0x1 0x1                0x1 0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                -> 0x0 0xfedcba987654320f 0x0 0x0
    sub ra, t6, ra
    sltu s11, t6, ra
    sub t6, ra, gp
    sltu gp, ra, t6
    or ra, gp, s11
    exit

#: case unchecked operand is x0: 1 entry
#: cycles = 502
#| a1                 a0                 a2                 a3                 -> a1  a0                 a2  a3
#| 0x0                0x0                0x0                0x0                -> 0x0 0x0                0x0 0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x1 0x1                0x0 0x1
#| 0xffffffffffffffff 0x1                0x1                0x1                -> 0x1 0x1                0x1 0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                -> 0x0 0xfedcba987654320f 0x0 0x0
#| 0x7fffffffffffffff 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x1 0x2                0x1 0x0
#| 0x2                0x7fffffffffffffff 0x1                0xfedcba9876543210 -> 0x1 0x8123456789abcded 0x0 0x1
    sub a1, a0, a1
    sltu a2, a0, zero
    sub a0, a1, a3
    sltu a3, a1, a0
    or a1, a3, a2
    exit

#: case unchecked operand is another register: 1 entry
#: cycles = 502
#| a1                 a0                 a2                 a5                 a3                 -> a1  a0                 a2  a5                 a3
#| 0x0                0x0                0x0                0x0                0x0                -> 0x0 0x0                0x0 0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x1 0x1                0x0 0xffffffffffffffff 0x1
#| 0xffffffffffffffff 0x1                0x1                0x1                0x1                -> 0x1 0x1                0x1 0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                0x123456789abcdef  -> 0x0 0xfdb97530eca86420 0x0 0x0                0x0
#| 0x7fffffffffffffff 0x1                0xfedcba9876543210 0x8000000000000000 0x0                -> 0x1 0x8000000000000002 0x1 0x8000000000000000 0x0
#| 0x2                0x7fffffffffffffff 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x1 0xfffffffffffffffd 0x0 0xfedcba9876543210 0x1
    sub a1, a0, a1
    sltu a2, a0, a5
    sub a0, a1, a3
    sltu a3, a1, a0
    or a1, a3, a2
    exit

#: case unchecked operand is a itself: 1 entry
#: cycles = 502
#| a1                 a0                 a2                 a3                 -> a1  a0                 a2  a3
#| 0x0                0x0                0x0                0x0                -> 0x0 0x0                0x0 0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x1 0x1                0x0 0x1
#| 0xffffffffffffffff 0x1                0x1                0x1                -> 0x1 0x1                0x1 0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                -> 0x0 0xfedcba987654320f 0x0 0x0
#| 0x7fffffffffffffff 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x1 0x2                0x1 0x0
#| 0x2                0x7fffffffffffffff 0x1                0xfedcba9876543210 -> 0x1 0x8123456789abcded 0x0 0x1
    sub a1, a0, a1
    sltu a2, a0, a0
    sub a0, a1, a3
    sltu a3, a1, a0
    or a1, a3, a2
    exit

#: case unchecked operand is d: 1 entry
#: cycles = 502
#| a1                 a0                 a2                 a3                 -> a1  a0                 a2  a3
#| 0x0                0x0                0x0                0x0                -> 0x0 0x0                0x0 0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x1 0x1                0x0 0x1
#| 0xffffffffffffffff 0x1                0x1                0x1                -> 0x1 0x1                0x1 0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                -> 0x0 0xfedcba987654320f 0x0 0x0
#| 0x7fffffffffffffff 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x1 0x2                0x1 0x0
#| 0x2                0x7fffffffffffffff 0x1                0xfedcba9876543210 -> 0x1 0x8123456789abcded 0x0 0x1
    sub a1, a0, a1
    sltu a2, a0, a3
    sub a0, a1, a3
    sltu a3, a1, a0
    or a1, a3, a2
    exit

#: case 16-bit constituents: 1 entry
#: cycles = 502
#| a1                 a0                 a2                 a3                 -> a1  a0                 a2  a3
#| 0x0                0x0                0x0                0x0                -> 0x0 0x0                0x0 0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x1 0x1                0x0 0x1
#| 0xffffffffffffffff 0x1                0x1                0x1                -> 0x1 0x1                0x1 0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                -> 0x0 0xfedcba987654320f 0x0 0x0
    sub a1, a0, a1
    sltu a2, a0, a1
    sub a0, a1, a3
    sltu a3, a1, a0
    or a1, a3, a2
    exit

#: case a is b: 5 entries
#: cycles = 506
#| a0                 a2                 a3                 -> a0  a2  a3
#| 0x0                0x0                0x0                -> 0x0 0x0 0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x0 0x0 0x0
#| 0xffffffffffffffff 0x1                0x1                -> 0x0 0x0 0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x0 0x0 0x0
    sub a0, a0, a0
    sltu a2, a0, a0
    sub a0, a0, a3
    sltu a3, a0, a0
    or a0, a3, a2
    exit

#: case c is a: 5 entries
#: cycles = 506
#| a1                 a0                 a3                 -> a1                 a0                 a3
#| 0x0                0x0                0x0                -> 0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x1                0x1                0x1
#| 0xffffffffffffffff 0x1                0x1                -> 0x1                0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x7edcba987654320f 0x7edcba987654320f 0x0
    sub a1, a0, a1
    sltu a0, a0, a1
    sub a0, a1, a3
    sltu a3, a1, a0
    or a1, a3, a0
    exit

#: case c is b: 5 entries
#: cycles = 506
#| a1                 a0                 a3                 -> a1  a0                 a3
#| 0x0                0x0                0x0                -> 0x0 0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x1 0x1                0x1
#| 0xffffffffffffffff 0x1                0x1                -> 0x1 0x0                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x1 0x8000000000000000 0x1
    sub a1, a0, a1
    sltu a1, a0, a1
    sub a0, a1, a3
    sltu a3, a1, a0
    or a1, a3, a1
    exit

#: case d is a: 5 entries
#: cycles = 506
#| a1                 a0                 a2                 -> a1  a0  a2
#| 0x0                0x0                0x0                -> 0x0 0x0 0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x1 0x1 0x0
#| 0xffffffffffffffff 0x1                0x1                -> 0x1 0x0 0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x1 0x1 0x0
    sub a1, a0, a1
    sltu a2, a0, a1
    sub a0, a1, a0
    sltu a0, a1, a0
    or a1, a0, a2
    exit

#: case d is b: 5 entries
#: cycles = 506
#| a1                 a0                 a2                 -> a1  a0  a2
#| 0x0                0x0                0x0                -> 0x0 0x0 0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x0 0x0 0x0
#| 0xffffffffffffffff 0x1                0x1                -> 0x1 0x0 0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x0 0x0 0x0
    sub a1, a0, a1
    sltu a2, a0, a1
    sub a0, a1, a1
    sltu a1, a1, a0
    or a1, a1, a2
    exit

#: case d is c: 5 entries
#: cycles = 506
#| a1                 a0                 a2                 -> a1  a0                 a2
#| 0x0                0x0                0x0                -> 0x0 0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x0 0x0                0x0
#| 0xffffffffffffffff 0x1                0x1                -> 0x0 0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x0 0xfedcba987654320f 0x0
    sub a1, a0, a1
    sltu a2, a0, a1
    sub a0, a1, a2
    sltu a2, a1, a0
    or a1, a2, a2
    exit

#: case a is x0: 5 entries
#: cycles = 506
#| a1                 a2                 a3                 -> a1  a2  a3
#| 0x0                0x0                0x0                -> 0x0 0x0 0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x1 0x1 0x0
#| 0xffffffffffffffff 0x1                0x1                -> 0x1 0x1 0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x1 0x1 0x0
    sub a1, zero, a1
    sltu a2, zero, a1
    sub zero, a1, a3
    sltu a3, a1, zero
    or a1, a3, a2
    exit

#: case c is x0: 5 entries
#: cycles = 506
#| a1                 a0                 a3                 -> a1  a0                 a3
#| 0x0                0x0                0x0                -> 0x0 0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x1 0x1                0x1
#| 0xffffffffffffffff 0x1                0x1                -> 0x0 0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x0 0x7edcba987654320f 0x0
    sub a1, a0, a1
    sltu zero, a0, a1
    sub a0, a1, a3
    sltu a3, a1, a0
    or a1, a3, zero
    exit

#: case d is x0: 5 entries
#: cycles = 506
#| a1                 a0                 a2                 -> a1  a0                 a2
#| 0x0                0x0                0x0                -> 0x0 0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x0 0x0                0x0
#| 0xffffffffffffffff 0x1                0x1                -> 0x1 0x2                0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x0 0xfedcba987654320f 0x0
    sub a1, a0, a1
    sltu a2, a0, a1
    sub a0, a1, zero
    sltu zero, a1, a0
    or a1, zero, a2
    exit

#: case or with its operands the other way round: 5 entries
#: cycles = 506
#| a1                 a0                 a2                 a3                 -> a1  a0                 a2  a3
#| 0x0                0x0                0x0                0x0                -> 0x0 0x0                0x0 0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x1 0x1                0x0 0x1
#| 0xffffffffffffffff 0x1                0x1                0x1                -> 0x1 0x1                0x1 0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                -> 0x0 0xfedcba987654320f 0x0 0x0
    sub a1, a0, a1
    sltu a2, a0, a1
    sub a0, a1, a3
    sltu a3, a1, a0
    or a1, a2, a3
    exit
