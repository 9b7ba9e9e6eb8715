//! The values of the field `result` of the command's JSON objects. Other programs rely on the names.

use serde::Serialize;

use super::code;

/// How a run or a comparison ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ResultName {
    /// The guest exited.
    Exit,
    /// The guest was stopped by a fault.
    Fault,
    /// The guest would have been charged more than its limit.
    CyclesExceeded,
    /// The guest was paused.
    Paused,
    /// Two things that must be equal are not.
    Diverged,
    /// Two things that must be equal are.
    Equal,
}

impl ResultName {
    /// The exit code of the command that goes with it, where the guest exited with this code, if it did.
    pub(super) fn exit_code(self, guest: Option<i8>) -> u8 {
        match (self, guest) {
            (ResultName::Diverged, _) => code::DIVERGED,
            (ResultName::Equal, _) | (_, Some(0)) => code::SUCCESS,
            _ => code::GUEST,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_other_programs_know() {
        for (name, text) in [
            (ResultName::Exit, "exit"),
            (ResultName::Fault, "fault"),
            (ResultName::CyclesExceeded, "cycles_exceeded"),
            (ResultName::Paused, "paused"),
            (ResultName::Diverged, "diverged"),
            (ResultName::Equal, "equal"),
        ] {
            assert_eq!(serde_json::to_value(name).unwrap(), text);
        }
    }
}
