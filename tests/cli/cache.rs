//! The cache folder, good and bad: a run always works; a bad entry is a miss, said and replaced.

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use lockstep_cache::{Budget, Cache, seal_name};
use lockstep_contract::module::Module;
use lockstep_test_support::trusted::trusted;

use crate::harness::{Ran, Sandbox, exits_with};

fn run(sandbox: &Sandbox, cache: &Path) -> Ran {
    sandbox.file("guest.elf", &exits_with(0));
    let arguments = ["run".as_ref(), "--json".as_ref(), "guest.elf".as_ref()];
    let cache = ["--cache".as_ref(), cache.as_os_str()];
    sandbox.run(&[&arguments[..], &cache].concat())
}

/// A run that works natively, with this much translated.
#[track_caller]
fn translated(ran: &Ran, expected: bool) {
    assert_eq!(ran.code, 0, "{}", ran.err);
    let object = ran.json();
    assert_eq!(object["engine"], "native");
    assert_eq!(object["translate_seconds"].as_f64() > Some(0.0), expected);
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path)
        .expect("a file")
        .permissions()
        .mode()
        & 0o777
}

/// The one module of a cache.
fn entry(sandbox: &Sandbox) -> PathBuf {
    let names = sandbox.names(&sandbox.cache());
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names[0].ends_with(".lkm"));
    assert_eq!(names[1], format!("{}.seal", names[0]));
    sandbox.cache().join(&names[0])
}

#[test]
fn a_missing_folder_is_created_for_its_owner_alone() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("a/b/cache");
    let ran = run(&sandbox, &folder);
    translated(&ran, true);
    assert!(ran.err.is_empty(), "{}", ran.err);
    assert_eq!(mode(&folder), 0o700);
    let names = sandbox.names(&folder);
    assert_eq!(names.len(), 2, "{names:?}");
    for name in names {
        assert_eq!(mode(&folder.join(name)), 0o600);
    }
    assert_eq!(mode(&sandbox.path(".config/lockstep")), 0o700);
    assert_eq!(mode(&sandbox.path(".config/lockstep/module.key")), 0o600);
    translated(&run(&sandbox, &folder), false);
}

#[test]
fn an_entry_from_the_future_is_stamped_when_it_is_used() {
    let sandbox = Sandbox::new();
    translated(&run(&sandbox, &sandbox.cache()), true);
    let module = entry(&sandbox);
    let used = || std::fs::metadata(&module).and_then(|found| found.modified());
    let future = SystemTime::now() + Duration::from_secs(30 * 24 * 3600);
    let file = std::fs::File::options().write(true).open(&module);
    file.and_then(|file| file.set_modified(future))
        .expect("a time");
    translated(&run(&sandbox, &sandbox.cache()), false);
    assert!(used().expect("a time") <= SystemTime::now());
}

#[test]
fn a_module_that_was_built_for_this_cpu_is_taken() {
    let sandbox = Sandbox::new();
    sandbox.file("guest.elf", &exits_with(0));
    let build = ["build", "--json", "--cpu", "native", "guest.elf"];
    let built = sandbox.run(&build).exits(0).json();
    assert_ne!(built["modules"][0]["cpu"], "");
    let ran = run(&sandbox, &sandbox.cache());
    translated(&ran, false);
    assert_eq!(ran.json()["cache"], serde_json::json!({ "hit": 1 }));
    // Nothing was made beside it.
    let native = entry(&sandbox);

    // One for a CPU with more features is not.
    let bytes = std::fs::read(&native).expect("a module");
    let mut module = Module::read(&bytes).expect("a module");
    module.key.cpu.push_str(",has_telepathy");
    std::fs::remove_file(&native).expect("it is there");
    std::fs::remove_file(seal_name(&native)).expect("it is there");
    let opened = Cache::open_with(&sandbox.cache(), &sandbox.keys(), Budget::default());
    let cache = opened.expect("a cache");
    cache.store(&trusted(module)).expect("room");
    let ran = run(&sandbox, &sandbox.cache());
    translated(&ran, true);
    assert_eq!(ran.json()["cache"], serde_json::json!({ "absent": 1 }));
}

#[test]
fn without_a_cache_everything_is_translated_again() {
    let sandbox = Sandbox::new();
    sandbox.file("guest.elf", &exits_with(0));
    for _ in 0..2 {
        translated(
            &sandbox.run(&["run", "--json", "--no-cache", "guest.elf"]),
            true,
        );
    }
    assert!(!sandbox.cache().exists());
    // Nobody says where a cache could be: the same, with a warning.
    let mut command = sandbox.command(&["run", "--json", "guest.elf"]);
    let output = command
        .env_remove("HOME")
        .env_remove("LOCKSTEP_CACHE_DIR")
        .output();
    let output = output.expect("running");
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stderr).contains("LOCKSTEP_CACHE_DIR"));
}

#[test]
fn a_folder_that_cannot_be_used_is_said_once_and_everything_works() {
    let sandbox = Sandbox::new();
    let file = sandbox.file("file", b"no folder");
    let shared = sandbox.path("shared");
    std::fs::create_dir(&shared).expect("a folder");
    std::fs::set_permissions(&shared, Permissions::from_mode(0o777)).expect("a mode");
    let link = sandbox.path("link");
    symlink(sandbox.path("elsewhere"), &link).expect("a link");
    std::fs::create_dir(sandbox.path("elsewhere")).expect("a folder");
    let below = shared.join("below");
    std::fs::create_dir(&below).expect("a folder");
    std::fs::set_permissions(&below, Permissions::from_mode(0o700)).expect("a mode");
    let folders = vec![
        (file.clone(), "not a folder"),
        (file.join("below"), "not a folder"),
        (shared.clone(), "0o777"),
        // Who may write above it can put another in its place.
        (below.clone(), "0o777"),
        (link, "symbolic link"),
        // Nobody may create files there, root included.
        (PathBuf::from("/proc"), "cannot write"),
        (PathBuf::from("/proc/lockstep"), "cannot create"),
    ];
    for (folder, words) in folders {
        let ran = run(&sandbox, &folder);
        translated(&ran, true);
        let name = folder.to_str().expect("a path");
        assert_eq!(ran.err.matches("warning: ").count(), 1, "{}", ran.err);
        ran.says(words).says(name).says("going on without a cache");
        // Building has no other purpose than the cache.
        let build = ["build", "--json", "guest.elf", "--cache", name];
        let ran = sandbox.run(&build).exits(66);
        ran.says(words).says(name).json();
    }
    assert_eq!(sandbox.names(&shared), ["below"]);
    assert!(sandbox.names(&below).is_empty());
    assert_eq!(std::fs::read(&file).expect("the file"), b"no folder");
}

#[test]
fn a_damaged_entry_is_a_miss_and_replaced() {
    let sandbox = Sandbox::new();
    translated(&run(&sandbox, &sandbox.cache()), true);
    let path = entry(&sandbox);
    let good = std::fs::read(&path).expect("an entry");
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 1;
    for bad in [
        &flipped[..],
        &good[..good.len() - 1],
        b"",
        b"LOCKSTEP",
        b"a text",
    ] {
        std::fs::write(&path, bad).expect("damaging");
        let ran = run(&sandbox, &sandbox.cache());
        translated(&ran, true);
        let ran = ran.says("warning: ").says("damaged");
        ran.says("replaced").says(path.to_str().expect("a path"));
        assert_eq!(std::fs::read(&path).expect("an entry"), good);
        let again = run(&sandbox, &sandbox.cache());
        translated(&again, false);
        assert!(again.err.is_empty(), "{}", again.err);
    }
    // `build` replaces it as well.
    std::fs::write(&path, b"a text").expect("damaging");
    let ran = sandbox.run(&["build", "guest.elf"]).exits(0);
    ran.says("damaged").says("replaced");
    assert_eq!(std::fs::read(entry(&sandbox)).expect("an entry"), good);
}

#[test]
fn an_entry_that_is_not_ours_alone_is_a_miss_and_replaced() {
    let sandbox = Sandbox::new();
    translated(&run(&sandbox, &sandbox.cache()), true);
    let path = entry(&sandbox);
    let good = std::fs::read(&path).expect("an entry");
    // Others may write to it.
    std::fs::set_permissions(&path, Permissions::from_mode(0o622)).expect("a mode");
    let ran = run(&sandbox, &sandbox.cache());
    translated(&ran, true);
    ran.says("0o622").says("replaced");
    assert_eq!(mode(&path), 0o600);
    // A link to a module elsewhere.
    let elsewhere = sandbox.file("elsewhere.lkm", &good);
    std::fs::remove_file(&path).expect("removing");
    symlink(&elsewhere, &path).expect("a link");
    translated(&run(&sandbox, &sandbox.cache()), true);
    assert!(path.symlink_metadata().expect("an entry").is_file());
    // The module of other code under this name.
    sandbox.file("other.elf", &exits_with(1));
    sandbox
        .run(&["build", "other.elf", "-o", "other.lkm"])
        .exits(0);
    std::fs::copy(sandbox.path("other.lkm"), &path).expect("copying");
    let ran = run(&sandbox, &sandbox.cache());
    translated(&ran, true);
    ran.says("its MAC is not that of these bytes")
        .says("replaced");
    // And with its seal, which holds.
    let seal = seal_name(&path);
    std::fs::copy(sandbox.path("other.lkm"), &path).expect("copying");
    std::fs::copy(sandbox.path("other.lkm.seal"), &seal).expect("copying");
    for file in [&path, &seal] {
        std::fs::set_permissions(file, Permissions::from_mode(0o600)).expect("a mode");
    }
    let ran = run(&sandbox, &sandbox.cache());
    translated(&ran, true);
    ran.says("another id").says("replaced");
    assert_eq!(std::fs::read(entry(&sandbox)).expect("an entry"), good);
    // A folder cannot be replaced: said, and everything works.
    std::fs::remove_file(&path).expect("removing");
    std::fs::create_dir(&path).expect("a folder");
    translated(&run(&sandbox, &sandbox.cache()), true);
}

#[test]
fn the_cache_is_listed_and_cleared() {
    let sandbox = Sandbox::new();
    let empty = sandbox.run(&["cache", "ls", "--json"]).exits(0).json();
    assert_eq!(empty["modules"].as_array().map(Vec::len), Some(0));
    assert!(!sandbox.cache().exists(), "looking creates nothing");
    translated(&run(&sandbox, &sandbox.cache()), true);
    let path = sandbox.run(&["cache", "path"]).exits(0).out;
    assert_eq!(path.trim_end(), sandbox.cache().to_str().expect("a path"));
    let listed = sandbox.run(&["cache", "ls", "--json"]).exits(0).json();
    let key = entry(&sandbox)
        .file_stem()
        .map(|name| name.to_string_lossy().into_owned());
    assert_eq!(listed["modules"][0]["key"].as_str(), key.as_deref());
    // Foreign files and unfinished ones: the first are left alone, the second go.
    std::fs::write(sandbox.cache().join("notes.txt"), b"mine").expect("a file");
    let unfinished = format!(".{}.lkm.123.0.tmp", "0".repeat(64));
    std::fs::write(sandbox.cache().join(unfinished), b"").expect("a file");
    let cleared = sandbox.run(&["cache", "clear", "--json"]).exits(0).json();
    assert_eq!(cleared["removed"], 3);
    assert_eq!(sandbox.names(&sandbox.cache()), ["notes.txt"]);
    let file = sandbox.file("file", b"");
    let file = file.to_str().expect("a path");
    sandbox
        .run(&["cache", "ls", "--cache", file])
        .exits(66)
        .says(file);
    sandbox
        .run(&["cache", "clear", "--cache", file])
        .exits(66)
        .says(file);
}

#[test]
fn a_run_says_what_the_cache_said() {
    let sandbox = Sandbox::new();
    let said = |ran: &Ran| ran.json()["cache"].to_string();
    assert_eq!(said(&run(&sandbox, &sandbox.cache())), r#"{"absent":1}"#);
    assert_eq!(said(&run(&sandbox, &sandbox.cache())), r#"{"hit":1}"#);
    std::fs::write(seal_name(&entry(&sandbox)), b"no seal").expect("damaging");
    assert_eq!(
        said(&run(&sandbox, &sandbox.cache())),
        r#"{"seal_damaged":1}"#
    );
    let without = sandbox.run(&["run", "--json", "--no-cache", "guest.elf"]);
    assert_eq!(said(&without), "null");
}
