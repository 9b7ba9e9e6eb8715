//! What a helper gives up before it reads a request.
//!
//! Three layers, because kernels differ. *Resource limits*, everywhere on Unix: address space, CPU time,
//! no new file descriptor, no new process, no core file; without them it does not start. *Seccomp*, on
//! Linux for x86-64, aarch64 and riscv64: of all system calls only those on a short list remain, and no
//! memory becomes executable. *Landlock*, from Linux 5.13: no file; from 6.7 no TCP; from 6.12 no signals
//! or abstract sockets beyond the process. Where the last two cannot be had, it says so and goes on: the
//! node has asked for a process of its own, and gets what there is.

use std::io;

use rlimit::{Resource, setrlimit};

/// Gives up all that is not needed for one translation.
///
/// # Errors
/// When the limits cannot be set.
pub(super) fn confine(memory: u64, seconds: u64) -> io::Result<()> {
    // Hard limits: nothing in this process can raise them again. Before Landlock closes the files that
    // say what the system has.
    for (resource, limit) in [
        (Resource::AS, memory),
        (Resource::CPU, seconds),
        (Resource::CORE, 0),
        (Resource::NPROC, 0),
    ] {
        setrlimit(resource, limit, limit)?;
    }
    #[cfg(target_os = "linux")]
    {
        if let Err(reason) = linux::landlock() {
            tracing::warn!("the helper runs without Landlock: {reason}");
        }
        // Landlock needed a descriptor.
        setrlimit(Resource::NOFILE, 0, 0)?;
        if let Err(reason) = linux::seccomp() {
            tracing::warn!("the helper runs without seccomp: {reason}");
        }
    }
    #[cfg(not(target_os = "linux"))]
    setrlimit(Resource::NOFILE, 0, 0)?;
    Ok(())
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::BTreeMap;

    use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetStatus, Scope};
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
        SeccompRule, apply_filter,
    };

    /// No file, no TCP, nothing of other processes: all that the kernel knows is handled, and nothing
    /// is allowed.
    pub(super) fn landlock() -> Result<(), String> {
        let restricted = Ruleset::default()
            .handle_access(AccessFs::from_all(ABI::V6))
            .and_then(|rules| rules.handle_access(AccessNet::from_all(ABI::V6)))
            .and_then(|rules| rules.scope(Scope::from_all(ABI::V6)))
            .and_then(|rules| rules.create())
            .and_then(|rules| rules.restrict_self())
            .map_err(|error| error.to_string())?;
        match restricted.ruleset {
            RulesetStatus::FullyEnforced => Ok(()),
            RulesetStatus::PartiallyEnforced => {
                tracing::debug!("this kernel's Landlock is an older one");
                Ok(())
            }
            RulesetStatus::NotEnforced => Err("this kernel has none".to_owned()),
        }
    }

    /// What a process that computes needs: its pipes, memory, an end.
    const ALLOWED: &[i64] = &[
        libc::SYS_read,
        libc::SYS_write,
        libc::SYS_readv,
        libc::SYS_writev,
        libc::SYS_close,
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_madvise,
        libc::SYS_brk,
        libc::SYS_futex,
        libc::SYS_sched_yield,
        libc::SYS_sched_getaffinity,
        libc::SYS_clock_gettime,
        libc::SYS_clock_nanosleep,
        libc::SYS_getrandom,
        libc::SYS_getpid,
        libc::SYS_gettid,
        // Panics and the end of the process.
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sigaltstack,
        libc::SYS_restart_syscall,
        libc::SYS_tgkill,
        libc::SYS_exit,
        libc::SYS_exit_group,
    ];

    /// Everything else is refused with `EPERM`. So are new threads: a translation here has one.
    pub(super) fn seccomp() -> Result<(), String> {
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
            ALLOWED.iter().map(|&call| (call, Vec::new())).collect();
        for call in [libc::SYS_mmap, libc::SYS_mprotect] {
            // The third argument of both is the protection.
            let exec = libc::PROT_EXEC as u64;
            let condition =
                SeccompCondition::new(2, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(exec), 0);
            let rule = condition.and_then(|condition| SeccompRule::new(vec![condition]));
            rules.insert(call, vec![rule.map_err(|error| error.to_string())?]);
        }
        let arch = std::env::consts::ARCH.try_into();
        let filter = arch.and_then(|arch| {
            let refused = SeccompAction::Errno(libc::EPERM as u32);
            SeccompFilter::new(rules, refused, SeccompAction::Allow, arch)
        });
        let program = filter.and_then(BpfProgram::try_from);
        let program = program.map_err(|error| error.to_string())?;
        apply_filter(&program).map_err(|error| error.to_string())
    }
}
