# The 16-bit loads and stores, with the ends of their offsets.

#: case c.lw and c.ld
#: versions = 0 1 2
#: set s0 = data
#: expect a0 = 0xffffffff80000001
#: expect a1 = 0x1122334480000001
#: expect a2 = 0x11223344
#: expect a3 = 0x55
#: expect a4 = 0x66
#: expect a5 = 0x77
    c.lw a0, 0(s0)
    c.ld a1, 0(s0)
    c.lw a2, 4(s0)
    c.lw a3, 124(s0)
    c.lw a4, 64(s0)
    c.ld a5, 248(s0)
    exit
.data 0x20000
data:
    .dword 0x1122334480000001
    .zero 56
    .dword 0x66
    .zero 52
    .word 0x55
    .zero 120
    .dword 0x77

#: case c.sw and c.sd
#: versions = 0 1 2
#: set s0 = 0x20000
#: set s1 = 0x1122334455667788
#: expect a0 = 0x55667788
#: expect a1 = 0x5566778800000000
#: expect a2 = 0x1122334455667788
#: expect a3 = 0x1122334455667788
#: flags 0x20 = 4
    c.sw s1, 0(s0)
    c.sw s1, 124(s0)
    c.sd s1, 248(s0)
    c.sd s1, 64(s0)
    ld a0, 0(s0)
    ld a1, 120(s0)
    ld a2, 248(s0)
    ld a3, 64(s0)
    exit

#: case the stack's loads and stores
#: versions = 0 1 2
#: set sp = 0x20000
#: set t6 = 0x1122334455667788
#: expect a0 = 0x55667788
#: expect a1 = 0x1122334455667788
#: expect a2 = 0x55667788
#: expect a3 = 0x1122334455667788
#: expect a4 = 0x1122334455667788
    c.swsp t6, 0(sp)
    c.swsp t6, 252(sp)
    c.sdsp t6, 504(sp)
    c.sdsp t6, 64(sp)
    c.sdsp t6, 256(sp)
    c.lwsp a0, 0(sp)
    c.ldsp a1, 504(sp)
    c.lwsp a2, 252(sp)
    c.ldsp a3, 64(sp)
    c.ldsp a4, 256(sp)
    exit

#: case c.lwsp into x0 is nothing
#: versions = 0 1 2
#: fault = InvalidInstruction
    .half 0x4002
    exit

#: case c.ldsp into x0 is nothing
#: versions = 0 1 2
#: fault = InvalidInstruction
    .half 0x6002
    exit

#: case there is no floating point: c.fld
#: versions = 0 1 2
#: fault = InvalidInstruction
    .half 0x2000
    exit

#: case c.fsd
#: versions = 0 1 2
#: fault = InvalidInstruction
    .half 0xa000
    exit

#: case c.fldsp
#: versions = 0 1 2
#: fault = InvalidInstruction
    .half 0x2002
    exit

#: case c.fsdsp
#: versions = 0 1 2
#: fault = InvalidInstruction
    .half 0xa002
    exit

#: case the unused row of quadrant 0
#: versions = 0 1 2
#: fault = InvalidInstruction
    .half 0x8000
    exit

#: case the base is the destination
#: versions = 0 1 2
#: set s0 = 0x20000
#: expect s0 = 7
    c.ld s0, 0(s0)
    exit
.data 0x20000
    .dword 7

#: case c.lw beyond memory
#: fault = MemOutOfBound
#: set s0 = 0x3fffd
    c.lw a0, 0(s0)
    exit

#: case c.sdsp to code
#: fault = MemWriteOnExecutablePage
#: set sp = 0x10000
    c.sdsp a0, 64(sp)
    exit

#: case c.ld of the last bytes of memory in version 0
#: versions = 0
#: fault = MemOutOfBound
#: set s0 = 0x3fff8
    c.ld a0, 0(s0)
    exit

#: case c.lwsp of the last bytes of memory in version 0
#: versions = 0
#: fault = MemOutOfBound
#: set sp = 0x3fffc
    c.lwsp a0, 0(sp)
    exit

#: case cost: words three cycles, doublewords two
#: set s0 = 0x20000
#: set sp = 0x20000
#: cycles = 521
    c.lw a0, 0(s0)
    c.ld a0, 0(s0)
    c.sw a0, 0(s0)
    c.sd a0, 0(s0)
    c.lwsp a0, 0(sp)
    c.ldsp a0, 0(sp)
    c.swsp a0, 0(sp)
    c.sdsp a0, 0(sp)
    exit
