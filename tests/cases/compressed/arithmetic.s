# The 16-bit arithmetic instructions, each with the ends of its operand ranges.

#: case c.addi
#: versions = 0 1 2
#: expect a0 = 31
#: expect a1 = 0xffffffffffffffe0
#: expect t6 = 0
    c.addi a0, 31
    c.addi a1, -32
    c.addi t6, -1
    c.addi t6, 1
    exit

#: case c.addiw
#: versions = 0 1 2
#: set a0 = 0x7fffffff
#: set a1 = 0xffffffff80000000
#: set a2 = 0x1234567880000000
#: expect a0 = 0xffffffff80000000
#: expect a1 = 0x7fffffff
#: expect a2 = 0xffffffff80000000
    c.addiw a0, 1
    c.addiw a1, -1
    c.addiw a2, 0
    exit

#: case c.addiw with x0 is nothing
#: versions = 0 1 2
#: fault = InvalidInstruction
    .half 0x2005
    exit

#: case c.li and c.lui
#: versions = 0 1 2
#: expect a0 = 31
#: expect a1 = 0xffffffffffffffe0
#: expect a2 = 0x1f000
#: expect a3 = 0xfffffffffffe0000
#: expect a4 = 0
    c.li a0, 31
    c.li a1, -32
    c.lui a2, 31
    c.lui a3, -32
    c.li a4, 0
    exit

#: case c.lui with 0 is nothing
#: versions = 0 1 2
#: fault = InvalidInstruction
    .half 0x6501
    exit

#: case c.addi16sp with 0 is nothing
#: versions = 0 1 2
#: fault = InvalidInstruction
    .half 0x6101
    exit

#: case c.addi16sp
#: versions = 0 1 2
#: set sp = 0x1000
#: expect a0 = 0x11f0
#: expect a1 = 0xff0
#: expect sp = 0x1000
    c.addi16sp sp, 496
    c.mv a0, sp
    c.addi16sp sp, -512
    c.mv a1, sp
    c.addi16sp sp, 16
    exit

#: case c.addi4spn
#: versions = 0 1 2
#: set sp = 0x1000
#: expect s0 = 0x1004
#: expect a0 = 0x13fc
#: expect a5 = 0x1008
#: expect a4 = 0x1010
#: expect a3 = 0x1040
    c.addi4spn s0, sp, 4
    c.addi4spn a0, sp, 1020
    c.addi4spn a5, sp, 8
    c.addi4spn a4, sp, 16
    c.addi4spn a3, sp, 64
    exit

#: case c.addi4spn with 0 is nothing
#: versions = 0 1 2
#: fault = InvalidInstruction
    .half 0x0004
    exit

#: case all zeros is nothing
#: versions = 0 1 2
#: fault = InvalidInstruction
    .half 0x0000
    exit

#: case shifts
#: versions = 0 1 2
#: set a0 = 0x8000000000000001
#: set a1 = 0x8000000000000001
#: set a2 = 0x8000000000000001
#: set a3 = 3
#: set a4 = -1
#: set a5 = -1
#: expect a0 = 0x10
#: expect a1 = 0x0800000000000000
#: expect a2 = 0xf800000000000000
#: expect a3 = 0x8000000000000000
#: expect a4 = 1
#: expect a5 = 0xffffffffffffffff
    c.slli a0, 4
    c.srli a1, 4
    c.srai a2, 4
    c.slli a3, 63
    c.srli a4, 63
    c.srai a5, 63
    exit

#: case shifts by 32
#: versions = 0 1 2
#: set s0 = 0x123456789abcdef0
#: set s1 = 0x923456789abcdef0
#: set a0 = 0x123456789abcdef0
#: expect s0 = 0x12345678
#: expect s1 = 0xffffffff92345678
#: expect a0 = 0x9abcdef000000000
    c.srli s0, 32
    c.srai s1, 32
    c.slli a0, 32
    exit

#: case c.andi
#: versions = 0 1 2
#: set s0 = 0x123456789abcdeff
#: set s1 = 0x123456789abcdeff
#: expect s0 = 0x1f
#: expect s1 = 0x123456789abcdee0
    c.andi s0, 31
    c.andi s1, -32
    exit

#: case register pairs
#: versions = 0 1 2
#: set s0 = 12
#: set s1 = 10
#: set a0 = 12
#: set a1 = 12
#: set a2 = 12
#: set a3 = 0x7fffffff
#: set a4 = 0xffffffff80000000
#: set a5 = 1
#: expect s0 = 2
#: expect a0 = 6
#: expect a1 = 14
#: expect a2 = 8
#: expect a3 = 0xffffffff80000000
#: expect a4 = 0x7fffffff
    c.sub s0, s1
    c.xor a0, s1
    c.or a1, s1
    c.and a2, s1
    c.addw a3, a5
    c.subw a4, a5
    exit

#: case a register with itself
#: versions = 0 1 2
#: set a0 = 0x1234567890abcdef
#: set a1 = 0x1234567890abcdef
#: set a2 = 0x1234567890abcdef
#: set a3 = 0x1234567890abcdef
#: set a4 = 0x1234567890abcdef
#: expect a0 = 0
#: expect a1 = 0
#: expect a2 = 0x1234567890abcdef
#: expect a3 = 0x21579bde
#: expect a4 = 0x2468acf121579bde
    c.sub a0, a0
    c.xor a1, a1
    c.and a2, a2
    c.addw a3, a3
    c.add a4, a4
    exit

#: case the reserved neighbours of c.subw and c.addw are nothing
#: versions = 0 1 2
#: fault = InvalidInstruction
    .half 0x9c41
    exit

#: case the other one
#: versions = 0 1 2
#: fault = InvalidInstruction
    .half 0x9c61
    exit

#: case c.mv and c.add over all registers
#: versions = 0 1 2
#: set t6 = 5
#: expect ra = 10
#: expect t6 = 5
    c.mv ra, t6
    c.add ra, t6
    exit
