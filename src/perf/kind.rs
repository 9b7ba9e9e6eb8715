//! Which file tells profilers the names of native code.

use std::str::FromStr;

use crate::engine::InvalidSetting;

/// Which file tells profilers the names of native code: `LOCKSTEP_PROFILE`.
///
/// ```
/// use lockstep::engine::Profiling;
///
/// assert_eq!("perfmap".parse(), Ok(Profiling::PerfMap));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Profiling {
    /// `/tmp/perf-PID.map`: names.
    PerfMap,
    /// `jit-PID.dump`: names, native code and lines of the source, for `perf inject --jit`.
    JitDump,
}

impl FromStr for Profiling {
    type Err = InvalidSetting;

    fn from_str(value: &str) -> Result<Profiling, InvalidSetting> {
        match value {
            "perfmap" => Ok(Profiling::PerfMap),
            "jitdump" => Ok(Profiling::JitDump),
            _ => Err(InvalidSetting {
                setting: "LOCKSTEP_PROFILE",
                value: value.to_owned(),
                choices: "perfmap, jitdump",
            }),
        }
    }
}
