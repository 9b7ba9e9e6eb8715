//! Each instruction, executed by the library and natively by the guest. What must come out is written here, and follows
//! from Move's rules.

mod integers;

use std::collections::BTreeSet;

use movevm::build::small_address;
use movevm::format::{Abilities, Token};
use movevm::instruction::{Instruction, Instruction::*, TABLE};

use self::integers::integers;
use crate::fixture::{Fixture, PLAIN, mutable, reference, vector};
use crate::guest::{Guest, library};

/// Calls of one module, each with what must be in the line.
struct Calls {
    fixture: Fixture,
    calls: Vec<(String, Vec<String>, String)>,
}

impl Calls {
    fn new() -> Self {
        Calls {
            fixture: Fixture::new(),
            calls: Vec::new(),
        }
    }

    fn call(&mut self, function: &str, arguments: &[&str], expected: &str) {
        let options = arguments.iter().map(|text| text.to_string()).collect();
        self.calls
            .push((function.to_string(), options, expected.to_string()));
    }

    /// Arguments alone.
    fn give(&mut self, function: &str, arguments: &[&str], expected: &str) {
        let options: Vec<&str> = arguments.iter().flat_map(|text| ["--arg", text]).collect();
        self.call(function, &options, expected);
    }
}

fn results(value: &str) -> String {
    format!("\"results\":[{value}]")
}

fn one(value: &str) -> String {
    results(&format!("\"{value}\""))
}

const VECTOR: &str = "\"kind\":\"VECTOR_OPERATION_ERROR\"";

fn constants_and_control(calls: &mut Calls) {
    let fixture = &mut calls.fixture;
    let bytes = fixture.build.constant(vector(Token::U8), &[2, 1, 255]);
    let words = [1, 1, 0, 0, 0, 0, 0, 0, 0];
    let words = fixture.build.constant(vector(Token::U64), &words);
    let loads: [(&str, Instruction, Token); 9] = [
        ("ld_u8", LdU8(255), Token::U8),
        ("ld_u16", LdU16(65_535), Token::U16),
        ("ld_u32", LdU32(1 << 31), Token::U32),
        ("ld_u64", LdU64(u64::MAX), Token::U64),
        ("ld_u128", LdU128(0), Token::U128),
        ("ld_u256", LdU256(0), Token::U256),
        ("ld_true", LdTrue, Token::Bool),
        ("ld_bytes", LdConst(bytes), vector(Token::U8)),
        ("ld_words", LdConst(words), vector(Token::U64)),
    ];
    for (name, load, token) in loads {
        fixture.function(name, &[], &[token], &[], &[load, Ret]);
        if name == "ld_u128" || name == "ld_u256" {
            fixture.integers(&["340282366920938463463374607431768211455"]);
        }
    }
    fixture.function("ld_false", &[], &[Token::Bool], &[], &[LdFalse, Nop, Ret]);
    // Gauss's sum, by a loop.
    let code = [
        LdU64(0),
        StLoc(1),
        CopyLoc(0),
        LdU64(0),
        Gt,
        BrTrue(8),
        MoveLoc(1),
        Ret,
        MoveLoc(1),
        CopyLoc(0),
        Add,
        StLoc(1),
        MoveLoc(0),
        LdU64(1),
        Sub,
        StLoc(0),
        Branch(2),
    ];
    fixture.function("sum", &[Token::U64], &[Token::U64], &[Token::U64], &code);
    let code = [
        MoveLoc(0),
        MoveLoc(1),
        Or,
        BrFalse(6),
        LdU64(7),
        Abort,
        LdTrue,
        LdFalse,
        And,
        Not,
        Pop,
        Ret,
    ];
    let flags = [Token::Bool, Token::Bool];
    fixture.function("stop", &flags, &[], &[], &code);
    let most = "340282366920938463463374607431768211455";
    for (name, expected) in [
        ("ld_u8", one("255")),
        ("ld_u16", one("65535")),
        ("ld_u32", one("2147483648")),
        ("ld_u64", one("18446744073709551615")),
        ("ld_u128", one(most)),
        ("ld_u256", one(most)),
        ("ld_true", results("true")),
        ("ld_false", results("false")),
        ("ld_bytes", one("0x01ff")),
        ("ld_words", results("[\"1\"]")),
    ] {
        calls.give(name, &[], &expected);
    }
    calls.give("sum", &["100"], &one("5050"));
    calls.give("stop", &["false", "false"], &results(""));
    let stopped = "\"code\":\"7\",\"function\":\"stop\",\"gas_used\":6";
    calls.give("stop", &["true", "false"], stopped);
    calls.call(
        "sum",
        &["--arg", "100", "--gas", "500"],
        "\"gas_used\":500,\"kind\":\"OUT_OF_GAS\"",
    );
}

fn structs_and_references(calls: &mut Calls) {
    let fixture = &mut calls.fixture;
    let (pair, cell) = (fixture.pair, fixture.cell);
    let of_pair = fixture.of(pair);
    let a = fixture.build.field(pair, 0);
    let b = fixture.build.field(pair, 1);
    let code = [MoveLoc(0), MoveLoc(1), Pack(pair), Ret];
    let fields = [Token::U64, Token::Bool];
    fixture.function("pack", &fields, std::slice::from_ref(&of_pair), &[], &code);
    let code = [MoveLoc(0), Unpack(pair), Ret];
    fixture.function(
        "unpack",
        std::slice::from_ref(&of_pair),
        &fields,
        &[],
        &code,
    );
    // p.a = p.a + 1; whether !p.b, of a copy
    let code = [
        CopyLoc(0),
        MutBorrowField(a),
        StLoc(1),
        CopyLoc(1),
        ReadRef,
        LdU64(1),
        Add,
        MoveLoc(1),
        WriteRef,
        MoveLoc(0),
        FreezeRef,
        ImmBorrowField(b),
        ReadRef,
        Not,
        Ret,
    ];
    let parameters = [mutable(of_pair.clone())];
    let locals = [mutable(Token::U64)];
    fixture.function("increase", &parameters, &[Token::Bool], &locals, &code);
    // Locals: one is borrowed and written, the other is a copy that keeps its value.
    let code = [
        CopyLoc(0),
        StLoc(1),
        MoveLoc(1),
        MutBorrowLoc(0),
        WriteRef,
        LdU64(9),
        MutBorrowLoc(0),
        WriteRef,
        ImmBorrowLoc(0),
        ReadRef,
        Ret,
    ];
    let number = [Token::U64];
    fixture.function("local", &number, &number, &number, &code);
    // Equality of structs behind references.
    let code = [ImmBorrowLoc(0), ImmBorrowLoc(1), Eq, Ret];
    let two = [of_pair.clone(), of_pair.clone()];
    fixture.function("same", &two, &[Token::Bool], &[], &code);
    // Generics.
    let item = Token::Parameter(0);
    let of_cell = fixture.with(cell, item.clone());
    let instance = fixture
        .build
        .struct_instance(cell, std::slice::from_ref(&item));
    let field = fixture.build.field(cell, 0);
    let field = fixture
        .build
        .field_instance(field, std::slice::from_ref(&item));
    let code = [MoveLoc(0), PackGeneric(instance), Ret];
    let wrap = fixture.generic(
        "wrap",
        &[PLAIN],
        std::slice::from_ref(&item),
        std::slice::from_ref(&of_cell),
        &[],
        &code,
    );
    let code = [
        MoveLoc(1),
        MutBorrowLoc(0),
        MutBorrowFieldGeneric(field),
        WriteRef,
        ImmBorrowLoc(0),
        ImmBorrowFieldGeneric(field),
        ReadRef,
        MoveLoc(0),
        UnpackGeneric(instance),
        Ret,
    ];
    let parameters = [of_cell, item.clone()];
    let both = [item.clone(), item.clone()];
    fixture.generic("replace", &[PLAIN], &parameters, &both, &[], &code);
    let call = fixture.build.function_instance(wrap, &[vector(Token::U8)]);
    let bytes = fixture.build.constant(vector(Token::U8), &[1, 7]);
    let code = [LdConst(bytes), CallGeneric(call), Ret];
    let result = [fixture.with(cell, vector(Token::U8))];
    fixture.function("wrapped", &[], &result, &[], &code);
    // Recursion without an end.
    let own = fixture.build.module.own_handle;
    let handle = fixture
        .build
        .function_handle(own, "forever", &[], &number, &number);
    let code = [MoveLoc(0), Call(handle), Ret];
    fixture.build.define(handle, &[], &[], &code);

    calls.give("pack", &["3", "true"], &results("{\"a\":\"3\",\"b\":true}"));
    calls.give("unpack", &["{\"a\":3,\"b\":true}"], &results("\"3\",true"));
    let changed = "\"references\":[{\"a\":\"4\",\"b\":true}],\"results\":[false]";
    calls.give("increase", &["{\"a\":3,\"b\":true}"], changed);
    calls.give("local", &["5"], &one("9"));
    let (x, y) = ("{\"a\":3,\"b\":true}", "{\"a\":3,\"b\":false}");
    calls.give("same", &[x, x], &results("true"));
    calls.give("same", &[x, y], &results("false"));
    let of = ["--type", "0xa::m::Cell<u128>", "--arg", "{\"item\":\"8\"}"];
    calls.call("wrap", &of, &results("{\"item\":{\"item\":\"8\"}}"));
    let of = [
        "--type",
        "address",
        "--arg",
        "{\"item\":\"0x1\"}",
        "--arg",
        "\"0x2\"",
    ];
    let address = format!("\"0x{:064x}\"", 2);
    calls.call("replace", &of, &results(&format!("{address},{address}")));
    calls.give("wrapped", &[], &results("{\"item\":\"0x07\"}"));
    calls.give("forever", &["1"], "\"kind\":\"CALL_STACK_OVERFLOW\"");
}

fn vectors(calls: &mut Calls) {
    let fixture = &mut calls.fixture;
    for (name, element) in [("words", Token::U64), ("bytes", Token::U8)] {
        let of = fixture.build.signature(std::slice::from_ref(&element));
        let list = [vector(element.clone())];
        let two = [element.clone(), element.clone()];
        let code = [MoveLoc(0), MoveLoc(1), VecPack(of, 2), Ret];
        fixture.function(&format!("pack_{name}"), &two, &list, &[], &code);
        let code = [MoveLoc(0), VecUnpack(of, 2), Ret];
        fixture.function(&format!("unpack_{name}"), &list, &two, &[], &code);
        let code = [ImmBorrowLoc(0), VecLen(of), Ret];
        fixture.function(&format!("length_{name}"), &list, &[Token::U64], &[], &code);
        let code = [ImmBorrowLoc(0), MoveLoc(1), VecImmBorrow(of), ReadRef, Ret];
        let indexed = [vector(element.clone()), Token::U64];
        let result = [element.clone()];
        fixture.function(&format!("get_{name}"), &indexed, &result, &[], &code);
        let code = [
            MoveLoc(2),
            MoveLoc(0),
            MoveLoc(1),
            VecMutBorrow(of),
            WriteRef,
            Ret,
        ];
        let set = [
            mutable(vector(element.clone())),
            Token::U64,
            element.clone(),
        ];
        fixture.function(&format!("set_{name}"), &set, &[], &[], &code);
        let code = [MoveLoc(0), MoveLoc(1), VecPushBack(of), Ret];
        let push = [mutable(vector(element.clone())), element.clone()];
        fixture.function(&format!("push_{name}"), &push, &[], &[], &code);
        let code = [MoveLoc(0), VecPopBack(of), Ret];
        let pop = [mutable(vector(element.clone()))];
        fixture.function(&format!("pop_{name}"), &pop, &result, &[], &code);
        let code = [MoveLoc(0), MoveLoc(1), MoveLoc(2), VecSwap(of), Ret];
        let swap = [mutable(vector(element.clone())), Token::U64, Token::U64];
        fixture.function(&format!("swap_{name}"), &swap, &[], &[], &code);
    }
    for (name, list, other) in [
        ("words", "[\"1\",\"2\"]", "[\"2\",\"1\"]"),
        ("bytes", "\"0x0102\"", "\"0x0201\""),
    ] {
        let call = |what: &str| format!("{what}_{name}");
        let changed = |list: &str| format!("\"references\":[{list}]");
        calls.give(&call("pack"), &["1", "2"], &results(list));
        calls.give(&call("unpack"), &[list], &results("\"1\",\"2\""));
        calls.give(&call("unpack"), &["[1]"], VECTOR);
        calls.give(&call("length"), &[list], &one("2"));
        calls.give(&call("get"), &[list, "1"], &one("2"));
        calls.give(&call("get"), &[list, "2"], VECTOR);
        calls.give(&call("set"), &["[1,1]", "1", "2"], &changed(list));
        calls.give(
            &call("set"),
            &["[1,1]", "18446744073709551615", "2"],
            VECTOR,
        );
        calls.give(&call("push"), &["[1]", "2"], &changed(list));
        calls.give(&call("pop"), &["[2,1]"], &one("1"));
        calls.give(&call("pop"), &["[]"], VECTOR);
        calls.give(&call("swap"), &[list, "0", "1"], &changed(other));
        calls.give(&call("swap"), &[list, "0", "2"], VECTOR);
    }
}

fn globals(calls: &mut Calls) {
    let fixture = &mut calls.fixture;
    let (coin, vault) = (fixture.coin, fixture.vault);
    let of_coin = fixture.of(coin);
    let value = fixture.build.field(coin, 0);
    let signer = reference(Token::Signer);
    let at = [Token::Address];
    let number = [Token::U64];
    let code = [MoveLoc(0), MoveLoc(1), Pack(coin), MoveTo(coin), Ret];
    fixture.function("put", &[signer.clone(), Token::U64], &[], &[], &code);
    let code = [MoveLoc(0), Exists(coin), Ret];
    fixture.function("has", &at, &[Token::Bool], &[], &code);
    let code = [
        MoveLoc(0),
        ImmBorrowGlobal(coin),
        ImmBorrowField(value),
        ReadRef,
        Ret,
    ];
    fixture.function("see", &at, &number, &[], &code);
    fixture.acquires(&[coin]);
    let code = [
        MoveLoc(1),
        MoveLoc(0),
        MutBorrowGlobal(coin),
        MutBorrowField(value),
        WriteRef,
        Ret,
    ];
    fixture.function("set", &[Token::Address, Token::U64], &[], &[], &code);
    fixture.acquires(&[coin]);
    let code = [MoveLoc(0), MoveFrom(coin), Ret];
    fixture.function("take", &at, &[of_coin], &[], &code);
    fixture.acquires(&[coin]);
    // The same of a struct with a type argument.
    let item = Token::Parameter(0);
    let stored = [Abilities(7)];
    let instance = fixture
        .build
        .struct_instance(vault, std::slice::from_ref(&item));
    let inner = fixture.build.field(vault, 0);
    let inner = fixture
        .build
        .field_instance(inner, std::slice::from_ref(&item));
    let of_vault = fixture.with(vault, item.clone());
    let code = [
        MoveLoc(0),
        MoveLoc(1),
        PackGeneric(instance),
        MoveToGeneric(instance),
        Ret,
    ];
    fixture.generic(
        "put_vault",
        &stored,
        &[signer, item.clone()],
        &[],
        &[],
        &code,
    );
    let code = [MoveLoc(0), ExistsGeneric(instance), Ret];
    fixture.generic("has_vault", &stored, &at, &[Token::Bool], &[], &code);
    let code = [
        MoveLoc(0),
        ImmBorrowGlobalGeneric(instance),
        ImmBorrowFieldGeneric(inner),
        ReadRef,
        Ret,
    ];
    fixture.generic(
        "see_vault",
        &stored,
        &at,
        std::slice::from_ref(&item),
        &[],
        &code,
    );
    fixture.acquires(&[vault]);
    let code = [
        MoveLoc(1),
        MoveLoc(0),
        MutBorrowGlobalGeneric(instance),
        MutBorrowFieldGeneric(inner),
        WriteRef,
        Ret,
    ];
    fixture.generic(
        "set_vault",
        &stored,
        &[Token::Address, item],
        &[],
        &[],
        &code,
    );
    fixture.acquires(&[vault]);
    let code = [MoveLoc(0), MoveFromGeneric(instance), Ret];
    fixture.generic("take_vault", &stored, &at, &[of_vault], &[], &code);
    fixture.acquires(&[vault]);

    let owner = format!("\"0x{:064x}\":", 5);
    let own = format!("0x{:064x}::m::", 0xA);
    let kept = format!("\"storage\":{{{owner}{{\"{own}Coin\":{{\"value\":\"8\"}}}}}}");
    let there = "{\"0x5\":{\"0xa::m::Coin\":{\"value\":8}}}";
    let older = "{\"0x5\":{\"0xa::m::Coin\":{\"value\":1}}}";
    let empty = "\"storage\":{}";
    let five = ["--arg", "\"0x5\""];
    let with = |storage, more: &[&'static str]| -> Vec<&'static str> {
        [&["--storage", storage], &five[..], more].concat()
    };
    calls.call("put", &with("{}", &["--arg", "8"]), &kept);
    let exists = "\"kind\":\"RESOURCE_ALREADY_EXISTS\"";
    calls.call("put", &with(there, &["--arg", "8"]), exists);
    calls.call("has", &with(there, &[]), &results("true"));
    calls.call("has", &with("{}", &[]), &results("false"));
    calls.call("see", &with(there, &[]), &one("8"));
    let missing = "\"kind\":\"MISSING_DATA\"";
    calls.call("see", &with("{}", &[]), missing);
    calls.call("set", &with(older, &["--arg", "8"]), &kept);
    calls.call("set", &with("{}", &["--arg", "8"]), missing);
    calls.call("take", &with(there, &[]), empty);
    calls.call("take", &with("{}", &[]), missing);
    let kept = format!("{owner}{{\"{own}Vault<vector<u8>>\":{{\"inner\":\"0x08\"}}}}");
    let there = "{\"0x5\":{\"0xa::m::Vault<vector<u8>>\":{\"inner\":\"0x08\"}}}";
    let of = ["--type", "vector<u8>"];
    let more = ["--type", "vector<u8>", "--arg", "\"0x08\""];
    calls.call("put_vault", &with("{}", &more), &kept);
    calls.call("put_vault", &with(there, &more), exists);
    calls.call("has_vault", &with(there, &of), &results("true"));
    calls.call(
        "has_vault",
        &with(there, &["--type", "u8"]),
        &results("false"),
    );
    calls.call("see_vault", &with(there, &of), &one("0x08"));
    calls.call("see_vault", &with(there, &["--type", "u8"]), missing);
    calls.call("set_vault", &with(there, &more), &kept);
    calls.call("take_vault", &with(there, &of), empty);
}

/// Every call, and the module that they are of.
fn all() -> Calls {
    let mut calls = Calls::new();
    constants_and_control(&mut calls);
    structs_and_references(&mut calls);
    vectors(&mut calls);
    globals(&mut calls);
    calls
}

fn compare(guest: &Guest, calls: &Calls) {
    for (function, options, expected) in &calls.calls {
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let arguments = calls.fixture.call(function, &options);
        let (code, line) = library(&arguments);
        assert!(
            code == 0 && line.contains(expected.as_str()),
            "{function} {options:?}: {line} has not {expected}"
        );
        let (native, printed) = guest.run(&arguments);
        assert_eq!((native, printed), (0, vec![line]), "{function} {options:?}");
    }
}

#[test]
fn each_instruction_does_what_move_says() {
    compare(Guest::load(), &all());
}

#[test]
fn integers_of_all_widths_stay_within_them() {
    let mut calls = Calls::new();
    integers(&mut calls);
    compare(Guest::load(), &calls);
}

/// The traces of all calls name every instruction of the format, so each of them was executed.
#[test]
fn every_instruction_is_executed() {
    let mut integers_too = Calls::new();
    integers(&mut integers_too);
    let mut executed = BTreeSet::new();
    for calls in [all(), integers_too] {
        for (function, options, _) in &calls.calls {
            let options: Vec<&str> = options.iter().map(String::as_str).collect();
            let mut arguments = calls.fixture.call(function, &options);
            arguments.push("--trace".to_string());
            let mut note = |text: &str| {
                let word = text.split(' ').nth(2).unwrap_or_default();
                let name = word.split('(').next().unwrap_or_default();
                executed.insert(name.to_string());
            };
            movevm::run::run_traced(&arguments, &mut note).expect("it runs");
        }
    }
    let missing: Vec<&str> = (TABLE.iter().map(|(_, name, _)| *name))
        .filter(|name| !executed.contains(*name))
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
}

#[test]
fn the_guest_prints_a_trace() {
    let mut fixture = Fixture::new();
    let number = [Token::U64];
    let code = [MoveLoc(0), LdU64(2), Mul, Ret];
    fixture.function("double", &number, &number, &[], &code);
    let arguments = fixture.call("double", &["--arg", "21", "--trace"]);
    let (code, printed) = Guest::load().run(&arguments);
    assert_eq!(code, 0);
    let name = format!("0x{:064x}::m::double", 0xA);
    let gas = |used: u64| 10_000_000 - used;
    assert_eq!(
        printed[..4],
        [
            format!(
                "{name} 0: MoveLoc(0) gas={} depth=0\n  local 0: 21u64",
                gas(0)
            ),
            format!(
                "{name} 1: LdU64(2) gas={} depth=0\n  stack 0: 21u64\n  local 0: -",
                gas(1)
            ),
            format!(
                "{name} 2: Mul gas={} depth=0\n  stack 0: 21u64\n  stack 1: 2u64\n  local 0: -",
                gas(2)
            ),
            format!(
                "{name} 3: Ret gas={} depth=0\n  stack 0: 42u64\n  local 0: -",
                gas(3)
            ),
        ]
    );
    assert!(printed[4].contains(&one("42")), "{printed:?}");
}

#[test]
fn natives_of_the_standard_library_are_there() {
    use movevm::build::Build;
    let mut build = Build::new(small_address(1), "hash");
    let own = build.module.own_handle;
    let bytes = [vector(Token::U8)];
    for name in ["sha2_256", "sha3_256", "other"] {
        let handle = build.function_handle(own, name, &[], &bytes, &bytes);
        build.define(handle, &[], &[], &[]);
        let last = build.module.function_definitions.last_mut();
        last.expect("it was added").code = None;
    }
    let module = movevm::face::text::hex(&build.bytes());
    let guest = Guest::load();
    for (name, expected) in [
        (
            "sha2_256",
            "0xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (
            "sha3_256",
            "0x3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
        ),
        ("other", "\"kind\":\"MISSING_DEPENDENCY\""),
    ] {
        let function = format!("0x1::hash::{name}");
        let words = [
            "run",
            "--module",
            &module,
            "--function",
            &function,
            "--arg",
            "\"0x616263\"",
        ];
        let arguments: Vec<String> = words.map(str::to_string).to_vec();
        let (code, line) = library(&arguments);
        assert!(line.contains(expected), "{line}");
        assert_eq!(guest.run(&arguments), (code, vec![line]));
    }
}
