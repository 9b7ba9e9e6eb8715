# adc: add r,r,c; sltu c,r,c; add r,r,d; sltu d,r,d; or c,c,d, where r, c and d differ and none is x0.
# r becomes r + c + d, c the carry out; d the carry of the second addition.

#: case canonical: 1 entry
#: cycles = 502
#| a0                 a1                 a2                 -> a0                 a1  a2
#| 0x0                0x0                0x0                -> 0x0                0x0 0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffffd 0x1 0x1
#| 0xffffffffffffffff 0x1                0x1                -> 0x1                0x1 0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x7edcba9876543211 0x1 0x1
#| 0x7fffffffffffffff 0x1                0xfedcba9876543210 -> 0x7edcba9876543210 0x1 0x1
#| 0x2                0x7fffffffffffffff 0x1                -> 0x8000000000000002 0x0 0x0
#| 0xffffffffffffffff 0x2                0x7fffffffffffffff -> 0x8000000000000000 0x1 0x0
#| 0x123456789abcdef  0xffffffffffffffff 0x2                -> 0x123456789abcdf0  0x1 0x0
#| 0x5                0x2                0x2                -> 0x9                0x0 0x0
#| 0x2                0xffffffffffffffff 0xfedcba9876543210 -> 0xfedcba9876543211 0x1 0x0
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    exit

#: case other registers: 1 entry
#: cycles = 502
#| t6                 ra                 s11                -> t6                 ra  s11
#| 0x0                0x0                0x0                -> 0x0                0x0 0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffffd 0x1 0x1
#| 0xffffffffffffffff 0x1                0x1                -> 0x1                0x1 0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x7edcba9876543211 0x1 0x1
    add t6, t6, ra
    sltu ra, t6, ra
    add t6, t6, s11
    sltu s11, t6, s11
    or ra, ra, s11
    exit

#: case 16-bit constituents: 1 entry
#: cycles = 502
#| a0                 a1                 a2                 -> a0                 a1  a2
#| 0x0                0x0                0x0                -> 0x0                0x0 0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffffd 0x1 0x1
#| 0xffffffffffffffff 0x1                0x1                -> 0x1                0x1 0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x7edcba9876543211 0x1 0x1
    c.add a0, a1
    sltu a1, a0, a1
    c.add a0, a2
    sltu a2, a0, a2
    c.or a1, a2
    exit

#: case r is c: 5 entries in version 1, 4 entries in version 2
#: cycles 1 = 506
#: cycles 2 = 505
#| a0                 a2                 -> a0                 a2
#| 0x0                0x0                -> 0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff -> 0xffffffffffffffff 0x0
#| 0xffffffffffffffff 0x1                -> 0x1                0x0
#| 0x1                0xfedcba9876543210 -> 0xfedcba9876543210 0x0
    add a0, a0, a0
    sltu a0, a0, a0
    add a0, a0, a2
    sltu a2, a0, a2
    or a0, a0, a2
    exit

#: case d is r: 5 entries in version 1, 4 entries in version 2
#: cycles 1 = 506
#: cycles 2 = 505
#| a0                 a1                 -> a0  a1
#| 0x0                0x0                -> 0x0 0x0
#| 0xffffffffffffffff 0xffffffffffffffff -> 0x0 0x1
#| 0xffffffffffffffff 0x1                -> 0x0 0x1
#| 0x1                0xfedcba9876543210 -> 0x0 0x0
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a0
    sltu a0, a0, a0
    or a1, a1, a0
    exit

#: case d is c: 5 entries in version 1, 3 entries in version 2
#: cycles 1 = 506
#: cycles 2 = 504
#| a0                 a1                 -> a0                 a1
#| 0x0                0x0                -> 0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff -> 0xffffffffffffffff 0x0
#| 0xffffffffffffffff 0x1                -> 0x1                0x0
#| 0x1                0xfedcba9876543210 -> 0xfedcba9876543211 0x0
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a1
    sltu a1, a0, a1
    or a1, a1, a1
    exit

#: case r is x0: 5 entries
#: cycles = 506
#| a1                 a2                 -> a1  a2
#| 0x0                0x0                -> 0x0 0x0
#| 0xffffffffffffffff 0xffffffffffffffff -> 0x1 0x1
#| 0xffffffffffffffff 0x1                -> 0x1 0x1
#| 0x1                0xfedcba9876543210 -> 0x1 0x1
    add zero, zero, a1
    sltu a1, zero, a1
    add zero, zero, a2
    sltu a2, zero, a2
    or a1, a1, a2
    exit

#: case c is x0: 5 entries in version 1, 3 entries in version 2
#: cycles 1 = 506
#: cycles 2 = 504
#| a0                 a2                 -> a0                 a2
#| 0x0                0x0                -> 0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffffe 0x1
#| 0xffffffffffffffff 0x1                -> 0x0                0x1
#| 0x1                0xfedcba9876543210 -> 0xfedcba9876543211 0x0
    add a0, a0, zero
    sltu zero, a0, zero
    add a0, a0, a2
    sltu a2, a0, a2
    or zero, zero, a2
    exit

#: case d is x0: 5 entries in version 1, 3 entries in version 2
#: cycles 1 = 506
#: cycles 2 = 504
#| a0                 a1                 -> a0                 a1
#| 0x0                0x0                -> 0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffffe 0x1
#| 0xffffffffffffffff 0x1                -> 0x0                0x1
#| 0x1                0xfedcba9876543210 -> 0xfedcba9876543211 0x0
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, zero
    sltu zero, a0, zero
    or a1, a1, zero
    exit

#: case first addition with its operands the other way round: 5 entries in version 1, 3 entries in version 2
#: cycles 1 = 506
#: cycles 2 = 504
#| a0                 a1                 a2                 -> a0                 a1  a2
#| 0x0                0x0                0x0                -> 0x0                0x0 0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffffd 0x1 0x1
#| 0xffffffffffffffff 0x1                0x1                -> 0x1                0x1 0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x7edcba9876543211 0x1 0x1
    add a0, a1, a0
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    exit

#: case second addition with its operands the other way round: 5 entries in version 1, 3 entries in version 2
#: cycles 1 = 506
#: cycles 2 = 504
#| a0                 a1                 a2                 -> a0                 a1  a2
#| 0x0                0x0                0x0                -> 0x0                0x0 0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffffd 0x1 0x1
#| 0xffffffffffffffff 0x1                0x1                -> 0x1                0x1 0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x7edcba9876543211 0x1 0x1
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a2, a0
    sltu a2, a0, a2
    or a1, a1, a2
    exit

#: case or with its operands the other way round: 5 entries in version 1, 3 entries in version 2
#: cycles 1 = 506
#: cycles 2 = 504
#| a0                 a1                 a2                 -> a0                 a1  a2
#| 0x0                0x0                0x0                -> 0x0                0x0 0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffffd 0x1 0x1
#| 0xffffffffffffffff 0x1                0x1                -> 0x1                0x1 0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x7edcba9876543211 0x1 0x1
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a2, a1
    exit

#: case or into d: 5 entries in version 1, 3 entries in version 2
#: cycles 1 = 506
#: cycles 2 = 504
#| a0                 a1                 a2                 -> a0                 a1  a2
#| 0x0                0x0                0x0                -> 0x0                0x0 0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffffd 0x1 0x1
#| 0xffffffffffffffff 0x1                0x1                -> 0x1                0x1 0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x7edcba9876543211 0x0 0x1
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a2, a1, a2
    exit

#: case the last instruction is missing: 4 entries in version 1, 2 entries in version 2
#: cycles 1 = 505
#: cycles 2 = 503
#| a0                 a1                 a2                 -> a0                 a1  a2
#| 0x0                0x0                0x0                -> 0x0                0x0 0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffffd 0x1 0x1
#| 0xffffffffffffffff 0x1                0x1                -> 0x1                0x1 0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x7edcba9876543211 0x0 0x1
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    exit

#: case slt in place of sltu would be another number: 5 entries in version 1, 4 entries in version 2
#: cycles 1 = 506
#: cycles 2 = 505
#| a0                 a1                 a2                 -> a0                 a1  a2
#| 0x0                0x0                0x0                -> 0x0                0x0 0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffffd 0x1 0x1
#| 0xffffffffffffffff 0x1                0x1                -> 0x1                0x1 0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x7edcba9876543211 0x0 0x0
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    slt a2, a0, a2
    or a1, a1, a2
    exit
