//! The ELF reader and both loaders against CKB-VM's: the same verdict in every version, and the
//! same pages, entry and memory where both accept.
#![no_main]

mod count;

use std::cell::RefCell;

use ckb_vm::elf::parse_elf;
use ckb_vm::machine::asm::AsmMachine;
use ckb_vm::{Bytes, DefaultMachineRunner, Error, Register, SupportMachine};
use count::Count;
use libfuzzer_sys::fuzz_target;
use lockstep_isa::{Extensions, Profile, Version, Xlen};
use lockstep_runtime::Core;
use lockstep_runtime::image::Image;

const VERSIONS: [Version; 3] = [Version::V0, Version::V1, Version::V2];
/// Small, so that a comparison of all of it costs little.
const MEMORY: usize = 256 << 10;

type AsmCore = <AsmMachine as DefaultMachineRunner>::Inner;

static COUNT: Count = Count::new("were loaded by some version");

thread_local! {
    static ASM: RefCell<AsmCore> =
        RefCell::new(<AsmCore as SupportMachine>::new_with_memory(0, 0, u64::MAX, MEMORY));
}

fuzz_target!(|file: &[u8]| {
    let bytes = Bytes::copy_from_slice(file);
    let mut loaded = false;
    for version in VERSIONS {
        parse::<u32>(&bytes, version, Xlen::X32);
        if parse::<u64>(&bytes, version, Xlen::X64) {
            loaded |= ASM.with_borrow_mut(|asm| load(asm, &bytes, version));
        }
    }
    COUNT.add(loaded);
});

/// The name of an error, without what it carries.
fn name(error: &Error) -> String {
    let text = format!("{error:?}");
    let end = text.find(|letter: char| !letter.is_ascii_alphanumeric());
    text[..end.unwrap_or(text.len())].to_string()
}

/// Compares the readers; whether the file is one.
fn parse<R: Register>(file: &Bytes, version: Version, xlen: Xlen) -> bool {
    let reference = parse_elf::<R>(file, version.number());
    let ours = Image::parse_for(file, version, xlen);
    match (&reference, &ours) {
        (Err(error), Err(ours)) => assert_eq!(name(error), ours.name(), "{version:?} {xlen:?}"),
        (Ok(metadata), Ok(image)) => {
            assert_eq!(metadata.entry, image.entry, "{version:?} {xlen:?}");
            assert_eq!(
                metadata.actions.len(),
                image.segments.len(),
                "{version:?} {xlen:?}"
            );
            for (action, segment) in metadata.actions.iter().zip(&image.segments) {
                let source = segment.source.start as u64..segment.source.end as u64;
                assert_eq!(
                    (
                        action.addr,
                        action.size,
                        action.flags,
                        &action.source,
                        action.offset_from_addr
                    ),
                    (
                        segment.addr,
                        segment.size,
                        segment.flags,
                        &source,
                        segment.offset
                    ),
                    "{version:?} {xlen:?}"
                );
            }
            assert!(image.symbols.is_sorted_by(|a, b| a < b));
        }
        _ => panic!("{version:?} {xlen:?}: CKB-VM {reference:x?}, ours {ours:x?}"),
    }
    ours.is_ok()
}

/// Compares the loaders; whether they load it.
fn load(asm: &mut AsmCore, file: &Bytes, version: Version) -> bool {
    asm.version = version.number();
    asm.flags.fill(0);
    asm.frames.fill(0);
    (asm.last_read_frame, asm.last_write_page) = (u64::MAX, u64::MAX);
    let reference = asm.load_elf(file, true).map_err(|error| name(&error));
    let profile = Profile {
        version,
        extensions: Extensions::default(),
        xlen: Xlen::X64,
    };
    let mut core = Core::new(profile, MEMORY, u64::MAX).expect("a memory of whole pages");
    let image = Image::parse(file, version).expect("it was parsed before");
    let ours = core
        .load(&image, file)
        .map_err(|trap| trap.name().to_string());
    assert_eq!(reference, ours, "{version:?}");
    let memory = core.memory();
    let flags = &asm.flags[..memory.pages()];
    assert_eq!(flags, memory.flags(), "{version:?}");
    for (frame, part) in memory.as_bytes().chunks(256 << 10).enumerate() {
        // A frame that CKB-VM did not touch has no content yet.
        let same = match asm.frames[frame] {
            0 => part.iter().all(|byte| *byte == 0),
            _ => asm.memory[frame * part.len()..][..part.len()] == *part,
        };
        assert!(same, "{version:?}: memory");
    }
    if ours.is_ok() {
        assert_eq!(asm.pc, core.pc(), "{version:?}");
    }
    ours.is_ok()
}
