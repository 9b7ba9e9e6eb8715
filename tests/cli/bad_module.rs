//! Modules that are named on the command line and damaged, or made for something else: 65.

use lockstep_contract::module::Module;

use crate::harness::{Sandbox, exits_with, guest};

/// A small module and its ELF, built in a sandbox as `good.lkm` and `good.elf`.
fn built() -> (Sandbox, Vec<u8>) {
    let sandbox = Sandbox::new();
    sandbox.file("good.elf", &exits_with(0));
    sandbox
        .run(&["build", "good.elf", "-o", "good.lkm"])
        .exits(0);
    let bytes = std::fs::read(sandbox.path("good.lkm")).expect("a module");
    (sandbox, bytes)
}

#[test]
fn a_good_module_is_used() {
    let (sandbox, _) = built();
    let arguments = ["run", "--json", "--module", "good.lkm", "good.elf"];
    let never = [("LOCKSTEP_TRANSLATE", "never")];
    let object = sandbox.run_with(&never, &arguments).exits(0).json();
    assert_eq!(object["engine"], "native");
    assert_eq!(object["translate_seconds"].as_f64(), Some(0.0));
    sandbox.run(&["verify", "good.lkm", "good.elf"]).exits(0);
}

#[test]
fn a_module_damaged_in_any_byte_is_65() {
    let (sandbox, good) = built();
    // Every byte of the header and the section table, and one in many of the rest.
    let step = (good.len() / 60).max(1);
    let places = (0..176)
        .chain((176..good.len()).step_by(step))
        .chain([good.len() - 1]);
    for (number, place) in places.enumerate() {
        let mut bad = good.clone();
        bad[place] ^= 1 << (place % 8);
        sandbox.file("bad.lkm", &bad);
        let arguments = match number % 2 {
            0 => ["run", "--json", "--module", "bad.lkm", "good.elf"].as_slice(),
            _ => ["verify", "--json", "bad.lkm", "good.elf"].as_slice(),
        };
        let ran = sandbox.run(arguments);
        assert_eq!(ran.code, 65, "byte {place}: {}{}", ran.out, ran.err);
        ran.fails_as("ModuleDamaged").says("bad.lkm");
    }
}

#[test]
fn a_module_of_another_length_is_65() {
    let (sandbox, good) = built();
    let mut longer = good.clone();
    longer.push(0);
    for bad in [
        &good[..0],
        &good[..7],
        &good[..100],
        &good[..good.len() - 1],
        &longer,
    ] {
        sandbox.file("bad.lkm", bad);
        let arguments = ["run", "--json", "--module", "bad.lkm", "good.elf"];
        sandbox.run(&arguments).exits(65).fails_as("ModuleDamaged");
    }
    sandbox
        .run(&["run", "--module", "good.elf", "good.elf"])
        .exits(65);
}

/// Both verbs refuse a module and name the field.
fn refused(sandbox: &Sandbox, module: &str, options: &[&str], field: &str) {
    let mut arguments = vec!["run", "--json", "--module", module, "good.elf"];
    arguments.extend(options);
    let ran = sandbox.run(&arguments).exits(65).fails_as("ModuleForeign");
    ran.says(&format!(": {field} is "));
}

#[test]
fn a_module_for_something_else_is_65_and_the_field_is_named() {
    let (sandbox, good) = built();
    refused(&sandbox, "good.lkm", &["--vm-version", "1"], "version");
    refused(&sandbox, "good.lkm", &["--isa", "imc,b"], "isa");
    refused(&sandbox, "good.lkm", &["--cost", "constant"], "cost");
    refused(
        &sandbox,
        "good.lkm",
        &["--memory", "0x200000"],
        "memory_size",
    );
    // Other code, at the same place.
    sandbox.file("other.elf", &exits_with(1));
    sandbox
        .run(&["build", "other.elf", "-o", "other.lkm"])
        .exits(0);
    refused(&sandbox, "other.lkm", &[], "digest");
    let ran = sandbox
        .run(&["verify", "--json", "other.lkm", "good.elf"])
        .exits(65);
    ran.fails_as("ModuleForeign").says("digest");
    sandbox
        .run(&["build", &guest("fib"), "-o", "fib.lkm"])
        .exits(0);
    refused(&sandbox, "fib.lkm", &[], "base");
    // Other makers.
    let module = Module::read(&good).expect("a module");
    for field in ["translator", "compiler", "target", "cpu"] {
        let mut other = module.clone();
        match field {
            "translator" => other.key.translator = "0.0.1".to_owned(),
            "compiler" => other.key.compiler = "0.1.0".to_owned(),
            "target" => other.key.target = "aarch64-unknown-linux-gnu".to_owned(),
            _ => other.key.cpu = "has_telepathy".to_owned(),
        }
        sandbox.file("other.lkm", &other.to_bytes());
        refused(&sandbox, "other.lkm", &[], field);
    }
}

#[test]
fn verify_finds_native_code_that_is_not_the_translators() {
    let (sandbox, good) = built();
    let mut module = Module::read(&good).expect("a module");
    let last = module.code.len() - 1;
    module.code[last] ^= 0xff;
    sandbox.file("other.lkm", &module.to_bytes());
    let ran = sandbox
        .run(&["verify", "--json", "other.lkm", "good.elf"])
        .exits(86);
    let object = ran.json();
    assert_eq!(object["result"], "diverged");
    let place = object["difference"]["place"].as_str().expect("a place");
    assert!(
        place.contains(&format!("native code at {last:#x}")),
        "{object}"
    );
    let text = sandbox
        .run(&["verify", "other.lkm", "good.elf"])
        .exits(86)
        .out;
    assert!(text.starts_with("Different: at offset 0x"), "{text}");
}
