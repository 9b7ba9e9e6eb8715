//! The seal's reader and writer: one form, bounded, and every field named when it does not fit.

mod maker;

use lockstep_contract::module::Module;
use lockstep_contract::seal::{LARGEST_SEAL_BYTES, NOTES, Note, Record, Seal};
use maker::module;

fn sealed() -> (Module, Vec<u8>, Seal) {
    let module = module();
    let file = module.to_bytes();
    let mut seal = Seal::new(&module.key, &file);
    seal.notes.push(Note::Record(Record::new(
        "native+interp",
        1_000,
        "fib.elf 20",
    )));
    seal.notes.push(Note::Signature {
        key: [0xab; 32],
        signature: [0xcd; 64],
    });
    seal.mac = Some([0x12; 32]);
    (module, file, seal)
}

#[test]
fn what_is_written_is_read() {
    let (module, file, seal) = sealed();
    let bytes = seal.to_bytes();
    assert_eq!(Seal::read(&bytes), Ok(seal.clone()));
    assert_eq!(seal.difference(&module, &file), None);
    let text = String::from_utf8(bytes).expect("text");
    let names: Vec<&str> = text
        .lines()
        .map(|line| line.split(' ').next().unwrap_or(""))
        .collect();
    let fields = [
        "lockstep-seal",
        "module",
        "bytes",
        "id",
        "translator",
        "compiler",
        "target",
    ];
    assert_eq!(
        names,
        [&fields[..], &["record", "signature", "mac"]].concat()
    );
    // The MAC covers all but its own line, a signature what is before it.
    assert!(text.starts_with(str::from_utf8(&seal.body()).expect("text")));
    let covered = String::from_utf8(seal.covered(1)).expect("text");
    assert!(covered.contains("record native+interp 1000 fib.elf 20\n"));
    assert!(!covered.contains("signature "));
    assert_ne!(seal.covered(0), seal.covered(1));
}

#[test]
fn a_seal_has_one_form() {
    let (_, _, seal) = sealed();
    let text = String::from_utf8(seal.to_bytes()).expect("text");
    let bytes = format!("bytes {}", seal.bytes);
    for (from, to) in [
        ("seal 1\n", "seal 2\n"),
        ("seal 1\n", "seal 1\r\n"),
        ("module ", "module  "),
        ("module ", "Module "),
        ("module ", "bytes 1\nmodule "),
        (&bytes[..], "bytes 007"),
        (&bytes, "bytes +7"),
        (&bytes, "bytes -1"),
        (&bytes, "bytes 18446744073709551616"),
        (&bytes, "bytes "),
        ("record native+interp 1000", "record native+interp 01000"),
        ("record native+interp 1000", "record  1000"),
        ("1000 fib.elf 20", "1000 "),
        ("fib.elf 20", "fib.elf 20 "),
        ("fib.elf 20", "fib\u{7}.elf"),
        ("fib.elf 20", "fïb.elf"),
        ("abab", "ABAB"),
        ("cdcd", "cd"),
        ("mac 12", "mac 1"),
        ("mac 12", "mac12"),
        ("mac 12", "note"),
        ("target ", "\ntarget "),
    ] {
        let bad = text.replacen(from, to, 1);
        assert_ne!(bad, text, "{from:?}");
        let error = Seal::read(bad.as_bytes()).expect_err(to).to_string();
        assert!(error.starts_with("line "), "{error}");
    }
    for length in 0..text.len() {
        // A seal without its last lines is one that says less.
        if let Ok(shorter) = Seal::read(&text.as_bytes()[..length]) {
            assert!(shorter.mac.is_none());
            assert_eq!(shorter.to_bytes(), &text.as_bytes()[..length]);
        }
    }
    let twice = format!("{text}mac {}\n", "12".repeat(32));
    assert!(Seal::read(twice.as_bytes()).is_err());
    assert!(Seal::read(format!("{text}\n").as_bytes()).is_err());
}

#[test]
fn a_seal_is_bounded() {
    let (_, _, mut seal) = sealed();
    let note = seal.notes[0].clone();
    seal.notes = vec![note; NOTES];
    assert!(seal.to_bytes().len() < LARGEST_SEAL_BYTES);
    assert!(Seal::read(&seal.to_bytes()).is_ok());
    seal.notes.push(seal.notes[0].clone());
    assert!(Seal::read(&seal.to_bytes()).is_err());
    assert!(Seal::read(&vec![b'\n'; LARGEST_SEAL_BYTES + 1]).is_err());
    // The longest there can be fits.
    let long = "x".repeat(1000);
    seal.notes = vec![Note::Record(Record::new(&long, u64::MAX, &long)); NOTES];
    seal.translator = "y".repeat(256);
    assert!(Seal::read(&seal.to_bytes()).is_ok() || seal.to_bytes().len() > LARGEST_SEAL_BYTES);
}

#[test]
fn what_a_seal_cannot_hold_is_replaced() {
    let mut module = module();
    module.key.translator = " spaces\nand lines \u{1f600} ".to_owned();
    module.key.target = String::new();
    let file = module.to_bytes();
    let seal = Seal::new(&module.key, &file);
    assert_eq!(seal.translator, "spaces?and lines ?");
    assert_eq!(seal.target, "?");
    assert_eq!(Seal::read(&seal.to_bytes()), Ok(seal.clone()));
    assert_eq!(seal.difference(&module, &file), None);
    let record = Record::new("two words", 0, "");
    assert_eq!((&record.engine[..], &record.what[..]), ("two-words", "?"));
}

#[test]
fn the_first_field_that_does_not_fit_is_named() {
    let (module, file, seal) = sealed();
    type Change = fn(&mut Seal);
    let changes: [(&str, Change); 6] = [
        ("module", |seal| seal.module[0] ^= 1),
        ("bytes", |seal| seal.bytes += 1),
        ("id", |seal| seal.id.0[31] ^= 1),
        ("translator", |seal| seal.translator.push('0')),
        ("compiler", |seal| seal.compiler.push('0')),
        ("target", |seal| seal.target.push('0')),
    ];
    for (field, change) in changes {
        let mut other = seal.clone();
        change(&mut other);
        let found = other.difference(&module, &file).expect("a difference");
        assert_eq!(found.field, field);
        assert_ne!(found.expected, found.found);
    }
}
