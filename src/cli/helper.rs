//! `translate helper`: one translation for a node, in a process that can do nothing else.
//!
//! A node starts it, asks once, reads the answer, and it ends; people have no use for it. It gives up
//! what it does not need before it reads anything (`confine.rs`), because the code that it is to
//! translate comes from whoever pays for a transaction.

use std::io::{self, Read, Write};
use std::path::Path;

use clap::Args;
use lockstep::helper::{REQUEST_LIMIT, answer};

use super::answer::Answer;
use super::code;
use super::failure::Failure;

mod confine;

/// Translates for a node: reads a request from standard input and answers on standard output
#[derive(Args)]
pub(crate) struct Helper {
    /// Bytes of memory that it may use
    #[arg(long, value_name = "BYTES", default_value = "0x4000_0000", value_parser = super::args::number)]
    memory: u64,
    /// CPU time that it may use
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = super::args::number)]
    seconds: u64,
}

impl Helper {
    pub(crate) fn execute(self) -> Result<Answer, Failure> {
        // Before anything else, so that nothing but arguments has been read.
        confine::confine(self.memory, self.seconds).map_err(Failure::defect)?;
        let mut request = Vec::new();
        let limit = REQUEST_LIMIT as u64 + 1;
        let read = io::stdin().lock().take(limit).read_to_end(&mut request);
        read.map_err(|error| Failure::unreadable(Path::new("standard input"), &error))?;
        let answer = answer(&request);
        let mut out = io::stdout().lock();
        (out.write_all(&answer).and_then(|()| out.flush()))
            .map_err(|error| Failure::unwritable("standard output", &error))?;
        Ok(Answer {
            text: String::new(),
            code: code::SUCCESS,
        })
    }
}
