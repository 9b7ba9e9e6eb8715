//! The module file and its key: one form, every damage found, never a panic.

mod maker;

use lockstep_contract::heat::{HEAT_HEADS, Heat, HotHead};
use lockstep_contract::key::{Key, KeyId};
use lockstep_contract::module::{HashedFile, Kind, Module};
use lockstep_isa::{Cost, Version, Xlen};
use lockstep_test_support::elf::Random;
use maker::{entry, key, module};

/// A file in the repository, so that a change of the format cannot pass unseen.
const GOLDEN: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../tests/modules/one-page.module"
);

/// Gives bytes the size field and the digest that they should have.
fn seal(body: &mut Vec<u8>) {
    let size = (body.len() + 32) as u64;
    body[16..24].copy_from_slice(&size.to_le_bytes());
    let digest = blake3::hash(body);
    body.extend(digest.as_bytes());
}

/// Reads damaged but sealed bytes: an error, or the one form.
fn read_sealed(mut body: Vec<u8>) -> Option<Module> {
    seal(&mut body);
    match Module::read(&body) {
        Ok(module) => {
            assert_eq!(module.to_bytes(), body);
            Some(module)
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            None
        }
    }
}

#[test]
fn what_is_written_is_read() {
    let module = module();
    let bytes = module.to_bytes();
    let read = Module::read(&bytes).unwrap();
    let hash = *blake3::hash(&bytes).as_bytes();
    for file in [HashedFile::new(&bytes), HashedFile::new(bytes.clone())] {
        assert_eq!((file.bytes(), file.hash()), (&bytes[..], hash));
        assert_eq!(file.read_as_module().unwrap(), read);
    }
    assert_eq!(read, module);
    assert_eq!(read.to_bytes(), bytes);
}

/// Run with `BLESS=1` to write the file anew, which needs a new [`FORMAT`].
#[test]
fn the_golden_file_is_still_what_is_written() {
    let bytes = module().to_bytes();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(GOLDEN, &bytes).unwrap();
    }
    let golden = std::fs::read(GOLDEN).unwrap();
    assert!(bytes == golden, "the format changed: raise FORMAT");
    assert_eq!(
        key().id().to_string(),
        "4754640293f21dd384172b53844b48c148fa620c36c53be3231e4e042c167866"
    );
}

#[test]
fn every_damaged_byte_is_found() {
    let bytes = module().to_bytes();
    let mut random = Random(3);
    for at in 0..bytes.len() {
        for flip in [1, 0x80, 0xff, 1 + random.below(255) as u8] {
            let mut bad = bytes.clone();
            bad[at] ^= flip;
            let error = Module::read(&bad).unwrap_err();
            let kind = match at {
                0..8 => Kind::Foreign,
                8..12 => Kind::Format,
                16..24 => Kind::Length,
                _ => Kind::Digest,
            };
            assert_eq!(error.kind, kind, "byte {at:#x}: {error}");
        }
    }
}

#[test]
fn every_truncation_and_addition_is_found() {
    let bytes = module().to_bytes();
    for len in 0..bytes.len() {
        let error = Module::read(&bytes[..len]).unwrap_err();
        assert_eq!(error.kind, Kind::Length, "{len:#x} bytes: {error}");
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert_eq!(Module::read(&longer).unwrap_err().kind, Kind::Length);
}

/// Whoever can compute a digest can write anything: still no panic and no second form.
#[test]
fn sealed_damage_is_refused_or_canonical() {
    let bytes = module().to_bytes();
    let body = &bytes[..bytes.len() - 32];
    let mut random = Random(4);
    // The table is long and uniform; a few of its bytes stand for all.
    let places = (0..0x150)
        .chain(0x1000..0x1008)
        .chain(body.len() - 0x100..body.len());
    let mut accepted = 0;
    for at in places {
        for value in [0, 1, 0x7f, 0xff, body[at] ^ 1, random.next() as u8] {
            let mut bad = body.to_vec();
            bad[at] = value;
            accepted += usize::from(read_sealed(bad).is_some());
        }
    }
    assert!(accepted > 0);
    for _ in 0..3000 {
        let mut bad = body.to_vec();
        for _ in 0..1 + random.below(4) {
            let near = if random.below(2) == 0 {
                0x150
            } else {
                body.len() as u64
            };
            let at = random.below(near) as usize;
            bad[at] = random.edge() as u8;
        }
        read_sealed(bad);
    }
}

#[test]
fn sealed_truncations_and_numbers_of_any_size() {
    let bytes = module().to_bytes();
    let body = &bytes[..bytes.len() - 32];
    for len in (0xc8..0x400).chain(body.len() - 0x200..body.len()) {
        assert_eq!(read_sealed(body[..len].to_vec()), None, "{len:#x}");
    }
    let mut random = Random(5);
    for row in 0..7 {
        for field in [8, 16] {
            let at = 32 + row * 24 + field;
            let right = u64::from_le_bytes(body[at..at + 8].try_into().unwrap());
            for _ in 0..100 {
                let value = match random.below(2) {
                    0 => random.edge(),
                    _ => right.wrapping_add(random.below(33)).wrapping_sub(16),
                };
                let mut bad = body.to_vec();
                bad[at..at + 8].copy_from_slice(&value.to_le_bytes());
                // Zeros behind the code may be code.
                let zeros = (row, field) == (6, 16) && (0x2b..=0x30).contains(&value);
                let good = value == right || zeros;
                assert_eq!(read_sealed(bad).is_some(), good, "{at:#x} {value:#x}");
            }
        }
    }
    // Lengths of texts in the key.
    for at in [0xc8 + 0x69, 0xc8 + 0x74] {
        for value in [0xffff_ffff_u32, 0x8000_0000, 0x1000] {
            let mut bad = body.to_vec();
            bad[at..at + 4].copy_from_slice(&value.to_le_bytes());
            assert_eq!(read_sealed(bad), None);
        }
    }
}

/// A change to a module, and the field that the error must name.
type Change = (&'static str, fn(&mut Module));

#[test]
fn content_that_no_translator_writes() {
    let changes: [Change; 40] = [
        ("key: format", |m| m.key.format += 1),
        ("key: memory size", |m| m.key.memory_size = 0),
        ("key: memory size", |m| {
            m.key.memory_size = (4 << 20) + 0x1000
        }),
        ("key: memory size", |m| m.key.memory_size = u64::MAX),
        ("key: memory size", |m| m.key.memory_size -= 1),
        ("key: base", |m| m.key.base = 0x10002),
        ("key: base", |m| m.key.base = 4 << 20),
        ("key: base", |m| m.key.base = u64::MAX - 0xfff),
        ("key: len", |m| m.key.len = 0),
        ("key: len", |m| m.key.len = 0x1001),
        ("key: len", |m| m.key.len = u64::MAX - 0xfff),
        ("key: len", |m| {
            (m.key.base, m.key.len) = ((4 << 20) - 0x1000, 0x2000)
        }),
        ("key: cpu", |m| m.key.cpu = "b,a".into()),
        ("key: cpu", |m| m.key.cpu = "a,a".into()),
        ("key: cpu", |m| m.key.cpu = ",a".into()),
        ("key: cpu", |m| m.key.cpu = "a,".into()),
        ("code", |m| m.code.clear()),
        ("enter", |m| m.enter = 43),
        ("enter", |m| m.enter = u32::MAX),
        ("table", |m| m.table.push(0)),
        ("table", |m| m.table.clear()),
        ("table entry", |m| m.table[7] = entry(0x30, 0)),
        ("hint", |m| m.hints = vec![2, 1]),
        ("hint", |m| m.hints = vec![2, 2]),
        ("hot head", |m| m.heat.reverse()),
        ("hot head", |m| m.heat[1] = m.heat[0]),
        ("hot head", |m| m.heat[1].head = 0x11000),
        ("hot head", |m| m.heat[0].head = 0xfffe),
        ("hot head", |m| m.heat[0].head = 0x10005),
        ("hot head", |m| m.heat[0].weight = 0),
        ("digest of the heat", |m| m.heat[0].weight = 4),
        ("digest of the heat", |m| m.heat.clear()),
        ("head of block", |m| m.blocks.reverse()),
        ("head of block", |m| m.blocks[2].head = 0x1000),
        ("head of block", |m| m.blocks[1].head = 5),
        ("entries of block", |m| m.blocks[0].entries = 0),
        ("entries of block", |m| m.blocks[0].entries = 17),
        ("start of span", |m| m.map[1].start = 0),
        ("start of span", |m| m.map[3].start = 43),
        ("head of span", |m| m.map[3].head = 0x1000),
    ];
    for (index, (what, change)) in changes.into_iter().enumerate() {
        let mut bad = module();
        change(&mut bad);
        let error = Module::read(&bad.to_bytes()).unwrap_err();
        assert_eq!(error.kind, Kind::Content, "change {index}: {error}");
        assert_eq!(error.what, what, "change {index}: {error}");
        assert_eq!(bad.check(), Err(error), "change {index}");
    }
}

#[test]
fn a_heat_is_bounded_and_named_by_the_key() {
    let mut module = module();
    (module.heat, module.key.heat) = (Vec::new(), None);
    assert_eq!(module.check(), Ok(()));
    module.key.heat = key().heat;
    assert_eq!(module.check().unwrap_err().what, "digest of the heat");
    module.key.len = 0x10000;
    module.table = vec![0; 0x8000];
    let heads = (0..=HEAT_HEADS as u64).map(|number| HotHead {
        head: module.key.base + 2 * number,
        weight: 1,
    });
    module.heat = heads.collect();
    assert_eq!(module.check().unwrap_err().what, "heat");
    module.heat.pop();
    module.key.heat = Heat::from_recorded(&module.heat).digest();
    assert_eq!(module.check(), Ok(()));
}

#[test]
fn lengths_of_blocks() {
    for (len, entries, good) in [
        (2, 1, true),
        (2, 2, false),
        (0, 1, false),
        (3, 1, false),
        (254, 16, true),
        (256, 16, false),
        (u16::MAX - 1, 16, false),
    ] {
        let mut module = module();
        (module.blocks[0].len, module.blocks[0].entries) = (len, entries);
        assert_eq!(module.check().is_ok(), good, "{len} {entries}");
        module.blocks[0] = module.blocks[2];
        module.blocks.truncate(1);
        (module.blocks[0].len, module.blocks[0].entries) = (len, entries);
        // At the last halfword of the code region only 2 bytes are left.
        assert_eq!(module.check().is_ok(), good && len == 2, "{len} {entries}");
    }
}

#[test]
fn code_of_fixed_width_is_aligned() {
    let mut module = module();
    module.key.target = "aarch64-unknown-linux-gnu".into();
    assert_eq!(module.check(), Ok(()));
    module.enter = 6;
    assert_eq!(module.check().unwrap_err().what, "enter");
}

#[test]
fn an_error_says_what_where_found_and_expected() {
    let mut bad = module();
    bad.enter = 0x1234;
    let error = Module::read(&bad.to_bytes()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a malformed module: enter at offset 0x18: found 0x1234, expected a multiple of 0x1 below 0x2b"
    );
    let error = Module::read(b"\x7fELF\x02\x01\x01\x00").unwrap_err();
    assert_eq!(
        error.to_string(),
        "not a module: magic at offset 0x0: found 7f454c4602010100, expected 4c4f434b53544550"
    );
}

/// A change to a key, and the field that the mismatch must name.
type KeyChange = (&'static str, fn(&mut Key));

#[test]
fn keys_differ_by_field() {
    let changes: [KeyChange; 18] = [
        ("format", |k| k.format += 1),
        ("version", |k| k.profile.version = Version::V1),
        ("isa", |k| k.profile.extensions.b = false),
        ("isa", |k| k.profile.extensions.mop = false),
        ("isa", |k| k.profile.extensions.a = true),
        ("xlen", |k| k.profile.xlen = Xlen::X32),
        ("cost", |k| k.cost = Cost::Constant),
        ("memory_size", |k| k.memory_size = 0x20000),
        ("base", |k| k.base = 0x11000),
        ("len", |k| k.len = 0x2000),
        ("digest", |k| k.digest[31] ^= 1),
        ("layout", |k| k.layout ^= 1),
        ("translator", |k| k.translator.push('x')),
        ("compiler", |k| k.compiler = "0.135.9".into()),
        ("target", |k| k.target = "aarch64-unknown-linux-gnu".into()),
        ("cpu", |k| k.cpu.clear()),
        ("heat", |k| k.heat = None),
        ("heat", |k| k.heat = Some([7; 32])),
    ];
    let key = key();
    assert_eq!(key.difference(&key.clone()), None);
    let mut ids = std::collections::BTreeSet::from([key.id()]);
    for (field, change) in changes {
        let mut other = key.clone();
        change(&mut other);
        let mismatch = key.difference(&other).unwrap();
        assert_eq!(mismatch.field, field);
        assert_ne!(mismatch.expected, mismatch.found);
        assert!(ids.insert(other.id()), "{field} is not in the id");
        assert_ne!(other.encode(), key.encode());
    }
    // Texts cannot run into each other.
    let (mut one, mut two) = (key.clone(), key);
    (one.target, one.cpu) = ("ab".into(), "c".into());
    (two.target, two.cpu) = ("a".into(), "bc".into());
    assert_ne!(one.id(), two.id());
}

#[test]
fn features_are_asked_for_by_name() {
    let mut key = key();
    assert_eq!(key.missing_feature(|_| true), None);
    assert_eq!(
        key.missing_feature(|name| name == "has_bmi1"),
        Some("has_bmi2")
    );
    key.cpu.clear();
    assert_eq!(key.missing_feature(|_| false), None);
}

#[test]
fn ids_have_one_spelling() {
    let id = key().id();
    let text = id.to_string();
    assert_eq!(text.len(), 64);
    assert_eq!(text.parse(), Ok(id));
    let (upper, longer) = (text.to_uppercase(), format!("{text}0"));
    for bad in ["", "0", &text[1..], &longer, &upper, &"é".repeat(32)] {
        let error = bad.parse::<KeyId>().unwrap_err();
        assert!(error.to_string().contains("64"));
    }
}
