//! The three ways in which a program gets onto a machine, the same for every engine: from a file, as
//! pages that a host puts there, or out of a snapshot.
//!
//! A node does all three: it loads scripts, a system call puts code into pages at an address of the
//! guest's choice, and a suspended machine comes back on a fresh one that never loads anything. The
//! snapshot is taken of CKB-VM's machine, with all of its pages; ours restore it in their own way.

use ckb_vm::machine::DefaultMachineRunner;
use ckb_vm::snapshot2::Snapshot2;
use ckb_vm::{Bytes, CoreMachine, Memory, SupportMachine};
use lockstep_contract::pages::{EXECUTABLE, FREEZED, PAGE_SIZE};
use lockstep_isa::Reg;
use lockstep_runtime::image::Image;
use lockstep_runtime::{Core, Trap};

use crate::asm::Assembly;
use crate::outcome::Verdict;
use crate::program::{Program, Segment, Setup};
use crate::reference::{Asm, Reference};
use crate::snapshots::{CkbVmContext, Files, OurContext, second_of};

/// How a program gets onto a machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Entry {
    /// Loaded from an ELF file.
    File,
    /// As pages that the host initialises.
    Pages,
    /// Loaded, run to a random stop, and restored on fresh machines.
    Resumed,
}

impl Entry {
    /// The way that belongs to a seed: of eight programs of a profile four come from files, two as
    /// pages, two out of snapshots.
    pub fn numbered(number: u64) -> Entry {
        match number % 8 {
            0 | 4 => Entry::Pages,
            2 | 6 => Entry::Resumed,
            _ => Entry::File,
        }
    }

    /// For reports.
    pub fn name(self) -> &'static str {
        match self {
            Entry::File => "a file",
            Entry::Pages => "pages",
            Entry::Resumed => "a snapshot",
        }
    }
}

/// What is put onto a machine.
pub enum Start {
    /// The file and the registers that are set behind it.
    File(Program),
    /// Pages, where to begin, and all registers that are not 0.
    Pages {
        pages: Vec<Pages>,
        pc: u64,
        registers: Vec<(usize, u64)>,
    },
    /// A state of CKB-VM's.
    Snapshot(Box<Snapshot2<u8>>),
}

/// A range of pages to be initialised.
pub struct Pages {
    addr: u64,
    size: u64,
    flags: u8,
    bytes: Vec<u8>,
    offset: u64,
}

impl Start {
    /// From a file.
    pub fn file(assembly: &Assembly, registers: &[(usize, u64)]) -> Start {
        Start::File(Program {
            name: "random program".to_string(),
            elf: assembly.elf(),
            args: Vec::new(),
            registers: registers.to_vec(),
        })
    }

    /// As pages, with the flags that a file would have given them and the stack pointer that it would
    /// have left.
    pub fn pages(assembly: &Assembly, registers: &[(usize, u64)], setup: &Setup) -> Start {
        let sp = Reg::SP.index();
        let mut registers = registers.to_vec();
        if registers.iter().all(|(register, _)| *register != sp) {
            registers.push((sp, setup.memory_size as u64 - 16));
        }
        Start::Pages {
            pages: assembly.segments.iter().map(Pages::of).collect(),
            pc: assembly.entry,
            registers,
        }
    }

    /// The state of this machine.
    pub fn snapshot(asm: &mut Asm) -> Result<Start, String> {
        CkbVmContext::new(Files::default())
            .make_snapshot(asm.inner_mut())
            .map(|snapshot| Start::Snapshot(Box::new(snapshot)))
            .map_err(|error| format!("CKB-VM's snapshot: {error:?}"))
    }

    /// Puts it onto one of CKB-VM's machines, which is blank; an error is the kind of failure.
    pub fn put_reference<M>(&self, reference: &mut Reference<M>) -> Result<(), Verdict>
    where
        M: DefaultMachineRunner,
        M::Inner: SupportMachine<REG = u64>,
    {
        let fault = |error: ckb_vm::Error| Verdict::fault(&error);
        match self {
            Start::File(program) => reference.load(program),
            Start::Pages {
                pages,
                pc,
                registers,
            } => {
                let machine = reference.inner_mut();
                for part in pages {
                    let bytes = Some(Bytes::copy_from_slice(&part.bytes));
                    machine
                        .memory_mut()
                        .init_pages(part.addr, part.size, part.flags, bytes, part.offset)
                        .map_err(fault)?;
                }
                for (register, value) in registers {
                    machine.set_register(*register, *value);
                }
                machine.update_pc(*pc);
                machine.commit_pc();
                Ok(())
            }
            Start::Snapshot(snapshot) => CkbVmContext::new(Files::default())
                .resume(reference.inner_mut(), snapshot)
                .map_err(fault),
        }
    }

    /// Puts it onto a machine of ours, which is new; the result is the bytes that loading reports, an
    /// error the kind of failure.
    pub fn put_ours(&self, core: &mut Core) -> Result<u64, Verdict> {
        let fault = |trap: Trap| Verdict::Fault(trap.name().to_string());
        match self {
            Start::File(program) => {
                let image = Image::parse(&program.elf, core.profile().version)
                    .map_err(|error| Verdict::Fault(error.name().to_string()))?;
                let mut loaded = core.load(&image, &program.elf).map_err(fault)?;
                let args = program.args.iter().map(Ok);
                loaded += core.initialize_stack_from(args).map_err(fault)?;
                set_registers(core, &program.registers);
                Ok(loaded)
            }
            Start::Pages {
                pages,
                pc,
                registers,
            } => {
                for part in pages {
                    let memory = core.memory_mut();
                    memory
                        .init_pages(part.addr, part.size, part.flags, &part.bytes, part.offset)
                        .map_err(fault)?;
                }
                set_registers(core, registers);
                core.set_pc(*pc);
                Ok(0)
            }
            Start::Snapshot(snapshot) => OurContext::new(Files::default())
                .resume(core, &second_of((**snapshot).clone()))
                .map(|()| 0)
                .map_err(fault),
        }
    }
}

impl Pages {
    fn of(segment: &Segment) -> Pages {
        let page = PAGE_SIZE as u64;
        let offset = segment.addr % page;
        Pages {
            addr: segment.addr - offset,
            size: (offset + segment.bytes.len() as u64).next_multiple_of(page),
            flags: match segment.flags {
                Segment::TEXT => EXECUTABLE | FREEZED,
                Segment::RODATA => FREEZED,
                _ => 0,
            },
            bytes: segment.in_file().to_vec(),
            offset,
        }
    }
}

fn set_registers(core: &mut Core, registers: &[(usize, u64)]) {
    for (register, value) in registers {
        core.set_register(Reg::new(*register as u32), *value);
    }
}
