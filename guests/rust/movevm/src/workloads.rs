//! The built-in workloads: what tests and benches run. Each checks its result.
//!
//! `work.mv` is what a published compiler makes of `work.move`. Its flavour has no global storage, so that workload is
//! made by hand.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::build::Build;
use crate::face::run::{self, Options};
use crate::format::{Abilities, Token};
use crate::instruction::Instruction::*;
use crate::world::World;
use crate::wrong::{Code, Wrong};

/// The compiled module.
pub const WORK: &[u8] = include_bytes!("../workloads/work.mv");

/// A workload.
pub struct Workload {
    /// Its name, which is the function's.
    pub name: &'static str,
    /// Its argument.
    pub argument: &'static str,
    /// What it returns.
    pub result: &'static str,
}

/// All of them.
pub const ALL: [Workload; 7] = [
    Workload {
        name: "loops",
        argument: "30",
        result: "111",
    },
    Workload {
        name: "recursion",
        argument: "10",
        result: "55",
    },
    Workload {
        name: "vectors",
        argument: "80",
        result: "417412477",
    },
    Workload {
        name: "structs",
        argument: "100",
        result: "9240",
    },
    Workload {
        name: "generics",
        argument: "30",
        result: "705",
    },
    Workload {
        name: "wide",
        argument: "60",
        result: "742049286",
    },
    Workload {
        name: "storage",
        argument: "60",
        result: "80121",
    },
];

/// A module with a counter in global storage: each round borrows it, writes it, and every fourth takes it out and puts
/// it back.
#[must_use]
pub fn storage_module() -> Vec<u8> {
    let mut build = Build::new([0; 32], "bank");
    let (handle, counter) =
        build.structure("Counter", Abilities::KEY, &[], &[("value", Token::U64)]);
    let field = build.field(counter, 0);
    let own = build.module.own_handle;
    let signer = Token::Reference(Token::Signer.into());
    let parameters = [signer, Token::Address, Token::U64];
    let function = build.function_handle(own, "storage", &[], &parameters, &[Token::U64]);
    let counter_reference = Token::Mutable(Token::U64.into());
    build.define(
        function,
        &[counter],
        &[Token::U64, counter_reference, Token::Struct(handle)],
        &[
            // The counter begins with 1.
            LdU64(0),
            StLoc(3),
            CopyLoc(0),
            LdU64(1),
            Pack(counter),
            MoveTo(counter),
            // 6: while the rounds are not over
            CopyLoc(3),
            CopyLoc(2),
            Lt,
            BrFalse(42),
            // 10: value = (value * 31 + round) % 1000003
            CopyLoc(1),
            MutBorrowGlobal(counter),
            MutBorrowField(field),
            StLoc(4),
            CopyLoc(4),
            ReadRef,
            LdU64(31),
            Mul,
            CopyLoc(3),
            Add,
            LdU64(1_000_003),
            Mod,
            MoveLoc(4),
            WriteRef,
            CopyLoc(3),
            LdU64(1),
            Add,
            StLoc(3),
            CopyLoc(3),
            LdU64(4),
            Mod,
            LdU64(0),
            Eq,
            BrFalse(6),
            // 34: out of the storage and back
            CopyLoc(1),
            MoveFrom(counter),
            StLoc(5),
            CopyLoc(0),
            MoveLoc(5),
            MoveTo(counter),
            Nop,
            Branch(6),
            // 42
            CopyLoc(1),
            Exists(counter),
            BrFalse(49),
            MoveLoc(1),
            MoveFrom(counter),
            Unpack(counter),
            Ret,
            // 49
            LdU64(1),
            Abort,
        ],
    );
    build.bytes()
}

/// One workload, so often. Its module is read, verified and linked once.
///
/// # Errors
/// There is none of that name, or it gave something else.
pub fn run_named(name: &str, rounds: u64) -> Result<(), Wrong> {
    let (workload, world) = load(name)?;
    for _ in 0..rounds {
        let line = run_once(workload, &world)?;
        let expected = alloc::format!("\"results\":[\"{}\"]", workload.result);
        if !line.contains(&expected) {
            return Err(Wrong::new(Code::Workload, "another result").at(line));
        }
    }
    Ok(())
}

/// What one call of a workload prints.
///
/// # Errors
/// There is none of that name.
pub fn line(name: &str) -> Result<String, Wrong> {
    let (workload, world) = load(name)?;
    run_once(workload, &world)
}

fn load(name: &str) -> Result<(&'static Workload, World), Wrong> {
    let workload = ALL.iter().find(|workload| workload.name == name);
    let workload = workload.ok_or_else(|| Wrong::new(Code::Arguments, "no such workload"))?;
    let module = match name {
        "storage" => storage_module(),
        _ => WORK.to_vec(),
    };
    Ok((workload, World::load(&[module])?))
}

/// Calls the function of a workload; what it prints.
fn run_once(workload: &Workload, world: &World) -> Result<String, Wrong> {
    let module = if workload.name == "storage" {
        "bank"
    } else {
        "work"
    };
    let function = alloc::format!("0x0::{module}::{}", workload.name);
    let arguments = match workload.name {
        "storage" => Vec::from(["\"0x7\"", "\"0x7\"", workload.argument]),
        _ => Vec::from([workload.argument]),
    };
    let options = Options {
        function: &function,
        arguments,
        gas: Some(u64::MAX),
        ..Options::default()
    };
    run::call(world, &options, &mut |_| {})
}

/// All of them, so often.
///
/// # Errors
/// One gave something else.
pub fn run_all(rounds: u64) -> Result<(), Wrong> {
    for workload in &ALL {
        run_named(workload.name, rounds).map_err(|wrong| wrong.at(workload.name.to_string()))?;
    }
    Ok(())
}
