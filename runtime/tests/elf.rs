//! What an ELF becomes, and every way in which one is refused.

use lockstep_contract::pages::{EXECUTABLE, FREEZED};
use lockstep_isa::{Version, Xlen};
use lockstep_runtime::image::{Image, Segment};
use lockstep_test_support::elf::{
    EHDR, PHDR, Phdr, R, Random, W, X, elf, elf_with_symbols, elf32, load,
};

const VERSIONS: [Version; 3] = [Version::V0, Version::V1, Version::V2];

fn name(bytes: &[u8]) -> &'static str {
    match Image::parse(bytes, Version::V2) {
        Ok(_) => "accepted",
        Err(error) => error.name(),
    }
}

#[test]
fn segments_are_pages_with_flags() {
    let headers = [
        load(R | X, 0x10078, 0x78, 0x100),
        load(R | W, 0x11ff0, 0x200, 0x20),
        load(R, 0x14000, 0x300, 0),
    ];
    let file = elf(false, 0x10078, &headers, 0x400);
    let segment = |addr, size, flags, source, offset| Segment {
        addr,
        size,
        flags,
        source,
        offset,
    };
    for version in VERSIONS {
        let writable = if version == Version::V0 { FREEZED } else { 0 };
        let image = Image::parse(&file, version).unwrap();
        assert_eq!(image.entry, 0x10078);
        let expected = [
            segment(0x10000, 0x1000, EXECUTABLE | FREEZED, 0x78..0x178, 0x78),
            segment(0x11000, 0x2000, writable, 0x200..0x220, 0xff0),
            segment(0x14000, 0, FREEZED, 0x300..0x300, 0),
        ];
        assert_eq!(image.segments, expected);
        assert_eq!(image.loaded_bytes(), 0x120);
    }
}

#[test]
fn both_byte_orders_say_the_same() {
    let headers = [load(R | X, 0x10000, 0, 0x80), load(R, 0x20010, 0x20, 0x30)];
    let [little, big] = [false, true].map(|big| elf(big, 0x10002, &headers, 0x200));
    assert_ne!(little, big);
    for version in VERSIONS {
        assert_eq!(Image::parse(&little, version), Image::parse(&big, version));
        assert!(Image::parse(&big, version).is_ok());
    }
}

#[test]
fn a_header_that_is_none() {
    let good = elf(false, 0, &[], EHDR);
    assert_eq!(name(&good), "accepted");
    assert_eq!(name(b""), "ElfParseError");
    assert_eq!(
        name(b"hello, this is text, and long enough to be a header, or so it seems"),
        "ElfParseError"
    );
    for (at, value) in [(0, 0), (3, b'f'), (4, 0), (4, 3), (5, 0), (5, 3)] {
        let mut bad = good.clone();
        bad[at] = value;
        assert_eq!(name(&bad), "ElfParseError", "byte {at}");
        let said = Image::parse(&bad, Version::V2).unwrap_err().to_string();
        assert!(said.starts_with("not an ELF: "), "{said}");
    }
    for len in 0..good.len() {
        assert_eq!(name(&good[..len]), "ElfParseError", "{len} bytes");
    }
}

#[test]
fn the_width_must_be_the_machines() {
    let narrow = elf32(0x10000, R | X);
    assert_eq!(name(&narrow), "ElfBits");
    // The header of its own width must be there first.
    assert_eq!(name(&narrow[..52]), "ElfBits");
    assert_eq!(name(&narrow[..51]), "ElfParseError");

    let image = Image::parse_for(&narrow, Version::V2, Xlen::X32).unwrap();
    assert_eq!(image.segments.len(), 1);
    assert_eq!(image.segments[0].source, 0x100..0x110);
    let wide = elf(false, 0, &[], EHDR);
    let error = Image::parse_for(&wide, Version::V2, Xlen::X32).unwrap_err();
    assert_eq!(error.name(), "ElfBits");
    assert_eq!(
        error.to_string(),
        "the ELF is for registers of 64 bits, and the machine has 32 bits"
    );
}

#[test]
fn program_headers_must_be_in_the_file() {
    let headers = [load(R, 0, 0, 0); 2];
    let good = elf(false, 0, &headers, 0);
    assert_eq!(good.len(), EHDR + 2 * PHDR);
    assert_eq!(name(&good), "accepted");
    assert_eq!(name(&good[..good.len() - 1]), "ElfParseError");
    for offset in [0x41, 0x1000, u64::MAX, u64::MAX - 55, 1 << 63] {
        let mut bad = good.clone();
        bad[0x20..0x28].copy_from_slice(&offset.to_le_bytes());
        assert_eq!(name(&bad), "ElfParseError", "{offset:#x}");
        // None to read: the offset does not matter.
        bad[0x38..0x3a].copy_from_slice(&[0, 0]);
        assert_eq!(name(&bad), "accepted", "{offset:#x}");
    }
    for count in [3u16, 0xff, 0xffff] {
        let mut bad = good.clone();
        bad[0x38..0x3a].copy_from_slice(&count.to_le_bytes());
        let error = Image::parse(&bad, Version::V2).unwrap_err();
        assert_eq!(error.name(), "ElfParseError");
        assert!(
            error
                .to_string()
                .contains(&format!("{count:#x} program headers"))
        );
    }
}

#[test]
fn segments_are_checked_in_order_range_first() {
    let name = |headers: &[Phdr]| name(&elf(false, 0, headers, 0x1000));
    let outside = load(R, 0, 0x1000, 1);
    let unreadable = load(W | X, 0, 0, 1);
    let writable = load(R | W | X, 0, 0, 1);
    assert_eq!(name(&[outside]), "ElfSegmentAddrOrSizeError");
    assert_eq!(name(&[unreadable]), "ElfSegmentUnreadable");
    assert_eq!(name(&[writable]), "ElfSegmentWritableAndExecutable");
    assert_eq!(name(&[unreadable, outside]), "ElfSegmentUnreadable");
    assert_eq!(
        name(&[writable, unreadable]),
        "ElfSegmentWritableAndExecutable"
    );
    let both = Phdr {
        flags: 0,
        ..outside
    };
    assert_eq!(name(&[both]), "ElfSegmentAddrOrSizeError");
    // What is not to be loaded is not looked at.
    let skipped = Phdr { kind: 2, ..both };
    assert_eq!(name(&[skipped]), "accepted");
}

#[test]
fn sizes_near_the_end_of_numbers() {
    let parse = |header| Image::parse(&elf(false, 0, &[header], 0x1000), Version::V2);
    let base = load(R, 0, 0, 0);
    for (offset, filesz) in [
        (0, u64::MAX),
        (1, u64::MAX),
        (u64::MAX, 1),
        (u64::MAX, 2),
        (0x1001, 0),
        (u64::MAX, 0),
        (1 << 63, 1 << 63),
    ] {
        let header = Phdr {
            offset,
            filesz,
            ..base
        };
        let error = parse(header).unwrap_err();
        assert_eq!(
            error.name(),
            "ElfSegmentAddrOrSizeError",
            "{offset:#x} {filesz:#x}"
        );
        assert!(error.to_string().contains(&format!("{offset:#x}")));
    }
    // Sums of addresses wrap; whether they fit is the memory's to say.
    for (vaddr, memsz, addr, size) in [
        (u64::MAX, 1, u64::MAX - 0xfff, 0x1000),
        (u64::MAX, 2, u64::MAX - 0xfff, 0x2000),
        (0, u64::MAX, 0, 0),
        (0, u64::MAX - 0xfff, 0, u64::MAX - 0xfff),
        (0xfff, u64::MAX, 0, 0x1000),
        (1 << 63, 1 << 63, 1 << 63, 1 << 63),
    ] {
        let header = Phdr {
            vaddr,
            memsz,
            ..base
        };
        let image = parse(header).unwrap();
        let segment = &image.segments[0];
        assert_eq!(
            (segment.addr, segment.size),
            (addr, size),
            "{vaddr:#x} {memsz:#x}"
        );
    }
}

#[test]
fn overlapping_segments_are_the_memorys_affair() {
    let file = elf(
        false,
        0,
        &[load(R | X, 0, 0, 9), load(R | X, 0, 0, 9)],
        0x100,
    );
    let image = Image::parse(&file, Version::V2).unwrap();
    assert_eq!(image.segments[0], image.segments[1]);
}

#[test]
fn symbols_are_functions_in_text() {
    let (global, local, function, object) = (0x10, 0x00, 2, 1);
    let file = elf_with_symbols(&[
        (0x10200, global | function, 1),
        (0x10100, local | function, 1),
        (0x10200, local | function, 1),
        (0x10300, global, 1),
        (0x10310, local, 1),
        (0x10320, global | object, 1),
        (0x10330, global | function, 0),
        (0x10341, global | function, 1),
        (0x12000, global | function, 2),
        (u64::MAX - 1, global | function, 2),
    ]);
    let image = Image::parse(&file, Version::V2).unwrap();
    assert_eq!(image.symbols, [0x10100, 0x10200, 0x10300]);
    assert_eq!(image.segments.len(), 2);
}

/// Damage behind the program headers costs symbols at most.
#[test]
fn section_headers_and_symbols_are_never_an_error() {
    let file = elf_with_symbols(&[(0x10100, 0x12, 1), (0x10200, 0x12, 1)]);
    let whole = Image::parse(&file, Version::V2).unwrap();
    assert_eq!(whole.symbols.len(), 2);
    let mut random = Random(1);
    for at in (0x28..0x30).chain(0x3a..0x40).chain(0x500..file.len()) {
        for value in [0, 0x7f, 0xff, random.next() as u8] {
            let mut bad = file.clone();
            bad[at] = value;
            let image = Image::parse(&bad, Version::V2).unwrap();
            assert_eq!(image.segments, whole.segments);
            assert_eq!(image.entry, whole.entry);
        }
    }
    for len in 0x480..file.len() {
        let image = Image::parse(&file[..len], Version::V2).unwrap();
        assert_eq!(image.segments, whole.segments);
    }
}

/// As many segments and symbols as a file can hold: the work stays in proportion to the file.
#[test]
fn many_segments_and_many_symbols() {
    let headers = vec![load(R | X, 0x10000, 0, 0x10); 0xffff];
    let mut file = elf(false, 0, &headers, 0);
    let sections = file.len() as u64;
    let mut row = [0; 64];
    row[4] = 2;
    row[32..40].copy_from_slice(&sections.to_le_bytes());
    file.extend([0; 64]);
    for _ in 0..100 {
        file.extend(row);
    }
    file[0x28..0x30].copy_from_slice(&sections.to_le_bytes());
    file[0x3c] = 101;
    let image = Image::parse(&file, Version::V2).unwrap();
    assert_eq!(image.segments.len(), 0xffff);
    assert!(image.symbols.is_sorted_by(|a, b| a < b));
}

#[test]
fn truncations_and_random_bytes_do_not_panic() {
    let file = elf_with_symbols(&[(0x10100, 0x12, 1), (0x10200, 0x12, 1)]);
    for version in VERSIONS {
        for xlen in [Xlen::X32, Xlen::X64] {
            for len in 0..file.len() {
                let _ = Image::parse_for(&file[..len], version, xlen);
            }
        }
    }
    let mut random = Random(2);
    for _ in 0..20_000 {
        let mut bad = file.clone();
        for _ in 0..1 + random.below(8) {
            let at = match random.below(3) {
                0 => random.below(0xb0),
                1 => random.below(file.len() as u64),
                _ => file.len() as u64 - 1 - random.below(0xb0),
            };
            bad[at as usize] = random.next() as u8;
        }
        bad[..4].copy_from_slice(b"\x7fELF");
        let _ = Image::parse(&bad, VERSIONS[random.below(3) as usize]);
    }
}
