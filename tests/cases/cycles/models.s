# The two cost models, group by group.

#: case estimate: arithmetic
#: cycles = 516
    lui a0, 1
    addi a0, a0, 1
    slti a1, a0, 1
    add a2, a0, a0
    addw a3, a0, a0
    slli a4, a0, 3
    sraiw a5, a0, 3
    sh1add a0, a1, a2
    clz a1, a2
    rev8 a2, a3
    clmul a3, a4, a5
    bset a4, a5, a6
    c.nop
    c.addi a0, 1
    c.mv a5, a0
    exit

#: case estimate: multiplication and division
#: cycles = 782
    mul a0, a1, a2
    mulw a0, a1, a2
    mulh a0, a1, a2
    mulhu a3, a1, a2
    mulhsu a4, a1, a2
    div a0, a1, a2
    divu a3, a1, a2
    rem a4, a1, a2
    remu a5, a1, a2
    divw a0, a1, a2
    divuw a3, a1, a2
    remw a4, a1, a2
    remuw a5, a1, a2
    exit

#: case estimate: memory
#: set s0 = 0x20000
#: cycles = 532
    lb a0, 0(s0)
    lbu a0, 0(s0)
    lh a0, 0(s0)
    lhu a0, 0(s0)
    lw a0, 0(s0)
    lwu a0, 0(s0)
    ld a0, 0(s0)
    sb a0, 0(s0)
    sh a0, 0(s0)
    sw a0, 0(s0)
    sd a0, 0(s0)
    exit

#: case estimate: control
#: cycles = 1018
    beq a0, a0, one
one:
    bne a0, a0, one
    j two
two:
    call three
    fence
    auipc a1, 0
    ebreak
    exit
three:
    ret

#: case constant: everything is one
#: cost = constant
#: set s0 = 0x20000
#: cycles = 10
    mul a0, a1, a2
    div a0, a1, a2
    ld a0, 0(s0)
    sb a0, 0(s0)
    j over
over:
    lui a1, 0x12345
    addiw a1, a1, 1
    fence
    ebreak
    exit

#: case constant: atomics
#: isa = imc,a
#: cost = constant
#: set s0 = 0x20000
#: cycles = 5
    lr.w a0, (s0)
    sc.d a1, a0, (s0)
    amoadd.w a2, a1, (s0)
    exit
