# lui rd, imm: imm << 12, sign-extended from 32 bits.

#: case values
#: isa = imc,b
#: expect s2 = 0
#: expect s3 = 0x1000
#: expect s4 = 0x7ffff000
#: expect s5 = 0xffffffff80000000
#: expect s6 = 0xfffffffffffff000
#: expect zero = 0
#: cycles = 507
    lui s2, 0
    lui s3, 1
    lui s4, 0x7ffff
    lui s5, 0x80000
    lui s6, 0xfffff
    lui zero, 0x12345
    exit

#: case completed by addi, which does not wrap to 32 bits
#: expect a0 = 0x7fffffff
#: expect a1 = 0x7ffff7ff
#: expect a2 = 0xffffffff7fffffff
    lui a0, 0x80000
    addiw a0, a0, -1
    lui a1, 0x7ffff
    addi a1, a1, 0x7ff
    lui a2, 0x80000
    addi a2, a2, -1
    exit
