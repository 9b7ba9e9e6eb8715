//! `run --engine check` and `replay`: what they say when all is well, and when it is not.

use std::path::Path;

use lockstep::{Platform, Program};
use lockstep_cache::{Budget, Cache};
use lockstep_translator::{Entries, Fault, Injection, Options, key, translate};

use super::harness::{Sandbox, guest};
use lockstep_test_support::trusted::trusted;

/// Puts a module with a fault into the cache of a sandbox, under the name of the sound one.
fn inject(sandbox: &Sandbox, elf: &str, entries: Entries, injection: Injection) {
    let bytes = std::fs::read(elf).expect("the guest is there");
    let program = Program::load(&bytes, &Platform::default()).expect("it can be loaded");
    let sound = Options::default().with_entries(entries);
    let injected = sound.clone().with_injection(Some(injection));
    let texts = program.code_regions();
    let text = &texts[0];
    let translation = translate(text, &program.hints(text), &injected, &mut |_, _| {});
    let mut module = translation
        .expect("it can be translated")
        .module
        .into_module();
    module.key = key(text, &sound).expect("it can be translated");
    let cache = Cache::open_with(&sandbox.cache(), &sandbox.keys(), Budget::default());
    let cache = cache.expect("the cache can be made");
    (cache.store(&trusted(module))).expect("it can be written");
}

/// A block in the loop of the guest `sorthash`.
const BLOCK: u64 = 0x1_1330;

const FAULT: Injection = Injection {
    block: BLOCK,
    fault: Fault::Register {
        register: 12,
        xor: 0x10,
    },
};

#[test]
fn a_sound_guest_is_checked_to_its_end() {
    let sandbox = Sandbox::new();
    let elf = guest("sorthash");
    let plain = sandbox.run(&["run", "--json", &elf]).exits(0).json();
    let arguments = ["run", "--json", "--engine", "check", &elf];
    let checked = sandbox.run(&arguments).exits(0).json();
    for field in ["result", "exit_code", "cycles", "pc", "registers"] {
        assert_eq!(checked[field], plain[field], "{field}");
    }
    for field in ["memory_blake3", "page_flags_blake3"] {
        assert_eq!(checked[field], plain[field], "{field}");
    }
    assert_eq!(checked["engine"], "check");
    assert!(checked["native_cycles"].as_u64() > Some(2_000_000));
    assert_eq!(checked.get("divergence"), None);
    assert!(!sandbox.cache().join("divergences").exists());
    // The same by the environment, and to a limit.
    let by_environment = [("LOCKSTEP_ENGINE", "check")];
    let arguments = ["run", "--json", "--max-cycles", "10_000", &elf];
    let stopped = sandbox.run_with(&by_environment, &arguments).exits(254);
    assert_eq!(stopped.json()["result"], "cycles_exceeded");
    assert_eq!(stopped.json()["engine"], "check");
}

#[test]
fn a_wrong_block_is_reported_with_a_bundle_that_shows_it_again() {
    let sandbox = Sandbox::new();
    let elf = guest("sorthash");
    inject(&sandbox, &elf, Entries::EveryBlock, FAULT);
    let arguments = ["run", "--json", "--engine", "check", &elf];
    let found = sandbox.run(&arguments).exits(86).json();
    assert_eq!(found["result"], "diverged");
    assert_eq!(found["exit_code"], serde_json::Value::Null);
    let divergence = &found["divergence"];
    assert_eq!(divergence["blocks"], serde_json::json!(["0x11330"]));
    let difference = divergence["difference"].as_str().expect("it is said");
    assert!(difference.starts_with("x12 is "), "{difference}");
    let bundle = divergence["bundle"].as_str().expect("it was written");
    let beside = sandbox.cache().join("divergences/0001");
    assert_eq!(
        Path::new(bundle),
        beside.canonicalize().expect("it is there")
    );
    let readme = std::fs::read_to_string(beside.join("README.txt")).expect("it is there");
    assert!(readme.contains("--engine check"), "{readme}");

    let again = ["replay", "--json", "--recorded", bundle];
    let again = sandbox.run(&again).exits(86).json();
    assert_eq!(again["result"], "diverged");
    assert_eq!(again["divergence"]["blocks"], divergence["blocks"]);
    assert_eq!(again["divergence"]["difference"], divergence["difference"]);
    // Translated anew, the code is right.
    let anew = sandbox.run(&["replay", bundle]).exits(0);
    assert_eq!(anew.out, "Replay: no difference\n");
    // For people, and with the bundle elsewhere.
    let arguments = ["run", "--engine", "check", "--bundle", "here", &elf];
    let text = sandbox.run(&arguments).exits(86).out;
    assert!(
        text.starts_with("Run result: diverged at the block at 0x11330: x12 is "),
        "{text}"
    );
    assert!(text.contains("\nBundle: "), "{text}");
    assert!(sandbox.path("here/0001/guest.elf").exists());
}

#[test]
fn a_wrong_module_of_the_cache_is_found_though_its_blocks_alone_are_right() {
    let sandbox = Sandbox::new();
    let elf = guest("sorthash");
    inject(&sandbox, &elf, Entries::WhereNeeded, FAULT);
    let arguments = ["run", "--json", "--engine", "check", &elf];
    let found = sandbox.run(&arguments).exits(86).json();
    let blocks = found["divergence"]["blocks"].as_array().expect("a list");
    assert!(blocks.contains(&"0x11330".into()), "{blocks:?}");
    let bundle = found["divergence"]["bundle"].as_str().expect("written");
    sandbox.run(&["replay", "--recorded", bundle]).exits(86);
    sandbox.run(&["replay", bundle]).exits(0);
}

#[test]
fn what_is_no_bundle_is_refused() {
    let sandbox = Sandbox::new();
    let arguments = ["replay", "--json", "nowhere"];
    sandbox.run(&arguments).exits(66).fails_as("Unreadable");
    let folder = sandbox.path("bundle");
    std::fs::create_dir(&folder).expect("a folder");
    for (name, text) in [
        ("before.pages", ""),
        ("before.json", "{}"),
        ("report.json", "{}"),
    ] {
        std::fs::write(folder.join(name), text).expect("writing");
    }
    let arguments = ["replay", "--json", "bundle"];
    sandbox.run(&arguments).exits(65).fails_as("BundleDamaged");
}

#[test]
fn shadow_checking_finds_a_wrong_module_after_the_run() {
    let elf = guest("sorthash");
    let fault = Fault::Cycles { more: 1 };
    let run = |variables: &[(&str, &str)]| {
        let sandbox = Sandbox::new();
        inject(
            &sandbox,
            &elf,
            Entries::WhereNeeded,
            Injection {
                block: BLOCK,
                fault,
            },
        );
        let ran = sandbox.run_with(variables, &["run", "--json", &elf]);
        let again = sandbox.run(&["run", "--json", &elf]).exits(0).json();
        (ran, again)
    };
    let right = Sandbox::new().run(&["run", "--json", &elf]).exits(0).json();
    let (ran, again) = run(&[("LOCKSTEP_SHADOW", "1")]);
    let ran = ran.exits(86).fails_as("Diverged");
    let ran = ran.says("blocks").says("cycles is ");
    assert!(ran.says("divergences/0001").err.contains("quarantined"));
    assert_eq!(again["cycles"], right["cycles"]);
    assert_eq!(again["engine"], "interp");
    // Confirmed, it never gets out.
    let (ran, again) = run(&[("LOCKSTEP_SHADOW", "1"), ("LOCKSTEP_CONFIRM", "sampled")]);
    assert_eq!(ran.exits(0).json()["cycles"], right["cycles"]);
    assert_eq!(again["engine"], "interp");
}
