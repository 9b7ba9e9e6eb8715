//! What the arguments of `ckb` mean for the engine: the node's folder, and whether anything will be verified.
//!
//! The node's own reader of arguments is private to it. This one looks at no more than it needs, and leaves it
//! to the node to refuse what is wrong.

use std::ffi::OsString;
use std::path::PathBuf;

/// What a process of the node is started for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Invocation {
    /// It verifies, in this folder.
    Verifies(PathBuf),
    /// It verifies in a child that it forks, in this folder.
    VerifiesInFork(PathBuf),
    /// It does something else, and needs no engine.
    Other,
}

/// The subcommands that verify scripts.
const VERIFYING: [&str; 3] = ["run", "import", "replay"];

/// Reads the arguments of `ckb`, without the name of the program.
pub fn invocation(arguments: impl IntoIterator<Item = OsString>) -> Invocation {
    let mut folder = None;
    let (mut verifies, mut forks, mut subcommand_seen) = (false, false, false);
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let Some(text) = argument.to_str() else {
            // A folder of which the name is not UTF-8 may stand behind `-C`, and nothing else matters.
            continue;
        };
        match text {
            "-C" => folder = arguments.next().map(PathBuf::from),
            "--daemon" => forks = true,
            "-h" | "--help" | "-V" | "--version" => return Invocation::Other,
            _ if text.starts_with("-C") => {
                let path = &text[2..];
                folder = Some(PathBuf::from(path.strip_prefix('=').unwrap_or(path)));
            }
            _ if text.starts_with('-') || subcommand_seen => {}
            _ => {
                subcommand_seen = true;
                verifies = VERIFYING.contains(&text);
            }
        }
    }
    let folder = folder.unwrap_or_else(|| PathBuf::from("."));
    match (verifies, forks) {
        (false, _) => Invocation::Other,
        (true, false) => Invocation::Verifies(folder),
        (true, true) => Invocation::VerifiesInFork(folder),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_and_the_subcommand_stand_in_any_order() {
        let read = |line: &str| invocation(line.split_whitespace().map(OsString::from));
        let verifies = |folder: &str| Invocation::Verifies(folder.into());
        assert_eq!(read("run"), verifies("."));
        assert_eq!(read("-C /n run"), verifies("/n"));
        assert_eq!(read("run -C /n"), verifies("/n"));
        assert_eq!(read("-C/n import chain.jsonl"), verifies("/n"));
        assert_eq!(read("replay -C=/n --profile 1 20"), verifies("/n"));
        let forks = Invocation::VerifiesInFork("/n".into());
        assert_eq!(read("run --daemon -C /n"), forks);
        for other in [
            "",
            "init --chain dev",
            "-C run",
            "-C run init",
            "export run",
            "run --help",
            "--version",
        ] {
            assert_eq!(read(other), Invocation::Other, "{other}");
        }
    }
}
