# Versions 0 and 1 find a decoded trace by the low 32 bits of the pc: above 4 GiB a trace that is in
# its slot runs again, with the high bits in the pc. Version 2 compares all 64 bits. A slot is
# (pc >> 2) & 8191.

#: case a clean exit above 4 GiB
#: versions = 0 1
#: exit = 0
#: pc = 0x100010010
#: set t0 = 0x10001000c
    la a0, text
    j again
again:                       # 0x1000c
    ecall
    li a0, 0
    li a7, 93
    jr t0
.rodata 0x20000
text:
    .byte 0
#: set a7 = 2177

#: case version 2 fails to fetch
#: versions = 2
#: fault = MemOutOfBound
#: pc = 0x10001000c
#: set t0 = 0x10001000c
#: set a7 = 2177
    la a0, text
    j again
again:
    ecall
    li a0, 0
    li a7, 93
    jr t0
.rodata 0x20000
text:
    .byte 0

#: case links and auipc show the high bits; the trace behind it is an alias as well
#: versions = 0 1
#: isa = imc
#: fault = MemOutOfBound
#: expect a1 = 0x10001000c
#: expect a2 = 3
#: pc = 0x100010020
#: set t0 = 0x10001000c
    j again
    nop
    nop
again:                       # 0x1000c
    auipc a1, 0
    addi a2, a2, 1
    sltiu a4, a2, 3
    beqz a4, end
    jr t0
end:
    exit

#: case nothing ran there yet
#: versions = 0 1 2
#: isa = imc
#: fault = MemOutOfBound
#: set t0 = 0x100010008
    jr t0
    c.nop
    c.nop
never:                       # 0x10008
    exit

#: case another trace took the slot: 32 KiB further on
#: versions = 0 1
#: isa = imc
#: fault = MemOutOfBound
#: set t0 = 0x10001000c
#: set a7 = 2177
    la a0, text
    j again
again:                       # 0x1000c
    ecall
    la t1, other
    jr t1
.text 0x18000
    .zero 12
other:                       # 0x1800c: the slot of 0x1000c
    li a0, 0
    li a7, 93
    jr t0
.rodata 0x20000
text:
    .byte 0

#: case the trace that took the slot runs at its own alias
#: versions = 0 1
#: isa = imc
#: exit = 7
#: pc = 0x100018010
#: set t0 = 0x10001800c
#: set a7 = 2177
    la a0, text
    j again
again:                       # 0x1000c
    ecall
    la t1, other
    jr t1
.text 0x18000
    .zero 12
other:                       # 0x1800c: the slot of 0x1000c
    ecall
    li a0, 7
    li a7, 93
    jr t0
.rodata 0x20000
text:
    .byte 0

#: case a loop above 4 GiB: its branch goes to an alias too
#: versions = 0 1
#: isa = imc
#: exit = 0
#: expect a2 = 6
#: set a7 = 2177
#: set t0 = 0x100010010
#: pc = 0x100010024
    la a0, text
    li a3, 5
    j loop
loop:                        # 0x10010
    addi a2, a2, 1
    beq a2, a3, up
    j loop
    nop
up:                          # 0x10020
    ecall
    li a7, 93
    addi a3, a3, 1
    jr t0
.rodata 0x20000
text:
    .byte 0
