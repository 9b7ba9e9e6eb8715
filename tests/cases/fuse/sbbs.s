# sbbs, version 2: sub p,q,u; sltu v,q,u, where p is neither q nor u; x0 is allowed.

#: case canonical: 2 entries in version 1, 1 entry in version 2
#: cycles 1 = 503
#: cycles 2 = 502
#| a0                 a1                 a2                 a3                 -> a0                 a1                 a2                 a3
#| 0x0                0x0                0x0                0x0                -> 0x0                0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x0                0xffffffffffffffff 0xffffffffffffffff 0x0
#| 0xffffffffffffffff 0x1                0x1                0x1                -> 0x0                0x1                0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                -> 0x7edcba9876543210 0xfedcba9876543210 0x8000000000000000 0x0
#| 0x7fffffffffffffff 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x123456789abcdf1  0x1                0xfedcba9876543210 0x1
#| 0x2                0x7fffffffffffffff 0x1                0xfedcba9876543210 -> 0x7ffffffffffffffe 0x7fffffffffffffff 0x1                0x0
#| 0xffffffffffffffff 0x2                0x7fffffffffffffff 0x1                -> 0x8000000000000003 0x2                0x7fffffffffffffff 0x1
#| 0x123456789abcdef  0xffffffffffffffff 0x2                0x7fffffffffffffff -> 0xfffffffffffffffd 0xffffffffffffffff 0x2                0x0
    sub a0, a1, a2
    sltu a3, a1, a2
    exit

#: case p is q: 2 entries
#: cycles = 503
#| a0                 a2                 a3                 -> a0                 a2                 a3
#| 0x0                0x0                0x0                -> 0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x0                0xffffffffffffffff 0x1
#| 0xffffffffffffffff 0x1                0x1                -> 0xfffffffffffffffe 0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x123456789abcdf1  0xfedcba9876543210 0x1
    sub a0, a0, a2
    sltu a3, a0, a2
    exit

#: case p is u: 2 entries
#: cycles = 503
#| a0                 a1                 a3                 -> a0                 a1                 a3
#| 0x0                0x0                0x0                -> 0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x0                0xffffffffffffffff 0x0
#| 0xffffffffffffffff 0x1                0x1                -> 0x2                0x1                0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0xfedcba987654320f 0xfedcba9876543210 0x0
    sub a0, a1, a0
    sltu a3, a1, a0
    exit

#: case q is u: 2 entries in version 1, 1 entry in version 2
#: cycles 1 = 503
#: cycles 2 = 502
#| a0                 a1                 a3                 -> a0  a1                 a3
#| 0x0                0x0                0x0                -> 0x0 0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x0 0xffffffffffffffff 0x0
#| 0xffffffffffffffff 0x1                0x1                -> 0x0 0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x0 0xfedcba9876543210 0x0
    sub a0, a1, a1
    sltu a3, a1, a1
    exit

#: case v is p: 2 entries in version 1, 1 entry in version 2
#: cycles 1 = 503
#: cycles 2 = 502
#| a0                 a1                 a2                 -> a0  a1                 a2
#| 0x0                0x0                0x0                -> 0x0 0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x0 0xffffffffffffffff 0xffffffffffffffff
#| 0xffffffffffffffff 0x1                0x1                -> 0x0 0x1                0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x0 0xfedcba9876543210 0x8000000000000000
    sub a0, a1, a2
    sltu a0, a1, a2
    exit

#: case v is q: 2 entries in version 1, 1 entry in version 2
#: cycles 1 = 503
#: cycles 2 = 502
#| a0                 a1                 a2                 -> a0                 a1  a2
#| 0x0                0x0                0x0                -> 0x0                0x0 0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x0                0x0 0xffffffffffffffff
#| 0xffffffffffffffff 0x1                0x1                -> 0x0                0x0 0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x7edcba9876543210 0x0 0x8000000000000000
    sub a0, a1, a2
    sltu a1, a1, a2
    exit

#: case v is u: 2 entries in version 1, 1 entry in version 2
#: cycles 1 = 503
#: cycles 2 = 502
#| a0                 a1                 a2                 -> a0                 a1                 a2
#| 0x0                0x0                0x0                -> 0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x0                0xffffffffffffffff 0x0
#| 0xffffffffffffffff 0x1                0x1                -> 0x0                0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x7edcba9876543210 0xfedcba9876543210 0x0
    sub a0, a1, a2
    sltu a2, a1, a2
    exit

#: case v is x0: 2 entries in version 1, 1 entry in version 2
#: cycles 1 = 503
#: cycles 2 = 502
#| a0                 a1                 a2                 -> a0                 a1                 a2
#| 0x0                0x0                0x0                -> 0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x0                0xffffffffffffffff 0xffffffffffffffff
#| 0xffffffffffffffff 0x1                0x1                -> 0x0                0x1                0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x7edcba9876543210 0xfedcba9876543210 0x8000000000000000
    sub a0, a1, a2
    sltu zero, a1, a2
    exit

#: case p is x0: 2 entries in version 1, 1 entry in version 2
#: cycles 1 = 503
#: cycles 2 = 502
#| a1                 a2                 a3                 -> a1                 a2                 a3
#| 0x0                0x0                0x0                -> 0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xffffffffffffffff 0xffffffffffffffff 0x0
#| 0xffffffffffffffff 0x1                0x1                -> 0xffffffffffffffff 0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x1                0xfedcba9876543210 0x1
    sub zero, a1, a2
    sltu a3, a1, a2
    exit

#: case q is x0: 2 entries in version 1, 1 entry in version 2
#: cycles 1 = 503
#: cycles 2 = 502
#| a0                 a2                 a3                 -> a0                 a2                 a3
#| 0x0                0x0                0x0                -> 0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x1                0xffffffffffffffff 0x1
#| 0xffffffffffffffff 0x1                0x1                -> 0xffffffffffffffff 0x1                0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x123456789abcdf0  0xfedcba9876543210 0x1
    sub a0, zero, a2
    sltu a3, zero, a2
    exit

#: case u is x0: 2 entries in version 1, 1 entry in version 2
#: cycles 1 = 503
#: cycles 2 = 502
#| a0                 a1                 a3                 -> a0                 a1                 a3
#| 0x0                0x0                0x0                -> 0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xffffffffffffffff 0xffffffffffffffff 0x0
#| 0xffffffffffffffff 0x1                0x1                -> 0x1                0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0xfedcba9876543210 0xfedcba9876543210 0x0
    sub a0, a1, zero
    sltu a3, a1, zero
    exit

#: case c.sub: 2 entries
#: cycles = 503
#| a0                 a2                 a3                 -> a0                 a2                 a3
#| 0x0                0x0                0x0                -> 0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x0                0xffffffffffffffff 0x1
#| 0xffffffffffffffff 0x1                0x1                -> 0xfffffffffffffffe 0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x123456789abcdf1  0xfedcba9876543210 0x1
    c.sub a0, a2
    sltu a3, a0, a2
    exit

#: case compared the other way round: 2 entries
#: cycles = 503
#| a0                 a1                 a2                 a3                 -> a0                 a1                 a2                 a3
#| 0x0                0x0                0x0                0x0                -> 0x0                0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x0                0xffffffffffffffff 0xffffffffffffffff 0x0
#| 0xffffffffffffffff 0x1                0x1                0x1                -> 0x0                0x1                0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                -> 0x7edcba9876543210 0xfedcba9876543210 0x8000000000000000 0x1
    sub a0, a1, a2
    sltu a3, a2, a1
    exit
