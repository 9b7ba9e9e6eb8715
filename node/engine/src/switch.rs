//! The kill switch: the file `lockstep.off` beside `ckb.toml`.
//!
//! It is a file, because a file works the same on every system, is there for everybody to see, and still holds after
//! a restart. A signal would have to be one that the node does not use (it ends on SIGHUP), and would be
//! forgotten at the next start. A method of the node's RPC would need another change of the node.
//!
//! An empty file switches all native code off. Otherwise each line names one script, by the id of its module or the
//! BLAKE3 digest of its code region. A line that names neither switches everything off, because it is not known
//! what it was to switch off. When the file goes, what it switched off is switched on again.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::PathBuf;

use lockstep::Engine;
use lockstep::module::KeyId;

/// The file beside `ckb.toml`.
pub const SWITCH_FILE: &str = "lockstep.off";

/// What is to be off.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Off {
    #[default]
    Nothing,
    Scripts(BTreeSet<KeyId>),
    Everything(Why),
}

/// Why everything is off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Why {
    Empty,
    /// A line is no id.
    Line(usize),
    Unreadable(String),
}

#[derive(Debug)]
pub(crate) struct Switch {
    path: PathBuf,
    now: Off,
}

impl Switch {
    pub(crate) fn new(path: PathBuf) -> Switch {
        Switch {
            path,
            now: Off::Nothing,
        }
    }

    /// Looks at the file and does what it says. What changed, for the log.
    pub(crate) fn look(&mut self, engine: &Engine) -> Option<String> {
        let wanted = match fs::read_to_string(&self.path) {
            Ok(text) => understood(&text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Off::Nothing,
            Err(error) => Off::Everything(Why::Unreadable(error.to_string())),
        };
        if wanted == self.now {
            return None;
        }
        apply(engine, &self.now, &wanted);
        self.now = wanted;
        Some(self.told())
    }

    fn told(&self) -> String {
        let path = self.path.display();
        match &self.now {
            Off::Nothing => format!("{path} is gone: native code is on"),
            Off::Scripts(ids) => format!("{path}: native code of {} scripts is off", ids.len()),
            Off::Everything(Why::Empty) => format!("{path}: all native code is off"),
            Off::Everything(Why::Line(line)) => {
                format!("{path}: line {line} names no script, so all native code is off")
            }
            Off::Everything(Why::Unreadable(error)) => {
                format!("{path}: {error}, so all native code is off")
            }
        }
    }
}

fn understood(text: &str) -> Off {
    let mut ids = BTreeSet::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match line.parse() {
            Ok(id) => _ = ids.insert(id),
            Err(_) => return Off::Everything(Why::Line(at + 1)),
        }
    }
    match ids.is_empty() {
        true => Off::Everything(Why::Empty),
        false => Off::Scripts(ids),
    }
}

/// Switches off before it switches on, so that nothing runs in between that neither allows.
fn apply(engine: &Engine, before: &Off, wanted: &Off) {
    if matches!(wanted, Off::Everything(_)) {
        engine.disable();
    }
    let none = BTreeSet::new();
    let scripts = |off| match off {
        Off::Scripts(ids) => ids,
        _ => none.clone(),
    };
    let (before_ids, wanted_ids) = (scripts(before.clone()), scripts(wanted.clone()));
    for id in wanted_ids.difference(&before_ids) {
        engine.disable_script(id);
    }
    for id in before_ids.difference(&wanted_ids) {
        engine.enable_script(id);
    }
    if matches!(before, Off::Everything(_)) && !matches!(wanted, Off::Everything(_)) {
        engine.enable();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_switches_off_and_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(SWITCH_FILE);
        let engine = Engine::builder().no_cache().no_warm().build();
        let mut switch = Switch::new(path.clone());
        assert_eq!(switch.look(&engine), None);

        fs::write(&path, "# for today\n").unwrap();
        assert!(
            switch
                .look(&engine)
                .unwrap()
                .contains("all native code is off")
        );
        assert!(!engine.is_enabled());
        assert_eq!(switch.look(&engine), None);

        let id: KeyId = "ab".repeat(32).parse().unwrap();
        fs::write(&path, format!("{id}\n")).unwrap();
        assert!(switch.look(&engine).unwrap().contains("1 scripts"));
        assert!(engine.is_enabled());
        assert!(!engine.disable_script(&id), "it was off already");

        fs::write(&path, format!("{id}\nlock.elf\n")).unwrap();
        assert!(switch.look(&engine).unwrap().contains("line 2"));
        assert!(!engine.is_enabled());

        fs::remove_file(&path).unwrap();
        assert!(switch.look(&engine).unwrap().contains("is gone"));
        assert!(engine.is_enabled());
        assert!(engine.disable_script(&id), "it was on again");

        // A folder cannot be read as a file.
        fs::create_dir(&path).unwrap();
        assert!(
            switch
                .look(&engine)
                .unwrap()
                .contains("so all native code is off")
        );
        assert!(!engine.is_enabled());
    }
}
