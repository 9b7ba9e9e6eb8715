//! What this system has of the layers that native code and the helper are protected by.

use super::finding::Finding;

#[cfg(not(target_os = "linux"))]
pub(super) fn findings() -> Vec<Finding> {
    vec![Finding::note(
        "kernel",
        "Landlock, seccomp and sealed memory files are layers of Linux; this is another system",
    )]
}

#[cfg(target_os = "linux")]
pub(super) fn findings() -> Vec<Finding> {
    vec![linux::landlock(), linux::seccomp(), linux::memory_files()]
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::read_to_string;

    use lockstep_runtime::try_sealed_memory;

    use super::Finding;

    pub(super) fn landlock() -> Finding {
        let modules = read_to_string("/sys/kernel/security/lsm");
        match modules {
            Ok(list) if list.trim().split(',').any(|name| name == "landlock") => {
                Finding::ok("landlock", "on: a helper reaches no file, network or process")
            }
            Ok(list) => Finding::note(
                "landlock",
                format!(
                    "off (the kernel's security modules are {}): a helper has seccomp and limits only",
                    list.trim()
                ),
            )
            .by("add landlock to the kernel's parameter lsm=, and start the machine again"),
            Err(error) => Finding::note(
                "landlock",
                format!(
                    "cannot be known: /sys/kernel/security/lsm: {error}; a helper without Landlock says so on its standard error"
                ),
            )
            .by("mount -t securityfs securityfs /sys/kernel/security"),
        }
    }

    pub(super) fn seccomp() -> Finding {
        match read_to_string("/proc/sys/kernel/seccomp/actions_avail") {
            Ok(actions) if actions.split_whitespace().any(|action| action == "errno") => {
                Finding::ok("seccomp", "on: a helper may use few system calls")
            }
            _ => Finding::note(
                "seccomp",
                "this kernel names no seccomp filters: a helper has Landlock and limits only",
            )
            .by("use a kernel with CONFIG_SECCOMP_FILTER"),
        }
    }

    /// Tried with a page of zeros.
    pub(super) fn memory_files() -> Finding {
        match try_sealed_memory() {
            Ok(()) => Finding::ok("memfd", "native code is mapped from sealed memory files"),
            Err(error) => {
                let finding = Finding::note(
                    "memfd",
                    format!(
                        "code from sealed memory files cannot be executed here ({error}): native code lies in anonymous \
                         memory, which is never writable and executable at once"
                    ),
                );
                match read_to_string("/proc/sys/vm/memfd_noexec").as_deref().map(str::trim) {
                    Ok("2") => finding.by("sysctl vm.memfd_noexec=0"),
                    _ => finding.by(
                        "let the process make memory files: a container's seccomp profile may forbid it (docs/platforms.md)",
                    ),
                }
            }
        }
    }
}
