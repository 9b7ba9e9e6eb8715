//! `translate doctor`: what is set up on this machine for native code, what is not, and what mends it.
//!
//! It looks where the engine would look, with the environment that it is started with, and changes nothing: it makes no
//! folder, no key and no module. What cannot be known without a trial is tried in memory: one small guest is translated,
//! by the helper where one is set, mapped and run. It does not look for wrong code: `translate verify` and the engine
//! `check` do.

use clap::Args;
use serde::Serialize;

use super::answer::Answer;
use super::code;
use super::failure::Failure;

mod files;
mod finding;
mod kernel;
mod modules;
mod trial;

use finding::{Finding, Status};

/// Says what is set up for native code on this machine, what is not, and the command that mends it
#[derive(Args)]
#[command(
    after_help = "Exit code 0: healthy; 65: something is wrong.\n\nExample:\n  translate doctor"
)]
pub(crate) struct Doctor {}

/// The answer, for `--json`.
#[derive(Serialize)]
struct Object {
    healthy: bool,
    findings: Vec<Finding>,
}

impl Doctor {
    pub(crate) fn execute(self, json: bool) -> Result<Answer, Failure> {
        let mut findings = trial::versions();
        findings.extend(files::findings());
        findings.extend(modules::findings());
        findings.extend(kernel::findings());
        findings.extend(trial::findings());
        let healthy = findings
            .iter()
            .all(|finding| finding.status != Status::Wrong);
        let object = Object { healthy, findings };
        let code = if healthy { code::SUCCESS } else { code::DATA };
        Answer::new(json, &object, || text(&object), code)
    }
}

fn text(object: &Object) -> String {
    let mut text = String::new();
    for finding in &object.findings {
        let word = match finding.status {
            Status::Ok => "ok   ",
            Status::Note => "note ",
            Status::Wrong => "WRONG",
        };
        text += &format!("{word} {:<11} {}\n", finding.about, finding.found);
        if let Some(mend) = &finding.mend {
            text += &format!("{:17} -> {mend}\n", "");
        }
    }
    let wrong = object.findings.iter();
    let wrong = wrong.filter(|finding| finding.status == Status::Wrong);
    text + &match wrong.count() {
        0 => "Healthy\n".to_owned(),
        1 => "1 thing is wrong\n".to_owned(),
        number => format!("{number} things are wrong\n"),
    }
}
