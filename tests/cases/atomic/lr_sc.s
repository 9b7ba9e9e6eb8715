# lr and sc. A reservation is an address; sc always stores, the old value when it fails.

#: case success
#: isa = imc,a
#: set a1 = 0x20000
#: set a2 = 0x1122334455667788
#: expect a0 = 0xffffffff80000001
#: expect a3 = 0
#: expect a4 = 0x0000000055667788
#: cycles = 511
    lr.w a0, (a1)
    sc.w a3, a2, (a1)
    ld a4, 0(a1)
    exit
.data 0x20000
    .dword 0x0000000080000001

#: case success, 64 bits
#: isa = imc,a
#: set a1 = 0x20000
#: set a2 = 0x1122334455667788
#: expect a0 = 0x8000000000000001
#: expect a3 = 0
#: expect a4 = 0x1122334455667788
#: cycles = 509
    lr.d a0, (a1)
    sc.d a3, a2, (a1)
    ld a4, 0(a1)
    exit
.data 0x20000
    .dword 0x8000000000000001

#: case no reservation: fails, stores the old value, makes the page dirty
#: isa = imc,a
#: set a1 = 0x30000
#: set a2 = 5
#: expect a3 = 1
#: expect a4 = 0
#: flags 0x30 = 4
    sc.d a3, a2, (a1)
    ld a4, 0(a1)
    exit

#: case another address fails
#: isa = imc,a
#: set a1 = 0x30000
#: set a2 = 5
#: expect a3 = 1
#: expect a4 = 0
    lr.d a0, (a1)
    addi a5, a1, 8
    sc.d a3, a2, (a5)
    ld a4, 0(a5)
    exit

#: case a second sc fails
#: isa = imc,a
#: set a1 = 0x30000
#: set a2 = 5
#: expect a3 = 0
#: expect a4 = 1
#: expect a5 = 5
    lr.w a0, (a1)
    sc.w a3, a2, (a1)
    addi a2, a2, 1
    sc.w a4, a2, (a1)
    lw a5, 0(a1)
    exit

#: case widths are not told apart
#: isa = imc,a
#: set a1 = 0x30000
#: set a2 = -1
#: expect a3 = 0
#: expect a4 = 0xffffffffffffffff
    lr.w a0, (a1)
    sc.d a3, a2, (a1)
    ld a4, 0(a1)
    exit

#: case stores and amos keep the reservation
#: isa = imc,a
#: set a1 = 0x30000
#: set a2 = 7
#: expect a3 = 0
#: expect a4 = 7
    lr.w a0, (a1)
    sw a1, 0(a1)
    amoadd.w a5, a2, (a1)
    sc.w a3, a2, (a1)
    lw a4, 0(a1)
    exit

#: case rd is rs1; rd is rs2; rd is x0
#: isa = imc,a
#: set a1 = 0x30000
#: set a2 = 0x30000
#: set a3 = 9
#: expect a1 = 0
#: expect a3 = 0
#: expect a4 = 9
    lr.d a1, (a1)
    sc.d a3, a3, (a2)
    ld a4, 0(a2)
    lr.d zero, (a2)
    sc.d zero, zero, (a2)
    exit

#: case sc with rd the address
#: isa = imc,a
#: set a1 = 0x30000
#: set a2 = 6
#: expect a1 = 0
#: expect a4 = 6
    mv a3, a1
    lr.w a0, (a1)
    sc.w a1, a2, (a1)
    lw a4, 0(a3)
    exit

#: case the reservation outlives traces and jumps
#: isa = imc,a
#: set a1 = 0x30000
#: set a2 = 6
#: expect a3 = 0
#: expect a5 = 10
    lr.w a0, (a1)
loop:
    addi a5, a5, 1
    li a6, 10
    bne a5, a6, loop
    sc.w a3, a2, (a1)
    exit

#: case misaligned, across a page edge
#: isa = imc,a
#: set a1 = 0x2ffff
#: set a2 = -2
#: expect a3 = 0
#: expect a4 = 0xfffffffffffffffe
#: flags 0x2f = 4
#: flags 0x30 = 4
    lr.d a0, (a1)
    sc.d a3, a2, (a1)
    ld a4, 0(a1)
    exit

#: case lr beyond memory
#: isa = imc,a
#: fault = MemOutOfBound
#| a1 -> a0
#| 0x3fffd -> 0
#| 0x40000 -> 0
#| -1 -> 0
    lr.w a0, (a1)
    exit

#: case lr of the last bytes of memory
#: versions = 0 1 2
#: isa = imc,a
#: set a1 = 0x3fff8
#: expect a0 = 0
    lr.d a0, (a1)
    exit

#: case sc beyond memory
#: isa = imc,a
#: fault = MemOutOfBound
#| a1 -> a0
#| 0x3fffd -> 0
#| 0x40000 -> 0
#| -1 -> 0
    sc.w a0, a2, (a1)
    exit

#: case sc to code, which lr may read
#: isa = imc,a
#: fault = MemWriteOnExecutablePage
#: set a1 = 0x10000
    lr.w a0, (a1)
    sc.w a0, a2, (a1)
    exit

#: case the ordering bits are ignored
#: isa = imc,a
#: set a1 = 0x30000
#: set a2 = 6
#: expect a3 = 0
    .word 0x1605a52f         # lr.w.aqrl a0, (a1)
    .word 0x1ec5a6af         # sc.w.aqrl a3, a2, (a1)
    exit

#: case lr with rs2 is nothing
#: isa = imc,a
#: fault = InvalidInstruction
#: set a1 = 0x30000
    .word 0x10c5a52f
    exit

#: case a loop that adds atomically
#: isa = imc,b,mop,a
#: set a1 = 0x30000
#: expect a4 = 500
#: expect a0 = 0
    li a5, 100
outer:
retry:
    lr.w a2, (a1)
    addi a2, a2, 5
    sc.w a3, a2, (a1)
    bnez a3, retry
    addi a5, a5, -1
    bnez a5, outer
    lw a4, 0(a1)
    exit
