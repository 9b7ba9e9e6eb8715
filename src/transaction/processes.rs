//! Which processes a script had: who spawned them, and what code they ran.
//!
//! An observer sees the system calls of every process before `ckb-script` answers them, and is told of every machine that
//! is made. A machine with a new id belongs to the spawn that was asked for last, because the scheduler answers a spawn
//! before it runs anything else. Nothing here changes a machine or charges a cycle.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ckb_script::ROOT_VM_ID;
use ckb_script::types::{DataPieceId, ScriptVersion, SgData, VmContext, VmId};
use ckb_types::bytes::Bytes;
use ckb_vm::registers::{A0, A1, A2, A3, A7};
use ckb_vm::{Error, Register, SupportMachine, Syscalls};

use super::Chain;

const EXEC: u64 = 2043;
const SPAWN: u64 = 2601;
/// In a source: the cells of the script's group.
const SOURCE_GROUP_FLAG: u64 = 1 << 56;
/// What `ckb-script` looks at of a source that names no group.
const SOURCE_ENTRY_MASK: u64 = 0xff;

/// Where the code of a process is in its transaction: `cell_dep[0][0..5120]`.
///
/// ```
/// use lockstep::transaction::Source;
///
/// fn first_dependency(source: &Source) -> bool {
///     source.kind == "cell_dep" && source.index == 0 && source.offset == 0
/// }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Source {
    /// `input`, `output`, `cell_dep`, `group_input`, `group_output`, `witness`, `group_input_witness` or
    /// `group_output_witness`.
    pub kind: &'static str,
    /// Which of them, from 0.
    pub index: u32,
    /// Bytes of its data before the code.
    pub offset: u64,
    /// Bytes of code.
    pub length: u64,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.offset.saturating_add(self.length);
        write!(f, "{}[{}][{}..{end}]", self.kind, self.index, self.offset)
    }
}

/// What a process runs: the program that it was started with, or one that replaced it by `exec`.
///
/// ```
/// use lockstep::transaction::Program;
///
/// fn is_elf(program: &Program) -> bool {
///     program.elf.starts_with(b"\x7fELF")
/// }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Program {
    /// Where it is.
    pub source: Source,
    /// The file itself.
    pub elf: Bytes,
}

/// A process of a script.
///
/// ```
/// use lockstep::transaction::Process;
///
/// fn is_root(process: &Process) -> bool {
///     process.id == 0 && process.parent.is_none()
/// }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Process {
    /// Its id, as the script sees it: the script's own process is 0.
    pub id: VmId,
    /// Who spawned it.
    pub parent: Option<VmId>,
    /// What it runs: the first, and what it replaced itself with.
    pub programs: Vec<Program>,
}

/// Watches the processes of one script while it runs.
///
/// ```
/// use std::sync::Arc;
/// use lockstep::ckb::NativeMachine;
/// use lockstep::isa::Version;
/// use lockstep::transaction::{Host, HostedVerifier, Processes, Transaction, consensus};
///
/// let transaction = Transaction::read("examples/transactions/spawn.json".as_ref())?;
/// let processes = Processes::default();
/// let host = Host::new(Arc::new(|_: &_, _: &str| {})).with(processes.observer());
/// let verifier: HostedVerifier<NativeMachine> = transaction.hosted(consensus(Version::V2), host);
/// let (_, group) = verifier.groups().next().ok_or("no script")?;
/// Transaction::run(&verifier, group, u64::MAX, |_| {})?;
/// assert_eq!(processes.list()[1].parent, Some(0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default, Debug)]
pub struct Processes(Arc<Mutex<State>>);

#[derive(Default, Debug)]
struct State {
    processes: Vec<Process>,
    /// The last call, if it was one that may start a program.
    asked: Option<Asked>,
}

/// A spawn or exec that was asked for.
#[derive(Debug)]
struct Asked {
    by: VmId,
    spawn: bool,
    program: Program,
}

impl Processes {
    /// The processes so far, by id.
    #[must_use]
    pub fn list(&self) -> Vec<Process> {
        self.state().processes.clone()
    }

    /// What a process runs: the number of the program among those of the process, and the program.
    #[must_use]
    pub fn current(&self, id: VmId) -> Option<(usize, Program)> {
        let state = self.state();
        let process = state.processes.iter().find(|process| process.id == id)?;
        let last = process.programs.len().checked_sub(1)?;
        Some((last, process.programs[last].clone()))
    }

    /// What makes the observer for each process; for [`Host::with`](super::Host::with).
    #[must_use]
    pub fn observer<Mac: SupportMachine + 'static>(&self) -> super::MoreCalls<Mac> {
        let processes = self.clone();
        Arc::new(move |id, group, context| {
            processes.machine_is_made(*id, group, context);
            let observer = Observer {
                id: *id,
                version: group.sg_info.script_version,
                context: context.clone(),
                processes: processes.clone(),
            };
            vec![Box::new(observer)]
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A machine is made: for a new process, for one that replaces its program, or for one that was suspended.
    fn machine_is_made(&self, id: VmId, group: &SgData<Chain>, context: &VmContext<Chain>) {
        let mut state = self.state();
        let asked = state.asked.take();
        if let Some(process) = state.processes.iter_mut().find(|process| process.id == id) {
            if let Some(asked) = asked.filter(|asked| !asked.spawn && asked.by == id) {
                process.programs.push(asked.program);
            }
            return;
        }
        let root = || load(context, &group.sg_info.program_data_piece_id, 0, 0);
        let (parent, program) = match asked.filter(|asked| asked.spawn) {
            Some(asked) => (Some(asked.by), Some(asked.program)),
            None if id == ROOT_VM_ID => (None, root()),
            None => (None, None),
        };
        state.processes.push(Process {
            id,
            parent,
            programs: program.into_iter().collect(),
        });
    }
}

/// Sees the system calls of one process.
struct Observer {
    id: VmId,
    version: ScriptVersion,
    context: VmContext<Chain>,
    processes: Processes,
}

impl<Mac: SupportMachine> Syscalls<Mac> for Observer {
    fn initialize(&mut self, _: &mut Mac) -> Result<(), Error> {
        Ok(())
    }

    fn ecall(&mut self, machine: &mut Mac) -> Result<bool, Error> {
        let register = |register: usize| machine.registers()[register].to_u64();
        let number = register(A7);
        let mut state = self.processes.state();
        state.asked = None;
        let process = state
            .processes
            .iter_mut()
            .find(|process| process.id == self.id);
        if !matches!(number, EXEC | SPAWN) {
            return Ok(false);
        }
        let bounds = register(A3);
        let length = u64::from(bounds as u32);
        let piece = piece(register(A1), register(A0), register(A2));
        let program = piece.and_then(|piece| load(&self.context, &piece, bounds >> 32, length));
        match (program, process) {
            // The first version of exec stays in its machine, so nobody tells of a new one.
            (Some(program), Some(process))
                if number == EXEC && self.version < ScriptVersion::V2 =>
            {
                process.programs.push(program);
            }
            (Some(program), _) => {
                state.asked = Some(Asked {
                    by: self.id,
                    spawn: number == SPAWN,
                    program,
                });
            }
            (None, _) => {}
        }
        Ok(false)
    }
}

/// What a source, an index and a place name, as `ckb-script` reads them.
fn piece(source: u64, index: u64, place: u64) -> Option<DataPieceId> {
    let entry = source & SOURCE_ENTRY_MASK;
    let source = match source & SOURCE_GROUP_FLAG {
        0 => entry,
        group => group | entry,
    };
    DataPieceId::try_from((source, index, place)).ok()
}

/// A program in the transaction. A length of 0 means all that follows.
fn load(
    context: &VmContext<Chain>,
    piece: &DataPieceId,
    offset: u64,
    length: u64,
) -> Option<Program> {
    let context = context.snapshot2_context.lock().ok()?;
    let (elf, _) = context.load_data(piece, offset, length).ok()?;
    let (kind, index) = match *piece {
        DataPieceId::Input(index) => ("input", index),
        DataPieceId::Output(index) => ("output", index),
        DataPieceId::CellDep(index) => ("cell_dep", index),
        DataPieceId::GroupInput(index) => ("group_input", index),
        DataPieceId::GroupOutput(index) => ("group_output", index),
        DataPieceId::Witness(index) => ("witness", index),
        DataPieceId::WitnessGroupInput(index) => ("group_input_witness", index),
        DataPieceId::WitnessGroupOutput(index) => ("group_output_witness", index),
    };
    let source = Source {
        kind,
        index,
        offset,
        length: elf.len() as u64,
    };
    Some(Program { source, elf })
}
