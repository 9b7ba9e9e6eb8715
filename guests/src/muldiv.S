# Multiplication, division, shifts and 32-bit arithmetic of the base set and M; muldiv.c has the model.
#include "mix.S.inc"

    begin mix
    both mul, mulh, mulhu, mulhsu, mulw
    both div, divu, rem, remu, divw, divuw, remw, remuw
    both add, sub, addw, subw, slt, sltu, sll, srl, sra, sllw, srlw, sraw
    with -1, addi, addiw, slti, sltiu, xori, ori, andi
    with 2047, addi, addiw, slti, sltiu, xori, ori, andi
    with 31, slli, srli, srai, slliw, srliw, sraiw
    with 33, slli, srli, srai
    # Destination and source the same, and x0 as either.
    divw a1, a0, a1
    mix a1
    remu a1, a1, a0
    mix a1
    mulh a1, a1, a1
    mix a1
    div t0, a1, zero
    mix t0
    rem t0, a1, zero
    mix t0
    div zero, a0, a0
    mix zero
    end mix
