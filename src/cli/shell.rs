//! `translate completions` and `translate man`: what a shell and `man` need to know of the command, from the same
//! description that the parser has. Hidden commands are in neither.

use std::path::PathBuf;

use clap::{Args, Command};
use clap_complete::Shell;
use clap_mangen::Man;
use serde::Serialize;

use super::answer::Answer;
use super::code;
use super::failure::Failure;

/// Prints what a shell completes the command's words with
#[derive(Args)]
#[command(
    after_help = "Example:\n  translate completions bash > ~/.local/share/bash-completion/completions/translate"
)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

/// Writes the pages of the manual, one for each command
#[derive(Args)]
#[command(after_help = "Example:\n  translate man ~/.local/share/man/man1; man translate-run")]
pub(crate) struct Manual {
    /// The folder that the pages go to; it is made where it is missing
    folder: PathBuf,
}

#[derive(Serialize)]
struct Completed {
    shell: String,
    script: String,
}

#[derive(Serialize)]
struct Pages {
    pages: Vec<String>,
}

impl Completions {
    pub(crate) fn execute(self, command: &Command, json: bool) -> Result<Answer, Failure> {
        // Completions have no notion of a hidden command.
        let shown = command
            .get_subcommands()
            .filter(|inner| !inner.is_hide_set());
        let mut command = Command::new("translate")
            .args(command.get_arguments())
            .subcommands(shown);
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "translate", &mut script);
        let script = String::from_utf8(script).map_err(Failure::defect)?;
        let completed = Completed {
            shell: self.shell.to_string(),
            script,
        };
        Answer::new(json, &completed, || completed.script.clone(), code::SUCCESS)
    }
}

impl Manual {
    pub(crate) fn execute(self, mut command: Command, json: bool) -> Result<Answer, Failure> {
        command.build();
        std::fs::create_dir_all(&self.folder)
            .map_err(|error| Failure::unwritable(self.folder.display(), &error))?;
        let mut pages = Vec::new();
        let mut open = vec![(String::from("translate"), command)];
        while let Some((name, command)) = open.pop() {
            for inner in command.get_subcommands() {
                if !inner.is_hide_set() && inner.get_name() != "help" {
                    open.push((format!("{name}-{}", inner.get_name()), inner.clone()));
                }
            }
            let path = self.folder.join(format!("{name}.1"));
            let mut page = Vec::new();
            Man::new(command.name(name.clone()))
                .title(name.to_uppercase())
                .render(&mut page)
                .and_then(|()| std::fs::write(&path, page))
                .map_err(|error| Failure::unwritable(path.display(), &error))?;
            pages.push(path.display().to_string());
        }
        pages.sort();
        let found = Pages { pages };
        let text = || {
            format!(
                "Pages: {} in {}\n",
                found.pages.len(),
                self.folder.display()
            )
        };
        Answer::new(json, &found, text, code::SUCCESS)
    }
}
