# wide.div: div q,a,b; rem m,a,b, where q is none of a, b and m.

#: case canonical: 1 entry
#: cycles = 533
#| a0                 a1                 a2                 a3                 -> a0                 a1                 a2                 a3
#| 0x0                0x0                0x0                0x0                -> 0xffffffffffffffff 0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x1                0xffffffffffffffff 0xffffffffffffffff 0x0
#| 0xffffffffffffffff 0x1                0x1                0x1                -> 0x1                0x1                0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                -> 0x0                0xfedcba9876543210 0x8000000000000000 0xfedcba9876543210
#| 0x7fffffffffffffff 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x0                0x1                0xfedcba9876543210 0x1
#| 0x2                0x7fffffffffffffff 0x1                0xfedcba9876543210 -> 0x7fffffffffffffff 0x7fffffffffffffff 0x1                0x0
#| 0xffffffffffffffff 0x2                0x7fffffffffffffff 0x1                -> 0x0                0x2                0x7fffffffffffffff 0x2
#| 0x123456789abcdef  0xffffffffffffffff 0x2                0x7fffffffffffffff -> 0x0                0xffffffffffffffff 0x2                0xffffffffffffffff
#| 0xfffffffffffffffe 0x0                0xfffffffffffffffe 0x8000000000000000 -> 0x0                0x0                0xfffffffffffffffe 0x0
    div a0, a1, a2
    rem a3, a1, a2
    exit

#: case v is p: 2 entries
#: cycles = 565
#| a0                 a1                 a2                 -> a0                 a1                 a2
#| 0x0                0x0                0x0                -> 0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x0                0xffffffffffffffff 0xffffffffffffffff
#| 0xffffffffffffffff 0x1                0x1                -> 0x0                0x1                0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0xfedcba9876543210 0xfedcba9876543210 0x8000000000000000
    div a0, a1, a2
    rem a0, a1, a2
    exit

#: case v is q: 1 entry
#: cycles = 533
#| a0                 a1                 a2                 -> a0                 a1                 a2
#| 0x0                0x0                0x0                -> 0xffffffffffffffff 0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x1                0x0                0xffffffffffffffff
#| 0xffffffffffffffff 0x1                0x1                -> 0x1                0x0                0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x0                0xfedcba9876543210 0x8000000000000000
    div a0, a1, a2
    rem a1, a1, a2
    exit

#: case v is u: 1 entry
#: cycles = 533
#| a0                 a1                 a2                 -> a0                 a1                 a2
#| 0x0                0x0                0x0                -> 0xffffffffffffffff 0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x1                0xffffffffffffffff 0x0
#| 0xffffffffffffffff 0x1                0x1                -> 0x1                0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x0                0xfedcba9876543210 0xfedcba9876543210
    div a0, a1, a2
    rem a2, a1, a2
    exit

#: case p is q: 2 entries
#: cycles = 565
#| a1                 a2                 a3                 -> a1                 a2                 a3
#| 0x0                0x0                0x0                -> 0xffffffffffffffff 0x0                0xffffffffffffffff
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x1                0xffffffffffffffff 0x0
#| 0xffffffffffffffff 0x1                0x1                -> 0xffffffffffffffff 0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x0                0xfedcba9876543210 0x0
    div a1, a1, a2
    rem a3, a1, a2
    exit

#: case p is u: 2 entries
#: cycles = 565
#| a2                 a1                 a3                 -> a2                 a1                 a3
#| 0x0                0x0                0x0                -> 0xffffffffffffffff 0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x1                0xffffffffffffffff 0x0
#| 0xffffffffffffffff 0x1                0x1                -> 0xffffffffffffffff 0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0xfedcba9876543210 0xfedcba9876543210 0x0
    div a2, a1, a2
    rem a3, a1, a2
    exit

#: case q is u: 1 entry
#: cycles = 533
#| a0                 a1                 a3                 -> a0                 a1                 a3
#| 0x0                0x0                0x0                -> 0xffffffffffffffff 0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x1                0xffffffffffffffff 0x0
#| 0xffffffffffffffff 0x1                0x1                -> 0x1                0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x1                0xfedcba9876543210 0x0
    div a0, a1, a1
    rem a3, a1, a1
    exit

#: case p is x0: 1 entry
#: cycles = 533
#| a1                 a2                 a3                 -> a1                 a2                 a3
#| 0x0                0x0                0x0                -> 0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xffffffffffffffff 0xffffffffffffffff 0x0
#| 0xffffffffffffffff 0x1                0x1                -> 0xffffffffffffffff 0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x1                0xfedcba9876543210 0x1
    div zero, a1, a2
    rem a3, a1, a2
    exit

#: case v is x0: 1 entry
#: cycles = 533
#| a0                 a1                 a2                 -> a0                 a1                 a2
#| 0x0                0x0                0x0                -> 0xffffffffffffffff 0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x1                0xffffffffffffffff 0xffffffffffffffff
#| 0xffffffffffffffff 0x1                0x1                -> 0x1                0x1                0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x0                0xfedcba9876543210 0x8000000000000000
    div a0, a1, a2
    rem zero, a1, a2
    exit

#: case p and v are x0: 2 entries
#: cycles = 565
#| a1                 a2                 -> a1                 a2
#| 0x0                0x0                -> 0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff -> 0xffffffffffffffff 0xffffffffffffffff
#| 0xffffffffffffffff 0x1                -> 0xffffffffffffffff 0x1
#| 0x1                0xfedcba9876543210 -> 0x1                0xfedcba9876543210
    div zero, a1, a2
    rem zero, a1, a2
    exit

#: case u is x0: 1 entry
#: cycles = 533
#| a0                 a1                 a3                 -> a0                 a1                 a3
#| 0x0                0x0                0x0                -> 0xffffffffffffffff 0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff
#| 0xffffffffffffffff 0x1                0x1                -> 0xffffffffffffffff 0x1                0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0xffffffffffffffff 0xfedcba9876543210 0xfedcba9876543210
    div a0, a1, zero
    rem a3, a1, zero
    exit

#: case q is x0: 1 entry
#: cycles = 533
#| a0                 a2                 a3                 -> a0                 a2                 a3
#| 0x0                0x0                0x0                -> 0xffffffffffffffff 0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x0                0xffffffffffffffff 0x0
#| 0xffffffffffffffff 0x1                0x1                -> 0x0                0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x0                0xfedcba9876543210 0x0
    div a0, zero, a2
    rem a3, zero, a2
    exit

#: case sources swapped in the second: 2 entries
#: cycles = 565
#| a0                 a1                 a2                 a3                 -> a0                 a1                 a2                 a3
#| 0x0                0x0                0x0                0x0                -> 0xffffffffffffffff 0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x1                0xffffffffffffffff 0xffffffffffffffff 0x0
#| 0xffffffffffffffff 0x1                0x1                0x1                -> 0x1                0x1                0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                -> 0x0                0xfedcba9876543210 0x8000000000000000 0xff6e5d4c3b2a1900
    div a0, a1, a2
    rem a3, a2, a1
    exit

#: case low part first: 2 entries
#: cycles = 565
#| a3                 a1                 a2                 a0                 -> a3                 a1                 a2                 a0
#| 0x0                0x0                0x0                0x0                -> 0x0                0x0                0x0                0xffffffffffffffff
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x0                0xffffffffffffffff 0xffffffffffffffff 0x1
#| 0xffffffffffffffff 0x1                0x1                0x1                -> 0x0                0x1                0x1                0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                -> 0xfedcba9876543210 0xfedcba9876543210 0x8000000000000000 0x0
    rem a3, a1, a2
    div a0, a1, a2
    exit
