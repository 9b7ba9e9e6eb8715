//! Arithmetic, bits, shifts, comparisons and casts, of integers of all widths.

use movevm::format::Token;
use movevm::instruction::{Instruction, Instruction::*};

use super::{Calls, one, results};

const ARITHMETIC: &str = "\"kind\":\"ARITHMETIC_ERROR\"";

const WIDTHS: [(&str, u32, Token, &str, Instruction); 6] = [
    ("u8", 8, Token::U8, "255", CastU8),
    ("u16", 16, Token::U16, "65535", CastU16),
    ("u32", 32, Token::U32, "4294967295", CastU32),
    ("u64", 64, Token::U64, "18446744073709551615", CastU64),
    (
        "u128",
        128,
        Token::U128,
        "340282366920938463463374607431768211455",
        CastU128,
    ),
    (
        "u256",
        256,
        Token::U256,
        "115792089237316195423570985008687907853269984665640564039457584007913129639935",
        CastU256,
    ),
];

pub(super) fn integers(calls: &mut Calls) {
    let operations: [(&str, Instruction); 8] = [
        ("add", Add),
        ("sub", Sub),
        ("mul", Mul),
        ("mod", Mod),
        ("div", Div),
        ("or", BitOr),
        ("and", BitAnd),
        ("xor", Xor),
    ];
    for (name, bits, token, most, cast) in WIDTHS {
        for (operation, instruction) in operations {
            let code = [MoveLoc(0), MoveLoc(1), instruction, Ret];
            let function = format!("{operation}_{name}");
            let pair = [token.clone(), token.clone()];
            let fixture = &mut calls.fixture;
            fixture.function(&function, &pair, &pair[..1], &[], &code);
            let mut row = |a: &str, b: &str, expected: &str| {
                let (a, b) = (format!("\"{a}\""), format!("\"{b}\""));
                let expected = match expected {
                    ARITHMETIC => ARITHMETIC.to_string(),
                    value => one(value),
                };
                calls.give(&function, &[&a, &b], &expected);
            };
            match operation {
                "add" => {
                    row("200", "55", "255");
                    row(most, "0", most);
                    row(most, "1", ARITHMETIC);
                }
                "sub" => {
                    row("200", "55", "145");
                    row(most, most, "0");
                    row("0", "1", ARITHMETIC);
                }
                "mul" => {
                    row("17", "15", "255");
                    row(most, "1", most);
                    row(most, "2", ARITHMETIC);
                }
                "mod" => {
                    row("200", "55", "35");
                    row(most, "0", ARITHMETIC);
                }
                "div" => {
                    row("200", "55", "3");
                    row(most, most, "1");
                    row("7", "0", ARITHMETIC);
                }
                "or" => row("170", "85", "255"),
                "and" => row("170", "15", "10"),
                _ => row(most, most, "0"),
            }
        }
        for (operation, instruction) in [("shl", Shl), ("shr", Shr)] {
            let function = format!("{operation}_{name}");
            let code = [MoveLoc(0), MoveLoc(1), instruction, Ret];
            let parameters = [token.clone(), Token::U8];
            let result = [token.clone()];
            calls
                .fixture
                .function(&function, &parameters, &result, &[], &code);
            calls.give(&function, &["\"2\"", "\"0\""], &one("2"));
            let shifted = if operation == "shl" { "8" } else { "0" };
            calls.give(&function, &["\"2\"", "\"2\""], &one(shifted));
            if bits < 256 {
                let count = format!("\"{bits}\"");
                calls.give(&function, &["\"1\"", &count], ARITHMETIC);
            }
        }
        for (operation, instruction, equal, less) in [
            ("lt", Lt, "false", "true"),
            ("gt", Gt, "false", "false"),
            ("le", Le, "true", "true"),
            ("ge", Ge, "true", "false"),
            ("eq", Eq, "true", "false"),
            ("neq", Neq, "false", "true"),
        ] {
            let function = format!("{operation}_{name}");
            let code = [MoveLoc(0), MoveLoc(1), instruction, Ret];
            let pair = [token.clone(), token.clone()];
            let result = [Token::Bool];
            calls
                .fixture
                .function(&function, &pair, &result, &[], &code);
            let most = format!("\"{most}\"");
            calls.give(&function, &[&most, &most], &results(equal));
            calls.give(&function, &["\"3\"", &most], &results(less));
        }
        for (other, width, from, largest, _) in WIDTHS {
            let function = format!("{other}_to_{name}");
            let code = [MoveLoc(0), cast, Ret];
            let (parameter, result) = ([from], [token.clone()]);
            calls
                .fixture
                .function(&function, &parameter, &result, &[], &code);
            calls.give(&function, &["\"129\""], &one("129"));
            let given = format!("\"{largest}\"");
            let expected = match width <= bits {
                true => one(largest),
                false => ARITHMETIC.to_string(),
            };
            calls.give(&function, &[&given], &expected);
        }
    }
}
