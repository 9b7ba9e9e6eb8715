# Short pieces of code that are called, by t0 as LLVM's machine outliner calls them. The translator inlines such
# calls where the piece comes back to the instruction behind the call.

#: case a piece that is called at two places, in a loop
#: expect a0 = 66
    li a1, 6
turn:
    addi a0, a0, 1
    jal t0, piece
    addi a0, a0, 2
    jal t0, piece
    addi a1, a1, -1
    bnez a1, turn
    exit
piece:
    addi a0, a0, 1
    addi a0, a0, 3
    jr t0

#: case a piece of several traces, and one that goes on in another
#: expect a0 = 21
    jal t0, piece
    addi a0, a0, 1
    jal t0, before
    exit
before:
    addi a0, a0, -20
    j piece
piece:
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
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    jr t0

#: case a piece that comes back behind the next instruction
#: expect a0 = 3
    jal t0, skip
    addi a0, a0, 16
    addi a0, a0, 1
    jal t0, computed
    addi a0, a0, 16
    addi a0, a0, 2
    exit
skip:
    jalr zero, 4(t0)
computed:
    addi t0, t0, 4
    jr t0

#: case a piece that moves the link register
#: expect a0 = 8
#: expect t0 = 0
#: expect t2 = back
    jal t0, piece
back:
    addi a0, a0, 1
    exit
piece:
    mv t2, t0
    li t0, 0
    addi a0, a0, 7
    jr t2

#: case a piece that comes back to where the caller says
#: expect a0 = 5
    la t1, elsewhere
    # The branch ends the block, so that the translator does not know where the piece goes.
    beq a0, a1, call
call:
    jal t0, piece
    addi a0, a0, 32
    exit
elsewhere:
    addi a0, a0, 4
    exit
piece:
    addi a0, a0, 1
    mv t0, t1
    jr t0

#: case jumps into the middle of a piece, to the instruction behind a call, and a call by a pointer
#: expect a0 = 1121
    jal t0, piece
back:
    addi a0, a0, 1
    addi a2, a2, 1
    li a3, 1
    beq a2, a3, back
    li a3, 2
    beq a2, a3, middle
    li a3, 3
    beq a2, a3, pointer
    exit
middle:
    la t0, back
    j half
pointer:
    la t6, piece
    la t0, back
    jalr zero, 0(t6)
piece:
    li a1, 500
    add a0, a0, a1
half:
    addi a0, a0, 39
    jr t0

#: case a way into the code in front of a call, which so is in two blocks
#: expect a0 = 45
    li a1, 3
turn:
    addi a0, a0, 2
    addi a0, a0, 4
again:
    addi a0, a0, 1
    jal t0, piece
    addi a1, a1, -1
    li a2, 2
    beq a1, a2, again
    bnez a1, turn
    exit
piece:
    addi a0, a0, 10
    addi t3, t3, 1
    jr t0
    .half 0

#: case a fault inside a piece
#: fault = MemOutOfBound
#: expect a0 = 1
    li a1, -8
    addi a0, a0, 1
    jal t0, piece
    addi a0, a0, 1
    exit
piece:
    addi a2, a2, 1
    ld a3, 0(a1)
    jr t0

#: case stores inside a piece to pages that nobody wrote
#: expect a0 = 15
#: flags 0x21 = 4
#: flags 0x22 = 4
    li a1, 0x20ff8
    li a2, 5
turn:
    addi a0, a0, 1
    jal t0, piece
    addi a0, a0, 1
    jal t0, piece
    addi a0, a0, 1
    addi a2, a2, -1
    bnez a2, turn
    exit
piece:
    addi a1, a1, 1024
    sd a0, 0(a1)
    jr t0
.data 0x20000
    .zero 0x3000

#: case a piece that ends the program
#: expect a0 = 3
#: exit = 3
    li a7, 93
    addi a0, a0, 1
    jal t0, piece
    addi a0, a0, 4
    exit
piece:
    addi a0, a0, 2
    ecall
    jr t0

#: case a host call inside a piece, and a loop whose turns are known
#: expect a0 = 6
    jal t0, asks
    jal t0, loops
    exit
asks:
    addi a0, a0, 1
    ebreak
    addi a0, a0, 2
    jr t0
loops:
    li a1, 3
turn:
    addi a0, a0, 1
    addi a1, a1, -1
    bnez a1, turn
    jr t0

#: case a piece that calls another
#: expect a0 = 111
    jal t0, outer
    addi a0, a0, 1
    exit
outer:
    addi a0, a0, 10
    mv t1, t0
    jal t0, inner
    jr t1
inner:
    addi a0, a0, 100
    jr t0
