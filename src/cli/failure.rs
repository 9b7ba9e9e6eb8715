//! A command that could not do what it was asked for: exit code, kind, and one sentence that says
//! what was wrong, where, and what to do next.

use std::fmt::Display;
use std::path::Path;

use lockstep_cache::CacheError;

use super::{code, colour, stderr};

/// Why a command ends without an answer.
#[derive(Debug)]
pub(crate) struct Failure {
    /// One of [`code`].
    pub(crate) code: u8,
    /// One word; CKB-VM's name for the error where it has one.
    pub(crate) kind: String,
    /// The sentence.
    pub(crate) message: String,
    /// clap's own rendering, with its colours and hints, for standard error.
    rendered: Option<String>,
}

impl Failure {
    /// A failure of any code.
    pub(crate) fn new(code: u8, kind: impl Display, message: impl Display) -> Failure {
        Failure {
            code,
            kind: kind.to_string(),
            message: message.to_string(),
            rendered: None,
        }
    }

    /// The arguments are wrong.
    pub(crate) fn usage(message: impl Display) -> Failure {
        Failure::new(code::USAGE, "Usage", message)
    }

    /// The arguments are wrong, as the parser found.
    pub(crate) fn usage_by_clap(error: &clap::Error) -> Failure {
        let colour = colour::of_standard_error();
        let rendered = error.render();
        let plain = rendered.to_string();
        // The first paragraph is the sentence; usage and hints follow it.
        let sentence = plain.split("\n\n").next().unwrap_or(&plain);
        let sentence = sentence.strip_prefix("error: ").unwrap_or(sentence).trim();
        Failure {
            rendered: Some(if colour {
                rendered.ansi().to_string()
            } else {
                plain.clone()
            }),
            ..Failure::usage(sentence)
        }
    }

    /// The same with one more sentence, in the place of what the parser guesses.
    pub(crate) fn with_advice(self, advice: &str) -> Failure {
        // The parser writes a list of arguments in several lines.
        let words: Vec<&str> = self.message.split_whitespace().collect();
        Failure {
            rendered: None,
            message: format!("{}; {advice}", words.join(" ")),
            ..self
        }
    }

    /// A file cannot be read.
    pub(crate) fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
        let message = format!(
            "cannot read {}: {error}; check the name and the permissions",
            path.display()
        );
        Failure::new(code::FILE, "Unreadable", message)
    }

    /// A file cannot be written.
    pub(crate) fn unwritable(what: impl Display, error: &dyn Display) -> Failure {
        let message = format!(
            "cannot write {what}: {error}; check the name, the permissions and the space on the disk"
        );
        Failure::new(code::FILE, "Unwritable", message)
    }

    /// A cache that cannot be used, when the cache is what the command is about.
    pub(crate) fn cache(error: &CacheError) -> Failure {
        let kind = match error {
            CacheError::NoFolder => return Failure::new(code::USAGE, "NoCacheFolder", error),
            CacheError::NotAFolder(_) => "NotAFolder",
            CacheError::Owner { .. } | CacheError::Shared { .. } | CacheError::Link(_) => {
                "NotPrivate"
            }
            CacheError::Key { .. } => "NoKey",
            _ => "CacheUnusable",
        };
        Failure::new(code::FILE, kind, error)
    }

    /// There is no key to seal with.
    pub(crate) fn no_key(error: &dyn Display) -> Failure {
        Failure::new(code::FILE, "NoKey", error)
    }

    /// Native code was demanded and cannot be had.
    pub(crate) fn no_module(reason: impl Display) -> Failure {
        let message = format!(
            "--engine native: there is no module to run: {reason}; --engine auto runs the guest in the interpreter"
        );
        Failure::new(code::DEFECT, "NoModule", message)
    }

    /// Our fault.
    pub(crate) fn defect(message: impl Display) -> Failure {
        Failure::new(code::DEFECT, "Defect", message)
    }

    /// Says it on standard error.
    pub(crate) fn print(&self) {
        match &self.rendered {
            Some(rendered) => stderr::write(rendered),
            None => stderr::error(&self.message),
        }
    }

    /// Says it as the one object on standard output.
    pub(crate) fn json(&self) -> String {
        #[derive(serde::Serialize)]
        struct Object<'a> {
            result: &'static str,
            error: Error<'a>,
        }
        #[derive(serde::Serialize)]
        struct Error<'a> {
            kind: &'a str,
            message: &'a str,
        }
        let object = Object {
            result: "error",
            error: Error {
                kind: &self.kind,
                message: &self.message,
            },
        };
        // Two strings: this cannot fail.
        serde_json::to_string(&object).unwrap_or_default()
    }
}
