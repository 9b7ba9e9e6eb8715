//! Loading against CKB-VM: the same files are refused with the same kind of error, what is
//! accepted asks for the same pages, and both loaders and both stacks leave the same memory.
//!
//! Files are made by hand, taken from the guests and damaged: every byte of the headers, and
//! thousands of random damages from fixed seeds.

mod stack;

use ckb_vm::elf::{ProgramMetadata, parse_elf};
use ckb_vm::machine::asm::AsmMachine;
use ckb_vm::memory::Memory;
use ckb_vm::registers::SP;
use ckb_vm::{Bytes, CoreMachine, DefaultMachineRunner, Error, Register, SupportMachine};
use lockstep_isa::{Extensions, Profile, Reg, Version, Xlen};
use lockstep_runtime::Core;
use lockstep_runtime::elf::ElfError;
use lockstep_runtime::image::Image;
use lockstep_runtime::stack::region;
use lockstep_test_support::elf::{EHDR, LOAD, PHDR, Phdr, R, Random, W, X, elf, elf32, load};

const VERSIONS: [Version; 3] = [Version::V0, Version::V1, Version::V2];
/// Enough for the guests' segments, and quick to compare.
const MEMORY: usize = 512 << 10;

type AsmCore = <AsmMachine as DefaultMachineRunner>::Inner;

/// The name of an error, without what it carries.
fn name(error: &Error) -> String {
    let text = format!("{error:?}");
    let end = text.find(|letter: char| !letter.is_ascii_alphanumeric());
    text[..end.unwrap_or(text.len())].to_string()
}

/// Compares what the two readers make of a file.
fn compare_parse<Reg: Register>(file: &[u8], version: Version, xlen: Xlen) -> Result<(), String> {
    let reference = parse_elf::<Reg>(&Bytes::copy_from_slice(file), version.number());
    let ours = Image::parse_for(file, version, xlen);
    if same_parse(&reference, &ours) {
        return Ok(());
    }
    Err(format!(
        "{version:?} {xlen:?}: CKB-VM {reference:x?}, ours {ours:x?}"
    ))
}

fn same_parse(reference: &Result<ProgramMetadata, Error>, ours: &Result<Image, ElfError>) -> bool {
    match (reference, ours) {
        (Err(reference), Err(ours)) => name(reference) == ours.name(),
        (Ok(reference), Ok(ours)) => {
            reference.entry == ours.entry
                && reference.actions.len() == ours.segments.len()
                && reference
                    .actions
                    .iter()
                    .zip(&ours.segments)
                    .all(|(action, segment)| {
                        action.addr == segment.addr
                            && action.size == segment.size
                            && action.flags == segment.flags
                            && action.source.start == segment.source.start as u64
                            && action.source.end == segment.source.end as u64
                            && action.offset_from_addr == segment.offset
                    })
        }
        _ => false,
    }
}

/// What loading leaves.
#[derive(PartialEq)]
struct Loaded {
    bytes: u64,
    pc: u64,
    sp: u64,
    flags: Vec<u8>,
    memory: Vec<u8>,
}

fn load_in_asm(file: &[u8], version: Version, args: &[Vec<u8>]) -> Result<Loaded, String> {
    let mut core =
        <AsmCore as SupportMachine>::new_with_memory(0, version.number(), u64::MAX, MEMORY);
    let file = Bytes::copy_from_slice(file);
    let mut bytes = core.load_elf(&file, true).map_err(|error| name(&error))?;
    let (start, size) = region(MEMORY as u64);
    let args: Vec<_> = args
        .iter()
        .map(|arg| Ok(Bytes::copy_from_slice(arg)))
        .collect();
    bytes += core
        .initialize_stack(args.into_iter(), start, size)
        .map_err(|error| name(&error))?;
    let (pc, sp) = (*core.pc(), core.registers()[SP]);
    let memory = core.memory_mut();
    Ok(Loaded {
        bytes,
        pc,
        sp,
        flags: flags(memory),
        memory: content(memory),
    })
}

fn load_in_ours(file: &[u8], version: Version, args: &[Vec<u8>]) -> Result<Loaded, String> {
    let profile = Profile {
        version,
        extensions: Extensions::default(),
        xlen: Xlen::X64,
    };
    let mut core = Core::new(profile, MEMORY, u64::MAX).expect("a memory of whole pages");
    let image = Image::parse(file, version).map_err(|error| error.name().to_string())?;
    let mut bytes = core
        .load(&image, file)
        .map_err(|trap| trap.name().to_string())?;
    let args: Vec<&[u8]> = args.iter().map(Vec::as_slice).collect();
    bytes += core
        .initialize_stack(&args)
        .map_err(|trap| trap.name().to_string())?;
    Ok(Loaded {
        bytes,
        pc: core.pc(),
        sp: core.registers()[Reg::SP.index()],
        flags: core.memory().flags().to_vec(),
        memory: core.memory().as_bytes().to_vec(),
    })
}

/// Compares memory and registers after loading, in every version.
fn compare_load(file: &[u8], args: &[Vec<u8>]) -> Result<(), String> {
    for version in VERSIONS {
        let reference = load_in_asm(file, version, args);
        let ours = load_in_ours(file, version, args);
        let show = |loaded: &Result<Loaded, String>| match loaded {
            Ok(loaded) => format!("{:#x} bytes, pc {:#x}", loaded.bytes, loaded.pc),
            Err(name) => name.clone(),
        };
        if reference != ours {
            let (reference, ours) = (show(&reference), show(&ours));
            return Err(format!("{version:?}: CKB-VM {reference}, ours {ours}"));
        }
    }
    Ok(())
}

fn flags<M: Memory>(memory: &mut M) -> Vec<u8> {
    let pages = memory.memory_pages() as u64;
    (0..pages)
        .map(|page| memory.fetch_flag(page).unwrap())
        .collect()
}

fn content<M: Memory>(memory: &mut M) -> Vec<u8> {
    let size = memory.memory_size() as u64;
    memory.load_bytes(0, size).unwrap().to_vec()
}

/// Compares readers in all versions and widths, and loaders.
fn compare(file: &[u8]) -> Result<(), String> {
    for version in VERSIONS {
        compare_parse::<u64>(file, version, Xlen::X64)?;
        compare_parse::<u32>(file, version, Xlen::X32)?;
    }
    compare_load(file, &[])
}

/// A guest of the repository.
fn guest(name: &str) -> Vec<u8> {
    let path = format!("{}/guests/elf/{name}.elf", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn whole_files() {
    let mut files = vec![
        Vec::new(),
        b"#!/bin/sh\necho this is text and no program, but long enough to be one\n".to_vec(),
        elf32(0x10000, R | X),
        elf32(0x10000, R | W | X),
        elf(false, 0, &[], 0),
    ];
    for name in ["fib", "sha256", "strings"] {
        files.push(guest(name));
    }
    for (flags, second) in [
        (R | X, R),
        (R | W, R | W),
        (R, R | X),
        (R | W, R | X),
        (W, X),
    ] {
        for big in [false, true] {
            for at in [
                0x10000,
                0x10010,
                0x11000,
                0x10fff,
                0x7f000,
                0x7ffff,
                0x80000,
                u64::MAX,
            ] {
                let headers = [
                    load(flags, 0x10000, 0x10, 0x180),
                    load(second, at, 0x20, 0x30),
                ];
                files.push(elf(big, at.wrapping_add(1), &headers, 0x400));
            }
        }
    }
    for (index, file) in files.iter().enumerate() {
        compare(file).unwrap_or_else(|difference| panic!("file {index}: {difference}"));
    }
}

#[test]
fn every_truncation() {
    let headers = [
        load(R | X, 0x10000, 0x40, 0x180),
        load(R | W, 0x11000, 0x20, 0x190),
    ];
    for file in [
        elf(false, 0, &headers, 0x200),
        elf(true, 0, &headers, 0x200),
        elf32(0, R),
    ] {
        for len in 0..file.len() {
            compare(&file[..len]).unwrap_or_else(|difference| panic!("{len:#x}: {difference}"));
        }
    }
}

#[test]
fn every_byte_of_the_headers() {
    let whole = guest("fib");
    // The code is of no interest here, and its loading takes time.
    let count = usize::from(u16::from_le_bytes([whole[0x38], whole[0x39]]));
    let end = EHDR + count * PHDR;
    assert!(end < 0x400 && whole[0x20] == 0x40);
    let mut random = Random(6);
    for at in 0..end {
        for value in [0, 1, 2, 0x7f, 0x80, 0xff, random.next() as u8] {
            let mut file = whole.clone();
            file[at] = value;
            compare(&file)
                .unwrap_or_else(|difference| panic!("{at:#x} = {value:#x}: {difference}"));
        }
    }
}

#[test]
fn random_damage() {
    let sources = [
        guest("fib"),
        elf(true, 0x10000, &[load(R | X, 0x10000, 0, 0x80); 3], 0x200),
    ];
    let mut random = Random(7);
    for round in 0..3000 {
        let mut file = sources[round % 2].clone();
        for _ in 0..1 + random.below(4) {
            let at = random.below(EHDR as u64 + 3 * PHDR as u64) as usize;
            file[at] = random.edge() as u8;
        }
        compare(&file).unwrap_or_else(|difference| panic!("round {round}: {difference}"));
    }
}

#[test]
fn random_program_headers() {
    let mut random = Random(8);
    let mut loaded = 0;
    for round in 0..3000 {
        let len = 0x400 + random.below(0x4000);
        let headers: Vec<Phdr> = (0..1 + random.below(4))
            .map(|_| phdr(&mut random, len))
            .collect();
        let entry = random.edge();
        let mut file = elf(random.below(4) == 0, entry, &headers, len as usize);
        for byte in file.iter_mut().skip(0x200) {
            *byte = random.next() as u8;
        }
        compare(&file).unwrap_or_else(|difference| panic!("round {round}: {difference}"));
        loaded += usize::from(load_in_ours(&file, Version::V2, &[]).is_ok());
    }
    // Enough of them get past the checks to compare what is loaded.
    assert!(loaded > 300, "{loaded}");
}

/// A program header that is probably good in most of its fields.
fn phdr(random: &mut Random, len: u64) -> Phdr {
    let mut rare = |good: u64, odds: u64| {
        if random.below(odds) == 0 {
            random.edge()
        } else {
            good
        }
    };
    let offset = rare(0x200, 12);
    let (small, memory) = (rare(0x10, 6), rare(0x1800, 6));
    let vaddr = rare(0x10000, 2);
    let kind = rare(LOAD.into(), 8) as u32;
    let flags = [R | X, R | W, R, R | W | X, W, 0, 0xffff_fff4, X];
    let choices = if random.below(8) == 0 { 8 } else { 3 };
    let flags = flags[random.below(choices) as usize];
    let filesz = match random.below(3) {
        0 => small,
        1 => len.saturating_sub(offset),
        _ => random.below(len),
    };
    let memsz = if random.below(2) == 0 { filesz } else { memory };
    let vaddr = if random.below(2) == 0 {
        vaddr
    } else {
        (0x1000 * random.below(0x84)).wrapping_add(small)
    };
    Phdr {
        kind,
        flags,
        offset,
        vaddr,
        filesz,
        memsz,
    }
}

#[test]
fn stacks_of_loaded_programs() {
    let writable = elf(false, 0x10000, &[load(R | W, 0x10000, 0, 0x100)], 0x200);
    // Code under the stack, and code just below it.
    let code = elf(false, 0x10000, &[load(R | X, 0x70000, 0, 0x100)], 0x200);
    let below = elf(false, 0x10000, &[load(R | X, 0x5f000, 0, 0x1000)], 0x1000);
    for (index, args) in stack::shapes(MEMORY as u64 / 4).iter().enumerate() {
        if index > 20 && index % 8 != 0 {
            continue;
        }
        for file in [&writable, &code, &below] {
            compare_load(file, args).unwrap_or_else(|difference| {
                let shape: Vec<usize> = args.iter().map(Vec::len).take(8).collect();
                panic!("{shape:x?}: {difference}")
            });
        }
    }
}
