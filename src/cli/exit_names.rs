//! What exit codes mean: names that scripts of the chain give to theirs.
//!
//! A script's code is known by its digest, so a name is never a guess. Other scripts are free to mean anything by a code; of
//! those only the convention of `ckb-std` is told, as a convention.

use serde::Serialize;

/// A name for an exit code.
#[derive(Serialize, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ExitName {
    /// The name in the source of the script.
    pub(crate) name: &'static str,
    /// Whose name it is: a script's, or that of a library's convention.
    pub(crate) of: &'static str,
    /// Whether the script is known. Otherwise it may mean something else by this code.
    pub(crate) is_certain: bool,
}

impl ExitName {
    /// The line for people.
    pub(crate) fn describe(&self, code: i8) -> String {
        let ExitName { name, of, .. } = self;
        match self.is_certain {
            true => format!("Exit code {code}: {name} of {of}\n"),
            false => format!("Exit code {code}: {name}, if the script keeps to {of}\n"),
        }
    }
}

/// A code and its name.
type Name = (i8, &'static str);

/// Of the locks with secp256k1: `c/common.h` of `ckb-system-scripts`, and the numbers in the sources of the locks.
const SECP256K1: [Name; 13] = [
    (-1, "ERROR_ARGUMENTS_LEN"),
    (-2, "ERROR_ENCODING"),
    (-3, "ERROR_SYSCALL"),
    (-11, "ERROR_SECP_RECOVER_PUBKEY"),
    (-12, "ERROR_SECP_VERIFICATION"),
    (-13, "ERROR_SECP_PARSE_PUBKEY"),
    (-14, "ERROR_SECP_PARSE_SIGNATURE"),
    (-15, "ERROR_SECP_SERIALIZE_PUBKEY"),
    (-21, "ERROR_SCRIPT_TOO_LONG"),
    (-22, "ERROR_WITNESS_SIZE"),
    (-23, "ERROR_INCORRECT_SINCE_FLAGS"),
    (-24, "ERROR_INCORRECT_SINCE_VALUE"),
    (-31, "ERROR_PUBKEY_BLAKE160_HASH"),
];

/// Of the lock with several keys, beside those of [`SECP256K1`].
const MULTISIG: [Name; 6] = [
    (-41, "ERROR_INVALID_RESERVE_FIELD"),
    (-42, "ERROR_INVALID_PUBKEYS_CNT"),
    (-43, "ERROR_INVALID_THRESHOLD"),
    (-44, "ERROR_INVALID_REQUIRE_FIRST_N"),
    (-51, "ERROR_MULTSIG_SCRIPT_HASH"),
    (-52, "ERROR_VERIFICATION"),
];

/// Of NervosDAO: `c/dao.c`.
const DAO: [Name; 15] = [
    (-1, "ERROR_UNKNOWN"),
    (-2, "ERROR_WRONG_NUMBER_OF_ARGUMENTS"),
    (-4, "ERROR_SYSCALL"),
    (-10, "ERROR_BUFFER_NOT_ENOUGH"),
    (-11, "ERROR_ENCODING"),
    (-12, "ERROR_WITNESS_TOO_LONG"),
    (-13, "ERROR_OVERFLOW"),
    (-14, "ERROR_INVALID_WITHDRAW_BLOCK"),
    (-15, "ERROR_INCORRECT_CAPACITY"),
    (-16, "ERROR_INCORRECT_EPOCH"),
    (-17, "ERROR_INCORRECT_SINCE"),
    (-18, "ERROR_TOO_MANY_OUTPUT_CELLS"),
    (-19, "ERROR_NEWLY_CREATED_CELL"),
    (-20, "ERROR_INVALID_WITHDRAWING_CELL"),
    (-21, "ERROR_SCRIPT_TOO_LONG"),
];

/// What the system calls of the chain answer, as `ckb-std` names it. Its scripts usually end with that number.
const SYSTEM_CALLS: [Name; 9] = [
    (1, "IndexOutOfBound"),
    (2, "ItemMissing"),
    (3, "LengthNotEnough"),
    (4, "Encoding"),
    (5, "WaitFailure"),
    (6, "InvalidFd"),
    (7, "OtherEndClosed"),
    (8, "MaxVmsSpawned"),
    (9, "MaxFdsCreated"),
];

/// The exit code of a panic, and of an allocation that fails.
const PANIC: Name = (-1, "a panic, or no memory");

/// A script that is known.
struct Known {
    name: &'static str,
    /// BLAKE3 of its code, of each version that the chain has.
    digests: &'static [&'static str],
    names: &'static [&'static [Name]],
}

const KNOWN: [Known; 3] = [
    Known {
        name: "secp256k1_blake160_sighash_all",
        digests: &["f3d1bdabfb03b160c08127e3a6ca3c36ae0eea30f7a3e69c57d15ff22bb556c3"],
        names: &[&SECP256K1],
    },
    Known {
        name: "secp256k1_blake160_multisig_all",
        digests: &[
            "2b0ab1726e6d4307964cae198587189bdda789fa0c907bbf9a21e58e0819a741",
            "b7f8b110d7586cad90d2281fe29444f8e84b6d7183e47ac71a413673d2d91a99",
        ],
        names: &[&SECP256K1, &MULTISIG],
    },
    Known {
        name: "dao",
        digests: &[
            "cad32570cdba4bb610e770a248f187491defc4697d6231d900c4c92e72a24b7a",
            "03cdcba52e5d462e818cee447d542eaa29541190f3cce67aade8620253c8e67e",
        ],
        names: &[&DAO],
    },
];

/// The name of a script's exit code, if there is one. `elf` is the script's code.
pub(crate) fn name(code: i8, elf: &[u8]) -> Option<ExitName> {
    let digest = blake3::hash(elf).to_hex();
    let known = KNOWN
        .iter()
        .find(|known| known.digests.contains(&digest.as_str()));
    match known {
        Some(known) => {
            let mut names = known.names.iter().copied().flatten();
            let (_, name) = names.find(|(number, _)| *number == code)?;
            Some(ExitName {
                name,
                of: known.name,
                is_certain: true,
            })
        }
        None => {
            let mut names = SYSTEM_CALLS.iter().chain([&PANIC]);
            let (_, name) = names.find(|(number, _)| *number == code)?;
            Some(ExitName {
                name,
                of: "the convention of ckb-std",
                is_certain: false,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_has_two_names() {
        for known in &KNOWN {
            let mut codes: Vec<i8> = (known.names.iter().copied().flatten())
                .map(|(code, _)| *code)
                .collect();
            let all = codes.len();
            codes.sort_unstable();
            codes.dedup();
            assert_eq!(codes.len(), all, "{}", known.name);
            assert!(!codes.contains(&0), "0 is success");
        }
    }

    #[test]
    fn a_script_that_nobody_knows_has_a_convention_at_most() {
        let found = name(2, b"some script").unwrap();
        assert!(!found.is_certain);
        assert!(
            found
                .describe(2)
                .contains("ItemMissing, if the script keeps to")
        );
        assert_eq!(name(42, b"some script"), None);
        assert_eq!(name(0, b"some script"), None);
    }
}
