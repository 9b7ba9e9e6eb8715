//! Operator drills: something is wrong with a node's native code, and the log, the metrics, `translate doctor` and
//! `translate cache ls` say so; it is mended, and they say that.
//!
//! A drill has one guest. The command runs it, and so does an engine of this process on the same cache and keys, whose
//! metrics are read. The answer of the guest is the same before, meanwhile and afterwards.

use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use lockstep::engine::{EngineBuilder, Mode, Translate};
use lockstep::{Engine, Platform, Program};
use lockstep_isa::Cost;
use lockstep_runtime::{CostTable, Machine, Outcome};
use lockstep_test_support::recorder::Page;

use crate::harness::{Ran, Sandbox, exits_with};

/// A sandbox with a guest, and a cache that has its module.
struct Drill {
    sandbox: Sandbox,
    id: String,
}

impl Drill {
    fn new() -> Drill {
        let sandbox = Sandbox::new();
        sandbox.file("guest.elf", &exits_with(0));
        let built = sandbox
            .run(&["build", "--json", "guest.elf"])
            .exits(0)
            .json();
        let id = built["modules"][0]["key"]
            .as_str()
            .expect("an id")
            .to_owned();
        let drill = Drill { sandbox, id };
        drill.is_healthy();
        drill
    }

    fn module(&self) -> PathBuf {
        self.sandbox.cache().join(format!("{}.lkm", self.id))
    }

    /// Everything says that all is well, and the guest runs natively without a word.
    #[track_caller]
    fn is_healthy(&self) {
        let doctor = self.sandbox.run(&["doctor"]).exits(0);
        assert!(doctor.out.ends_with("Healthy\n"), "{}", doctor.out);
        assert!(!doctor.out.contains("WRONG"), "{}", doctor.out);
        let ls = self.ls();
        assert!(
            ls.contains(&self.id[..12]) && ls.contains("1 module,"),
            "{ls}"
        );
        let ran = self.runs("native", &[]);
        assert_eq!(ran.err, "");
    }

    /// The table fits into 80 columns.
    #[track_caller]
    fn ls(&self) -> String {
        let ls = self.sandbox.run(&["cache", "ls"]).exits(0).out;
        for line in ls
            .lines()
            .filter(|line| !line.contains(" in /") && !line.starts_with("quarantined"))
        {
            assert!(line.chars().count() <= 80, "{line:?}");
        }
        ls
    }

    /// The doctor finds this, and says what mends it.
    #[track_caller]
    fn doctor_finds(&self, variables: &[(&str, &str)], about: &str, words: &str) {
        let doctor = self
            .sandbox
            .run_with(variables, &["doctor", "--json"])
            .exits(65)
            .json();
        assert_eq!(doctor["healthy"], false);
        let findings = doctor["findings"].as_array().expect("findings");
        let found = findings.iter().any(|finding| {
            finding["about"] == about
                && finding["status"] == "wrong"
                && finding["found"]
                    .as_str()
                    .is_some_and(|found| found.contains(words))
                && finding["mend"]
                    .as_str()
                    .is_some_and(|mend| !mend.is_empty())
        });
        assert!(found, "{about}: {words:?} is not in {doctor:#}");
    }

    /// The guest ends as ever, on this engine.
    #[track_caller]
    fn runs(&self, engine: &str, variables: &[(&str, &str)]) -> Ran {
        let ran = self
            .sandbox
            .run_with(variables, &["run", "--json", "guest.elf"])
            .exits(0);
        let object = ran.json();
        assert_eq!(object["engine"], engine, "{object} {}", ran.err);
        assert_eq!(object["exit_code"], 0);
        ran
    }

    /// The page of metrics of an engine that ran the guest.
    fn page(&self, setting: impl FnOnce(EngineBuilder) -> EngineBuilder) -> String {
        let keys = self.sandbox.keys();
        let builder = Engine::builder()
            .cache(self.sandbox.cache())
            .key_file(keys.key.expect("a place"))
            .trust_file(keys.trusted.expect("a place"))
            .deny_file(keys.deny.expect("a place"))
            .no_warm()
            .mode(Mode::Auto)
            .translate(Translate::Now);
        let page = Arc::new(Page::default());
        metrics::with_local_recorder(&*page, || {
            let engine = setting(builder).build();
            let elf = fs::read(self.sandbox.path("guest.elf")).expect("the guest");
            let program = Program::load(&elf, &Platform::default()).expect("a good ELF");
            let mut machine = Machine::new(program.into_core());
            machine.core_mut().initialize_stack(&[]).expect("it fits");
            let cost = CostTable::from(Cost::Estimate);
            let outcome = machine.run(&engine.environment(&cost)).expect("no trap");
            machine.report();
            assert_eq!(outcome, Outcome::Exit(0));
        });
        page.render()
    }
}

#[track_caller]
fn shows(page: &str, line: &str) {
    assert!(
        page.lines().any(|shown| shown == line),
        "{line} in:\n{page}"
    );
}

/// How often a log says something.
fn times(ran: &Ran, words: &str) -> usize {
    ran.err.matches(words).count()
}

#[test]
fn a_denied_translator() {
    let drill = Drill::new();
    let list = drill.sandbox.keys().deny.expect("a place");
    fs::write(&list, "translator * a drill\n").expect("room");
    let ran = drill.runs("interp", &[]);
    assert_eq!(times(&ran, "native code is refused"), 1, "{}", ran.err);
    assert_eq!(times(&ran, "a drill"), 1, "{}", ran.err);
    shows(
        &drill.page(|builder| builder),
        "ckb_lockstep_fallbacks{cause=\"denied\"} 1",
    );
    drill.doctor_finds(&[], "translator", "a drill");
    drill.doctor_finds(&[], "native code", "a drill");
    assert!(drill.ls().contains("denied"), "{}", drill.ls());
    let build = ["build", "--json", "guest.elf"];
    drill
        .sandbox
        .run(&build)
        .exits(70)
        .fails_as("Denied")
        .says("a drill");
    // A module for elsewhere would come from the same translator.
    let named = ["build", "--json", "guest.elf", "-o", "x.lkm"];
    drill.sandbox.run(&named).exits(70).fails_as("Denied");
    assert!(!drill.sandbox.path("x.lkm").exists());
    // A line that says nothing refuses everything.
    fs::write(&list, "translators\n").expect("room");
    drill.doctor_finds(&[], "deny-list", "line 1");
    drill.runs("interp", &[]).says("line 1");
    fs::remove_file(&list).expect("it is there");
    drill.is_healthy();
}

#[test]
fn a_damaged_entry() {
    let drill = Drill::new();
    let good = fs::read(drill.module()).expect("a module");
    let damage = || {
        let mut bad = good.clone();
        bad[300] ^= 1;
        fs::write(drill.module(), bad).expect("room");
    };
    damage();
    drill.doctor_finds(&[], "modules", "1 unauthentic");
    // No module is read for the list.
    assert!(drill.ls().contains(&drill.id[..12]));
    // Nothing is promised that a setting forbids.
    let ran = drill.runs("interp", &[("LOCKSTEP_TRANSLATE", "never")]);
    assert!(
        ran.err.contains("stays, because nothing is translated"),
        "{}",
        ran.err
    );
    assert!(!ran.err.contains("is replaced"), "{}", ran.err);
    drill.doctor_finds(&[], "modules", "1 unauthentic");
    let ran = drill.runs("native", &[]);
    assert_eq!(
        times(&ran, "it is replaced when its code is translated"),
        1,
        "{}",
        ran.err
    );
    drill.is_healthy();
    damage();
    let built = drill.sandbox.run(&["build", "guest.elf"]).exits(0);
    built.says("the entry was replaced");
    drill.is_healthy();
    damage();
    let page = drill.page(|builder| builder);
    shows(&page, "ckb_lockstep_cache_misses{cause=\"unauthentic\"} 1");
    shows(&page, "ckb_lockstep_translations{outcome=\"made\"} 1");
    drill.is_healthy();
}

#[test]
fn a_quarantined_module() {
    let drill = Drill::new();
    let prefix = &drill.id[..6];
    let quarantine = ["cache", "quarantine", prefix, "--reason", "a drill"];
    drill.sandbox.run(&quarantine).exits(0);
    assert!(!drill.module().exists());
    let ls = drill.ls();
    assert!(
        ls.contains(&format!("quarantined {}: a drill", &drill.id[..12])),
        "{ls}"
    );
    drill.doctor_finds(&[], "quarantine", "a drill");
    let ran = drill.runs("interp", &[]);
    assert_eq!(
        times(&ran, "is quarantined: a drill; its code is interpreted"),
        1,
        "{}",
        ran.err
    );
    let page = drill.page(|builder| builder);
    shows(&page, "ckb_lockstep_fallbacks{cause=\"quarantined\"} 1");
    shows(&page, "ckb_lockstep_quarantined 1");
    // What is built is not used either, and the list says why.
    drill.sandbox.run(&["build", "guest.elf"]).exits(0);
    assert!(drill.ls().contains("quarantined\n"), "{}", drill.ls());
    drill.runs("interp", &[]);
    let released = drill
        .sandbox
        .run(&["cache", "release", prefix, "--json"])
        .exits(0)
        .json();
    assert_eq!(released["modules"][0], drill.id.as_str());
    assert_eq!(released["quarantined"], 0);
    drill.is_healthy();
    // Nothing is left to release.
    let again = drill
        .sandbox
        .run(&["cache", "release", prefix])
        .exits(0)
        .out;
    assert!(again.contains("Released 0 of 1"), "{again}");
}

#[test]
fn a_wrong_key() {
    let drill = Drill::new();
    let key = drill.sandbox.keys().key.expect("a place");
    // Another machine's: nothing that this one sealed counts.
    fs::write(&key, [7; 32]).expect("room");
    drill.doctor_finds(&[], "modules", "1 unauthentic");
    shows(
        &drill.page(|builder| builder.translate(Translate::Never)),
        "ckb_lockstep_cache_misses{cause=\"unauthentic\"} 1",
    );
    drill
        .runs("native", &[])
        .says("its MAC is not that of these bytes");
    drill.is_healthy();
    // One that others can read is refused, and with it the cache.
    fs::set_permissions(&key, Permissions::from_mode(0o644)).expect("a mode");
    drill.doctor_finds(&[], "key", "0o644");
    assert!(drill.ls().contains(&drill.id[..12]));
    drill.runs("native", &[]).says("0o644");
    fs::remove_file(&key).expect("it is there");
    // Without a key nothing counts, and the next use makes one.
    drill.doctor_finds(&[], "modules", "there is no key of this machine");
    assert!(!key.exists(), "the doctor makes none");
    drill.runs("native", &[]);
    drill.is_healthy();
}

/// A small disk in the place of a folder, gone with this value.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: &Path) -> Option<Disk> {
        fs::create_dir(at).expect("a folder");
        let mut mount = Command::new("mount");
        let mount = mount.args(["-t", "tmpfs", "-o", "size=64k,mode=700", "lockstep-drill"]);
        let output = mount.arg(at).output().ok()?;
        output.status.success().then(|| Disk(at.to_owned()))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk() {
    let drill = Drill::new();
    let small = drill.sandbox.path("small");
    let variables = [("LOCKSTEP_CACHE_DIR", small.to_str().expect("a path"))];
    let disk = Disk::mount(&small);
    if disk.is_some() {
        fs::write(small.join("filler"), vec![1; 64 << 10]).expect("room for it");
        drill.doctor_finds(&variables, "disk", "0 B are free");
        let ran = drill.runs("native", &variables);
        assert_eq!(times(&ran, "the module is not stored"), 1, "{}", ran.err);
    } else {
        // Where no disk can be mounted, files are limited: that is not a state of the disk, so the doctor finds nothing.
        let plain = drill.sandbox.command(&["run", "guest.elf"]);
        let mut limited = Command::new("prlimit");
        limited
            .arg("--fsize=64")
            .args([plain.get_program()])
            .args(plain.get_args());
        for (name, value) in plain.get_envs() {
            match value {
                Some(value) => limited.env(name, value),
                None => limited.env_remove(name),
            };
        }
        limited.envs(variables).current_dir(drill.sandbox.path(""));
        Ran::of(limited.output().expect("prlimit"))
            .exits(0)
            .says("the module is not stored");
    }
    let ls = drill
        .sandbox
        .run_with(&variables, &["cache", "ls"])
        .exits(0)
        .out;
    assert!(ls.starts_with("0 modules"), "{ls}");
    drop(disk);
    drill.is_healthy();
}

#[test]
fn a_helper_that_is_killed() {
    let drill = Drill::new();
    fs::remove_file(drill.module()).expect("it is there");
    let helper = drill.sandbox.path("helper");
    // Written by another process: what is open for writing cannot be run.
    let mut shell = Command::new("sh")
        .args(["-c", "umask 077; cat > \"$0\"; chmod 755 \"$0\""])
        .arg(&helper)
        .stdin(Stdio::piped())
        .spawn()
        .expect("a shell");
    let mut input = shell.stdin.take().expect("a pipe");
    input
        .write_all(b"#!/bin/sh\nkill -9 $$\n")
        .expect("it reads");
    drop(input);
    assert!(shell.wait().expect("it is ours").success());
    let variables = [("LOCKSTEP_HELPER", helper.to_str().expect("a path"))];
    drill.doctor_finds(&variables, "native code", "the helper (killed)");
    let ran = drill.runs("interp", &variables);
    assert_eq!(times(&ran, "the helper (killed)"), 1, "{}", ran.err);
    assert!(ran.err.contains("the interpreter runs it"), "{}", ran.err);
    let page = drill.page(|builder| builder.helper(&helper));
    shows(&page, "ckb_lockstep_helpers{outcome=\"killed\"} 1");
    shows(&page, "ckb_lockstep_translations{outcome=\"helper\"} 1");
    shows(&page, "ckb_lockstep_fallbacks{cause=\"failed\"} 1");
    assert!(drill.ls().starts_with("0 modules"), "{}", drill.ls());
    // One that is not there is named before anything is translated.
    let absent = [("LOCKSTEP_HELPER", "/no/such/helper")];
    drill.doctor_finds(&absent, "helper", "/no/such/helper");
    let good = [("LOCKSTEP_HELPER", env!("CARGO_BIN_EXE_translate"))];
    drill.sandbox.run_with(&good, &["doctor"]).exits(0);
    drill.runs("native", &good);
    drill.is_healthy();
}

#[test]
fn the_doctor_makes_nothing() {
    let sandbox = Sandbox::new();
    let doctor = sandbox.run(&["doctor"]).exits(0);
    assert_eq!(doctor.err, "");
    let there = sandbox.names(&sandbox.path(""));
    assert!(there.is_empty(), "{there:?}");
    // Settings that mean nothing are named.
    let wrong = sandbox.run_with(&[("LOCKSTEP_ENGINE", "natvie")], &["doctor"]);
    assert!(wrong.exits(65).out.contains("natvie"));
    assert!(sandbox.names(&sandbox.path("")).is_empty());
}

#[test]
fn a_prefix_of_several_modules_lists_them() {
    let sandbox = Sandbox::new();
    let ids = [1_u8, 2].map(|last| format!("{}{last}", "ab".repeat(31) + "0"));
    fs::create_dir(sandbox.cache()).expect("a folder");
    fs::set_permissions(sandbox.cache(), Permissions::from_mode(0o700)).expect("a mode");
    for id in &ids {
        sandbox.file(&format!("cache/{id}.lkm"), b"no module");
    }
    let refused = sandbox.run(&["cache", "pin", "abab"]).exits(64);
    for id in &ids {
        assert!(refused.err.contains(id.as_str()), "{}", refused.err);
    }
    sandbox
        .run(&["cache", "pin", "cd"])
        .exits(64)
        .says("names no module");
    sandbox
        .run(&["cache", "pin", "xyz"])
        .exits(64)
        .says("64 hexadecimal digits");
    sandbox
        .run(&["cache", "pin", &ids[1].to_uppercase()])
        .exits(0);
    assert!(sandbox.path(&format!("cache/{}.pin", ids[1])).exists());
    // So many digits are shown that the two can be told apart.
    let ls = sandbox.run(&["cache", "ls"]).exits(0).out;
    for id in &ids {
        assert!(ls.contains(id.as_str()), "{ls}");
    }
    let stats = sandbox.run(&["cache", "stats", "--json"]).exits(0).json();
    assert_eq!(
        (&stats["modules"], &stats["pinned"], &stats["unsealed"]),
        (&2.into(), &1.into(), &2.into())
    );
}
