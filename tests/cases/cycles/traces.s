# A trace takes up to sixteen entries and is charged as a whole before it runs.

#: case sixteen entries, then the next trace: the limit allows the first
#: limit = 16
#: fault = CyclesExceeded
#: cycles = 16
#: pc = second
#: expect a0 = 16
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
second:
    addi a0, a0, 1
    exit

#: case one cycle short: nothing of the trace runs
#: limit = 15
#: fault = CyclesExceeded
#: cycles = 0
#: pc = first
#: expect a0 = 0
first:
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    exit

#: case a fused pair is one entry
#: limit = 16
#: fault = CyclesExceeded
#: cycles = 16
#: pc = second
#: expect a0 = 15
#: expect a1 = 0x12345678
    lui a1, 0x12345
    addiw a1, a1, 0x678
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
second:
    addi a0, a0, 1
    exit

#: case a pair may be the sixteenth entry
#: limit = 16
#: fault = CyclesExceeded
#: cycles = 16
#: pc = second
#: expect a1 = 0x12345678
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    lui a1, 0x12345
    addiw a1, a1, 0x678
second:
    addi a0, a0, 1
    exit

#: case without fusion the pair falls apart there
#: isa = imc
#: limit = 16
#: fault = CyclesExceeded
#: cycles = 16
#: pc = second
#: expect a1 = 0x12345000
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    lui a1, 0x12345
second:
    addiw a1, a1, 0x678
    exit

#: case what ends a trace: each limit stops behind it
#: limit = 9
#: fault = CyclesExceeded
#: cycles = 8
#: pc = last
    addi a0, a0, 1
    beqz a0, last            # 4
    fence                    # 5
    fence.i                  # 6
    addi a0, a0, 1
    auipc a1, 0              # 8
last:
    addi a0, a0, 1
    addi a0, a0, 1
    exit

#: case limit and fault in one trace: the limit wins
#: limit = 5
#: fault = CyclesExceeded
#: cycles = 3
#: pc = bad
    j bad
bad:
    li a1, -1
    ld a0, 0(a1)
    exit

#: case the same with enough cycles: the fault
#: limit = 600
#: fault = MemOutOfBound
    j bad
bad:
    li a1, -1
    ld a0, 0(a1)
    exit

#: case illegal and limit in one trace: illegal wins
#: limit = 0
#: fault = InvalidInstruction
    addi a0, a0, 1
    .half 0

#: case exactly enough
#: limit = 502
#: exit = 0
#: cycles = 502
    addi a1, a1, 1
    exit

#: case a limit of zero
#: limit = 0
#: fault = CyclesExceeded
#: cycles = 0
#: pc = 0x10000
    exit

#: case a loop stops at its head, in the middle of a long run
#: limit = 1000
#: fault = CyclesExceeded
#: cycles = 1000
#: pc = loop
#: expect a0 = 200
loop:
    addi a0, a0, 1
    addi a1, a1, 2
    bnez a0, loop
    exit

#: case a loop with two ways, of different cost
#: limit = 777
#: fault = CyclesExceeded
#: cycles = 775
#: expect a0 = 71
loop:
    addi a0, a0, 1
    andi a2, a0, 1
    beqz a2, other
    addi a1, a1, 2
    j loop
other:
    mul a3, a0, a0
    j loop
