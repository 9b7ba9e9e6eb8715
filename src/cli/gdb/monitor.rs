//! The commands that gdb's `monitor` hands on.

use super::super::args::cycles;
use super::guest::Guest;

const HELP: &str = "\
monitor cycles               what the guest is charged so far
monitor break-at-cycle N     stop at the first block with N cycles charged; off takes it back
monitor fault                why the guest cannot go on
monitor help                 this list
";

/// Does a command, and answers with text for the console.
pub(super) fn answer(guest: &mut Guest, command: &str) -> String {
    let words: Vec<&str> = command.split_whitespace().collect();
    match words[..] {
        [] | ["help"] => HELP.to_owned(),
        ["cycles"] => charged(guest),
        ["break-at-cycle", "off"] => {
            guest.stops.cycles = None;
            "The guest does not stop at a number of cycles.\n".to_owned()
        }
        ["break-at-cycle", number] => match cycles(number) {
            Ok(cycles) if cycles <= guest.core().cycles() => format!(
                "{} cycles are charged already; go back first, or choose a larger number than {cycles}.\n",
                guest.core().cycles()
            ),
            Ok(cycles) => {
                guest.stops.cycles = Some(cycles);
                format!("The guest stops at the first block with {cycles} cycles charged.\n")
            }
            Err(error) => format!("{number:?} is no number of cycles: {error}\n"),
        },
        ["fault"] => match guest.failed.clone() {
            Some(trap) => guest.explain(&trap),
            None => "The guest did not fail.\n".to_owned(),
        },
        _ => format!("There is no command {command:?}.\n{HELP}"),
    }
}

fn charged(guest: &Guest) -> String {
    let all = guest.core().cycles();
    let mut text = match guest.is_inside() {
        true => {
            let at_head = guest.position().cycles;
            let block = all - at_head;
            format!(
                "{all} cycles: {at_head}, and {block} of the block that runs, which is charged as a whole"
            )
        }
        false => format!("{all} cycles"),
    };
    if guest.is_in_the_past() {
        text += ", in the past";
    }
    text + "\n"
}
