//! The sequences that fuse, with near misses, as templates.

/// The patterns of fusion, with near misses; R, C, D, E and F are registers.
pub const PATTERNS: [&[&str]; 24] = [
    &[
        "add R, R, C",
        "sltu C, R, C",
        "add R, R, D",
        "sltu D, R, D",
        "or C, C, D",
    ],
    &[
        "add R, R, C",
        "sltu C, R, C",
        "add R, R, D",
        "sltu D, R, D",
        "or C, D, C",
    ],
    &[
        "add R, C, R",
        "sltu C, R, C",
        "add R, R, D",
        "sltu D, R, D",
        "or C, C, D",
    ],
    &[
        "sub C, R, C",
        "sltu D, R, C",
        "sub R, C, E",
        "sltu E, C, R",
        "or C, E, D",
    ],
    &[
        "sub C, R, C",
        "sltu D, R, F",
        "sub R, C, E",
        "sltu E, C, R",
        "or C, E, D",
    ],
    &[
        "sub C, R, C",
        "sltu D, R, zero",
        "sub R, C, E",
        "sltu E, C, R",
        "or C, E, D",
    ],
    &[
        "sub C, R, C",
        "sltu D, R, C",
        "sub R, C, E",
        "sltu E, C, R",
        "or C, D, E",
    ],
    &["add R, C, R", "sltu D, R, C", "add E, D, F"],
    &["add R, C, D", "sltu C, R, C", "add E, C, F"],
    &["add R, C, D", "sltu E, R, C", "add E, E, F"],
    &["add R, C, D", "sltu E, R, C", "add E, F, E"],
    &["add R, C, D", "sltu E, R, C"],
    &["add R, R, D", "sltu E, R, D"],
    &["sub R, C, D", "sltu E, C, D"],
    &["mulhu R, C, D", "mul E, C, D"],
    &["mulh R, C, D", "mul E, C, D"],
    &["mulhsu R, C, D", "mul E, C, D"],
    &["mulhu R, C, D", "mul E, D, C"],
    &["div R, C, D", "rem E, C, D"],
    &["divu R, C, D", "remu E, C, D"],
    &["lui R, HI", "addiw R, R, LO"],
    &["lui R, HI", "addiw C, R, LO"],
    &["auipc R, HI", "addi R, R, LO"],
    &["auipc R, HI", "addi C, R, LO"],
];

/// The 16-bit form of an instruction, where it has one.
pub fn shorten(line: &str) -> String {
    let words: Vec<&str> = line
        .split([' ', ','])
        .filter(|word| !word.is_empty())
        .collect();
    match words[..] {
        ["add", rd, rs1, rs2] if rd == rs1 && rd != "zero" && rs2 != "zero" => {
            format!("c.add {rd}, {rs2}")
        }
        ["or", rd, rs1, rs2] if rd == rs1 && rd != "zero" && rs2 != "zero" => {
            format!("c.or {rd}, {rs2}")
        }
        ["sub", rd, rs1, rs2] if rd == rs1 && rd != "zero" && rs2 != "zero" => {
            format!("c.sub {rd}, {rs2}")
        }
        _ => line.to_string(),
    }
}
