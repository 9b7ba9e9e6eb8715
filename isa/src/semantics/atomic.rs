//! Meanings of the atomics.
//!
//! A guest has one thread, so nothing has to be made atomic. The one thing left is the reservation of
//! `lr` and `sc`, which the primitives keep. Operands are read before `rd` is written, so `rd` may be
//! one of them.

use super::operands::{register, registers, results};
use super::primitives::Amo::{Add, And, Max, Maxu, Min, Minu, Or, Swap, Xor};
use super::primitives::Size::{D, W};

results! {
    lr_w: register |m, addr| m.load_reserved(addr, W)?;
    lr_d: register |m, addr| m.load_reserved(addr, D)?;
    sc_w: registers |m, (addr, value)| m.store_conditional(addr, W, value)?;
    sc_d: registers |m, (addr, value)| m.store_conditional(addr, D, value)?;

    amoswap_w: registers |m, (addr, value)| m.amo(Swap, addr, W, value)?;
    amoadd_w: registers |m, (addr, value)| m.amo(Add, addr, W, value)?;
    amoxor_w: registers |m, (addr, value)| m.amo(Xor, addr, W, value)?;
    amoand_w: registers |m, (addr, value)| m.amo(And, addr, W, value)?;
    amoor_w: registers |m, (addr, value)| m.amo(Or, addr, W, value)?;
    amomin_w: registers |m, (addr, value)| m.amo(Min, addr, W, value)?;
    amomax_w: registers |m, (addr, value)| m.amo(Max, addr, W, value)?;
    amominu_w: registers |m, (addr, value)| m.amo(Minu, addr, W, value)?;
    amomaxu_w: registers |m, (addr, value)| m.amo(Maxu, addr, W, value)?;

    amoswap_d: registers |m, (addr, value)| m.amo(Swap, addr, D, value)?;
    amoadd_d: registers |m, (addr, value)| m.amo(Add, addr, D, value)?;
    amoxor_d: registers |m, (addr, value)| m.amo(Xor, addr, D, value)?;
    amoand_d: registers |m, (addr, value)| m.amo(And, addr, D, value)?;
    amoor_d: registers |m, (addr, value)| m.amo(Or, addr, D, value)?;
    amomin_d: registers |m, (addr, value)| m.amo(Min, addr, D, value)?;
    amomax_d: registers |m, (addr, value)| m.amo(Max, addr, D, value)?;
    amominu_d: registers |m, (addr, value)| m.amo(Minu, addr, D, value)?;
    amomaxu_d: registers |m, (addr, value)| m.amo(Maxu, addr, D, value)?;
}
