# ecall, ebreak, fence, fence.i: what they cost, and that they end a trace.

#: case exit code is the low byte of a0, signed
#: exit = -1
#: cycles = 501
#: set a0 = 0x1ff
    exit

#: case exit code 127
#: exit = 127
#: set a0 = 0xffffffff0000007f
    exit

#: case any other call fails
#: fault = InvalidEcall
#| a7 -> a0
#| 0 -> 0
#| 94 -> 0
#| 0x10000005d -> 0
    ecall

#: case the debug print goes on
#: exit = 0
#: cycles = 1007
#: expect a0 = text
#: pc = end
    la a0, text
    li a7, 2177
    ecall
    .half 0x4501             # c.li a0, 0
    la a0, text
    exit
end:
.rodata 0x20000
text:
    .byte 104, 105, 0

#: case the debug print reads beyond memory
#: fault = MemOutOfBound
    li a0, 0x40000
    li a7, 2177
    ecall
    exit

#: case ebreak does nothing without a debugger
#: cycles = 1002
#: expect a0 = 1
    ebreak
    addi a0, a0, 1
    exit

#: case fence and fence.i do nothing
#: cycles = 505
#: expect a0 = 2
    fence
    addi a0, a0, 1
    fence.i
    addi a0, a0, 1
    exit

#: case every fence with rd and rs1 zero is a fence
#: cycles = 504
    .word 0x8330000f
    .word 0x0000000f
    .word 0xfff0000f
    exit

#: case a fence with rd is nothing
#: fault = InvalidInstruction
    .word 0x0000008f

#: case a fence.i with an immediate is nothing
#: fault = InvalidInstruction
    .word 0x0010100f

#: case the rest of SYSTEM is nothing
#: fault = InvalidInstruction
    .word 0x10500073         # wfi

#: case nor are the counters
#: fault = InvalidInstruction
    .word 0xc0002573         # rdcycle a0

#: case ecall with rd is nothing
#: fault = InvalidInstruction
    .word 0x000000f3
