# wide.mul: mulh h,a,b; mul l,a,b, where h is none of a, b and l; the same sources in the same order.

#: case canonical: 1 entry
#: cycles = 506
#| a0                 a1                 a2                 a3                 -> a0                 a1                 a2                 a3
#| 0x0                0x0                0x0                0x0                -> 0x0                0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x0                0xffffffffffffffff 0xffffffffffffffff 0x1
#| 0xffffffffffffffff 0x1                0x1                0x1                -> 0x0                0x1                0x1                0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                -> 0x91a2b3c4d5e6f8   0xfedcba9876543210 0x8000000000000000 0x0
#| 0x7fffffffffffffff 0x1                0xfedcba9876543210 0x8000000000000000 -> 0xffffffffffffffff 0x1                0xfedcba9876543210 0xfedcba9876543210
#| 0x2                0x7fffffffffffffff 0x1                0xfedcba9876543210 -> 0x0                0x7fffffffffffffff 0x1                0x7fffffffffffffff
#| 0xffffffffffffffff 0x2                0x7fffffffffffffff 0x1                -> 0x0                0x2                0x7fffffffffffffff 0xfffffffffffffffe
#| 0x123456789abcdef  0xffffffffffffffff 0x2                0x7fffffffffffffff -> 0xffffffffffffffff 0xffffffffffffffff 0x2                0xfffffffffffffffe
#| 0xffffffffffffffff 0x0                0x7fffffffffffffff 0x1                -> 0x0                0x0                0x7fffffffffffffff 0x0
    mulh a0, a1, a2
    mul a3, a1, a2
    exit

#: case v is p: 2 entries
#: cycles = 511
#| a0                 a1                 a2                 -> a0  a1                 a2
#| 0x0                0x0                0x0                -> 0x0 0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x1 0xffffffffffffffff 0xffffffffffffffff
#| 0xffffffffffffffff 0x1                0x1                -> 0x1 0x1                0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x0 0xfedcba9876543210 0x8000000000000000
    mulh a0, a1, a2
    mul a0, a1, a2
    exit

#: case v is q: 1 entry
#: cycles = 506
#| a0                 a1                 a2                 -> a0               a1  a2
#| 0x0                0x0                0x0                -> 0x0              0x0 0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x0              0x1 0xffffffffffffffff
#| 0xffffffffffffffff 0x1                0x1                -> 0x0              0x1 0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x91a2b3c4d5e6f8 0x0 0x8000000000000000
    mulh a0, a1, a2
    mul a1, a1, a2
    exit

#: case v is u: 1 entry
#: cycles = 506
#| a0                 a1                 a2                 -> a0               a1                 a2
#| 0x0                0x0                0x0                -> 0x0              0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x0              0xffffffffffffffff 0x1
#| 0xffffffffffffffff 0x1                0x1                -> 0x0              0x1                0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x91a2b3c4d5e6f8 0xfedcba9876543210 0x0
    mulh a0, a1, a2
    mul a2, a1, a2
    exit

#: case p is q: 2 entries
#: cycles = 511
#| a1                 a2                 a3                 -> a1                 a2                 a3
#| 0x0                0x0                0x0                -> 0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x0                0xffffffffffffffff 0x0
#| 0xffffffffffffffff 0x1                0x1                -> 0xffffffffffffffff 0x1                0xffffffffffffffff
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0xffffffffffffffff 0xfedcba9876543210 0x123456789abcdf0
    mulh a1, a1, a2
    mul a3, a1, a2
    exit

#: case p is u: 2 entries
#: cycles = 511
#| a2                 a1                 a3                 -> a2                 a1                 a3
#| 0x0                0x0                0x0                -> 0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x0                0xffffffffffffffff 0x0
#| 0xffffffffffffffff 0x1                0x1                -> 0xffffffffffffffff 0x1                0xffffffffffffffff
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0xffffffffffffffff 0xfedcba9876543210 0x123456789abcdf0
    mulh a2, a1, a2
    mul a3, a1, a2
    exit

#: case q is u: 1 entry
#: cycles = 506
#| a0                 a1                 a3                 -> a0              a1                 a3
#| 0x0                0x0                0x0                -> 0x0             0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x0             0xffffffffffffffff 0x1
#| 0xffffffffffffffff 0x1                0x1                -> 0x0             0x1                0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x14b66dc33f6ac 0xfedcba9876543210 0xdeec6cd7a44a4100
    mulh a0, a1, a1
    mul a3, a1, a1
    exit

#: case p is x0: 1 entry
#: cycles = 506
#| a1                 a2                 a3                 -> a1                 a2                 a3
#| 0x0                0x0                0x0                -> 0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xffffffffffffffff 0xffffffffffffffff 0x1
#| 0xffffffffffffffff 0x1                0x1                -> 0xffffffffffffffff 0x1                0xffffffffffffffff
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x1                0xfedcba9876543210 0xfedcba9876543210
    mulh zero, a1, a2
    mul a3, a1, a2
    exit

#: case v is x0: 1 entry
#: cycles = 506
#| a0                 a1                 a2                 -> a0               a1                 a2
#| 0x0                0x0                0x0                -> 0x0              0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x0              0xffffffffffffffff 0xffffffffffffffff
#| 0xffffffffffffffff 0x1                0x1                -> 0x0              0x1                0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x91a2b3c4d5e6f8 0xfedcba9876543210 0x8000000000000000
    mulh a0, a1, a2
    mul zero, a1, a2
    exit

#: case p and v are x0: 2 entries
#: cycles = 511
#| a1                 a2                 -> a1                 a2
#| 0x0                0x0                -> 0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff -> 0xffffffffffffffff 0xffffffffffffffff
#| 0xffffffffffffffff 0x1                -> 0xffffffffffffffff 0x1
#| 0x1                0xfedcba9876543210 -> 0x1                0xfedcba9876543210
    mulh zero, a1, a2
    mul zero, a1, a2
    exit

#: case u is x0: 1 entry
#: cycles = 506
#| a0                 a1                 a3                 -> a0  a1                 a3
#| 0x0                0x0                0x0                -> 0x0 0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x0 0xffffffffffffffff 0x0
#| 0xffffffffffffffff 0x1                0x1                -> 0x0 0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x0 0xfedcba9876543210 0x0
    mulh a0, a1, zero
    mul a3, a1, zero
    exit

#: case q is x0: 1 entry
#: cycles = 506
#| a0                 a2                 a3                 -> a0  a2                 a3
#| 0x0                0x0                0x0                -> 0x0 0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x0 0xffffffffffffffff 0x0
#| 0xffffffffffffffff 0x1                0x1                -> 0x0 0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x0 0xfedcba9876543210 0x0
    mulh a0, zero, a2
    mul a3, zero, a2
    exit

#: case sources swapped in the second: 2 entries
#: cycles = 511
#| a0                 a1                 a2                 a3                 -> a0               a1                 a2                 a3
#| 0x0                0x0                0x0                0x0                -> 0x0              0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x0              0xffffffffffffffff 0xffffffffffffffff 0x1
#| 0xffffffffffffffff 0x1                0x1                0x1                -> 0x0              0x1                0x1                0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                -> 0x91a2b3c4d5e6f8 0xfedcba9876543210 0x8000000000000000 0x0
    mulh a0, a1, a2
    mul a3, a2, a1
    exit

#: case low part first: 2 entries
#: cycles = 511
#| a3                 a1                 a2                 a0                 -> a3  a1                 a2                 a0
#| 0x0                0x0                0x0                0x0                -> 0x0 0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x1 0xffffffffffffffff 0xffffffffffffffff 0x0
#| 0xffffffffffffffff 0x1                0x1                0x1                -> 0x1 0x1                0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                -> 0x0 0xfedcba9876543210 0x8000000000000000 0x91a2b3c4d5e6f8
    mul a3, a1, a2
    mulh a0, a1, a2
    exit
