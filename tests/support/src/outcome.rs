//! The state in which a run ended, and the comparison of two such states.
//!
//! The comparison follows the contract: clean exits are equal in everything; so is the state when
//! the cycles run out; after any other error only its kind counts. Our own engines are always
//! equal in everything. A difference is told as a reader wants it: which register, the first
//! differing byte, how many cycles.

use std::fmt;

use lockstep_isa::Reg;

/// How a run ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The guest exited.
    Exit(i8),
    /// It failed; CKB-VM's name of the error, without what the error carries.
    Fault(String),
}

impl Verdict {
    /// The fault with the name that a `Debug` text begins with.
    pub fn fault(error: &dyn fmt::Debug) -> Verdict {
        let text = format!("{error:?}");
        let end = text
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(text.len());
        Verdict::Fault(text[..end].to_string())
    }

    /// Whether raising the limit and running on makes sense.
    pub fn is_cycles_exceeded(&self) -> bool {
        matches!(self, Verdict::Fault(name) if name == CYCLES_EXCEEDED)
    }

    /// Whether the guest exited.
    pub fn is_exit(&self) -> bool {
        matches!(self, Verdict::Exit(_))
    }
}

/// CKB-VM's name for a limit that was reached.
pub const CYCLES_EXCEEDED: &str = "CyclesExceeded";

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Exit(code) => write!(f, "exit {code}"),
            Verdict::Fault(name) => f.write_str(name),
        }
    }
}

/// Everything that can be seen of a machine between two runs.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How the run ended.
    pub verdict: Verdict,
    /// Cycles so far.
    pub cycles: u64,
    /// Where the guest is.
    pub pc: u64,
    /// `x0` to `x31`.
    pub registers: [u64; 32],
    /// All guest memory.
    pub memory: Vec<u8>,
    /// One byte a page.
    pub flags: Vec<u8>,
    /// Address of the load reservation.
    pub reservation: u64,
    /// Bytes that loading reported.
    pub loaded: u64,
    /// Cycles that native code charged; `None` for an engine without native code.
    pub native_cycles: Option<u64>,
}

/// How much of two outcomes must be equal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// Everything that can be seen.
    Everything,
    /// What the contract promises against the assembly machine.
    Contract,
    /// Clean exits only, for engines that fail in another state or with another error.
    CleanExits,
}

/// One outcome with the name of its engine.
pub type Named<'a> = (&'a str, &'a Outcome);

/// All differences that the rule forbids, a line each; nothing when there is none.
pub fn compare(left: Named<'_>, right: Named<'_>, rule: Rule) -> Result<(), String> {
    let (a, b) = (left.1, right.1);
    if rule == Rule::CleanExits && !a.verdict.is_exit() && !b.verdict.is_exit() {
        return Ok(());
    }
    let mut lines = Vec::new();
    if a.verdict != b.verdict {
        lines.push(format!("verdict: {} / {}", a.verdict, b.verdict));
    }
    let state_counts = match rule {
        Rule::Everything | Rule::CleanExits => true,
        Rule::Contract => a.verdict.is_exit() || a.verdict.is_cycles_exceeded(),
    };
    if state_counts || !lines.is_empty() {
        compare_state(a, b, &mut lines);
    }
    if lines.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{} / {} differ:\n  {}",
        left.0,
        right.0,
        lines.join("\n  ")
    ))
}

fn compare_state(a: &Outcome, b: &Outcome, lines: &mut Vec<String>) {
    if a.cycles != b.cycles {
        let delta = i128::from(b.cycles) - i128::from(a.cycles);
        lines.push(format!("cycles: {} / {} ({delta:+})", a.cycles, b.cycles));
    }
    let words = [
        ("pc", a.pc, b.pc),
        ("reservation", a.reservation, b.reservation),
        ("loaded bytes", a.loaded, b.loaded),
    ];
    for (what, x, y) in words {
        if x != y {
            lines.push(format!("{what}: {x:#x} / {y:#x}"));
        }
    }
    for reg in Reg::all() {
        let (x, y) = (a.registers[reg.index()], b.registers[reg.index()]);
        if x != y {
            lines.push(format!("{reg}: {x:#x} / {y:#x}"));
        }
    }
    compare_bytes("memory", &a.memory, &b.memory, lines);
    compare_bytes("page flags", &a.flags, &b.flags, lines);
}

fn compare_bytes(what: &str, a: &[u8], b: &[u8], lines: &mut Vec<String>) {
    if a.len() != b.len() {
        lines.push(format!("{what}: {:#x} / {:#x} bytes", a.len(), b.len()));
        return;
    }
    if a == b {
        return;
    }
    let differing = a.iter().zip(b).filter(|(x, y)| x != y).count();
    if let Some(first) = a.iter().zip(b).position(|(x, y)| x != y) {
        let end = (first + 8).min(a.len());
        lines.push(format!(
            "{what}: {differing} bytes, the first at {first:#x}: {:02x?} / {:02x?}",
            &a[first..end],
            &b[first..end]
        ));
    }
}
