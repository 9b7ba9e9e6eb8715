//! A signed transaction through ckb-script: the assembly machine against ours. (To come.)
fn main() {}
