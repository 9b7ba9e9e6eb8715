//! Damaged modules, arguments and states: each ends with a code of the table or with a result, in the library and in the
//! guest alike, and never with a panic.
//!
//! Bytes are damaged, and so are modules that were read: other instructions, other types, other abilities. Many of these
//! pass the reader, and some the verifier. If the machine then said that the verifier let something through, the test
//! would fail.

use movevm::format::{Abilities, Index, Module, Token};
use movevm::instruction::Instruction::{self, *};
use movevm::workloads::{WORK, storage_module};
use movevm::{reader, write};

use crate::guest::{Guest, library};

/// Damages that the library sees, and of those the guest.
const DAMAGES: u64 = 4_000;
const OF_THE_GUEST: u64 = 40;
/// The same for `--ignored`, which `cargo xtask prove move` runs.
const ALL_DAMAGES: u64 = 100_000;
const ALL_OF_THE_GUEST: u64 = 2_000;

/// A generator of numbers that are the same each time.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

/// Changes, removes, doubles or inserts some bytes.
pub(crate) fn damage(bytes: &mut Vec<u8>, numbers: &mut Numbers) {
    for _ in 0..1 + numbers.below(3) {
        let at = numbers.below(bytes.len());
        match numbers.below(6) {
            0 if !bytes.is_empty() => drop(bytes.remove(at)),
            1 => bytes.insert(at, numbers.next() as u8),
            2 => bytes.truncate(at),
            3 => {
                let end = (at + numbers.below(16)).min(bytes.len());
                let part: Vec<u8> = bytes.get(at..end).unwrap_or_default().to_vec();
                bytes.splice(at..at, part);
            }
            4 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = byte.wrapping_add(1);
                }
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = numbers.next() as u8;
                }
            }
        }
    }
}

/// An instruction, with an operand that may be one.
fn instruction(numbers: &mut Numbers) -> Instruction {
    let at = numbers.below(6) as Index;
    let local = numbers.below(6) as u8;
    let all = [
        Pop,
        Ret,
        Nop,
        LdTrue,
        LdFalse,
        LdU8(local),
        LdU64(u64::from(at)),
        CopyLoc(local),
        MoveLoc(local),
        StLoc(local),
        MutBorrowLoc(local),
        ImmBorrowLoc(local),
        ReadRef,
        WriteRef,
        FreezeRef,
        Add,
        Sub,
        Eq,
        Lt,
        Not,
        Abort,
        Pack(at),
        Unpack(at),
        MutBorrowField(at),
        ImmBorrowField(at),
        Call(at),
        CallGeneric(at),
        PackGeneric(at),
        UnpackGeneric(at),
        MutBorrowFieldGeneric(at),
        ImmBorrowFieldGeneric(at),
        Exists(at),
        MoveFrom(at),
        MoveTo(at),
        MutBorrowGlobal(at),
        ImmBorrowGlobal(at),
        BrTrue(at * 7),
        BrFalse(at * 5),
        Branch(at * 9),
        VecPack(at, u16::from(local)),
        VecLen(at),
        VecImmBorrow(at),
        VecMutBorrow(at),
        VecPushBack(at),
        VecPopBack(at),
        VecUnpack(at, u16::from(local)),
        VecSwap(at),
        CastU8,
        CastU256,
        Shl,
        LdConst(at),
    ];
    all[numbers.below(all.len())]
}

/// A type.
fn token(numbers: &mut Numbers) -> Token {
    match numbers.below(10) {
        0 => Token::U8,
        1 => Token::U64,
        2 => Token::Bool,
        3 => Token::Vector(token(numbers).into()),
        4 => Token::Reference(token(numbers).into()),
        5 => Token::Mutable(token(numbers).into()),
        6 => Token::Parameter(numbers.below(3) as Index),
        7 => Token::Struct(numbers.below(4) as Index),
        8 => Token::Generic(numbers.below(4) as Index, vec![token(numbers)]),
        _ => Token::Address,
    }
}

/// Changes something of a module that was read.
fn change(module: &mut Module, numbers: &mut Numbers) {
    for _ in 0..1 + numbers.below(3) {
        let function = numbers.below(module.function_definitions.len());
        let definition = &mut module.function_definitions[function];
        match numbers.below(12) {
            0 => {
                let all = &mut module.signatures;
                let at = numbers.below(all.len());
                let place = numbers.below(all[at].len());
                if let Some(old) = all[at].get_mut(place) {
                    *old = token(numbers);
                }
            }
            1 => {
                let at = numbers.below(module.structs.len());
                module.structs[at].abilities = Abilities(numbers.below(16) as u8);
            }
            2 => definition.acquires = vec![numbers.below(3) as Index],
            3 => {
                let at = numbers.below(module.struct_definitions.len());
                let fields = module.struct_definitions[at].fields.as_mut();
                if let Some(field) = fields.and_then(|fields| fields.first_mut()) {
                    field.token = token(numbers);
                }
            }
            kind => {
                let Some(code) = definition.code.as_mut() else {
                    continue;
                };
                let code = &mut code.instructions;
                let (at, other) = (numbers.below(code.len()), numbers.below(code.len()));
                match kind {
                    4 => code.swap(at, other),
                    5 => code[at] = Nop,
                    6 => code[at] = code[other],
                    7 => code.insert(at, instruction(numbers)),
                    // The types fit more often where one instruction becomes another of its kind.
                    8 | 9 => {
                        code[at] = match code[at] {
                            MoveLoc(local) => CopyLoc(local),
                            CopyLoc(local) => MoveLoc(local),
                            MutBorrowLoc(local) => ImmBorrowLoc(local),
                            ImmBorrowLoc(local) => MutBorrowLoc(local),
                            StLoc(_) => StLoc(other as u8 % 8),
                            VecMutBorrow(of) => VecImmBorrow(of),
                            MutBorrowGlobal(of) => ImmBorrowGlobal(of),
                            BrTrue(to) => BrFalse(to),
                            BrFalse(_) => BrTrue(other as Index),
                            Branch(_) => Branch(other as Index),
                            Add => Sub,
                            LdU64(_) => LdU64(u64::MAX),
                            other => other,
                        }
                    }
                    _ => code[at] = instruction(numbers),
                }
            }
        }
    }
}

fn damaged(seed: u64) -> Vec<String> {
    let mut numbers = Numbers(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let of_storage = numbers.below(2) == 0;
    let mut module = match of_storage {
        true => storage_module(),
        false => WORK.to_vec(),
    };
    let mut texts: Vec<String> = match of_storage {
        true => ["\"0x7\"", "\"0x7\"", "5"].map(str::to_string).to_vec(),
        false => vec!["5".to_string()],
    };
    let mut storage = "{\"0x8\":{\"0x0::bank::Counter\":{\"value\":\"3\"}}}".to_string();
    match numbers.below(8) {
        0 => {
            let at = numbers.below(texts.len());
            let mut bytes = texts[at].clone().into_bytes();
            damage(&mut bytes, &mut numbers);
            texts[at] = String::from_utf8_lossy(&bytes).replace('\0', "0");
        }
        1 if of_storage => {
            let mut bytes = storage.into_bytes();
            damage(&mut bytes, &mut numbers);
            storage = String::from_utf8_lossy(&bytes).replace('\0', "0");
        }
        2 | 3 => damage(&mut module, &mut numbers),
        _ => {
            let mut tables = reader::read(&module).expect("it is a module");
            change(&mut tables, &mut numbers);
            module = write::write(&tables);
        }
    }
    let names = [
        "loops",
        "recursion",
        "vectors",
        "structs",
        "generics",
        "wide",
    ];
    let function = match of_storage {
        true => "0x0::bank::storage".to_string(),
        false => format!("0x0::work::{}", names[numbers.below(names.len())]),
    };
    let module = movevm::face::text::hex(&module);
    let mut all: Vec<String> = ["run", "--module", &module, "--function", &function]
        .map(str::to_string)
        .to_vec();
    for text in texts {
        all.extend(["--arg".to_string(), text]);
    }
    if of_storage {
        all.extend(["--storage".to_string(), storage]);
    }
    all.extend(["--gas".to_string(), "100000".to_string()]);
    all
}

/// No damage makes the machine say that the verifier let something through.
fn check(damages: u64, of_the_guest: u64) {
    let guest = Guest::load();
    let (mut refused, mut ran) = (0, 0);
    for seed in 0..damages {
        let arguments = damaged(seed);
        let (code, line) = library(&arguments);
        match code {
            0 => ran += 1,
            _ => refused += 1,
        }
        assert!(
            !line.contains("UNKNOWN_INVARIANT_VIOLATION_ERROR"),
            "{seed}: {line}"
        );
        if seed < of_the_guest {
            let (native, printed) = guest.run(&arguments);
            assert_eq!((native, printed.last()), (code, Some(&line)), "{seed}");
        }
    }
    println!("{refused} of {damages} were refused");
    assert!(
        refused > damages / 3 && ran > damages / 20,
        "{refused}, {ran}"
    );
}

#[test]
fn damaged_input_ends_in_a_defined_way() {
    check(DAMAGES, OF_THE_GUEST);
}

#[test]
#[ignore = "minutes; `cargo xtask prove move` runs it"]
fn all_damaged_input_ends_in_a_defined_way() {
    check(ALL_DAMAGES, ALL_OF_THE_GUEST);
}
