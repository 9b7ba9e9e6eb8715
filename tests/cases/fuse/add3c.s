# add3c, version 2: add p,q,u; sltu v,p,q; add v,v,w, where p is neither q nor w, v is not w, and p and v are not x0.

#: case canonical: 3 entries in version 1, 1 entry in version 2
#: cycles 1 = 504
#: cycles 2 = 502
#| a0                 a1                 a2                 a3                 a4                 -> a0                 a1                 a2                 a3                 a4
#| 0x0                0x0                0x0                0x0                0x0                -> 0x0                0x0                0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffffe 0xffffffffffffffff 0xffffffffffffffff 0x0                0xffffffffffffffff
#| 0xffffffffffffffff 0x1                0x1                0x1                0x1                -> 0x2                0x1                0x1                0x1                0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                0x123456789abcdef  -> 0x7edcba9876543210 0xfedcba9876543210 0x8000000000000000 0x123456789abcdf0  0x123456789abcdef
#| 0x7fffffffffffffff 0x1                0xfedcba9876543210 0x8000000000000000 0x0                -> 0xfedcba9876543211 0x1                0xfedcba9876543210 0x0                0x0
#| 0x2                0x7fffffffffffffff 0x1                0xfedcba9876543210 0x8000000000000000 -> 0x8000000000000000 0x7fffffffffffffff 0x1                0x8000000000000000 0x8000000000000000
#| 0xffffffffffffffff 0x2                0x7fffffffffffffff 0x1                0xfedcba9876543210 -> 0x8000000000000001 0x2                0x7fffffffffffffff 0xfedcba9876543210 0xfedcba9876543210
#| 0x123456789abcdef  0xffffffffffffffff 0x2                0x7fffffffffffffff 0x1                -> 0x1                0xffffffffffffffff 0x2                0x2                0x1
    add a0, a1, a2
    sltu a3, a0, a1
    add a3, a3, a4
    exit

#: case v is p: 3 entries in version 1, 1 entry in version 2
#: cycles 1 = 504
#: cycles 2 = 502
#| a0                 a1                 a2                 a4                 -> a0  a1                 a2                 a4
#| 0x0                0x0                0x0                0x0                -> 0x0 0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0x0 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff
#| 0xffffffffffffffff 0x1                0x1                0x1                -> 0x1 0x1                0x1                0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                -> 0x1 0xfedcba9876543210 0x8000000000000000 0x0
    add a0, a1, a2
    sltu a0, a0, a1
    add a0, a0, a4
    exit

#: case v is q: 3 entries in version 1, 1 entry in version 2
#: cycles 1 = 504
#: cycles 2 = 502
#| a0                 a1                 a2                 a4                 -> a0                 a1  a2                 a4
#| 0x0                0x0                0x0                0x0                -> 0x0                0x0 0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffffe 0x0 0xffffffffffffffff 0xffffffffffffffff
#| 0xffffffffffffffff 0x1                0x1                0x1                -> 0x2                0x1 0x1                0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                -> 0x7edcba9876543210 0x1 0x8000000000000000 0x0
    add a0, a1, a2
    sltu a1, a0, a1
    add a1, a1, a4
    exit

#: case v is u: 3 entries in version 1, 1 entry in version 2
#: cycles 1 = 504
#: cycles 2 = 502
#| a0                 a1                 a2                 a4                 -> a0                 a1                 a2  a4
#| 0x0                0x0                0x0                0x0                -> 0x0                0x0                0x0 0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffffe 0xffffffffffffffff 0x0 0xffffffffffffffff
#| 0xffffffffffffffff 0x1                0x1                0x1                -> 0x2                0x1                0x1 0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                -> 0x7edcba9876543210 0xfedcba9876543210 0x1 0x0
    add a0, a1, a2
    sltu a2, a0, a1
    add a2, a2, a4
    exit

#: case v is w: 3 entries in version 1, 2 entries in version 2
#: cycles 1 = 504
#: cycles 2 = 503
#| a0                 a1                 a2                 a4                 -> a0                 a1                 a2                 a4
#| 0x0                0x0                0x0                0x0                -> 0x0                0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffffe 0xffffffffffffffff 0xffffffffffffffff 0x2
#| 0xffffffffffffffff 0x1                0x1                0x1                -> 0x2                0x1                0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                -> 0x7edcba9876543210 0xfedcba9876543210 0x8000000000000000 0x2
    add a0, a1, a2
    sltu a4, a0, a1
    add a4, a4, a4
    exit

#: case v is x0: 3 entries in version 1, 2 entries in version 2
#: cycles 1 = 504
#: cycles 2 = 503
#| a0                 a1                 a2                 a4                 -> a0                 a1                 a2                 a4
#| 0x0                0x0                0x0                0x0                -> 0x0                0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffffe 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff
#| 0xffffffffffffffff 0x1                0x1                0x1                -> 0x2                0x1                0x1                0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                -> 0x7edcba9876543210 0xfedcba9876543210 0x8000000000000000 0x0
    add a0, a1, a2
    sltu zero, a0, a1
    add zero, zero, a4
    exit

#: case p is q: 3 entries
#: cycles = 504
#| a0                 a2                 a3                 a4                 -> a0                 a2                 a3                 a4
#| 0x0                0x0                0x0                0x0                -> 0x0                0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffffe 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff
#| 0xffffffffffffffff 0x1                0x1                0x1                -> 0x0                0x1                0x1                0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                -> 0xfedcba9876543211 0xfedcba9876543210 0x0                0x0
    add a0, a0, a2
    sltu a3, a0, a0
    add a3, a3, a4
    exit

#: case w is p: 3 entries in version 1, 2 entries in version 2
#: cycles 1 = 504
#: cycles 2 = 503
#| a0                 a1                 a2                 a3                 -> a0                 a1                 a2                 a3
#| 0x0                0x0                0x0                0x0                -> 0x0                0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffffe 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff
#| 0xffffffffffffffff 0x1                0x1                0x1                -> 0x2                0x1                0x1                0x2
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                -> 0x7edcba9876543210 0xfedcba9876543210 0x8000000000000000 0x7edcba9876543211
    add a0, a1, a2
    sltu a3, a0, a1
    add a3, a3, a0
    exit

#: case w is q: 3 entries in version 1, 1 entry in version 2
#: cycles 1 = 504
#: cycles 2 = 502
#| a0                 a1                 a2                 a3                 -> a0                 a1                 a2                 a3
#| 0x0                0x0                0x0                0x0                -> 0x0                0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffffe 0xffffffffffffffff 0xffffffffffffffff 0x0
#| 0xffffffffffffffff 0x1                0x1                0x1                -> 0x2                0x1                0x1                0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                -> 0x7edcba9876543210 0xfedcba9876543210 0x8000000000000000 0xfedcba9876543211
    add a0, a1, a2
    sltu a3, a0, a1
    add a3, a3, a1
    exit

#: case w is u: 3 entries in version 1, 1 entry in version 2
#: cycles 1 = 504
#: cycles 2 = 502
#| a0                 a1                 a2                 a3                 -> a0                 a1                 a2                 a3
#| 0x0                0x0                0x0                0x0                -> 0x0                0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffffe 0xffffffffffffffff 0xffffffffffffffff 0x0
#| 0xffffffffffffffff 0x1                0x1                0x1                -> 0x2                0x1                0x1                0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                -> 0x7edcba9876543210 0xfedcba9876543210 0x8000000000000000 0x8000000000000001
    add a0, a1, a2
    sltu a3, a0, a1
    add a3, a3, a2
    exit

#: case w is x0: 3 entries in version 1, 1 entry in version 2
#: cycles 1 = 504
#: cycles 2 = 502
#| a0                 a1                 a2                 a3                 -> a0                 a1                 a2                 a3
#| 0x0                0x0                0x0                0x0                -> 0x0                0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffffe 0xffffffffffffffff 0xffffffffffffffff 0x1
#| 0xffffffffffffffff 0x1                0x1                0x1                -> 0x2                0x1                0x1                0x0
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                -> 0x7edcba9876543210 0xfedcba9876543210 0x8000000000000000 0x1
    add a0, a1, a2
    sltu a3, a0, a1
    add a3, a3, zero
    exit

#: case p is x0: 3 entries
#: cycles = 504
#| a1                 a2                 a3                 a4                 -> a1                 a2                 a3  a4
#| 0x0                0x0                0x0                0x0                -> 0x0                0x0                0x0 0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xffffffffffffffff 0xffffffffffffffff 0x0 0xffffffffffffffff
#| 0xffffffffffffffff 0x1                0x1                0x1                -> 0xffffffffffffffff 0x1                0x2 0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                -> 0x1                0xfedcba9876543210 0x1 0x0
    add zero, a1, a2
    sltu a3, zero, a1
    add a3, a3, a4
    exit

#: case q is x0: 3 entries in version 1, 1 entry in version 2
#: cycles 1 = 504
#: cycles 2 = 502
#| a0                 a2                 a3                 a4                 -> a0                 a2                 a3                 a4
#| 0x0                0x0                0x0                0x0                -> 0x0                0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff
#| 0xffffffffffffffff 0x1                0x1                0x1                -> 0x1                0x1                0x1                0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                -> 0xfedcba9876543210 0xfedcba9876543210 0x0                0x0
    add a0, zero, a2
    sltu a3, a0, zero
    add a3, a3, a4
    exit

#: case u is x0: 3 entries in version 1, 1 entry in version 2
#: cycles 1 = 504
#: cycles 2 = 502
#| a0                 a1                 a3                 a4                 -> a0                 a1                 a3                 a4
#| 0x0                0x0                0x0                0x0                -> 0x0                0x0                0x0                0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff
#| 0xffffffffffffffff 0x1                0x1                0x1                -> 0x1                0x1                0x1                0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                -> 0xfedcba9876543210 0xfedcba9876543210 0x0                0x0
    add a0, a1, zero
    sltu a3, a0, a1
    add a3, a3, a4
    exit

#: case u is p: 3 entries in version 1, 1 entry in version 2
#: cycles 1 = 504
#: cycles 2 = 502
#| a0                 a1                 a3                 a4                 -> a0                 a1                 a3  a4
#| 0x0                0x0                0x0                0x0                -> 0x0                0x0                0x0 0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffffe 0xffffffffffffffff 0x0 0xffffffffffffffff
#| 0xffffffffffffffff 0x1                0x1                0x1                -> 0x0                0x1                0x2 0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                -> 0xfedcba9876543211 0xfedcba9876543210 0x0 0x0
    add a0, a1, a0
    sltu a3, a0, a1
    add a3, a3, a4
    exit

#: case u is q: 3 entries in version 1, 1 entry in version 2
#: cycles 1 = 504
#: cycles 2 = 502
#| a0                 a1                 a3                 a4                 -> a0                 a1                 a3  a4
#| 0x0                0x0                0x0                0x0                -> 0x0                0x0                0x0 0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffffe 0xffffffffffffffff 0x0 0xffffffffffffffff
#| 0xffffffffffffffff 0x1                0x1                0x1                -> 0x2                0x1                0x1 0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                -> 0xfdb97530eca86420 0xfedcba9876543210 0x1 0x0
    add a0, a1, a1
    sltu a3, a0, a1
    add a3, a3, a4
    exit

#: case last addition the other way round: 3 entries in version 1, 2 entries in version 2
#: cycles 1 = 504
#: cycles 2 = 503
#| a0                 a1                 a2                 a3                 a4                 -> a0                 a1                 a2                 a3                a4
#| 0x0                0x0                0x0                0x0                0x0                -> 0x0                0x0                0x0                0x0               0x0
#| 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffffe 0xffffffffffffffff 0xffffffffffffffff 0x0               0xffffffffffffffff
#| 0xffffffffffffffff 0x1                0x1                0x1                0x1                -> 0x2                0x1                0x1                0x1               0x1
#| 0x1                0xfedcba9876543210 0x8000000000000000 0x0                0x123456789abcdef  -> 0x7edcba9876543210 0xfedcba9876543210 0x8000000000000000 0x123456789abcdf0 0x123456789abcdef
    add a0, a1, a2
    sltu a3, a0, a1
    add a3, a4, a3
    exit
