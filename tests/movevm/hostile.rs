//! Damaged modules, arguments and states: each ends with a code of the table or with a result, in the library and in the
//! guest alike, and never with a panic.

use movevm::workloads::{WORK, storage_module};

use crate::guest::{Guest, library};

/// Damages that the library sees here, and of those the guest.
const DAMAGES: u64 = 4_000;
const OF_THE_GUEST: u64 = 40;

/// A generator of numbers that are the same each time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

/// Changes, removes, doubles or inserts some bytes.
fn damage(bytes: &mut Vec<u8>, numbers: &mut Numbers) {
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
    match numbers.below(4) {
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
        _ => damage(&mut module, &mut numbers),
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
#[test]
fn damaged_input_ends_in_a_defined_way() {
    let guest = Guest::load();
    let mut refused = 0;
    for seed in 0..DAMAGES {
        let arguments = damaged(seed);
        let (code, line) = library(&arguments);
        refused += u64::from(code != 0);
        assert!(
            !line.contains("UNKNOWN_INVARIANT_VIOLATION_ERROR"),
            "{seed}: {line}"
        );
        if seed < OF_THE_GUEST {
            let (native, printed) = guest.run(&arguments);
            assert_eq!((native, printed.last()), (code, Some(&line)), "{seed}");
        }
    }
    assert!(refused > DAMAGES / 3 && refused < DAMAGES, "{refused}");
}
