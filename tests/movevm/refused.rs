//! Modules that no compiler makes, each broken in one way, with the error that the verifier must give.

mod locals;
mod places;
mod references;
mod signatures;
mod stack;
mod tables;

use movevm::build::small_address;
use movevm::format::{Index, Token, Visibility};
use movevm::instruction::{Instruction, Instruction::*};
use movevm::world::World;
use movevm::wrong::Code;

use crate::fixture::Fixture;
use crate::guest::{Guest, library};

/// What is broken, the code, the name, and how.
type Row = (&'static str, Code, &'static str, fn(&mut Fixture));

/// A function without parameters.
fn code(fixture: &mut Fixture, instructions: &[Instruction]) {
    fixture.function("f", &[], &[], &[], instructions);
}

fn of_pair(fixture: &Fixture) -> Token {
    fixture.of(fixture.pair)
}

/// A list of one signature for vectors of `u64`.
fn words(fixture: &mut Fixture) -> Index {
    fixture.build.signature(&[Token::U64])
}

/// Definition, field, and a function that acquires a coin.
fn coin_value(fixture: &mut Fixture) -> Index {
    let coin = fixture.coin;
    fixture.build.field(coin, 0)
}

fn rows() -> impl Iterator<Item = &'static Row> {
    [
        tables::ROWS,
        signatures::ROWS,
        stack::ROWS,
        places::ROWS,
        locals::ROWS,
        references::ROWS,
    ]
    .into_iter()
    .flatten()
}

#[test]
fn a_broken_module_is_refused_for_what_is_broken() {
    let guest = Guest::load();
    let mut unlike = Vec::new();
    assert!(rows().count() >= 100, "{}", rows().count());
    for (what, code, name, damage) in rows() {
        let mut fixture = Fixture::new();
        damage(&mut fixture);
        let arguments = fixture.call("f", &[]);
        let (given, text) = library(&arguments);
        if given != *code as i8 || !text.starts_with(name) {
            unlike.push(format!("{what}: {given} {text}, and not {code:?} {name}"));
        }
        assert_eq!(guest.run(&arguments), (given, vec![text]), "{what}");
    }
    assert!(unlike.is_empty(), "{}", unlike.join("\n"));
}

/// Two modules, of which the second calls the first.
fn linked(change: impl FnOnce(&mut Fixture, &mut Fixture)) -> Result<World, movevm::wrong::Wrong> {
    let mut first = Fixture::new();
    first.function("f", &[Token::U64], &[], &[], &[Ret]);
    let mut second = Fixture::new();
    second.build.module.identifiers[0] = "n".to_string();
    let other = second.build.module_handle(small_address(0xA), "m");
    let callee = second
        .build
        .function_handle(other, "f", &[], &[Token::U64], &[]);
    second.function("g", &[], &[], &[], &[LdU64(1), Call(callee), Ret]);
    change(&mut first, &mut second);
    World::load(&[first.build.bytes(), second.build.bytes()])
}

#[test]
fn modules_must_fit_each_other() {
    let refused = |change: fn(&mut Fixture, &mut Fixture)| {
        let wrong = linked(change).expect_err("it does not fit");
        assert_eq!(wrong.code, Code::Link, "{wrong}");
        wrong.name
    };
    assert!(linked(|_, _| {}).is_ok());
    assert_eq!(
        refused(|first, _| {
            first.build.module.function_definitions[0].visibility = Visibility::Private;
        }),
        "FUNCTION_NOT_VISIBLE"
    );
    assert_eq!(
        refused(|first, _| {
            first.build.module.function_definitions[0].visibility = Visibility::Friend;
        }),
        "FUNCTION_NOT_VISIBLE"
    );
    let friend = linked(|first, _| {
        first.build.module.function_definitions[0].visibility = Visibility::Friend;
        let name = first.build.name("n");
        first
            .build
            .module
            .friends
            .push(movevm::format::ModuleHandle { address: 0, name });
    });
    assert!(friend.is_ok(), "{friend:?}");
    assert_eq!(
        refused(|first, _| {
            let signature = first.build.signature(&[Token::U8]);
            first.build.module.functions[0].parameters = signature;
        }),
        "TYPE_MISMATCH"
    );
    assert_eq!(
        refused(|first, _| first.build.module.identifiers[0] = "other".to_string()),
        "MISSING_DEPENDENCY"
    );
    assert_eq!(
        refused(|first, _| {
            let name = first.build.name("other");
            first.build.module.functions[0].name = name;
        }),
        "LOOKUP_FAILED"
    );
    // The first needs the second too.
    assert_eq!(
        refused(|first, _| {
            let other = first.build.module_handle(small_address(0xA), "n");
            first.build.function_handle(other, "g", &[], &[], &[]);
        }),
        "CYCLIC_MODULE_DEPENDENCY"
    );
    let twice = linked(|_, second| second.build.module.identifiers[0] = "m2".to_string());
    assert!(twice.is_ok());
    let module = Fixture::new().build.bytes();
    let twice = World::load(&[&module, &module]).expect_err("twice the same");
    assert_eq!(twice.code, Code::Duplicate);
}

#[test]
fn bytes_that_are_no_module_are_refused() {
    let module = Fixture::new().build.bytes();
    let refused = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = module.clone();
        change(&mut bytes);
        World::load(&[bytes]).expect_err("it is broken").code
    };
    assert_eq!(refused(&|bytes| bytes[0] = 0), Code::Header);
    assert_eq!(refused(&|bytes| bytes[4] = 4), Code::Header);
    assert_eq!(refused(&|bytes| bytes[4] = 8), Code::Header);
    assert_eq!(refused(&|bytes| bytes.truncate(5)), Code::Header);
    assert_eq!(refused(&|bytes| bytes.truncate(40)), Code::Malformed);
    assert_eq!(refused(&|bytes| bytes.push(0)), Code::Malformed);
    // The first table's kind: twice the same, unknown, one of newer formats.
    assert_eq!(refused(&|bytes| bytes[9] = 2), Code::Malformed);
    assert_eq!(refused(&|bytes| bytes[9] = 0x70), Code::Malformed);
    assert_eq!(refused(&|bytes| bytes[9] = 0x11), Code::Unsupported);
}
