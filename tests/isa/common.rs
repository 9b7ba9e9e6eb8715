//! Both decoders on the same bytes, and CKB-VM's internal encoding read as ours.

use ckb_vm::cost_model::{constant_cycles, estimate_cycles};
use ckb_vm::decoder::{Decoder, build_decoder};
use ckb_vm::instructions::{
    Instruction, Itype, R4type, R5type, Rtype, Stype, Utype, extract_opcode, instruction_length,
    instruction_opcode_name, is_basic_block_end_instruction,
};
use ckb_vm::{Bytes, Error, Memory};
use lockstep_isa::decode::{Code, decode};
use lockstep_isa::table::Format;
use lockstep_isa::{Cost, DecodeError, Extensions, Inst, Op, Profile, Reg, Version, Xlen};

/// Code at an address, which notes the lowest and highest address that was asked for.
pub(super) struct Fetched {
    base: u64,
    bytes: Vec<u8>,
    lowest: u64,
    end: u64,
}

impl Fetched {
    fn read<const N: usize>(&mut self, addr: u64) -> Result<[u8; N], Error> {
        self.lowest = self.lowest.min(addr);
        self.end = self.end.max(addr + N as u64);
        let offset = addr.wrapping_sub(self.base);
        let offset = usize::try_from(offset).map_err(|_| Error::MemOutOfBound)?;
        let chunk = self.bytes.get(offset..).and_then(|rest| rest.first_chunk());
        chunk.copied().ok_or(Error::MemOutOfBound)
    }
}

/// CKB-VM's decoder for one profile, and ours beside it.
pub(super) struct Pair {
    pub(super) profile: Profile,
    decoder: Decoder,
    code: Fetched,
}

/// What CKB-VM decoded: its own form, and that form read as an [`Inst`].
pub(super) struct Theirs {
    pub(super) encoded: Instruction,
    pub(super) inst: Inst,
}

/// Both register widths.
pub(super) const WIDTHS: [Xlen; 2] = [Xlen::X32, Xlen::X64];

/// The 64-bit profile of a version with these ISA bits of CKB-VM.
pub(super) fn profile(version: Version, isa: u8) -> Profile {
    Profile {
        version,
        extensions: Extensions::from_bits(isa),
        xlen: Xlen::X64,
    }
}

impl Pair {
    pub(super) fn new(profile: Profile) -> Pair {
        let (isa, version) = (profile.extensions.bits(), profile.version.number());
        Pair {
            profile,
            decoder: match profile.xlen {
                Xlen::X32 => build_decoder::<u32>(isa, version),
                Xlen::X64 => build_decoder::<u64>(isa, version),
            },
            code: Fetched::new(),
        }
    }

    /// Decodes at `pc`, where these bytes stand, with both; complains where they differ in anything.
    /// Gives what both decoded.
    pub(super) fn check(&mut self, pc: u64, bytes: &[u8]) -> Option<Theirs> {
        let mut code = Code::new(pc, bytes);
        let ours = decode(&mut code, pc, self.profile);
        let theirs = self.decode(pc, bytes);
        let say = |theirs: &dyn std::fmt::Debug| {
            format!(
                "{:?} at {pc:#x}: {bytes:02x?}: {ours:?}, CKB-VM {theirs:?}",
                self.profile
            )
        };
        let result = match (&ours, &theirs) {
            (Ok(inst), Ok(encoded)) => {
                let read = read(*encoded, inst.op, self.profile.xlen);
                assert_eq!(read.as_ref(), Ok(inst), "{}", say(&read));
                same_facts(inst, *encoded);
                read.ok().map(|inst| Theirs {
                    encoded: *encoded,
                    inst,
                })
            }
            (
                Err(DecodeError::Illegal { pc: at, bits }),
                Err(Error::InvalidInstruction { pc, instruction }),
            ) if (at, bits) == (pc, instruction) => None,
            (Err(DecodeError::Fetch(_)), Err(Error::MemOutOfBound)) => None,
            _ => panic!("{}", say(&theirs)),
        };
        // A failing fetch has no effect but on fusion, so looking at less is as good.
        let (asked, allowed) = (code.asked(), self.code.lowest..self.code.end);
        let within = allowed.start <= asked.start && asked.end <= allowed.end;
        assert!(
            within,
            "looks at {asked:x?}, {allowed:x?}: {}",
            say(&theirs)
        );
        result
    }

    fn decode(&mut self, pc: u64, bytes: &[u8]) -> Result<Instruction, Error> {
        // It keeps what it decoded, by address.
        self.decoder.reset_instructions_cache();
        self.code.base = pc;
        self.code.bytes.clear();
        self.code.bytes.extend_from_slice(bytes);
        (self.code.lowest, self.code.end) = (u64::MAX, 0);
        self.decoder.decode(&mut self.code, pc)
    }
}

/// Compares what is said about an instruction beyond its operands.
fn same_facts(inst: &Inst, encoded: Instruction) {
    assert_eq!(inst.len, instruction_length(encoded), "length of {inst}");
    assert_eq!(
        Cost::Estimate.cycles(inst.op),
        estimate_cycles(encoded),
        "cost of {inst}"
    );
    assert_eq!(
        Cost::Constant.cycles(inst.op),
        constant_cycles(encoded),
        "cost of {inst}"
    );
    let ends = is_basic_block_end_instruction(encoded);
    assert_eq!(
        inst.op.effect().ends_trace(),
        ends,
        "end of a trace: {inst}"
    );
}

/// CKB-VM's instruction as an `Inst`, where its name is that of the operation.
fn read(encoded: Instruction, op: Op, xlen: Xlen) -> Result<Inst, String> {
    let name = instruction_opcode_name(extract_opcode(encoded));
    let plain = name.replace("_VERSION0", "").replace("_VERSION1", "");
    let plain = plain.replace("CUSTOM_", "").replace('_', "");
    if plain != op.mnemonic().to_uppercase().replace('.', "")
        || (op == Op::JalrLinkFirst) != (name == "JALR_VERSION0")
    {
        return Err(name.to_string());
    }
    let reg = |index: usize| Reg::new(index as u32);
    let bare = Inst::bare(op, instruction_length(encoded));
    let r = Rtype(encoded);
    let three = Inst {
        rd: reg(r.rd()),
        rs1: reg(r.rs1()),
        rs2: reg(r.rs2()),
        ..bare
    };
    let i = Itype(encoded);
    let s = Stype(encoded);
    let u = Utype(encoded);
    Ok(match op.row().format {
        Format::R | Format::Atomic | Format::Fused3 => three,
        Format::Unary | Format::LoadReserved => Inst {
            rs2: Reg::ZERO,
            ..three
        },
        // Some handlers drop the sixth bit; our decoder does.
        Format::Shift6 if xlen == Xlen::X32 => Inst {
            rs2: Reg::ZERO,
            imm: i.immediate_s() & 31,
            ..three
        },
        Format::I | Format::Shift5 | Format::Shift6 | Format::Load | Format::Jalr => Inst {
            rs2: Reg::ZERO,
            imm: i.immediate_s(),
            ..three
        },
        Format::Store | Format::Branch => Inst {
            rs1: reg(s.rs1()),
            rs2: reg(s.rs2()),
            imm: s.immediate_s(),
            ..bare
        },
        Format::Upper | Format::Jal | Format::FusedImm => Inst {
            rd: reg(u.rd()),
            imm: u.immediate_s(),
            ..bare
        },
        // Its handler drops the lowest bit; our fusion does.
        Format::FusedJump if op == Op::FarJumpAbs => Inst {
            rd: reg(u.rd()),
            imm: u.immediate_s() & !1,
            ..bare
        },
        Format::FusedJump => Inst {
            rd: reg(u.rd()),
            imm: u.immediate_s(),
            ..bare
        },
        Format::Fence => Inst {
            imm: (r.rd() << 8 | r.rs1() << 4 | r.rs2()) as i32,
            ..bare
        },
        Format::Bare => bare,
        Format::Fused4 => Inst {
            r3: reg(R4type(encoded).rs3()),
            ..three
        },
        Format::Fused5 => {
            let r5 = R5type(encoded);
            Inst {
                r3: reg(r5.rs3()),
                r4: reg(r5.rs4()),
                ..three
            }
        }
    })
}

/// Only fetching matters to a decoder.
impl Memory for Fetched {
    type REG = u64;

    fn new() -> Self {
        Fetched {
            base: 0,
            bytes: Vec::new(),
            lowest: u64::MAX,
            end: 0,
        }
    }
    fn new_with_memory(_: usize) -> Self {
        Self::new()
    }
    fn memory_size(&self) -> usize {
        usize::MAX
    }
    fn execute_load16(&mut self, addr: u64) -> Result<u16, Error> {
        self.read(addr).map(u16::from_le_bytes)
    }
    fn execute_load32(&mut self, addr: u64) -> Result<u32, Error> {
        self.read(addr).map(u32::from_le_bytes)
    }
    fn init_pages(&mut self, _: u64, _: u64, _: u8, _: Option<Bytes>, _: u64) -> Result<(), Error> {
        unreachable!("decoding only fetches")
    }
    fn fetch_flag(&mut self, _: u64) -> Result<u8, Error> {
        unreachable!("decoding only fetches")
    }
    fn set_flag(&mut self, _: u64, _: u8) -> Result<(), Error> {
        unreachable!("decoding only fetches")
    }
    fn clear_flag(&mut self, _: u64, _: u8) -> Result<(), Error> {
        unreachable!("decoding only fetches")
    }
    fn store_byte(&mut self, _: u64, _: u64, _: u8) -> Result<(), Error> {
        unreachable!("decoding only fetches")
    }
    fn store_bytes(&mut self, _: u64, _: &[u8]) -> Result<(), Error> {
        unreachable!("decoding only fetches")
    }
    fn load_bytes(&mut self, _: u64, _: u64) -> Result<Bytes, Error> {
        unreachable!("decoding only fetches")
    }
    fn load8(&mut self, _: &u64) -> Result<u64, Error> {
        unreachable!("decoding only fetches")
    }
    fn load16(&mut self, _: &u64) -> Result<u64, Error> {
        unreachable!("decoding only fetches")
    }
    fn load32(&mut self, _: &u64) -> Result<u64, Error> {
        unreachable!("decoding only fetches")
    }
    fn load64(&mut self, _: &u64) -> Result<u64, Error> {
        unreachable!("decoding only fetches")
    }
    fn store8(&mut self, _: &u64, _: &u64) -> Result<(), Error> {
        unreachable!("decoding only fetches")
    }
    fn store16(&mut self, _: &u64, _: &u64) -> Result<(), Error> {
        unreachable!("decoding only fetches")
    }
    fn store32(&mut self, _: &u64, _: &u64) -> Result<(), Error> {
        unreachable!("decoding only fetches")
    }
    fn store64(&mut self, _: &u64, _: &u64) -> Result<(), Error> {
        unreachable!("decoding only fetches")
    }
    fn lr(&self) -> &u64 {
        unreachable!("decoding only fetches")
    }
    fn set_lr(&mut self, _: &u64) {
        unreachable!("decoding only fetches")
    }
}
