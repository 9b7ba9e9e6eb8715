# Where CKB-VM's own engines differ, beyond what stands with the instructions: what counts is the
# assembly machine. At the end of memory it looks at the page of the first byte before the range.

#: case an amo across the end of memory from an executable page
#: isa = imc,a
#: trace = differs
#: fault = MemWriteOnExecutablePage
    li t0, 0x3fffd
    amoadd.w a0, a1, (t0)
    exit
.text 0x3f000
    nop

#: case an sc across the end of memory from an executable page
#: isa = imc,a
#: trace = differs
#: fault = MemWriteOnExecutablePage
    li t0, 0x3fff9
    sc.d a0, a1, (t0)
    exit
.text 0x3f000
    nop

#: case an lr there reads beyond memory
#: isa = imc,a
#: fault = MemOutOfBound
    li t0, 0x3fff9
    lr.d a0, (t0)
    exit
.text 0x3f000
    nop

#: case and so does a load
#: fault = MemOutOfBound
    li t0, 0x3fff9
    ld a0, 0(t0)
    exit
.text 0x3f000
    nop
