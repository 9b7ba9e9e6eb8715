//! What is trusted: keys, signatures, the deny-list, records, and modules that are not authenticated.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use lockstep_contract::module::Module;
use lockstep_contract::seal::{Note, Record, Seal};
use lockstep_translator::{COMPILER_VERSION, translator_version};
use serde_json::Value;

use crate::harness::{Ran, Sandbox, exits_with};

const RUN: &[&str] = &["run", "--json", "--module", "good.lkm", "good.elf"];

/// A sandbox with `good.elf`, and `good.lkm` with its seal.
fn built() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("good.elf", &exits_with(0));
    sandbox
        .run(&["build", "good.elf", "-o", "good.lkm"])
        .exits(0);
    sandbox
}

/// Copies files to another machine.
fn send(from: &Sandbox, to: &Sandbox, names: &[&str]) {
    for name in names {
        fs::copy(from.path(name), to.path(name)).expect("copying");
    }
}

fn seal(sandbox: &Sandbox) -> Value {
    let shown = sandbox.run(&["inspect", "--json", "good.lkm"]).exits(0);
    shown.json()["seal"].clone()
}

/// Ran without being made again.
#[track_caller]
fn trusted(ran: Ran) {
    let ran = ran.exits(0);
    assert!(ran.err.is_empty(), "{}", ran.err);
    assert_eq!(ran.json()["engine"], "native");
}

/// Ran after it was made again.
#[track_caller]
fn proven(ran: Ran) {
    let ran = ran.exits(0).says("is not authenticated").says("cache sign");
    assert_eq!(ran.json()["engine"], "native");
}

#[test]
fn a_module_of_another_machine_needs_a_trusted_signature() {
    let (maker, node) = (built(), Sandbox::new());
    trusted(maker.run(RUN));
    send(&maker, &node, &["good.elf", "good.lkm", "good.lkm.seal"]);
    proven(node.run(RUN));
    assert_eq!(seal(&node)["authenticated_by"], "none");

    let sign = [
        "cache",
        "sign",
        "good.lkm",
        "--key",
        "signing.key",
        "--generate",
        "--json",
    ];
    let signed = maker.run(&sign).exits(0).json();
    let mode = fs::metadata(maker.path("signing.key"))
        .expect("a key")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    trusted(maker.run(RUN));
    send(&maker, &node, &["good.lkm.seal", "signing.key.pub"]);
    proven(node.run(RUN));
    assert_eq!(seal(&node)["signatures"][0]["sound"], true);
    assert_eq!(seal(&node)["signatures"][0]["trusted"], false);

    let trust = [
        "cache",
        "trust",
        "signing.key.pub",
        "--comment",
        "the maker",
    ];
    node.run(&trust).exits(0);
    trusted(node.run(RUN));
    assert_eq!(seal(&node)["authenticated_by"], "signature");
    let list = node
        .run(&["cache", "trust", "--list", "--json"])
        .exits(0)
        .json();
    assert_eq!(list["trusted"][0]["public_key"], signed["public_key"]);
    assert_eq!(list["trusted"][0]["comment"], "the maker");

    // It is the bytes that are signed.
    let mut other = Module::read(&fs::read(node.path("good.lkm")).expect("it")).expect("a module");
    let last = other.code.len() - 1;
    other.code[last] ^= 1;
    fs::write(node.path("good.lkm"), other.to_bytes()).expect("writing");
    node.run(RUN)
        .exits(65)
        .fails_as("ModuleUnproven")
        .says("native code at");
    send(&maker, &node, &["good.lkm"]);

    // A list that others may write to is nobody's.
    let list = node.keys().trusted.expect("a place");
    fs::set_permissions(&list, Permissions::from_mode(0o666)).expect("a mode");
    proven(node.run(RUN));
    fs::set_permissions(&list, Permissions::from_mode(0o600)).expect("a mode");
    let key = signed["public_key"].as_str().expect("a key");
    node.run(&["cache", "trust", "--remove", key]).exits(0);
    proven(node.run(RUN));
    node.run(&["cache", "trust", "--remove", key]).exits(64);
}

#[test]
fn a_signed_entry_of_a_cache_is_used_without_the_key_that_sealed_it() {
    let (maker, node) = (Sandbox::new(), Sandbox::new());
    maker.file("good.elf", &exits_with(0));
    let built = maker.run(&["build", "--json", "good.elf"]).exits(0).json();
    let id = built["modules"][0]["key"].as_str().expect("an id");
    maker.run(&["cache", "keygen", "signing.key"]).exits(0);
    maker.run(&["cache", "keygen", "signing.key"]).exits(66);
    maker
        .run(&["cache", "sign", id, "--key", "signing.key"])
        .exits(0);
    fs::create_dir(node.cache()).expect("a folder");
    fs::set_permissions(node.cache(), Permissions::from_mode(0o700)).expect("a mode");
    for name in maker.names(&maker.cache()) {
        fs::copy(maker.cache().join(&name), node.cache().join(&name)).expect("copying");
    }
    send(&maker, &node, &["good.elf", "signing.key.pub"]);
    let verify = ["cache", "verify", "--json"];
    let refused = node.run(&verify).exits(65).json();
    assert_eq!(refused["modules"][0]["miss"], "unauthentic");
    node.run(&["cache", "trust", "signing.key.pub"]).exits(0);
    assert_eq!(node.run(&verify).exits(0).json()["good"], 1);
    let never = [("LOCKSTEP_TRANSLATE", "never")];
    let run = ["run", "--json", "--engine", "native", "good.elf"];
    trusted(node.run_with(&never, &run));
}

#[test]
fn what_is_not_authenticated_is_not_signed_and_not_trusted() {
    let sandbox = built();
    fs::remove_file(sandbox.path("good.lkm.seal")).expect("removing");
    let sign = [
        "cache",
        "sign",
        "good.lkm",
        "--key",
        "signing.key",
        "--generate",
        "--json",
    ];
    sandbox
        .run(&sign)
        .exits(65)
        .fails_as("ModuleUnproven")
        .says("verify --record");
    sandbox
        .run(&["verify", "--record", "good.lkm", "good.elf"])
        .exits(0);
    sandbox.run(&sign).exits(0);
    trusted(sandbox.run(RUN));
    // A key that others may read is none.
    let key = sandbox.path("signing.key");
    fs::set_permissions(&key, Permissions::from_mode(0o644)).expect("a mode");
    sandbox
        .run(&sign)
        .exits(65)
        .fails_as("KeyFile")
        .says("chmod 600");
    let zero = "0".repeat(64);
    for key in [&zero[..], "good.elf", "missing.pub"] {
        let ran = sandbox.run(&["cache", "trust", key]);
        assert!([65, 66].contains(&ran.code), "{key}: {}", ran.err);
    }
    sandbox.run(&["cache", "trust"]).exits(64);
}

#[test]
fn records_stay_under_the_signature_that_covers_them() {
    let sandbox = built();
    let verify = [
        "verify", "--record", "--run", "--json", "good.lkm", "good.elf", "--", "1", "2",
    ];
    let recorded = sandbox.run(&verify).exits(0).json();
    let cycles = recorded["cycles"].as_u64().expect("cycles");
    assert!(cycles > 0);
    let shown = seal(&sandbox);
    assert_eq!(shown["records"][0]["engine"], "translator");
    assert_eq!(shown["records"][1]["engine"], "native+interp");
    assert_eq!(shown["records"][1]["cycles"].as_u64(), Some(cycles));
    assert_eq!(shown["records"][1]["authenticated"], true);
    // Once is enough.
    sandbox.run(&verify).exits(0);
    assert_eq!(seal(&sandbox)["records"].as_array().map(Vec::len), Some(2));

    // Somebody adds one behind a signature, on the way to a machine that trusts the signer.
    let sign = [
        "cache",
        "sign",
        "good.lkm",
        "--key",
        "signing.key",
        "--generate",
    ];
    sandbox.run(&sign).exits(0);
    let path = sandbox.path("good.lkm.seal");
    let mut forged = Seal::read(&fs::read(&path).expect("a seal")).expect("a seal");
    forged.notes.push(Note::Record(Record::new(
        "native+interp",
        1 << 60,
        "all there is",
    )));
    fs::write(&path, forged.to_bytes()).expect("writing");
    sandbox.run(&["cache", "trust", "signing.key.pub"]).exits(0);
    trusted(sandbox.run(RUN));
    let shown = seal(&sandbox);
    assert_eq!(shown["authenticated_by"], "signature");
    assert_eq!(shown["records"][1]["authenticated"], true);
    assert_eq!(shown["records"][2]["authenticated"], false);
    let text = sandbox.run(&["inspect", "good.lkm"]).exits(0).out;
    assert!(text.contains("(not authenticated)"), "{text}");
    // And it is gone when the module is sealed again.
    sandbox.run(&sign[..5]).exits(0);
    assert_eq!(seal(&sandbox)["records"].as_array().map(Vec::len), Some(2));
}

#[test]
fn the_deny_list_wins_over_seals() {
    let sandbox = built();
    let cached = ["run", "--json", "good.elf"];
    trusted(sandbox.run(&cached));
    let list = sandbox.keys().deny.expect("a place");
    for (rule, says) in [
        (
            format!("translator {} it rounds", translator_version()),
            "it rounds",
        ),
        (
            format!("compiler <={COMPILER_VERSION} it jumps"),
            "it jumps",
        ),
    ] {
        fs::write(&list, rule).expect("writing");
        sandbox
            .run(RUN)
            .exits(65)
            .fails_as("ModuleDenied")
            .says(says);
        // Nothing is made by it either: the interpreter runs it.
        let object = sandbox.run(&cached).exits(0).json();
        assert_eq!(object["engine"], "interp");
        let must = ["run", "--engine", "native", "good.elf"];
        sandbox.run(&must).exits(70).says(says);
        let bad = sandbox.run(&["cache", "verify", "--json"]).exits(65).json();
        assert_eq!(bad["modules"][0]["miss"], "denied");
    }
    fs::write(&list, "compiler <0.1.0 old\n# nothing else\n").expect("writing");
    trusted(sandbox.run(&cached));
    trusted(sandbox.run(RUN));
}

#[test]
fn entries_are_pinned_collected_and_verified() {
    let sandbox = Sandbox::new();
    let mut ids = Vec::new();
    for exit in 0..4 {
        let name = format!("{exit}.elf");
        sandbox.file(&name, &exits_with(exit));
        let built = sandbox.run(&["build", "--json", &name]).exits(0).json();
        ids.push(
            built["modules"][0]["key"]
                .as_str()
                .expect("an id")
                .to_owned(),
        );
    }
    let at = |id: &str, ending: &str| sandbox.cache().join(format!("{id}.{ending}"));
    // Used long ago, in this order.
    for (age, id) in ids.iter().enumerate() {
        let hours = 24 * 3600 * (10 - age as u64);
        let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(hours);
        for ending in ["lkm", "lkm.seal"] {
            let file = fs::File::open(at(id, ending)).expect("an entry");
            file.set_modified(long_ago).expect("a time");
        }
    }
    // Using the second makes it the newest.
    sandbox.run(&["run", "1.elf"]);
    sandbox.run(&["cache", "pin", &ids[0]]).exits(0);
    sandbox.run(&["cache", "pin", &"0".repeat(64)]).exits(66);
    let listed = sandbox.run(&["cache", "ls", "--json"]).exits(0).json();
    let pinned = listed["modules"].as_array().expect("modules").iter();
    let pinned: Vec<&Value> = pinned.filter(|module| module["pinned"] == true).collect();
    assert_eq!(pinned.len(), 1);
    assert_eq!(pinned[0]["key"], ids[0]);
    let gc = |entries: &str| {
        let gc = ["cache", "gc", "--json", "--max-entries", entries];
        let object = sandbox.run(&gc).exits(0).json();
        let gone = object["removed"].as_array().expect("a list").iter();
        let gone: Vec<String> = gone
            .map(|gone| gone["key"].as_str().expect("an id").to_owned())
            .collect();
        gone
    };
    assert_eq!(gc("4"), [""; 0]);
    assert_eq!(gc("3"), [ids[2].clone()]);
    assert_eq!(gc("0"), [ids[3].clone(), ids[1].clone()]);
    assert!(at(&ids[0], "lkm").exists() && !at(&ids[1], "lkm.seal").exists());
    sandbox.run(&["cache", "unpin", &ids[0]]).exits(0);
    assert_eq!(gc("0"), [ids[0].clone()]);
    assert!(sandbox.names(&sandbox.cache()).is_empty());

    // A store over the budget collects.
    let one = [("LOCKSTEP_CACHE_ENTRIES", "1")];
    for exit in 0..3 {
        let name = format!("{exit}.elf");
        sandbox.run_with(&one, &["build", &name]).exits(0);
        assert_eq!(sandbox.names(&sandbox.cache()).len(), 2);
    }
}

#[test]
fn what_nobody_uses_any_more_goes() {
    let sandbox = built();
    sandbox.run(&["build", "good.elf"]).exits(0);
    let file = fs::read(sandbox.path("good.lkm")).expect("a module");
    let mut id = 0;
    let mut entry = |translator: &str, seal: bool| {
        let mut module = Module::read(&file).expect("a module");
        module.key.translator = translator.to_owned();
        id += 1;
        let path = sandbox.cache().join(format!("{}.lkm", module.key.id()));
        fs::write(&path, module.to_bytes()).expect("writing");
        if seal {
            let seal = Seal::new(&module.key, &module.to_bytes()).to_bytes();
            fs::write(path.with_extension("lkm.seal"), seal).expect("writing");
        }
        path
    };
    let old = ["0.0.1+1", "0.0.1+2", "0.0.2+1"].map(|translator| entry(translator, true));
    let half = entry("0.0.2+2", false);
    let fresh = entry("0.0.2+3", false);
    let unfinished = sandbox
        .cache()
        .join(format!(".{}.lkm.1.0.tmp", "0".repeat(64)));
    let dead = sandbox
        .cache()
        .join(format!(".{}.lkm.4194304.0.tmp", "0".repeat(64)));
    let age = |path: &Path, minutes: u64| {
        let then = std::time::SystemTime::now() - std::time::Duration::from_secs(60 * minutes);
        fs::File::open(path)
            .and_then(|file| file.set_modified(then))
            .expect("a time");
    };
    for path in [&unfinished, &dead] {
        fs::write(path, b"half").expect("writing");
        age(path, 5);
    }
    age(&half, 20);
    // The later a translator is listed, the later a module of it was used.
    for (path, minutes) in old.iter().zip([40, 30, 20]) {
        age(path, minutes);
        age(&path.with_extension("lkm.seal"), minutes);
    }
    let object = sandbox.run(&["cache", "gc", "--json"]).exits(0).json();
    // The newest other one stays beside this build's.
    let there: Vec<bool> = old.iter().map(|path| path.exists()).collect();
    assert_eq!(there, [false, false, true], "{object}");
    assert!(!half.exists() && fresh.exists(), "{object}");
    // Process 1 runs; no process has the other number.
    assert!(unfinished.exists() && !dead.exists(), "{object}");
    assert_eq!(object["unfinished"], 1);
    assert_eq!(
        sandbox.run(&["cache", "clear", "--json"]).exits(0).json()["removed"],
        6
    );
    assert!(sandbox.names(&sandbox.cache()).is_empty());
}

#[test]
fn a_key_that_others_may_use_is_refused_once_and_everything_works() {
    let sandbox = built();
    let key = sandbox.keys().key.expect("a place");
    let cached = ["run", "--json", "good.elf"];
    trusted(sandbox.run(&cached));
    fs::set_permissions(&key, Permissions::from_mode(0o640)).expect("a mode");
    let ran = sandbox
        .run(&cached)
        .exits(0)
        .says("0o640")
        .says("going on without a cache");
    assert_eq!(ran.err.matches("warning: ").count(), 1, "{}", ran.err);
    assert_eq!(ran.json()["engine"], "native");
    sandbox
        .run(&["build", "--json", "good.elf"])
        .exits(66)
        .fails_as("NoKey");
    let file = ["build", "good.elf", "-o", "other.lkm"];
    sandbox.run(&file).exits(0).says("gets no seal");
    let path = sandbox.run(&["cache", "path", "--key"]).exits(0).out;
    assert_eq!(Path::new(path.trim_end()), key);
}
