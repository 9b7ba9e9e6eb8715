# wide.divu: divu q,a,b; remu m,a,b, where q is none of a, b and m.

#: case canonical: 1 entry
#: cycles = 533
#| a0                 a1                 a2                 a3                 -> a0                 a1                 a2                 a3
#| 0x0                0x0                0x0                0x0                -> 0xffffffffffffffff 0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x1                0xffffffffffffffff 0xffffffffffffffff 0x0
#| 0xffffffffffffffff 0x1                0x1                0x1                -> 0x1                0x1                0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                -> 0x1                0xfedcba9876543210 0x8000000000000000 0x7edcba9876543210
#| 0x7fffffffffffffff 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x0                0x1                0xfedcba9876543210 0x1
#| 0x2                0x7fffffffffffffff 0x1                0xfedcba9876543210 -> 0x7fffffffffffffff 0x7fffffffffffffff 0x1                0x0
#| 0xffffffffffffffff 0x2                0x7fffffffffffffff 0x1                -> 0x0                0x2                0x7fffffffffffffff 0x2
#| 0x123456789abcdef  0xffffffffffffffff 0x2                0x7fffffffffffffff -> 0x7fffffffffffffff 0xffffffffffffffff 0x2                0x1
#| 0x2                0x2                0x1                0x5                -> 0x2                0x2                0x1                0x0
    divu a0, a1, a2
    remu a3, a1, a2
    exit

#: case v is p: 2 entries
#: cycles = 565
#| a0                 a1                 a2                 -> a0                 a1                 a2
#| 0x0                0x0                0x0                -> 0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x0                0xffffffffffffffff 0xffffffffffffffff
#| 0xffffffffffffffff 0x1                0x1                -> 0x0                0x1                0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x7edcba9876543210 0xfedcba9876543210 0x8000000000000000
    divu a0, a1, a2
    remu a0, a1, a2
    exit

#: case v is q: 1 entry
#: cycles = 533
#| a0                 a1                 a2                 -> a0                 a1                 a2
#| 0x0                0x0                0x0                -> 0xffffffffffffffff 0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x1                0x0                0xffffffffffffffff
#| 0xffffffffffffffff 0x1                0x1                -> 0x1                0x0                0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x1                0x7edcba9876543210 0x8000000000000000
    divu a0, a1, a2
    remu a1, a1, a2
    exit

#: case v is u: 1 entry
#: cycles = 533
#| a0                 a1                 a2                 -> a0                 a1                 a2
#| 0x0                0x0                0x0                -> 0xffffffffffffffff 0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x1                0xffffffffffffffff 0x0
#| 0xffffffffffffffff 0x1                0x1                -> 0x1                0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x1                0xfedcba9876543210 0x7edcba9876543210
    divu a0, a1, a2
    remu a2, a1, a2
    exit

#: case p is q: 2 entries
#: cycles = 565
#| a1                 a2                 a3                 -> a1                 a2                 a3
#| 0x0                0x0                0x0                -> 0xffffffffffffffff 0x0                0xffffffffffffffff
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x1                0xffffffffffffffff 0x1
#| 0xffffffffffffffff 0x1                0x1                -> 0xffffffffffffffff 0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x0                0xfedcba9876543210 0x0
    divu a1, a1, a2
    remu a3, a1, a2
    exit

#: case p is u: 2 entries
#: cycles = 565
#| a2                 a1                 a3                 -> a2                 a1                 a3
#| 0x0                0x0                0x0                -> 0xffffffffffffffff 0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x1                0xffffffffffffffff 0x0
#| 0xffffffffffffffff 0x1                0x1                -> 0x0                0x1                0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0xfedcba9876543210 0xfedcba9876543210 0x0
    divu a2, a1, a2
    remu a3, a1, a2
    exit

#: case q is u: 1 entry
#: cycles = 533
#| a0                 a1                 a3                 -> a0                 a1                 a3
#| 0x0                0x0                0x0                -> 0xffffffffffffffff 0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x1                0xffffffffffffffff 0x0
#| 0xffffffffffffffff 0x1                0x1                -> 0x1                0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x1                0xfedcba9876543210 0x0
    divu a0, a1, a1
    remu a3, a1, a1
    exit

#: case p is x0: 1 entry
#: cycles = 533
#| a1                 a2                 a3                 -> a1                 a2                 a3
#| 0x0                0x0                0x0                -> 0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xffffffffffffffff 0xffffffffffffffff 0x0
#| 0xffffffffffffffff 0x1                0x1                -> 0xffffffffffffffff 0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x1                0xfedcba9876543210 0x1
    divu zero, a1, a2
    remu a3, a1, a2
    exit

#: case v is x0: 1 entry
#: cycles = 533
#| a0                 a1                 a2                 -> a0                 a1                 a2
#| 0x0                0x0                0x0                -> 0xffffffffffffffff 0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x1                0xffffffffffffffff 0xffffffffffffffff
#| 0xffffffffffffffff 0x1                0x1                -> 0x1                0x1                0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x1                0xfedcba9876543210 0x8000000000000000
    divu a0, a1, a2
    remu zero, a1, a2
    exit

#: case p and v are x0: 2 entries
#: cycles = 565
#| a1                 a2                 -> a1                 a2
#| 0x0                0x0                -> 0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff -> 0xffffffffffffffff 0xffffffffffffffff
#| 0xffffffffffffffff 0x1                -> 0xffffffffffffffff 0x1
#| 0x1                0xfedcba9876543210 -> 0x1                0xfedcba9876543210
    divu zero, a1, a2
    remu zero, a1, a2
    exit

#: case u is x0: 1 entry
#: cycles = 533
#| a0                 a1                 a3                 -> a0                 a1                 a3
#| 0x0                0x0                0x0                -> 0xffffffffffffffff 0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff
#| 0xffffffffffffffff 0x1                0x1                -> 0xffffffffffffffff 0x1                0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0xffffffffffffffff 0xfedcba9876543210 0xfedcba9876543210
    divu a0, a1, zero
    remu a3, a1, zero
    exit

#: case q is x0: 1 entry
#: cycles = 533
#| a0                 a2                 a3                 -> a0                 a2                 a3
#| 0x0                0x0                0x0                -> 0xffffffffffffffff 0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x0                0xffffffffffffffff 0x0
#| 0xffffffffffffffff 0x1                0x1                -> 0x0                0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x0                0xfedcba9876543210 0x0
    divu a0, zero, a2
    remu a3, zero, a2
    exit

#: case sources swapped in the second: 2 entries
#: cycles = 565
#| a0                 a1                 a2                 a3                 -> a0                 a1                 a2                 a3
#| 0x0                0x0                0x0                0x0                -> 0xffffffffffffffff 0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x1                0xffffffffffffffff 0xffffffffffffffff 0x0
#| 0xffffffffffffffff 0x1                0x1                0x1                -> 0x1                0x1                0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                -> 0x1                0xfedcba9876543210 0x8000000000000000 0x8000000000000000
    divu a0, a1, a2
    remu a3, a2, a1
    exit

#: case low part first: 2 entries
#: cycles = 565
#| a3                 a1                 a2                 a0                 -> a3                 a1                 a2                 a0
#| 0x0                0x0                0x0                0x0                -> 0x0                0x0                0x0                0xffffffffffffffff
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x0                0xffffffffffffffff 0xffffffffffffffff 0x1
#| 0xffffffffffffffff 0x1                0x1                0x1                -> 0x0                0x1                0x1                0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                -> 0x7edcba9876543210 0xfedcba9876543210 0x8000000000000000 0x1
    remu a3, a1, a2
    divu a0, a1, a2
    exit
