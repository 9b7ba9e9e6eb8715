# load.imm from lui: lui r,hi; addiw r,r,lo, in versions 1 and 2. The value is the 32-bit sum, sign-extended. The trace goes on.

#: case lui 0x12345, addiw 1656
#: cycles = 502
#: expect a0 = 0x12345678
    lui a0, 0x12345
    addiw a0, a0, 1656
    exit

#: case lui 0x12345, addiw -1
#: cycles = 502
#: expect a0 = 0x12344fff
    lui a0, 0x12345
    addiw a0, a0, -1
    exit

#: case lui 0x80000, addiw 0
#: cycles = 502
#: expect a0 = 0xffffffff80000000
    lui a0, 0x80000
    addiw a0, a0, 0
    exit

#: case lui 0x80000, addiw -1
#: cycles = 502
#: expect a0 = 0x7fffffff
    lui a0, 0x80000
    addiw a0, a0, -1
    exit

#: case lui 0x7ffff, addiw 2047
#: cycles = 502
#: expect a0 = 0x7ffff7ff
    lui a0, 0x7ffff
    addiw a0, a0, 2047
    exit

#: case lui 0xfffff, addiw -2048
#: cycles = 502
#: expect a0 = 0xffffffffffffe800
    lui a0, 0xfffff
    addiw a0, a0, -2048
    exit

#: case lui 0x7ffff, addiw -2048
#: cycles = 502
#: expect a0 = 0x7fffe800
    lui a0, 0x7ffff
    addiw a0, a0, -2048
    exit

#: case lui 0x0, addiw -5
#: cycles = 502
#: expect a0 = 0xfffffffffffffffb
    lui a0, 0x0
    addiw a0, a0, -5
    exit

#: case lui 0x0, addiw 0
#: cycles = 502
#: expect a0 = 0x0
    lui a0, 0x0
    addiw a0, a0, 0
    exit

#: case another destination
#: cycles = 503
#: expect a0 = 0x12345000
#: expect a1 = 0x12345001
    lui a0, 0x12345
    addiw a1, a0, 1
    exit

#: case another source
#: cycles = 503
#: expect a0 = 0x1
    lui a0, 0x12345
    addiw a0, a1, 1
    exit

#: case addi in place of addiw
#: cycles = 503
#: expect a0 = 0x12345001
    lui a0, 0x12345
    addi a0, a0, 1
    exit

#: case addi in place of addiw differs where the sum overflows
#: cycles = 504
#: expect a1 = 0x7ffff7ff
#: expect a2 = 0x7ffff7ff
    lui a0, 0x7ffff
    addi a1, a0, 2047
    addiw a2, a0, 2047
    exit

#: case x0 as destination
#: cycles = 502
#: expect zero = 0x0
    lui zero, 0x12345
    addiw zero, zero, 7
    exit

#: case c.lui and c.addiw
#: cycles = 502
#: expect a0 = 0xffffffffffffefff
    c.lui a0, -1
    c.addiw a0, -1
    exit
