# adcs, version 2: add p,q,u; sltu v,p,q, where p is not q and not x0. When the addition is p,p,u with another u, its sources count as swapped.

#: case canonical: 2 entries in version 1, 1 entry in version 2
#: cycles 1 = 503
#: cycles 2 = 502
#| a0                 a1                 a2                 a3                 -> a0                 a1                 a2                 a3
#| 0x0                0x0                0x0                0x0                -> 0x0                0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffffe 0xffffffffffffffff 0xffffffffffffffff 0x1
#| 0xffffffffffffffff 0x1                0x1                0x1                -> 0x2                0x1                0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                -> 0x7edcba9876543210 0xfedcba9876543210 0x8000000000000000 0x1
#| 0x7fffffffffffffff 0x1                0xfedcba9876543210 0x8000000000000000 -> 0xfedcba9876543211 0x1                0xfedcba9876543210 0x0
#| 0x2                0x7fffffffffffffff 0x1                0xfedcba9876543210 -> 0x8000000000000000 0x7fffffffffffffff 0x1                0x0
#| 0xffffffffffffffff 0x2                0x7fffffffffffffff 0x1                -> 0x8000000000000001 0x2                0x7fffffffffffffff 0x0
#| 0x123456789abcdef  0xffffffffffffffff 0x2                0x7fffffffffffffff -> 0x1                0xffffffffffffffff 0x2                0x1
    add a0, a1, a2
    sltu a3, a0, a1
    exit

#: case c.add and sltu with the added register: sources swapped: 2 entries in version 1, 1 entry in version 2
#: cycles 1 = 503
#: cycles 2 = 502
#| a0                 a2                 a3                 -> a0                 a2                 a3
#| 0x0                0x0                0x0                -> 0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffffe 0xffffffffffffffff 0x1
#| 0xffffffffffffffff 0x1                0x1                -> 0x0                0x1                0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0xfedcba9876543211 0xfedcba9876543210 0x0
#| 0x7fffffffffffffff 0x1                0xfedcba9876543210 -> 0x8000000000000000 0x1                0x0
#| 0x2                0x7fffffffffffffff 0x1                -> 0x8000000000000001 0x7fffffffffffffff 0x0
    c.add a0, a2
    sltu a3, a0, a2
    exit

#: case sltu with the register itself: 2 entries
#: cycles = 503
#| a0                 a2                 a3                 -> a0                 a2                 a3
#| 0x0                0x0                0x0                -> 0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffffe 0xffffffffffffffff 0x0
#| 0xffffffffffffffff 0x1                0x1                -> 0x0                0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0xfedcba9876543211 0xfedcba9876543210 0x0
    add a0, a0, a2
    sltu a3, a0, a0
    exit

#: case p is u: 2 entries in version 1, 1 entry in version 2
#: cycles 1 = 503
#: cycles 2 = 502
#| a0                 a1                 a3                 -> a0                 a1                 a3
#| 0x0                0x0                0x0                -> 0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffffe 0xffffffffffffffff 0x1
#| 0xffffffffffffffff 0x1                0x1                -> 0x0                0x1                0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0xfedcba9876543211 0xfedcba9876543210 0x0
    add a0, a1, a0
    sltu a3, a0, a1
    exit

#: case q is u: 2 entries in version 1, 1 entry in version 2
#: cycles 1 = 503
#: cycles 2 = 502
#| a0                 a1                 a3                 -> a0                 a1                 a3
#| 0x0                0x0                0x0                -> 0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffffe 0xffffffffffffffff 0x1
#| 0xffffffffffffffff 0x1                0x1                -> 0x2                0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0xfdb97530eca86420 0xfedcba9876543210 0x1
    add a0, a1, a1
    sltu a3, a0, a1
    exit

#: case all the same: 2 entries
#: cycles = 503
#| a0                 a3                 -> a0                 a3
#| 0x0                0x0                -> 0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffffe 0x0
#| 0xffffffffffffffff 0x1                -> 0xfffffffffffffffe 0x0
#| 0x1                0xfedcba9876543210 -> 0x2                0x0
    add a0, a0, a0
    sltu a3, a0, a0
    exit

#: case v is p: 2 entries in version 1, 1 entry in version 2
#: cycles 1 = 503
#: cycles 2 = 502
#| a0                 a1                 a2                 -> a0  a1                 a2
#| 0x0                0x0                0x0                -> 0x0 0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x1 0xffffffffffffffff 0xffffffffffffffff
#| 0xffffffffffffffff 0x1                0x1                -> 0x0 0x1                0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x1 0xfedcba9876543210 0x8000000000000000
    add a0, a1, a2
    sltu a0, a0, a1
    exit

#: case v is q: 2 entries in version 1, 1 entry in version 2
#: cycles 1 = 503
#: cycles 2 = 502
#| a0                 a1                 a2                 -> a0                 a1  a2
#| 0x0                0x0                0x0                -> 0x0                0x0 0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffffe 0x1 0xffffffffffffffff
#| 0xffffffffffffffff 0x1                0x1                -> 0x2                0x0 0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x7edcba9876543210 0x1 0x8000000000000000
    add a0, a1, a2
    sltu a1, a0, a1
    exit

#: case v is u: 2 entries in version 1, 1 entry in version 2
#: cycles 1 = 503
#: cycles 2 = 502
#| a0                 a1                 a2                 -> a0                 a1                 a2
#| 0x0                0x0                0x0                -> 0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffffe 0xffffffffffffffff 0x1
#| 0xffffffffffffffff 0x1                0x1                -> 0x2                0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x7edcba9876543210 0xfedcba9876543210 0x1
    add a0, a1, a2
    sltu a2, a0, a1
    exit

#: case v is x0: 2 entries in version 1, 1 entry in version 2
#: cycles 1 = 503
#: cycles 2 = 502
#| a0                 a1                 a2                 -> a0                 a1                 a2
#| 0x0                0x0                0x0                -> 0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffffe 0xffffffffffffffff 0xffffffffffffffff
#| 0xffffffffffffffff 0x1                0x1                -> 0x2                0x1                0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x7edcba9876543210 0xfedcba9876543210 0x8000000000000000
    add a0, a1, a2
    sltu zero, a0, a1
    exit

#: case p is x0: 2 entries
#: cycles = 503
#| a1                 a2                 a3                 -> a1                 a2                 a3
#| 0x0                0x0                0x0                -> 0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xffffffffffffffff 0xffffffffffffffff 0x1
#| 0xffffffffffffffff 0x1                0x1                -> 0xffffffffffffffff 0x1                0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x1                0xfedcba9876543210 0x1
    add zero, a1, a2
    sltu a3, zero, a1
    exit

#: case q is x0: 2 entries in version 1, 1 entry in version 2
#: cycles 1 = 503
#: cycles 2 = 502
#| a0                 a2                 a3                 -> a0                 a2                 a3
#| 0x0                0x0                0x0                -> 0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xffffffffffffffff 0xffffffffffffffff 0x0
#| 0xffffffffffffffff 0x1                0x1                -> 0x1                0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0xfedcba9876543210 0xfedcba9876543210 0x0
    add a0, zero, a2
    sltu a3, a0, zero
    exit

#: case u is x0: 2 entries in version 1, 1 entry in version 2
#: cycles 1 = 503
#: cycles 2 = 502
#| a0                 a1                 a3                 -> a0                 a1                 a3
#| 0x0                0x0                0x0                -> 0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xffffffffffffffff 0xffffffffffffffff 0x0
#| 0xffffffffffffffff 0x1                0x1                -> 0x1                0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0xfedcba9876543210 0xfedcba9876543210 0x0
    add a0, a1, zero
    sltu a3, a0, a1
    exit

#: case compared with the second source: 2 entries
#: cycles = 503
#| a0                 a1                 a2                 a3                 -> a0                 a1                 a2                 a3
#| 0x0                0x0                0x0                0x0                -> 0x0                0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffffe 0xffffffffffffffff 0xffffffffffffffff 0x1
#| 0xffffffffffffffff 0x1                0x1                0x1                -> 0x2                0x1                0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                -> 0x7edcba9876543210 0xfedcba9876543210 0x8000000000000000 0x1
    add a0, a1, a2
    sltu a3, a0, a2
    exit

#: case c.mv is an addition: 2 entries in version 1, 1 entry in version 2
#: cycles 1 = 503
#: cycles 2 = 502
#| a0                 a2                 a3                 -> a0                 a2                 a3
#| 0x0                0x0                0x0                -> 0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xffffffffffffffff 0xffffffffffffffff 0x0
#| 0xffffffffffffffff 0x1                0x1                -> 0x1                0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 -> 0xfedcba9876543210 0xfedcba9876543210 0x0
    c.mv a0, a2
    sltu a3, a0, zero
    exit

#: case two pairs in a row: 4 entries in version 1, 2 entries in version 2
#: cycles 1 = 505
#: cycles 2 = 503
#| a0                 a1                 a2                 a3                 a4                 a5                 a6                 -> a0                 a1                 a2                 a3  a4                 a5  a6
#| 0x0                0x0                0x0                0x0                0x0                0x0                0x0                -> 0x0                0x0                0x0                0x0 0x0                0x0 0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffffe 0xffffffffffffffff 0xffffffffffffffff 0x1 0xfffffffffffffffe 0x1 0xffffffffffffffff
#| 0xffffffffffffffff 0x1                0x1                0x1                0x1                0x1                0x1                -> 0x2                0x1                0x1                0x0 0x2                0x0 0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                0x123456789abcdef  0xffffffffffffffff 0x2                -> 0x7edcba9876543210 0xfedcba9876543210 0x8000000000000000 0x1 0x1                0x1 0x2
#| 0x7fffffffffffffff 0x1                0xfedcba9876543210 0x8000000000000000 0x0                0x123456789abcdef  0xffffffffffffffff -> 0xfedcba9876543211 0x1                0xfedcba9876543210 0x0 0x123456789abcdee  0x1 0xffffffffffffffff
    add a0, a1, a2
    sltu a3, a0, a1
    add a4, a5, a6
    sltu a5, a4, a5
    exit
