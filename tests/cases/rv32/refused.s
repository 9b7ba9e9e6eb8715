# What RV64 has and a machine of 32 bits refuses, and what RV32 should have and the reference refuses too.

#: case ld
#: xlen = 32
#: isa = imc,b,a
#: fault = InvalidInstruction
    ld a0, 0(sp)
    exit

#: case sd
#: xlen = 32
#: isa = imc,b,a
#: fault = InvalidInstruction
    sd a0, 0(sp)
    exit

#: case lwu
#: xlen = 32
#: isa = imc,b,a
#: fault = InvalidInstruction
    lwu a0, 0(sp)
    exit

#: case addiw
#: xlen = 32
#: isa = imc,b,a
#: fault = InvalidInstruction
    addiw a0, a0, 1
    exit

#: case slliw
#: xlen = 32
#: isa = imc,b,a
#: fault = InvalidInstruction
    slliw a0, a0, 1
    exit

#: case srliw
#: xlen = 32
#: isa = imc,b,a
#: fault = InvalidInstruction
    srliw a0, a0, 1
    exit

#: case sraiw
#: xlen = 32
#: isa = imc,b,a
#: fault = InvalidInstruction
    sraiw a0, a0, 1
    exit

#: case addw
#: xlen = 32
#: isa = imc,b,a
#: fault = InvalidInstruction
    addw a0, a0, a0
    exit

#: case subw
#: xlen = 32
#: isa = imc,b,a
#: fault = InvalidInstruction
    subw a0, a0, a0
    exit

#: case sllw
#: xlen = 32
#: isa = imc,b,a
#: fault = InvalidInstruction
    sllw a0, a0, a0
    exit

#: case srlw
#: xlen = 32
#: isa = imc,b,a
#: fault = InvalidInstruction
    srlw a0, a0, a0
    exit

#: case sraw
#: xlen = 32
#: isa = imc,b,a
#: fault = InvalidInstruction
    sraw a0, a0, a0
    exit

#: case mulw
#: xlen = 32
#: isa = imc,b,a
#: fault = InvalidInstruction
    mulw a0, a0, a0
    exit

#: case divw
#: xlen = 32
#: isa = imc,b,a
#: fault = InvalidInstruction
    divw a0, a0, a0
    exit

#: case divuw
#: xlen = 32
#: isa = imc,b,a
#: fault = InvalidInstruction
    divuw a0, a0, a0
    exit

#: case remw
#: xlen = 32
#: isa = imc,b,a
#: fault = InvalidInstruction
    remw a0, a0, a0
    exit

#: case remuw
#: xlen = 32
#: isa = imc,b,a
#: fault = InvalidInstruction
    remuw a0, a0, a0
    exit

#: case lr.d
#: xlen = 32
#: isa = imc,b,a
#: fault = InvalidInstruction
    lr.d a0, (sp)
    exit

#: case sc.d
#: xlen = 32
#: isa = imc,b,a
#: fault = InvalidInstruction
    sc.d a0, a0, (sp)
    exit

#: case amoadd.d
#: xlen = 32
#: isa = imc,b,a
#: fault = InvalidInstruction
    amoadd.d a0, a0, (sp)
    exit

#: case zext.h of RV64
#: xlen = 32
#: isa = imc,b,a
#: fault = InvalidInstruction
    zext.h a0, a1
    exit

#: case zext.h of RV32, which is pack
#: xlen = 32
#: isa = imc,b,a
#: fault = InvalidInstruction
    .word 0x0805c533
    exit

#: case rev8 of RV32
#: xlen = 32
#: isa = imc,b,a
#: fault = InvalidInstruction
    .word 0x6985d513
    exit

#: case c.ld
#: xlen = 32
#: isa = imc,b,a
#: fault = InvalidInstruction
    c.ld a0, 0(a0)
    exit

#: case c.sd
#: xlen = 32
#: isa = imc,b,a
#: fault = InvalidInstruction
    c.sd a0, 0(a0)
    exit

#: case c.ldsp
#: xlen = 32
#: isa = imc,b,a
#: fault = InvalidInstruction
    c.ldsp a0, 0(sp)
    exit

#: case c.sdsp
#: xlen = 32
#: isa = imc,b,a
#: fault = InvalidInstruction
    c.sdsp a0, 0(sp)
    exit

#: case c.subw
#: xlen = 32
#: isa = imc,b,a
#: fault = InvalidInstruction
    c.subw a0, a0
    exit

#: case c.addw
#: xlen = 32
#: isa = imc,b,a
#: fault = InvalidInstruction
    c.addw a0, a0
    exit
