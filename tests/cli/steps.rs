//! `translate steps`: a line for each instruction, with the cycles and the end of any other run.

use crate::harness::Sandbox;

fn faults() -> String {
    concat!(env!("CARGO_MANIFEST_DIR"), "/examples/faults/faults.elf").to_owned()
}

#[test]
fn each_instruction_has_a_line() {
    let sandbox = Sandbox::new();
    let file = faults();
    let run = sandbox.run(&["run", &file, "--json", "--", "2"]).exits(254);
    let arguments = ["steps", &file, "-o", "steps", "--json", "--", "2"];
    let found = sandbox.run(&arguments).exits(0).json();
    assert_eq!(found["cycles"], run.json()["cycles"]);
    assert!(found["end"].as_str().unwrap().starts_with("MemOutOfBound"));
    let text = std::fs::read_to_string(sandbox.path("steps")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(found["instructions"], lines.len());
    assert_eq!(lines[0], "0 0x11000: ld a0, 0(sp)  a0=0x1");
    // A register that is changed stands behind the instruction, the fault behind the last one.
    assert_eq!(lines[2], "0 0x11004: jal ra, 0x11010  ra=0x11008");
    let last = "53 0x110d4: sd a1, 0(a0)  MemOutOfBound";
    assert_eq!(lines.last(), Some(&last), "{text}");
    let shown = sandbox
        .run(&["steps", &file, "-o", "-", "--", "2"])
        .exits(0);
    assert_eq!(shown.out, text);
}

#[test]
fn a_limit_ends_the_steps_and_a_full_disk_is_said() {
    let sandbox = Sandbox::new();
    let file = faults();
    let arguments = [
        "steps",
        &file,
        "-o",
        "steps",
        "--json",
        "--max-cycles",
        "1K",
    ];
    let found = sandbox
        .run(&[&arguments[..], &["--", "8"]].concat())
        .exits(0)
        .json();
    assert_eq!(found["end"], "the cycles are used up");
    assert!(found["cycles"].as_u64().unwrap() <= 1000);
    let full = sandbox
        .run(&["steps", &file, "-o", "/dev/full", "--", "4"])
        .exits(66);
    assert!(full.err.contains("/dev/full"), "{}", full.err);
    sandbox
        .run(&["steps", &file, "-o", "no/such/folder", "--", "2"])
        .exits(66);
}

#[test]
fn a_process_of_a_script_has_its_steps() {
    let sandbox = Sandbox::new();
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/examples/transactions/spawn.json"
    );
    let run = sandbox.run(&["run", "--json", "--tx-file", file]).json();
    let steps = |process: &str| {
        let words = [
            "steps",
            "--tx-file",
            file,
            "--vm-id",
            process,
            "-o",
            "steps",
            "--json",
        ];
        sandbox.run(&words)
    };
    let (root, child) = (steps("0").exits(0).json(), steps("1").exits(0).json());
    assert_eq!(root["cycles"], run["cycles"]);
    assert_eq!(child["cycles"], run["cycles"]);
    assert!(root["instructions"].as_u64() > child["instructions"].as_u64());
    let text = std::fs::read_to_string(sandbox.path("steps")).unwrap();
    // It ends where it asks to exit.
    assert!(text.lines().last().unwrap().ends_with(": ecall"), "{text}");
    steps("99").exits(64);
}
