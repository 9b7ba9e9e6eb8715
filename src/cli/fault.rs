//! What is said of a guest that failed: the instruction, the access, the place in the source, the calls that led there.
//!
//! CKB-VM's error is a name, and its pc stands behind the trace that failed. The rest is worked out here from the guest as
//! it was left and from the ELF, after the run. Nothing here decides what a run's result is.

use std::fmt::Write as _;

use lockstep_contract::pages::{EXECUTABLE, FREEZED, PAGE_SHIFT, PAGE_SIZE};
use lockstep_isa::{Inst, Reg, Xlen, decode, decode::Code};
use lockstep_runtime::{AccessKind, Core, CostTable, Fault, Trap, stack};
use serde::Serialize;

use lockstep::debug_info::{DebugInfo, Place, Registers};

/// Calls of a backtrace that are shown.
const SHOWN_CALLS: usize = 32;
/// Bytes around address 0, in which an address is taken for a null pointer with an offset.
const NULL_BYTES: u64 = PAGE_SIZE as u64;
/// Bytes of the instruction that calls the host.
const ECALL_BYTES: u64 = 4;

/// The access of a guest that was stopped by its limit.
const LIMIT: &str = "limit";

/// A fault with all that is known of it.
#[derive(Serialize)]
pub(super) struct Report {
    /// What stands before it for people.
    #[serde(skip)]
    label: &'static str,
    /// Which process of a script that starts others.
    #[serde(skip_serializing_if = "Option::is_none")]
    process: Option<u64>,
    /// Address of the instruction.
    instruction: String,
    /// The instruction as text; missing where code could not be fetched.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// `load`, `store`, `fetch` or `ecall`; `limit` where the cycles were used up.
    access: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    /// Why the access was refused.
    reason: String,
    /// What to look for, where there is a guess.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// The innermost call first.
    backtrace: Vec<Call>,
    #[serde(skip)]
    registers: String,
}

/// One place of a backtrace.
#[derive(Serialize, PartialEq, Eq)]
struct Call {
    pc: String,
    function: Option<String>,
    file: Option<String>,
    line: Option<u32>,
    /// The compiler inlined it into the next.
    inlined: bool,
}

/// Whether a trap is one that an instruction of the guest can raise by its access.
pub(super) fn is_of_an_access(trap: &Trap) -> bool {
    matches!(
        trap,
        Trap::MemOutOfBound | Trap::MemWriteOnExecutablePage | Trap::InvalidInstruction { .. }
    )
}

/// The fault of a guest. `before` stands at the trace that failed, where it could be brought there; `after` is the guest
/// as it was left.
pub(super) fn find(before: Option<&Core>, after: &Core, cost: &CostTable) -> Option<Fault> {
    let next = |core: &Core| core.next_fault(cost).ok().flatten();
    // Code that cannot be fetched stops a guest before it is charged, at the head of that trace. A system call that fails
    // leaves a guest at a trace that nobody has tried yet.
    let at_head = || next(after).filter(|fault| fault.access == AccessKind::Fetch);
    before.and_then(next).or_else(at_head)
}

impl Report {
    /// Explains a fault of the guest that was left like this, with what its ELF says of the code.
    pub(super) fn new(fault: &Fault, core: &Core, elf: &[u8]) -> Report {
        let instruction = instruction_at(core, fault);
        Report {
            label: "Fault",
            process: None,
            instruction: hex(fault.instruction),
            text: instruction.as_ref().map(Inst::to_string),
            access: fault.access.to_string(),
            address: Some(hex(fault.address)),
            bytes: Some(fault.bytes),
            reason: reason(core, fault),
            hint: hint(core, fault),
            backtrace: backtrace(core, fault.instruction, &DebugInfo::read(elf)),
            registers: registers(core, instruction.as_ref()),
        }
    }

    /// Explains a system call that nobody serves. The guest was left behind it.
    pub(super) fn of_system_call(number: u64, core: &Core, elf: &[u8], hint: &str) -> Report {
        let at = core.pc().wrapping_sub(ECALL_BYTES);
        Report {
            label: "Fault",
            process: None,
            instruction: hex(at),
            text: Some("ecall".to_owned()),
            access: "ecall".to_owned(),
            address: None,
            bytes: None,
            reason: format!("system call {number}, which this host does not have"),
            hint: Some(hint.to_owned()),
            backtrace: backtrace(core, at, &DebugInfo::read(elf)),
            registers: format!("a7 = {number:#x}"),
        }
    }

    /// Where a guest was stopped by its limit of cycles: at a block that did not begin.
    pub(super) fn of_limit(core: &Core, elf: &[u8]) -> Report {
        let at = core.pc();
        Report {
            label: "Stopped",
            process: None,
            instruction: hex(at),
            text: None,
            access: LIMIT.to_owned(),
            address: None,
            bytes: None,
            reason: format!("at {at:#x}, by the limit of cycles"),
            hint: None,
            backtrace: backtrace(core, at, &DebugInfo::read(elf)),
            registers: String::new(),
        }
    }

    /// The same, of a process that the script started.
    #[cfg(feature = "tx")]
    pub(super) fn of_process(self, id: u64) -> Report {
        Report {
            process: Some(id).filter(|id| *id != 0),
            ..self
        }
    }

    /// Whether it is no fault, but the place where the cycles were used up.
    pub(super) fn is_of_limit(&self) -> bool {
        self.access == LIMIT
    }

    /// The lines for people.
    pub(super) fn describe(&self) -> String {
        let mut text = match self.process {
            Some(id) => format!("{} of process {id}: ", self.label),
            None => format!("{}: ", self.label),
        };
        // Writing to a string does not fail.
        if let Some(place) = self.backtrace.first().and_then(Call::place) {
            let _ = write!(text, "{place}: ");
        }
        let _ = match (&self.address, self.bytes) {
            (Some(address), _) if self.text.is_none() => {
                writeln!(text, "code at {address}, {}", self.reason)
            }
            (Some(address), Some(bytes)) => {
                let unit = if bytes == 1 { "byte" } else { "bytes" };
                let access = &self.access;
                writeln!(
                    text,
                    "{access} of {bytes} {unit} at {address}, {}",
                    self.reason
                )
            }
            _ => writeln!(text, "{}", self.reason),
        };
        if let Some(instruction) = &self.text {
            let _ = writeln!(
                text,
                "  {}: {instruction}  ({})",
                self.instruction, self.registers
            );
        }
        self.describe_calls(&mut text);
        if let Some(hint) = &self.hint {
            let _ = writeln!(text, "Hint: {hint}");
        }
        text
    }

    /// The backtrace. A call that repeats itself, as in a recursion, is shown once.
    fn describe_calls(&self, text: &mut String) {
        let _ = writeln!(text, "Backtrace:");
        let mut number = 0;
        for same in self.backtrace.chunk_by(|one, other| one == other) {
            let call = &same[0];
            let place = call.place().unwrap_or_else(|| "?".to_owned());
            let inlined = if call.inlined { " (inlined)" } else { "" };
            let times = match same.len() {
                1 => String::new(),
                times => format!(", {times} times and perhaps more"),
            };
            let _ = writeln!(text, "  #{number} {} {place}{inlined}{times}", call.pc);
            number += same.len();
        }
        if self.backtrace.iter().all(|call| call.function.is_none()) {
            let _ = writeln!(
                text,
                "  The ELF has no symbols; build it with -g and without -s to see functions and lines, or name the file \
                 before it was stripped with --symbols FILE"
            );
        }
    }
}

impl Call {
    fn new(pc: u64, place: Place, inlined: bool) -> Call {
        Call {
            pc: hex(pc),
            function: place.function,
            file: place.file,
            line: place.line,
            inlined,
        }
    }

    /// `lock.c:36 in poke()`, as far as it is known.
    fn place(&self) -> Option<String> {
        let file = self.file.as_deref().map(|file| match self.line {
            Some(line) => format!("{file}:{line}"),
            None => file.to_owned(),
        });
        let function = self
            .function
            .as_deref()
            .map(|name| match name.ends_with(')') {
                true => format!("in {name}"),
                false => format!("in {name}()"),
            });
        match (file, function) {
            (Some(file), Some(function)) => Some(format!("{file} {function}")),
            (known, None) | (None, known) => known,
        }
    }
}

fn hex(value: u64) -> String {
    format!("{value:#x}")
}

/// The instruction that failed, where it can be fetched.
fn instruction_at(core: &Core, fault: &Fault) -> Option<Inst> {
    if fault.access == AccessKind::Fetch {
        return None;
    }
    let mut code = Code::new(0, core.memory().as_bytes());
    // One entry of a trace may be several instructions of the file; an access never is.
    decode(&mut code, fault.instruction, core.profile()).ok()
}

/// The registers that an instruction reads, with their values.
fn registers(core: &Core, instruction: Option<&Inst>) -> String {
    let read = instruction.map_or(Vec::new(), |inst| vec![inst.rs1, inst.rs2]);
    let mut read: Vec<Reg> = read.into_iter().filter(|reg| reg.index() != 0).collect();
    read.dedup();
    let shown = |reg: &Reg| format!("{reg} = {:#x}", core.register(*reg));
    read.iter().map(shown).collect::<Vec<_>>().join(", ")
}

/// Why an access was refused.
fn reason(core: &Core, fault: &Fault) -> String {
    let size = core.memory().size() as u64;
    let last = fault.address.saturating_add(fault.bytes.max(1) - 1);
    if fault.address >= size || last >= size {
        return format!("beyond the end of memory ({size:#x})");
    }
    let refused = [fault.address, last].map(|at| at >> PAGE_SHIFT);
    let flags = |page: u64| {
        core.memory()
            .flags()
            .get(page as usize)
            .copied()
            .unwrap_or(0)
    };
    match fault.access {
        AccessKind::Store => {
            let page = refused
                .into_iter()
                .find(|page| flags(*page) & EXECUTABLE != 0);
            let page = page.unwrap_or(refused[0]);
            let frozen = if flags(page) & FREEZED != 0 {
                " and frozen"
            } else {
                ""
            };
            format!(
                "in a page of code ({:#x} is executable{frozen})",
                page << PAGE_SHIFT
            )
        }
        AccessKind::Fetch if !is_executable(core, fault.address) => format!(
            "in a page that is not executable ({:#x})",
            refused[0] << PAGE_SHIFT
        ),
        AccessKind::Fetch => {
            let at = fault.address as usize;
            let bytes = core.memory().as_bytes().get(at..).unwrap_or(&[]);
            let bytes: String = bytes
                .iter()
                .take(4)
                .map(|byte| format!(" {byte:02x}"))
                .collect();
            format!("which is no instruction (bytes{bytes})")
        }
        _ => format!(
            "in the last byte of memory, which version {} does not let a load reach",
            core.profile().version as u8
        ),
    }
}

/// What usually leads to such a fault.
fn hint(core: &Core, fault: &Fault) -> Option<String> {
    let size = core.memory().size() as u64;
    let (stack, stack_bytes) = stack::region(size);
    let sp = core.register(Reg::SP);
    if fault.access == AccessKind::Fetch && is_executable(core, fault.address) {
        let bytes = core.memory().as_bytes().get(fault.address as usize..);
        let is_trap = bytes.is_some_and(|bytes| bytes.starts_with(&[0, 0]));
        return is_trap.then(|| {
            "compilers put these bytes (unimp) where a program must not go on: a check that failed, a panic, or code that \
             was taken for unreachable"
                .to_owned()
        });
    }
    if fault.access == AccessKind::Fetch {
        let how = match fault.address {
            0 => "a call of a null pointer",
            at if at >= size => "a jump to an address that is no address",
            at if at >= stack => "a jump into the stack",
            _ => "a jump into data",
        };
        let ra = core.register(Reg::RA);
        return Some(format!(
            "the program counter has left the code: {how}, or a return address that was overwritten (ra is {ra:#x})"
        ));
    }
    if sp < stack || sp > stack + stack_bytes {
        return Some(format!(
            "the stack pointer has left the stack: sp is {sp:#x}, and the stack is {stack:#x}..{size:#x}; look for a \
             recursion without end, or for large local arrays"
        ));
    }
    let from_null = fault.address < NULL_BYTES || fault.address.wrapping_neg() <= NULL_BYTES;
    from_null.then(|| "the address is that of a null pointer with a small offset".to_owned())
}

/// Whether an address lies in a page of code.
fn is_executable(core: &Core, at: u64) -> bool {
    let flags = core.memory().flags().get((at >> PAGE_SHIFT) as usize);
    flags.is_some_and(|flags| flags & EXECUTABLE != 0)
}

/// The calls that led to an instruction. The guest's registers are as that instruction found them.
fn backtrace(core: &Core, at: u64, info: &DebugInfo<'_>) -> Vec<Call> {
    let mut known: Registers =
        std::array::from_fn(|number| Reg::all().nth(number).map(|reg| core.register(reg)));
    let load = |at: u64| load(core, at);
    let mut calls = Vec::new();
    let (mut pc, mut looked_up) = (at, at);
    while calls.len() < SHOWN_CALLS {
        let places = info.places(looked_up);
        let innermost = places.len() - 1;
        for (number, place) in places.into_iter().enumerate() {
            calls.push(Call::new(pc, place, number < innermost));
        }
        let sp = known[Reg::SP.index()];
        let first = pc == at && calls.len() == innermost + 1;
        let next = match info.caller(looked_up, &known, &load) {
            Some(next) => next,
            // A jump to nowhere was a call, so the register says where from. A function without tables may be a leaf;
            // nothing is guessed of those behind it.
            None if first => known,
            None => break,
        };
        let Some(ra) = next[Reg::RA.index()].filter(|ra| is_executable(core, *ra)) else {
            break;
        };
        // A stack that does not grow towards the caller is damaged.
        if !first && next[Reg::SP.index()] <= sp {
            break;
        }
        // The call is the instruction before the one that it returns to.
        (pc, looked_up) = (ra, ra.saturating_sub(1));
        known = next;
    }
    calls.truncate(SHOWN_CALLS);
    calls
}

/// A register's worth of memory.
fn load(core: &Core, at: u64) -> Option<u64> {
    let bytes = core.memory().as_bytes().get(usize::try_from(at).ok()?..)?;
    match core.profile().xlen {
        Xlen::X32 => bytes
            .first_chunk()
            .map(|word| u64::from(u32::from_le_bytes(*word))),
        Xlen::X64 => bytes.first_chunk().map(|word| u64::from_le_bytes(*word)),
    }
}
