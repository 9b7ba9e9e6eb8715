//! What is bounded: the depth of calls, of values and of types, the operand stack, the locals, memory, and the work of the
//! verifier. Each bound ends in a defined way, in the guest too, whose stack is small.

use movevm::format::Token;
use movevm::instruction::{Instruction, Instruction::*};

use crate::fixture::{Fixture, PLAIN, mutable, vector};
use crate::guest::{Guest, library};

/// Library and guest give the same code, and a line that has `expected`.
fn expect(fixture: &Fixture, more: &[&str], code: i8, expected: &str) {
    let arguments = fixture.call("f", more);
    let (given, line) = library(&arguments);
    assert!(given == code && line.contains(expected), "{given} {line}");
    assert_eq!(Guest::load().run(&arguments), (given, vec![line]));
}

/// `f<T>(item: T, left: u64)` calls itself with what `wrap` makes of the item, of type `wrapped`, until nothing is left.
fn growing(fixture: &mut Fixture, wrapped: Token, wrap: &[Instruction]) {
    let own = fixture.build.module.own_handle;
    let item = Token::Parameter(0);
    let parameters = [item, Token::U64];
    let handle = fixture
        .build
        .function_handle(own, "f", &[PLAIN], &parameters, &[]);
    let instance = fixture.build.function_instance(handle, &[wrapped]);
    let mut code = vec![
        CopyLoc(1),
        LdU64(0),
        Eq,
        BrFalse(9),
        // The deepest value is copied and compared before all of them are dropped.
        CopyLoc(0),
        CopyLoc(0),
        Eq,
        Pop,
        Ret,
    ];
    code.extend(wrap);
    code.extend([CopyLoc(1), LdU64(1), Sub, CallGeneric(instance), Ret]);
    fixture.build.define(handle, &[], &[], &code);
}

#[test]
fn values_nest_as_deep_as_they_may_and_no_deeper() {
    let mut fixture = Fixture::new();
    let item = Token::Parameter(0);
    let instance = fixture
        .build
        .struct_instance(fixture.cell, std::slice::from_ref(&item));
    let wrapped = fixture.with(fixture.cell, item);
    growing(&mut fixture, wrapped, &[CopyLoc(0), PackGeneric(instance)]);
    let call = |left| ["--type", "u8", "--arg", "1", "--arg", left];
    expect(&fixture, &call("127"), 0, "\"status\":\"success\"");
    let deeper = "\"kind\":\"VM_MAX_VALUE_DEPTH_REACHED\"";
    expect(&fixture, &call("128"), 0, deeper);

    let mut fixture = Fixture::new();
    let of = fixture.build.signature(&[Token::Parameter(0)]);
    let wrapped = vector(Token::Parameter(0));
    growing(&mut fixture, wrapped, &[CopyLoc(0), VecPack(of, 1)]);
    expect(&fixture, &call("127"), 0, "\"status\":\"success\"");
    expect(&fixture, &call("128"), 0, deeper);
}

/// A struct in a struct in a struct: read from JSON, copied, and written as JSON.
#[test]
fn structs_nest_as_deep_as_json_can() {
    let chain = |depth: usize| {
        let mut fixture = Fixture::new();
        let mut token = Token::U64;
        for level in 0..depth {
            let fields = [("x", token)];
            let name = format!("S{level}");
            let (handle, _) = fixture.build.structure(&name, PLAIN, &[], &fields);
            token = Token::Struct(handle);
        }
        let one = [token];
        fixture.function("f", &one, &one, &[], &[CopyLoc(0), Ret]);
        let json = format!("{}\"7\"{}", "{\"x\":".repeat(depth), "}".repeat(depth));
        (fixture, json)
    };
    let (fixture, json) = chain(120);
    let expected = format!("\"results\":[{json}]");
    expect(&fixture, &["--arg", &json], 0, &expected);
    let (fixture, json) = chain(128);
    expect(&fixture, &["--arg", &json], 26, "0xa::m::f");
}

#[test]
fn types_have_a_bounded_size() {
    // A phantom argument makes the type larger, and not the value.
    let mut fixture = Fixture::new();
    let item = Token::Parameter(0);
    let wrapped = fixture.with(fixture.tag, item.clone());
    let instance = fixture.build.struct_instance(fixture.tag, &[item]);
    let wrap = [LdU64(1), PackGeneric(instance)];
    growing(&mut fixture, wrapped, &wrap);
    let call = |left| ["--type", "u8", "--arg", "1", "--arg", left];
    expect(&fixture, &call("255"), 0, "\"status\":\"success\"");
    expect(
        &fixture,
        &call("256"),
        0,
        "\"kind\":\"TOO_MANY_TYPE_NODES\"",
    );
}

#[test]
fn stacks_and_locals_are_bounded() {
    let mut fixture = Fixture::new();
    let own = fixture.build.module.own_handle;
    let handle = fixture.build.function_handle(own, "f", &[], &[], &[]);
    let mut code = vec![LdTrue; 100];
    code.push(Call(handle));
    code.extend(vec![Pop; 100]);
    code.push(Ret);
    fixture.build.define(handle, &[], &[], &code);
    expect(&fixture, &[], 0, "\"kind\":\"EXECUTION_STACK_OVERFLOW\"");

    let mut fixture = Fixture::new();
    let own = fixture.build.module.own_handle;
    let handle = fixture.build.function_handle(own, "f", &[], &[], &[]);
    let locals = vec![Token::U64; 255];
    fixture
        .build
        .define(handle, &[], &locals, &[Call(handle), Ret]);
    expect(&fixture, &[], 0, "\"kind\":\"CALL_STACK_OVERFLOW\"");
}

#[test]
fn arguments_that_nest_too_deep_are_refused() {
    let mut fixture = Fixture::new();
    fixture.generic("f", &[PLAIN], &[vector(Token::U64)], &[], &[], &[Ret]);
    let deep = "[".repeat(3000);
    expect(
        &fixture,
        &["--type", "u8", "--arg", &deep],
        27,
        "argument 0",
    );
    let deep = format!("{}u8{}", "vector<".repeat(3000), ">".repeat(3000));
    let expected = "TYPE_RESOLUTION_FAILURE";
    expect(&fixture, &["--type", &deep, "--arg", "[]"], 26, expected);
    let mut token = Token::U8;
    for _ in 0..40 {
        token = vector(token);
    }
    fixture.build.signature(&[token]);
    expect(&fixture, &[], 12, "SIGNATURE_TOO_DEEP");
}

#[test]
fn the_verifier_works_within_bounds() {
    // Many blocks, many locals: each block has a state of all locals.
    let mut fixture = Fixture::new();
    let mut code = Vec::new();
    for at in 0..5_000 {
        code.extend([LdTrue, BrTrue(2 * at + 2)]);
    }
    code.push(Ret);
    let locals = vec![Token::U64; 250];
    fixture.function("f", &[], &[], &locals, &code);
    expect(&fixture, &[], 29, "PROGRAM_TOO_COMPLEX");

    // Many references that all borrow from each other.
    let mut fixture = Fixture::new();
    let mut code = Vec::new();
    let pair = fixture.of(fixture.pair);
    for round in 0..3000u16 {
        let (from, to) = ((round % 100) as u8, ((round * 7 + 1) % 100) as u8);
        code.extend([CopyLoc(from), StLoc(to)]);
    }
    code.push(Ret);
    let given = vec![mutable(pair); 100];
    fixture.function("f", &given, &[], &[], &code);
    let arguments = fixture.call("f", &[]);
    let (code, line) = library(&arguments);
    assert!(code != 0, "{line}");
    assert_eq!(Guest::load().run(&arguments), (code, vec![line]));
}

#[test]
fn memory_that_the_guest_lacks_is_a_code() {
    let mut fixture = Fixture::new();
    let of = fixture.build.signature(&[Token::U256]);
    let code = [
        VecPack(of, 0),
        StLoc(0),
        MutBorrowLoc(0),
        LdU256(0),
        VecPushBack(of),
        Branch(2),
    ];
    fixture.function("f", &[], &[], &[vector(Token::U256)], &code);
    fixture.integers(&["1"]);
    let arguments = fixture.call("f", &["--gas", "1000000"]);
    let (code, printed) = Guest::load().run(&arguments);
    assert_eq!((code, printed), (102, Vec::new()));
    assert!(library(&arguments).1.contains("OUT_OF_GAS"));
}
