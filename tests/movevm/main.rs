//! The Move machine that runs as a script: each instruction, modules that the verifier must refuse, and hostile input.
//!
//! The library runs here as it is, and the guest that is made of it runs natively. Both must print the same.
//! `cargo xtask prove move` compares with published compilers and machines, and damages a hundred thousand inputs.

mod fixture;
mod guest;
mod hostile;
mod instructions;
mod limits;
mod published;
mod refused;
mod transitions;
