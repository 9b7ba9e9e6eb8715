# What the versions of the machine differ in, beyond what stands with the instructions.

#: case fusion does not go with version 0: nothing runs
#: versions = 0
#: isa = imc,mop
#: trace = differs
#: fault = InvalidVersion
#: cycles = 0
#: pc = 0x10000
    exit

#: case an executable segment that does not begin a page: refused in version 0
#: versions = 0
#: fault = MemWriteOnExecutablePage
.text 0x10010
    exit

#: case and accepted from version 1 on
#: pc = end
#: exit = 0
.text 0x10010
    exit
end:

#: case a second segment on a writable segment's page overwrites it, from version 1 on
#: expect a0 = 7
    la a1, second
    ld a0, 0(a1)
    exit
.data 0x20000
    .dword 1, 2, 3
.data 0x20008
second:
    .dword 7

#: case and is refused in version 0
#: versions = 0
#: fault = MemWriteOnFreezedPage
    exit
.data 0x20000
    .dword 1, 2, 3
.data 0x20008
    .dword 7

#: case no arguments: sp is 16 below the end of memory, argc is read as zero
#: expect sp = 0x3fff0
#: expect a0 = 0
#: flags 0x3f = 0
    ld a0, 0(sp)
    exit

#: case no arguments in version 0: argc is written
#: versions = 0
#: expect sp = 0x3fff8
#: flags 0x3f = 4
    exit

#: case two arguments: argc, argv and the NULL behind them
#: args = ab cde
#: expect sp = 0x3ffd0
#: expect a0 = 2
#: expect a1 = 0x3fffd
#: expect a2 = 0x3fff9
#: expect a3 = 0
#: expect a4 = 0x6261
#: expect a5 = 0x656463
#: flags 0x3f = 4
    ld a0, 0(sp)
    ld a1, 8(sp)
    ld a2, 16(sp)
    ld a3, 24(sp)
    lhu a4, 0(a1)
    lwu a5, 0(a2)
    exit

#: case two arguments in version 0: no NULL, no alignment
#: versions = 0
#: args = ab cde
#: expect sp = 0x3ffe1
#: expect a0 = 2
#: expect a1 = 0x3fffd
#: expect a2 = 0x3fff9
    ld a0, 0(sp)
    ld a1, 8(sp)
    ld a2, 16(sp)
    exit
