//! Case files: tiny assembly programs with their expected values in comments.
//!
//! Expected values come from the specification or a calculation of the author's, never from a run
//! of ours; CKB-VM confirms them. A file holds one program, or several that begin with
//! `#: case NAME`. What a case says of itself, one thing a line:
//!
//! ```text
//! #: versions = 1 2          virtual machine versions (this is the default)
//! #: isa = imc,b,mop         extensions (default: what CKB has with the version)
//! #: xlen = 32              RV32, with CKB-VM's trace machine as the reference (default 64)
//! #: cost = constant         the cost model (default estimate)
//! #: memory = 0x80000        bytes of memory (default 256 KiB)
//! #: args = one two          the whole argv (default none)
//! #: set a1 = 5              a register at the start
//! #: limit = 30              a first limit: the expectations are about the state at it
//! #: expect a0 = 7           a register at the end
//! #: exit = 0                the exit code
//! #: fault = MemOutOfBound   the error, loading included
//! #: cycles = 503            the total
//! #: cycles 1 = 505          the total in version 1
//! #: pc = label+4
//! #: flags 0x20 = 4          the flags of a page
//! #: trace = differs         CKB-VM's engines disagree here, as documented
//! #: native = none           no native code may run here
//! #| a1 a2 -> a0             a table: registers at the start, registers at the end;
//! #| 1  2  -> 3              the program runs once for each line
//! ```
//!
//! Values are numbers or labels of the program. The language of the programs is in `asm.rs`.

use lockstep_isa::{Cost, Extensions, Profile, Reg, Version, Xlen};

use super::asm::{Assembly, assemble};
use super::asm_operand::{parse_number, parse_register};
use super::outcome::{Outcome, Verdict};
use super::program::{Program, SMALL_MEMORY, Setup};

/// One program with what is expected of it.
pub struct Case {
    /// File and name.
    pub name: String,
    /// The machines to run it on.
    pub setups: Vec<Setup>,
    /// A first limit, at whose stop the expectations hold.
    pub limit: Option<u64>,
    /// Whether CKB-VM's trace machine must agree.
    pub trace_agrees: bool,
    /// Whether native code must or must not run.
    pub runs_natively: bool,
    args: Vec<Vec<u8>>,
    xlen: Xlen,
    assembly: Assembly,
    set: Vec<(usize, u64)>,
    expected: Expected,
    table: Table,
}

#[derive(Default)]
struct Expected {
    exit: Option<i8>,
    fault: Option<String>,
    /// In one version, or in all.
    cycles: Vec<(Option<u64>, u64)>,
    pc: Option<u64>,
    registers: Vec<(Reg, u64)>,
    flags: Vec<(u64, u64)>,
}

#[derive(Default)]
struct Table {
    inputs: Vec<Reg>,
    outputs: Vec<Reg>,
    rows: Vec<(Vec<u64>, Vec<u64>)>,
}

impl Case {
    /// All cases of a file.
    pub fn parse_file(name: &str, text: &str) -> Result<Vec<Case>, String> {
        let mut parts: Vec<(String, String)> = Vec::new();
        for line in text.lines() {
            if let Some(title) = line.strip_prefix("#: case ") {
                parts.push((format!("{name}: {}", title.trim()), String::new()));
            }
            if let Some((_, body)) = parts.last_mut() {
                body.push_str(line);
                body.push('\n');
            }
        }
        if parts.is_empty() {
            parts.push((name.to_string(), text.to_string()));
        }
        parts
            .iter()
            .map(|(title, body)| Case::parse(title, body).map_err(|e| format!("{title}: {e}")))
            .collect()
    }

    fn parse(name: &str, source: &str) -> Result<Case, String> {
        let assembly = assemble(source)?;
        let mut case = Case {
            name: name.to_string(),
            setups: Vec::new(),
            limit: None,
            trace_agrees: true,
            runs_natively: true,
            args: Vec::new(),
            xlen: Xlen::X64,
            assembly,
            set: Vec::new(),
            expected: Expected::default(),
            table: Table::default(),
        };
        let mut machine = Machine::default();
        for line in source.lines() {
            if let Some(row) = line.strip_prefix("#|") {
                case.row(row).map_err(|e| format!("{e}: {line}"))?;
            } else if let Some(words) = line.strip_prefix("#:") {
                case.directive(words.trim(), &mut machine)
                    .map_err(|e| format!("{e}: {line}"))?;
            }
        }
        case.setups = machine.setups(case.xlen);
        if case.expected.is_empty() && case.table.rows.is_empty() {
            return Err("nothing is expected".to_string());
        }
        Ok(case)
    }

    fn directive(&mut self, words: &str, machine: &mut Machine) -> Result<(), String> {
        if words.starts_with("case ") {
            return Ok(());
        }
        let (left, right) = words.split_once('=').ok_or("no = in it")?;
        let (left, right) = (left.trim(), right.trim());
        if let Some(register) = left.strip_prefix("set ") {
            let reg = parse_register(register).ok_or("no such register")?;
            self.set.push((reg.index(), self.assembly.value(right)?));
            return Ok(());
        }
        if let Some(register) = left.strip_prefix("expect ") {
            let reg = parse_register(register).ok_or("no such register")?;
            let value = self.assembly.value(right)?;
            self.expected.registers.push((reg, value));
            return Ok(());
        }
        if let Some(page) = left.strip_prefix("flags ") {
            let page = self.assembly.value(page)?;
            self.expected
                .flags
                .push((page, self.assembly.value(right)?));
            return Ok(());
        }
        if let Some(version) = left.strip_prefix("cycles ") {
            let version = Some(self.assembly.value(version)?);
            let cycles = self.assembly.value(right)?;
            self.expected.cycles.push((version, cycles));
            return Ok(());
        }
        match left {
            "versions" => machine.versions = parse_versions(right)?,
            "xlen" if right == "32" => self.xlen = Xlen::X32,
            "isa" => machine.extensions = Some(parse_extensions(right)?),
            "cost" => machine.cost = parse_cost(right)?,
            "memory" => machine.memory_size = self.assembly.value(right)? as usize,
            "args" => {
                self.args = right
                    .split_whitespace()
                    .map(|a| a.as_bytes().to_vec())
                    .collect()
            }
            "limit" => self.limit = Some(self.assembly.value(right)?),
            "exit" => self.expected.exit = Some(self.assembly.value(right)? as i8),
            "fault" => self.expected.fault = Some(right.to_string()),
            "cycles" => self
                .expected
                .cycles
                .push((None, self.assembly.value(right)?)),
            "pc" => self.expected.pc = Some(self.assembly.value(right)?),
            "trace" if right == "differs" => self.trace_agrees = false,
            "native" if right == "none" => self.runs_natively = false,
            _ => return Err("unknown directive".to_string()),
        }
        Ok(())
    }

    fn row(&mut self, row: &str) -> Result<(), String> {
        let (left, right) = row.split_once("->").ok_or("no -> in it")?;
        if self.table.inputs.is_empty() && self.table.outputs.is_empty() {
            let registers = |text: &str| -> Result<Vec<Reg>, String> {
                text.split_whitespace()
                    .map(|name| parse_register(name).ok_or("no such register".to_string()))
                    .collect()
            };
            self.table.inputs = registers(left)?;
            self.table.outputs = registers(right)?;
            return Ok(());
        }
        let values = |text: &str| -> Result<Vec<u64>, String> {
            text.split_whitespace()
                .map(|value| self.assembly.value(value))
                .collect()
        };
        let (inputs, outputs) = (values(left)?, values(right)?);
        if (inputs.len(), outputs.len()) != (self.table.inputs.len(), self.table.outputs.len()) {
            return Err("the columns do not match the table's head".to_string());
        }
        self.table.rows.push((inputs, outputs));
        Ok(())
    }

    /// Whether the program runs once for each line of a table.
    pub fn is_table(&self) -> bool {
        !self.table.rows.is_empty()
    }

    /// The runs of this case.
    pub fn programs(&self) -> Vec<Program> {
        let elf = self.assembly.elf_for(self.xlen);
        let program = |name: String, inputs: &[u64]| {
            let mut registers = self.set.clone();
            let named = self.table.inputs.iter().map(|reg| reg.index());
            registers.extend(named.zip(inputs.iter().copied()));
            Program {
                name,
                elf: elf.clone(),
                args: self.args.clone(),
                registers,
            }
        };
        if !self.is_table() {
            return vec![program(self.name.clone(), &[])];
        }
        let rows = self.table.rows.iter();
        rows.map(|(inputs, _)| {
            let words: Vec<String> = inputs.iter().map(|word| format!("{word:#x}")).collect();
            program(format!("{} | {}", self.name, words.join(" ")), inputs)
        })
        .collect()
    }

    /// What of an outcome is not as expected, for the program with this index.
    pub fn judge(
        &self,
        version: Version,
        index: usize,
        outcome: &Result<Outcome, Verdict>,
    ) -> Vec<String> {
        let mut wrong = Vec::new();
        let verdict = match outcome {
            Ok(outcome) => &outcome.verdict,
            Err(verdict) => verdict,
        };
        match (&self.expected.fault, self.expected.exit, verdict) {
            (Some(fault), _, Verdict::Fault(name)) if fault == name => {}
            (Some(fault), _, _) => wrong.push(format!("expected {fault}, but: {verdict}")),
            (None, Some(code), Verdict::Exit(found)) if code == *found => {}
            (None, None, Verdict::Exit(_)) => {}
            (None, code, _) => wrong.push(format!("expected exit {code:?}, but: {verdict}")),
        }
        if let Ok(outcome) = outcome {
            self.judge_state(version, index, outcome, &mut wrong);
        }
        wrong
    }

    fn judge_state(
        &self,
        version: Version,
        index: usize,
        outcome: &Outcome,
        wrong: &mut Vec<String>,
    ) {
        let expected = &self.expected;
        let mut check = |what: String, expected: u64, found: u64| {
            if expected != found {
                wrong.push(format!(
                    "{what}: expected {expected} ({expected:#x}), found {found} ({found:#x})"
                ));
            }
        };
        let registers = |reg: &Reg| outcome.registers[reg.index()];
        for (only, cycles) in &expected.cycles {
            if only.is_none_or(|only| only == u64::from(version.number())) {
                check("cycles".to_string(), *cycles, outcome.cycles);
            }
        }
        if let Some(pc) = expected.pc {
            check("pc".to_string(), pc, outcome.pc);
        }
        for (reg, value) in &expected.registers {
            check(reg.to_string(), *value, registers(reg));
        }
        for (page, flags) in &expected.flags {
            let found = outcome
                .flags
                .get(*page as usize)
                .copied()
                .map_or(u64::MAX, u64::from);
            check(format!("flags of page {page:#x}"), *flags, found);
        }
        if let Some((_, outputs)) = self.table.rows.get(index) {
            for (reg, value) in self.table.outputs.iter().zip(outputs) {
                check(reg.to_string(), *value, registers(reg));
            }
        }
    }
}

impl Expected {
    fn is_empty(&self) -> bool {
        self.exit.is_none()
            && self.fault.is_none()
            && self.cycles.is_empty()
            && self.pc.is_none()
            && self.registers.is_empty()
            && self.flags.is_empty()
    }
}

/// The machines of a case, as its directives describe them.
struct Machine {
    versions: Vec<Version>,
    extensions: Option<Extensions>,
    cost: Cost,
    memory_size: usize,
}

impl Default for Machine {
    fn default() -> Machine {
        Machine {
            versions: vec![Version::V1, Version::V2],
            extensions: None,
            cost: Cost::Estimate,
            memory_size: SMALL_MEMORY,
        }
    }
}

impl Machine {
    fn setups(&self, xlen: Xlen) -> Vec<Setup> {
        let setup = |version: &Version| Setup {
            profile: Profile {
                version: *version,
                extensions: self
                    .extensions
                    .unwrap_or(Setup::ckb(*version).profile.extensions),
                xlen,
            },
            cost: self.cost,
            memory_size: self.memory_size,
        };
        self.versions.iter().map(setup).collect()
    }
}

fn parse_versions(text: &str) -> Result<Vec<Version>, String> {
    let version = |word| {
        let number = parse_number(word).and_then(|number| u32::try_from(number).ok());
        number
            .and_then(Version::from_number)
            .ok_or("no such version".to_string())
    };
    text.split_whitespace().map(version).collect()
}

fn parse_extensions(text: &str) -> Result<Extensions, String> {
    let mut extensions = Extensions::default();
    for word in text.split(',') {
        match word.trim() {
            "imc" => {}
            "b" => extensions.b = true,
            "mop" => extensions.mop = true,
            "a" => extensions.a = true,
            _ => return Err("no such extension".to_string()),
        }
    }
    Ok(extensions)
}

fn parse_cost(text: &str) -> Result<Cost, String> {
    match text {
        "estimate" => Ok(Cost::Estimate),
        "constant" => Ok(Cost::Constant),
        _ => Err("no such cost model".to_string()),
    }
}
