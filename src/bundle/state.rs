//! A machine's state as files: numbers in JSON, pages behind one another in a second file.
//!
//! Registers, counters and addresses are hexadecimal strings, for JSON's numbers end at 2^53.

use lockstep_contract::pages::PAGE_SIZE;
use lockstep_isa::{Cost, Extensions, Profile, Reg, Version, Xlen};
use lockstep_runtime::{Core, SetupError, Trap};
use serde::{Deserialize, Serialize};

/// The numbers, in the order of the file.
#[derive(Serialize, Deserialize)]
struct State {
    version: u32,
    extensions: u8,
    xlen: u32,
    cost: CostName,
    memory_size: usize,
    pc: String,
    cycles: String,
    max_cycles: String,
    reservation: String,
    registers: Vec<String>,
    /// Pages with a flag, as pairs of number and flags.
    flags: Vec<(usize, u8)>,
    /// Numbers of the pages in the other file, in its order.
    pages: Vec<usize>,
    /// Which traces ran last, in versions that can tell: slot, and the address plus one.
    heads: Vec<(usize, u32)>,
}

#[derive(Serialize, Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum CostName {
    Estimate,
    Constant,
}

/// What is wrong with a state's files.
///
/// ```
/// use lockstep::bundle::state::{StateError, read};
///
/// assert!(matches!(read("no state", &[]), Err(StateError::Json(_))));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The text is no state.
    #[error("the file does not hold the fields of a state: {0}")]
    Json(#[from] serde_json::Error),
    /// A field means nothing.
    #[error("the field {field} of the state cannot be {value:?}")]
    Field {
        /// Its name.
        field: &'static str,
        /// What it holds.
        value: String,
    },
    /// There is no such machine.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// A page is not in memory.
    #[error("the state does not fit its memory: {0}")]
    Memory(Trap),
}

/// The two files of a machine's state. With `base`: only the pages that are not as they are there.
#[must_use]
pub fn write(core: &Core, cost: Cost, base: Option<&Core>) -> (String, Vec<u8>) {
    let memory = core.memory();
    let chunks = memory.as_bytes().chunks(PAGE_SIZE).enumerate();
    let before = |page: usize| match base {
        Some(base) => base.memory().as_bytes().chunks(PAGE_SIZE).nth(page),
        None => Some(&[0; PAGE_SIZE][..]),
    };
    let (mut numbers, mut pages) = (Vec::new(), Vec::new());
    for (page, bytes) in chunks.filter(|&(page, bytes)| Some(bytes) != before(page)) {
        numbers.push(page);
        pages.extend_from_slice(bytes);
    }
    let flags = memory.flags().iter().copied().enumerate();
    let heads = core.trace_heads().unwrap_or(&[]).iter().copied();
    let profile = core.profile();
    let hex = |number: u64| format!("{number:#x}");
    let state = State {
        version: profile.version.number(),
        extensions: profile.extensions.bits(),
        xlen: match profile.xlen {
            Xlen::X32 => 32,
            Xlen::X64 => 64,
        },
        cost: match cost {
            Cost::Estimate => CostName::Estimate,
            Cost::Constant => CostName::Constant,
        },
        memory_size: memory.size(),
        pc: hex(core.pc()),
        cycles: hex(core.cycles()),
        max_cycles: hex(core.max_cycles()),
        reservation: hex(memory.reservation()),
        registers: core.registers().iter().copied().map(hex).collect(),
        flags: flags.filter(|(_, flags)| *flags != 0).collect(),
        pages: numbers,
        heads: heads.enumerate().filter(|(_, head)| *head != 0).collect(),
    };
    // Numbers and strings: this cannot fail.
    let text = serde_json::to_string_pretty(&state).unwrap_or_default();
    (text + "\n", pages)
}

/// A machine in a state that was written whole.
///
/// # Errors
/// When the files are not those of a state.
pub fn read(text: &str, pages: &[u8]) -> Result<(Core, Cost), StateError> {
    let state: State = serde_json::from_str(text)?;
    let mut core = Core::new(profile(&state)?, state.memory_size, 0)?;
    // Before the flags: no page is executable yet, so each takes its content.
    for (&page, bytes) in state.pages.iter().zip(pages.chunks(PAGE_SIZE)) {
        let addr = (page as u64).saturating_mul(PAGE_SIZE as u64);
        (core.memory_mut().store_bytes(addr, bytes)).map_err(StateError::Memory)?;
    }
    let mut flags = vec![0; core.memory().pages()];
    for &(page, flag) in &state.flags {
        *flags
            .get_mut(page)
            .ok_or(StateError::Memory(Trap::MemOutOfBound))? = flag;
    }
    for (page, flag) in flags.into_iter().enumerate() {
        let memory = core.memory_mut();
        let set = memory.clear_flag(page as u64, !flag);
        set.and_then(|()| memory.set_flag(page as u64, flag))
            .map_err(StateError::Memory)?;
    }
    for (number, value) in state.registers.iter().enumerate().take(Reg::COUNT) {
        core.set_register(Reg::new(number as u32), parse("registers", value)?);
    }
    core.set_pc(parse("pc", &state.pc)?);
    core.set_cycles(parse("cycles", &state.cycles)?);
    core.set_max_cycles(parse("max_cycles", &state.max_cycles)?);
    let reservation = parse("reservation", &state.reservation)?;
    core.memory_mut().set_reservation(reservation);
    core.set_trace_heads(&state.heads);
    let cost = match state.cost {
        CostName::Estimate => Cost::Estimate,
        CostName::Constant => Cost::Constant,
    };
    Ok((core, cost))
}

/// The cycles of a state, which may be one of changed pages only.
///
/// # Errors
/// When the text is not that of a state.
pub fn cycles(text: &str) -> Result<u64, StateError> {
    let state: State = serde_json::from_str(text)?;
    parse("cycles", &state.cycles)
}

fn profile(state: &State) -> Result<Profile, StateError> {
    let field = |field, value: u32| StateError::Field {
        field,
        value: value.to_string(),
    };
    Ok(Profile {
        version: Version::from_number(state.version)
            .ok_or_else(|| field("version", state.version))?,
        extensions: Extensions::from_bits(state.extensions),
        xlen: match state.xlen {
            32 => Xlen::X32,
            64 => Xlen::X64,
            other => return Err(field("xlen", other)),
        },
    })
}

fn parse(field: &'static str, value: &str) -> Result<u64, StateError> {
    let digits = value.strip_prefix("0x");
    let number = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
    number.ok_or_else(|| StateError::Field {
        field,
        value: value.to_owned(),
    })
}
