# Every instruction of Zba, Zbb, Zbc and Zbs; bits.c has the model.
#include "mix.S.inc"

    begin mix
    both add.uw, sh1add, sh2add, sh3add, sh1add.uw, sh2add.uw, sh3add.uw
    with 0, slli.uw
    with 1, slli.uw
    with 31, slli.uw
    with 32, slli.uw
    with 63, slli.uw
    both andn, orn, xnor, min, minu, max, maxu, rol, ror, rolw, rorw
    each clz, clzw, ctz, ctzw, cpop, cpopw, sext.b, sext.h, zext.h, orc.b, rev8
    with 0, rori, roriw
    with 5, rori, roriw
    with 31, rori, roriw
    with 32, rori
    with 63, rori
    both clmul, clmulh, clmulr
    both bclr, bext, binv, bset
    with 0, bclri, bexti, binvi, bseti
    with 31, bclri, bexti, binvi, bseti
    with 32, bclri, bexti, binvi, bseti
    with 63, bclri, bexti, binvi, bseti
    # Destination and source the same.
    clmul a1, a0, a1
    mix a1
    rol a1, a1, a0
    mix a1
    sh3add.uw a1, a1, a1
    mix a1
    orc.b a1, a1
    mix a1
    end mix
