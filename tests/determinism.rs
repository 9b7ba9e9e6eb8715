//! The same code gives the same module, byte for byte: again, in other threads, from hints in
//! another order, and from what a module recorded.
//!
//! Symbols steer discovery, so a stripped and an unstripped ELF may give different bytes; their key is
//! the same, so that either module serves both.

use std::collections::BTreeSet;
use std::thread;

use lockstep_contract::module::Module;
use lockstep_contract::pages::EXECUTABLE;
use lockstep_isa::{Cost, Extensions, Version};
use lockstep_runtime::image::{Image, Segment};
use lockstep_test_support::adversarial::Kind;
use lockstep_test_support::asm::assemble;
use lockstep_test_support::guests::guests;
use lockstep_test_support::program::{FULL_MEMORY, Setup};
use lockstep_test_support::root;
use lockstep_translator::{CodeRegion, Hints, Options, Output, key, translate};

/// A program's text as pages, with what else the translator is told.
struct Source {
    name: String,
    base: u64,
    bytes: Vec<u8>,
    entry: u64,
    symbols: Vec<u64>,
    data: Vec<(u64, Vec<u8>)>,
}

impl Source {
    fn new(name: &str, elf: &[u8]) -> Source {
        let image = Image::parse(elf, Version::V2).expect("a guest is a valid ELF");
        let is_code = |segment: &&Segment| segment.flags & EXECUTABLE != 0;
        let code = image
            .segments
            .iter()
            .find(is_code)
            .expect("a guest has code");
        let content = |segment: &Segment| {
            let mut bytes = vec![0; segment.offset as usize];
            bytes.extend_from_slice(&elf[segment.source.clone()]);
            bytes.resize(segment.size as usize, 0);
            bytes
        };
        let data = image.segments.iter().filter(|segment| !is_code(segment));
        Source {
            name: name.to_string(),
            base: code.addr,
            bytes: content(code),
            entry: image.entry,
            symbols: image.symbols.clone(),
            data: data
                .map(|segment| (segment.addr, content(segment)))
                .collect(),
        }
    }

    fn text(&self) -> CodeRegion<'_> {
        CodeRegion {
            profile: Setup::ckb(Version::V2).profile,
            cost: Cost::Estimate,
            memory_size: FULL_MEMORY as u64,
            base: self.base,
            bytes: &self.bytes,
        }
    }

    fn hints(&self) -> Hints {
        let mut hints = Hints::new(&self.text(), self.entry);
        hints.add_symbols(&self.symbols);
        for (addr, bytes) in &self.data {
            hints.scan(*addr, bytes);
        }
        hints
    }

    fn module(&self, hints: &Hints) -> Vec<u8> {
        self.module_with(hints, &Options::default())
    }

    fn module_with(&self, hints: &Hints, options: &Options) -> Vec<u8> {
        let made = translate(&self.text(), hints, options, &mut |_, _| {});
        made.unwrap_or_else(|error| panic!("{}: {error}", self.name))
            .module
            .to_bytes()
    }
}

/// The guests that are quick to translate.
fn sources() -> Vec<Source> {
    let small = |elf: &Vec<u8>| elf.len() < 64 << 10;
    guests()
        .iter()
        .map(|guest| (guest.name.clone(), guest.program(&[]).elf))
        .filter(|(_, elf)| small(elf))
        .map(|(name, elf)| Source::new(&name, &elf))
        .collect()
}

#[test]
fn translating_again_gives_the_same_bytes() {
    for source in sources() {
        let first = source.module(&source.hints());
        assert!(first == source.module(&source.hints()), "{}", source.name);
        let module = Module::read(&first).expect("what was written can be read");
        assert!(
            first == module.to_bytes(),
            "{}: read and written",
            source.name
        );
    }
}

/// What is asked for beside the module does not change it, and where native code comes from is told by instruction as
/// the module tells it by block.
#[test]
fn places_and_listings_do_not_change_the_module() {
    let mut places = 0;
    for source in sources() {
        let name = &source.name;
        let plain = source.module(&source.hints());
        for output in [Output::ModuleAndPlaces, Output::ModuleAndListings] {
            let options = Options::default().with_output(output).with_threads(2);
            let made =
                translate(&source.text(), &source.hints(), &options, &mut |_, _| {}).unwrap();
            assert!(
                made.module.to_bytes() == plain,
                "{name}: {output:?}, other bytes"
            );
            let found = made.places.expect("the places were asked for");
            let starts = found.iter().map(|place| place.start as usize);
            assert!(starts.is_sorted_by(|one, next| one < next), "{name}");
            let module = &made.module;
            for place in &found {
                let span = module.map.partition_point(|span| span.start <= place.start) - 1;
                let head = place.block.map(|block| (block - source.base) as u32);
                assert_eq!(module.map[span].head, head.unwrap_or(u32::MAX), "{name}");
                let Some((block, pc)) = place.guest() else {
                    continue;
                };
                let block = (module.blocks.iter())
                    .find(|known| source.base + u64::from(known.head) == block)
                    .expect("a block of the module");
                let inside = pc - source.base - u64::from(block.head);
                assert!(inside < u64::from(block.len), "{name}: {pc:#x}");
                places += usize::from(inside > 0);
            }
        }
    }
    assert!(places > 1000, "{places} places behind the heads of blocks");
}

#[test]
fn the_number_of_threads_does_not_matter() {
    for source in sources() {
        let [one, two, five] = [1, 2, 5].map(|threads| {
            let options = Options::default().with_threads(threads);
            source.module_with(&source.hints(), &options)
        });
        assert!(
            one == two && two == five,
            "{}: threads, other bytes",
            source.name
        );
    }
}

#[test]
fn other_threads_give_the_same_bytes() {
    let sources = sources();
    let here: Vec<Vec<u8>> = sources
        .iter()
        .map(|source| source.module(&source.hints()))
        .collect();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    sources
                        .iter()
                        .map(|s| s.module(&s.hints()))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        for worker in workers {
            let there = worker.join().expect("the translator does not panic");
            for ((source, a), b) in sources.iter().zip(&here).zip(&there) {
                assert!(a == b, "{}: another thread, other bytes", source.name);
            }
        }
    });
}

/// Threads that compile, some of which come too late to find anything left, on hostile code too.
#[test]
fn any_number_of_compiling_threads_gives_the_same_bytes_and_report() {
    let hostile = |name, pages| {
        let kind = Kind::named(name).expect("a kind");
        Source::new(name, &kind.elf(pages))
    };
    let others = [hostile("calls", 10), hostile("memory", 5)];
    for source in sources().into_iter().chain(others) {
        let (text, hints) = (source.text(), source.hints());
        let made = |threads| {
            let options = Options::default().with_threads(threads);
            let made = translate(&text, &hints, &options, &mut |_, _| {}).expect("a module");
            let report = made.report;
            let figures = (
                report.units,
                report.instructions,
                report.left,
                report.failures,
            );
            (made.module.to_bytes(), figures)
        };
        let one = made(1);
        for threads in [2, 5] {
            assert!(one == made(threads), "{}: {threads} threads", source.name);
        }
    }
}

#[test]
fn the_order_of_hints_does_not_matter() {
    for source in sources() {
        let mut hints = Hints::new(&source.text(), source.entry);
        for (addr, bytes) in source.data.iter().rev() {
            hints.scan(*addr, bytes);
        }
        let reversed: Vec<u64> = source.symbols.iter().rev().copied().collect();
        hints.add_symbols(&reversed);
        assert!(
            source.module(&source.hints()) == source.module(&hints),
            "{}",
            source.name
        );
    }
}

#[test]
fn what_a_module_recorded_makes_it_again() {
    for source in sources() {
        let bytes = source.module(&source.hints());
        let module = Module::read(&bytes).expect("what was written can be read");
        let hints = Hints::from_recorded(&source.text(), &module.hints);
        assert!(bytes == source.module(&hints), "{}", source.name);
    }
}

#[test]
fn symbols_change_the_module_at_most_not_the_key() {
    for source in sources() {
        // Every fourth instruction is a wild guess; so much the better.
        let guesses: Vec<u64> = (0..64).map(|n| source.base + 16 * n).collect();
        let mut hints = source.hints();
        hints.add_symbols(&guesses);
        let modules = [source.module(&source.hints()), source.module(&hints)];
        let ids: BTreeSet<_> = modules
            .iter()
            .map(|bytes| Module::read(bytes).expect("it was just written").key.id())
            .collect();
        assert_eq!(ids.len(), 1, "{}", source.name);
    }
}

#[test]
fn a_stripped_and_an_unstripped_elf_share_a_key() {
    let folder = root().join("target/guests/unstripped");
    for guest in guests() {
        let Ok(unstripped) = std::fs::read(folder.join(format!("{}.elf", guest.name))) else {
            continue;
        };
        let stripped = Source::new(&guest.name, &guest.program(&[]).elf);
        let unstripped = Source::new(&guest.name, &unstripped);
        let options = Options::default();
        let keys = [&stripped, &unstripped].map(|s| key(&s.text(), &options).map(|key| key.id()));
        let [Ok(a), Ok(b)] = keys else {
            panic!("{}: a key can be made for this machine", guest.name);
        };
        if stripped.bytes == unstripped.bytes {
            assert_eq!(a, b, "{}", guest.name);
        }
    }
}

#[test]
fn whatever_decides_the_code_decides_the_key() {
    let assembly = assemble("    addi a0, a0, 1\n    exit\n").expect("it is a program");
    let source = Source::new("two instructions", &assembly.elf());
    let text = source.text();
    let other_bytes = {
        let mut bytes = source.bytes.clone();
        bytes[100] ^= 1;
        bytes
    };
    let profile = text.profile;
    let mut texts = vec![
        text,
        CodeRegion {
            base: text.base + 0x1000,
            ..text
        },
        CodeRegion {
            memory_size: text.memory_size / 2,
            ..text
        },
        CodeRegion {
            cost: Cost::Constant,
            ..text
        },
        CodeRegion {
            bytes: &other_bytes,
            ..text
        },
    ];
    let mut v1 = profile;
    v1.version = Version::V1;
    texts.push(CodeRegion {
        profile: v1,
        ..text
    });
    for bits in 0..8 {
        let mut other = profile;
        other.extensions = Extensions::from_bits(bits);
        if other != profile {
            texts.push(CodeRegion {
                profile: other,
                ..text
            });
        }
    }
    let ids: BTreeSet<_> = texts
        .iter()
        .map(|text| key(text, &Options::default()).expect("it is a text").id())
        .collect();
    assert_eq!(ids.len(), texts.len());
}
