//! What the client may ask of the guest, in the words of `gdbstub`.

use std::convert::Infallible;

use gdbstub::common::Signal;
use gdbstub::target::ext::base::BaseOps;
use gdbstub::target::ext::base::reverse_exec::{
    ReverseCont, ReverseContOps, ReverseStep, ReverseStepOps,
};
use gdbstub::target::ext::base::singlethread::{
    SingleThreadBase, SingleThreadResume, SingleThreadResumeOps, SingleThreadSingleStep,
    SingleThreadSingleStepOps,
};
use gdbstub::target::ext::breakpoints::{
    Breakpoints, BreakpointsOps, HwBreakpoint, HwBreakpointOps, HwWatchpoint, HwWatchpointOps,
    SwBreakpoint, SwBreakpointOps, WatchKind,
};
use gdbstub::target::ext::monitor_cmd::{ConsoleOutput, MonitorCmd, MonitorCmdOps};
use gdbstub::target::ext::target_description_xml_override::{
    TargetDescriptionXmlOverride, TargetDescriptionXmlOverrideOps,
};
use gdbstub::target::{Target, TargetError, TargetResult};
use lockstep_isa::{Reg, Xlen};

use super::arch::{All, Riscv, description};
use super::guest::{Guest, Resume};
use super::monitor;
use super::walker::{Watch, Watched};

impl Target for Guest {
    type Arch = Riscv;
    type Error = Infallible;

    fn base_ops(&mut self) -> BaseOps<'_, Riscv, Infallible> {
        BaseOps::SingleThread(self)
    }

    fn support_breakpoints(&mut self) -> Option<BreakpointsOps<'_, Self>> {
        Some(self)
    }

    fn support_monitor_cmd(&mut self) -> Option<MonitorCmdOps<'_, Self>> {
        Some(self)
    }

    fn support_target_description_xml_override(
        &mut self,
    ) -> Option<TargetDescriptionXmlOverrideOps<'_, Self>> {
        Some(self)
    }
}

impl TargetDescriptionXmlOverride for Guest {
    fn target_description_xml(
        &self,
        annex: &[u8],
        offset: u64,
        length: usize,
        buf: &mut [u8],
    ) -> TargetResult<usize, Self> {
        if annex != b"target.xml" {
            return Err(TargetError::NonFatal);
        }
        let text = description(match self.core().profile().xlen {
            Xlen::X32 => 32,
            Xlen::X64 => 64,
        });
        let rest = usize::try_from(offset)
            .ok()
            .and_then(|offset| text.as_bytes().get(offset..));
        let rest = rest.unwrap_or(&[]);
        let len = rest.len().min(length).min(buf.len());
        buf[..len].copy_from_slice(&rest[..len]);
        Ok(len)
    }
}

impl SingleThreadBase for Guest {
    fn read_registers(&mut self, regs: &mut All) -> TargetResult<(), Self> {
        let core = self.core();
        for reg in Reg::all() {
            regs.general[reg.index()] = core.register(reg);
        }
        regs.narrow = core.profile().xlen == Xlen::X32;
        regs.pc = self.pc();
        Ok(())
    }

    fn write_registers(&mut self, regs: &All) -> TargetResult<(), Self> {
        let pc = self.pc();
        let core = self.change().ok_or(TargetError::NonFatal)?;
        for reg in Reg::all() {
            core.set_register(reg, regs.general[reg.index()]);
        }
        if regs.pc != pc {
            self.jump(regs.pc);
        }
        self.changed();
        Ok(())
    }

    fn read_addrs(&mut self, start: u64, data: &mut [u8]) -> TargetResult<usize, Self> {
        let start = usize::try_from(start).map_err(|_| TargetError::NonFatal)?;
        let bytes = self.core().memory().as_bytes().get(start..);
        let bytes = bytes.filter(|bytes| !bytes.is_empty());
        let bytes = bytes.ok_or(TargetError::NonFatal)?;
        let len = bytes.len().min(data.len());
        data[..len].copy_from_slice(&bytes[..len]);
        Ok(len)
    }

    fn write_addrs(&mut self, start: u64, data: &[u8]) -> TargetResult<(), Self> {
        if data.is_empty() {
            return Ok(());
        }
        let core = self.change().ok_or(TargetError::NonFatal)?;
        // As the guest's own stores: not beyond memory, and not into code.
        let stored = core.memory_mut().store_bytes(start, data);
        self.changed();
        stored.map_err(|_| TargetError::NonFatal)
    }

    fn support_resume(&mut self) -> Option<SingleThreadResumeOps<'_, Self>> {
        Some(self)
    }
}

impl SingleThreadResume for Guest {
    fn resume(&mut self, _: Option<Signal>) -> Result<(), Infallible> {
        Guest::resume(self, Resume::Continue);
        Ok(())
    }

    fn support_single_step(&mut self) -> Option<SingleThreadSingleStepOps<'_, Self>> {
        Some(self)
    }

    fn support_reverse_step(&mut self) -> Option<ReverseStepOps<'_, (), Self>> {
        Some(self)
    }

    fn support_reverse_cont(&mut self) -> Option<ReverseContOps<'_, (), Self>> {
        Some(self)
    }
}

impl SingleThreadSingleStep for Guest {
    fn step(&mut self, _: Option<Signal>) -> Result<(), Infallible> {
        Guest::resume(self, Resume::Step);
        Ok(())
    }
}

impl ReverseStep<()> for Guest {
    fn reverse_step(&mut self, (): ()) -> Result<(), Infallible> {
        Guest::resume(self, Resume::StepBack);
        Ok(())
    }
}

impl ReverseCont<()> for Guest {
    fn reverse_cont(&mut self) -> Result<(), Infallible> {
        Guest::resume(self, Resume::ContinueBack);
        Ok(())
    }
}

impl Breakpoints for Guest {
    fn support_sw_breakpoint(&mut self) -> Option<SwBreakpointOps<'_, Self>> {
        Some(self)
    }

    fn support_hw_breakpoint(&mut self) -> Option<HwBreakpointOps<'_, Self>> {
        Some(self)
    }

    fn support_hw_watchpoint(&mut self) -> Option<HwWatchpointOps<'_, Self>> {
        Some(self)
    }
}

impl SwBreakpoint for Guest {
    fn add_sw_breakpoint(&mut self, addr: u64, _: usize) -> TargetResult<bool, Self> {
        self.stops.breakpoints.insert((addr, false));
        Ok(true)
    }

    fn remove_sw_breakpoint(&mut self, addr: u64, _: usize) -> TargetResult<bool, Self> {
        Ok(self.stops.breakpoints.remove(&(addr, false)))
    }
}

impl HwBreakpoint for Guest {
    fn add_hw_breakpoint(&mut self, addr: u64, _: usize) -> TargetResult<bool, Self> {
        self.stops.breakpoints.insert((addr, true));
        Ok(true)
    }

    fn remove_hw_breakpoint(&mut self, addr: u64, _: usize) -> TargetResult<bool, Self> {
        Ok(self.stops.breakpoints.remove(&(addr, true)))
    }
}

impl HwWatchpoint for Guest {
    fn add_hw_watchpoint(
        &mut self,
        addr: u64,
        len: u64,
        kind: WatchKind,
    ) -> TargetResult<bool, Self> {
        self.stops.watches.push(watch(addr, len, kind));
        Ok(true)
    }

    fn remove_hw_watchpoint(
        &mut self,
        addr: u64,
        len: u64,
        kind: WatchKind,
    ) -> TargetResult<bool, Self> {
        let watch = watch(addr, len, kind);
        let found = self.stops.watches.iter().position(|other| *other == watch);
        Ok(found.map(|at| self.stops.watches.remove(at)).is_some())
    }
}

fn watch(address: u64, bytes: u64, kind: WatchKind) -> Watch {
    let kind = match kind {
        WatchKind::Write => Watched::Write,
        WatchKind::Read => Watched::Read,
        WatchKind::ReadWrite => Watched::Access,
    };
    Watch {
        address,
        bytes,
        kind,
    }
}

impl MonitorCmd for Guest {
    fn handle_monitor_cmd(
        &mut self,
        cmd: &[u8],
        mut out: ConsoleOutput<'_>,
    ) -> Result<(), Infallible> {
        out.write_raw(monitor::answer(self, &String::from_utf8_lossy(cmd)).as_bytes());
        Ok(())
    }
}
