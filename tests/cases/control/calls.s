# Calls and returns: the native code keeps no stack of its own, whatever the guest does with its.

#: case recursion: fib(12)
#: expect a0 = 144
    li a0, 12
    call fib
    exit
fib:
    li t0, 2
    bltu a0, t0, leaf
    addi sp, sp, -32
    sd ra, 0(sp)
    sd s0, 8(sp)
    sd s1, 16(sp)
    mv s0, a0
    addi a0, a0, -1
    call fib
    mv s1, a0
    addi a0, s0, -2
    call fib
    add a0, a0, s1
    ld s1, 16(sp)
    ld s0, 8(sp)
    ld ra, 0(sp)
    addi sp, sp, 32
leaf:
    ret

#: case mutual recursion with tail calls, a hundred thousand deep without stack
#: expect a0 = 1
    li a1, 60000
    call even
    exit
even:
    li a0, 1
    beqz a1, done
    addi a1, a1, -1
    j odd
odd:
    li a0, 0
    beqz a1, done
    addi a1, a1, -1
    j even
done:
    ret

#: case calls that never return
#: expect a0 = 500
    li a1, 500
ping:
    addi a0, a0, 1
    beq a0, a1, end
    call ping
end:
    exit

#: case a return to an address that was computed
#: expect a0 = 12
    la ra, there
    addi ra, ra, 4
    ret
there:
    addi a0, a0, 1
    addi a0, a0, 12
    exit

#: case a return by another register, a call by ra
#: expect a0 = 7
#: expect ra = after
    la ra, one
    jalr ra, 0(ra)
after:
    addi a0, a0, 4
    exit
one:
    mv t0, ra
    addi a0, a0, 1
    la t1, two
    jalr t2, 0(t1)
    jr t0
two:
    addi a0, a0, 2
    jr t2

#: case coroutines: ra is swapped back and forth
#: expect a0 = 1110
    la t0, other
    li a1, 10
again:
    addi a0, a0, 1
    jalr t0, 0(t0)
    addi a0, a0, 10
    jalr t0, 0(t0)
    addi a1, a1, -1
    bnez a1, again
    exit
other:
    addi a0, a0, 50
    jalr t0, 0(t0)
    addi a0, a0, 50
    jalr t0, 0(t0)
    j other
