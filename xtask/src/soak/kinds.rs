//! What random programs there are: kinds of program, and the machines that run them.

/// Kinds of program.
pub(super) const TIERS: [Tier; 10] = [
    Tier::new("bytes", WIDE, "random_bytes"),
    Tier::new("operands", WIDE, "valid_instructions_with_edge_operands"),
    Tier::new("structured", WIDE, "structured_programs"),
    Tier::new("wild", WIDE, "wild_programs"),
    Tier::new("outlined", WIDE, "programs_with_outlined_pieces"),
    Tier::new("rv32-bytes", NARROW, "random_bytes"),
    Tier::new(
        "rv32-operands",
        NARROW,
        "valid_instructions_with_edge_operands",
    ),
    Tier::new("rv32-structured", NARROW, "structured_programs"),
    Tier::new("rv32-wild", NARROW, "wild_programs"),
    Tier::new("rv32-outlined", NARROW, "programs_with_outlined_pieces"),
];
/// The test binary of 64-bit programs.
pub(super) const WIDE: &str = "random_programs";
/// The test binary of RV32.
pub(super) const NARROW: &str = "xlen32";

/// A kind of program.
pub(super) struct Tier {
    pub(super) name: &'static str,
    /// The test binary that makes and runs such programs, and its test.
    pub(super) binary: &'static str,
    pub(super) test: &'static str,
}

impl Tier {
    const fn new(name: &'static str, binary: &'static str, test: &'static str) -> Tier {
        Tier { name, binary, test }
    }
}

/// Machines: version, and letters of the instruction set.
pub(super) const PROFILES: [&str; 20] = [
    "0:imc", "0:b", "0:a", "0:ba", "1:imc", "1:b", "1:m", "1:bm", "1:a", "1:ba", "1:ma", "1:bma",
    "2:imc", "2:b", "2:m", "2:bm", "2:a", "2:ba", "2:ma", "2:bma",
];
