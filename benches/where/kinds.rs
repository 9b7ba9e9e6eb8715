//! What an instruction of native code is for, told from the instruction and those around it.
//!
//! The places in the context are known (`contract/src/context.rs`), so loads and stores of guest registers, looks
//! into the page table and guest memory are told apart by displacement. Checks are a comparison and a
//! branch whose target hardly ever ran; the meter subtracts constants, which nothing else of the translator does.
//! These are rules of thumb: a count may be some percent off. `--hot` shows the instructions with what was
//! made of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use iced_x86::{
    Decoder, DecoderOptions, Formatter, Instruction, IntelFormatter, Mnemonic, OpKind, Register,
};
use lockstep_contract::context::{self, displacement};

/// What an instruction is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Work,
    Move,
    Registers,
    Spill,
    Meter,
    Bounds,
    Store,
    Transfer,
    Switch,
    Frame,
}

impl Kind {
    pub(crate) const ALL: [Kind; 10] = [
        Kind::Work,
        Kind::Move,
        Kind::Registers,
        Kind::Spill,
        Kind::Meter,
        Kind::Bounds,
        Kind::Store,
        Kind::Transfer,
        Kind::Switch,
        Kind::Frame,
    ];

    /// The head of its column.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Kind::Work => "work",
            Kind::Move => "moves",
            Kind::Registers => "guest registers",
            Kind::Spill => "spills",
            Kind::Meter => "meter",
            Kind::Bounds => "bounds",
            Kind::Store => "store checks",
            Kind::Transfer => "transfers",
            Kind::Switch => "dispatch",
            Kind::Frame => "frames",
        }
    }

    /// What is in it.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Kind::Work => {
                "what the guest asks for: arithmetic, addresses, its loads and stores, its branches"
            }
            Kind::Move => "register to register, and jumps within a unit",
            Kind::Registers => {
                "loads of guest registers where a unit is entered, stores where it is left"
            }
            Kind::Spill => {
                "anything with an operand on the host's stack: the allocator ran out of registers"
            }
            Kind::Meter => "the charge of a chain, and the comparison where a way could repeat",
            Kind::Bounds => "is the access inside memory",
            Kind::Store => "is the page writable and dirty already",
            Kind::Transfer => {
                "from unit to unit, straight or through the table, and to the entry that was asked for"
            }
            Kind::Switch => "indirect jumps to places inside the unit, the guest's `switch`es",
            Kind::Frame => "the host's callee-saved registers and stack pointer around a unit",
        }
    }
}

/// An instruction that ran.
pub(crate) struct Executed {
    at: u64,
    instruction: Instruction,
    count: u64,
    kind: Kind,
    /// It follows the one before in memory, and control came from there alone.
    follows: bool,
}

/// The sums, in the order of [`Kind::ALL`].
pub(crate) fn sums(executed: &[Executed]) -> Vec<(Kind, u64)> {
    let sum = |kind: Kind| {
        let of_it = executed.iter().filter(|one| one.kind == kind);
        (kind, of_it.map(|one| one.count).sum())
    };
    Kind::ALL.into_iter().map(sum).collect()
}

/// Decodes what ran, offsets and counts in ascending order, and says what it is for.
pub(crate) fn classify(code: &[u8], counts: &[(u64, u64)]) -> Vec<Executed> {
    let mut executed: Vec<Executed> = Vec::new();
    for &(at, count) in counts {
        let bytes = &code[at as usize..];
        let instruction = Decoder::with_ip(64, bytes, at, DecoderOptions::NONE).decode();
        let follows = executed.last().is_some_and(|last| {
            last.at + last.instruction.len() as u64 == at
                && last.count == count
                && flow(&last.instruction) == Flow::Next
        });
        let kind = alone(&instruction);
        executed.push(Executed {
            at,
            instruction,
            count,
            kind,
            follows,
        });
    }
    let ran: BTreeMap<u64, u64> = counts.iter().copied().collect();
    for number in 0..executed.len() {
        match flow(&executed[number].instruction) {
            Flow::Branch => check(&mut executed, number, &ran),
            Flow::Indirect => jump(&mut executed, number),
            Flow::Jump => leave(&mut executed, number),
            _ => {}
        }
    }
    executed
}

/// Where control goes behind an instruction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Branch,
    Jump,
    Indirect,
    Return,
}

fn flow(instruction: &Instruction) -> Flow {
    let direct = instruction.op_count() == 1 && instruction.op0_kind() == OpKind::NearBranch64;
    match instruction.mnemonic() {
        Mnemonic::Ret => Flow::Return,
        Mnemonic::Jmp if direct => Flow::Jump,
        Mnemonic::Jmp => Flow::Indirect,
        _ if direct => Flow::Branch,
        _ => Flow::Next,
    }
}

/// What an instruction shows by itself.
fn alone(instruction: &Instruction) -> Kind {
    let memory = (0..instruction.op_count()).any(|n| instruction.op_kind(n) == OpKind::Memory);
    let mnemonic = instruction.mnemonic();
    match mnemonic {
        Mnemonic::Push | Mnemonic::Pop | Mnemonic::Ret => return Kind::Frame,
        Mnemonic::Jmp if flow(instruction) == Flow::Jump => return Kind::Move,
        _ => {}
    }
    let first_is = |register: Register| instruction.op0_register() == register;
    if first_is(Register::RSP) || (mnemonic == Mnemonic::Mov && first_is(Register::RBP) && !memory)
    {
        // Frame pointers are kept, so this is one in nearly all cases.
        if instruction.op1_register() == Register::RSP || first_is(Register::RSP) {
            return Kind::Frame;
        }
    }
    // Nothing but the meter subtracts a constant.
    if mnemonic == Mnemonic::Sub && is_constant(instruction, 1) {
        return Kind::Meter;
    }
    if memory && instruction.memory_base() == Register::RSP {
        return Kind::Spill;
    }
    if memory && mnemonic != Mnemonic::Lea {
        return by_place(instruction);
    }
    let registers = instruction.op_count() == 2
        && instruction.op0_kind() == OpKind::Register
        && instruction.op1_kind() == OpKind::Register;
    match mnemonic {
        Mnemonic::Mov if registers => Kind::Move,
        _ => Kind::Work,
    }
}

/// What a memory operand that is not on the stack belongs to.
fn by_place(instruction: &Instruction) -> Kind {
    let place = instruction.memory_displacement64() as i64;
    let at = |offset: usize| i64::from(displacement(offset));
    let table = at(context::PAIRS)..at(context::HEADS);
    if table.contains(&place) {
        return Kind::Store;
    }
    let plain = instruction.memory_index() == Register::None;
    if plain && (at(0)..at(context::offset::PC)).contains(&place) {
        return Kind::Registers;
    }
    let rest = at(context::offset::PC)..at(context::PAIRS);
    if plain && rest.contains(&place) {
        return Kind::Transfer;
    }
    Kind::Work
}

fn is_constant(instruction: &Instruction, operand: u32) -> bool {
    instruction.op_count() > operand
        && !matches!(
            instruction.op_kind(operand),
            OpKind::Register | OpKind::Memory
        )
}

/// A comparison and a branch that hardly ever went to its target: a check, if it is one of ours.
fn check(executed: &mut [Executed], branch: usize, ran: &BTreeMap<u64, u64>) {
    let one = &executed[branch];
    let taken = ran.get(&one.instruction.near_branch_target());
    if branch < 2 || taken.is_some_and(|taken| taken * 50 > one.count) || !one.follows {
        return;
    }
    let compare = executed[branch - 1].instruction;
    let zero =
        compare.mnemonic() == Mnemonic::Test && compare.op0_register() == compare.op1_register();
    if compare.mnemonic() != Mnemonic::Cmp && !zero {
        return;
    }
    let constant = is_constant(&compare, 1).then(|| compare.immediate(1));
    let (limit, span) = (4 << 20, 1 << 16);
    // The row of the page table is in the comparison, or loaded right before it.
    let looked = &executed[branch - 2];
    let [loaded, compared] =
        [looked.instruction, compare].map(|one| one.op0_register().full_register());
    let loads = looked.kind == Kind::Store && loaded == compared;
    let kind = match one.instruction.mnemonic() {
        Mnemonic::Jne if executed[branch - 1].kind == Kind::Store || loads => Kind::Store,
        Mnemonic::Je if zero && loads => Kind::Store,
        Mnemonic::Ja | Mnemonic::Jae => match constant {
            Some(constant) if (limit - span..=limit).contains(&constant) => Kind::Bounds,
            _ => return,
        },
        Mnemonic::Jb if constant.is_some() => Kind::Meter,
        _ => return,
    };
    executed[branch].kind = kind;
    executed[branch - 1].kind = kind;
    prepare(executed, if loads { branch - 2 } else { branch - 1 }, kind);
}

/// What makes the value that a check compares: nothing else needs it, if it stands right before.
fn prepare(executed: &mut [Executed], compare: usize, kind: Kind) {
    let operand = executed[compare].instruction;
    let mut wanted = match kind {
        Kind::Bounds => operand.op0_register(),
        Kind::Store => match operand.memory_index() {
            Register::None => operand.memory_base(),
            index => index,
        },
        _ => return,
    };
    for number in (0..compare).rev().take(4) {
        if !executed[number + 1].follows {
            return;
        }
        let maker = executed[number].instruction;
        let makes = maker.op0_kind() == OpKind::Register && maker.op0_register() == wanted;
        let kinds = match kind {
            Kind::Bounds => maker.mnemonic() == Mnemonic::Lea,
            _ => matches!(
                maker.mnemonic(),
                Mnemonic::Lea | Mnemonic::Shr | Mnemonic::Shl | Mnemonic::Mov
            ),
        };
        let free = matches!(executed[number].kind, Kind::Work | Kind::Move);
        if !makes || !kinds || !free {
            return;
        }
        executed[number].kind = kind;
        if kind == Kind::Bounds {
            return;
        }
        let source = match maker.mnemonic() {
            Mnemonic::Mov => maker.op1_register(),
            Mnemonic::Lea => match maker.memory_index() {
                Register::None => maker.memory_base(),
                index => index,
            },
            _ => wanted,
        };
        wanted = source;
    }
}

/// A jump through a register: to another unit, when it came from the table of entries; else to a place of
/// this unit.
fn jump(executed: &mut [Executed], jump: usize) {
    let mut first = jump;
    while first > 0 && jump - first < 24 && continues(executed, first) {
        first -= 1;
    }
    let transfers = (first..jump).rev().find(|&number| {
        executed[number].kind == Kind::Transfer
            && is_load_at(&executed[number].instruction, context::offset::TABLE)
    });
    let (from, kind) = match transfers {
        // What stands before the table's address: distance, comparison, branch.
        Some(load) => (load.saturating_sub(4).max(first), Kind::Transfer),
        None => (jump.saturating_sub(9).max(first), Kind::Switch),
    };
    for one in &mut executed[from..=jump] {
        if matches!(
            one.kind,
            Kind::Work | Kind::Move | Kind::Meter | Kind::Transfer
        ) {
            one.kind = kind;
        }
    }
}

/// A jump right behind the end of a frame: straight to another unit, with the address and the number of
/// its entry made before.
fn leave(executed: &mut [Executed], jump: usize) {
    if jump == 0 || !executed[jump].follows || executed[jump - 1].kind != Kind::Frame {
        return;
    }
    executed[jump].kind = Kind::Transfer;
    let given = [Register::RSI, Register::RCX];
    for number in (0..jump).rev().take(6) {
        let one = &mut executed[number];
        let makes = given.contains(&one.instruction.op0_register().full_register());
        let constant =
            is_constant(&one.instruction, 1) || one.instruction.mnemonic() == Mnemonic::Xor;
        if makes && constant {
            one.kind = Kind::Transfer;
        }
        if !one.follows {
            return;
        }
    }
}

/// Whether control comes to this instruction only from the one before: a branch that is never taken is
/// passed.
fn continues(executed: &[Executed], number: usize) -> bool {
    let (before, this) = (&executed[number - 1], &executed[number]);
    before.at + before.instruction.len() as u64 == this.at
        && before.count == this.count
        && matches!(flow(&before.instruction), Flow::Next | Flow::Branch)
}

fn is_load_at(instruction: &Instruction, offset: usize) -> bool {
    instruction.memory_displacement64() as i64 == i64::from(displacement(offset))
}

/// The hottest intervals, with what was made of each instruction.
pub(crate) fn hottest(executed: &[Executed], intervals: usize) -> String {
    let all: u64 = executed.iter().map(|one| one.count).sum();
    let mut starts: Vec<(u64, usize, usize)> = Vec::new();
    let mut first = 0;
    for number in 1..=executed.len() {
        if number < executed.len() && continues(executed, number) {
            continue;
        }
        let weight = executed[first..number].iter().map(|one| one.count).sum();
        starts.push((weight, first, number));
        first = number;
    }
    starts.sort_by_key(|(weight, ..)| std::cmp::Reverse(*weight));
    let mut text = String::new();
    let mut formatter = IntelFormatter::new();
    for &(weight, first, end) in starts.iter().take(intervals) {
        let share = 100.0 * weight as f64 / all as f64;
        let _ = writeln!(text, "-- {share:.2} %, {} times", executed[first].count);
        for one in &executed[first..end] {
            let mut words = String::new();
            formatter.format(&one.instruction, &mut words);
            let _ = writeln!(text, "{:8x}  {:16} {words}", one.at, one.kind.title());
        }
    }
    text
}
