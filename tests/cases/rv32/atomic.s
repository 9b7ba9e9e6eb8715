# Atomics of words on 32-bit registers.

#: case exchanges
#: xlen = 32
#: isa = imc,a
#: set a1 = 0x80000000
#: set s0 = 0x20000
#: expect a0 = 0x7fffffff
#: expect a2 = 0x80000000
#: expect a3 = 0x80000001
#: expect a4 = 1
#: expect a5 = 0x80000000
    addi t0, zero, 1
    amoswap.w a0, a1, (s0)
    amoadd.w a2, t0, (s0)
    amomax.w a3, t0, (s0)
    amomaxu.w a4, a1, (s0)
    lw a5, 0(s0)
    exit
.data 0x20000
.word 0x7fffffff

#: case a reservation
#: xlen = 32
#: isa = imc,a
#: set s0 = 0x20000
#: expect a0 = 0xfffffffb
#: expect a1 = 0
#: expect a2 = 1
#: expect a3 = 9
    addi t0, zero, 9
    lr.w a0, (s0)
    sc.w a1, t0, (s0)
    sc.w a2, zero, (s0)
    lw a3, 0(s0)
    exit
.data 0x20000
.word 0xfffffffb

#: case the address that means none
#: xlen = 32
#: isa = imc,a
#: set s0 = 0xffffffff
#: fault = MemOutOfBound
    sc.w a1, t0, (s0)
    exit
