//! What people type who know `ckb-debugger`, `gdb`, `perf` and `objdump`: each such word is answered with the command of this one.

use super::harness::Sandbox;

#[test]
fn words_of_other_programs_are_answered_with_the_command_here() {
    let sandbox = Sandbox::new();
    for (words, here) in [
        ("--bin a.elf", "a verb stands first: translate run ELF"),
        ("--tx-file a.json", "or translate run --tx-file FILE"),
        (
            "--mode full --bin a.elf",
            "the command here is: translate run ELF",
        ),
        (
            "--mode=gdb --bin a.elf",
            "translate run --gdb HOST:PORT ELF",
        ),
        (
            "run --mode fast a.elf",
            "the command here is: translate run ELF",
        ),
        ("run --mode gdb a.elf", "translate run --gdb HOST:PORT ELF"),
        ("--mode instruction-decode 7", "decode-instruction BITS"),
        ("run --gdb-listen :1 a.elf", "translate run --gdb"),
        ("run --enable-flamegraph a.elf", "translate profile ELF"),
        ("profile a.elf --flamegraph-output f", "with --svg FILE"),
        ("run --coverage-output f a.elf", "translate coverage ELF"),
        ("run a.elf --script-version 2", "--vm-version N"),
        ("run --bin a.elf", "without it: translate run ELF"),
        ("run --profile=guest a.elf", "translate profile ELF"),
        ("run --dir=. a.elf", "translate run --allow-files DIR ELF"),
        ("perf a.elf", "translate profile ELF"),
        ("flamegraph a.elf", "--svg FILE"),
        ("objdump a.elf", "translate inspect --disasm ELF"),
        ("new a.elf", "translate tx new ELF -o FILE"),
    ] {
        let arguments: Vec<&str> = words.split(' ').collect();
        let ran = sandbox.run(&arguments).exits(64).says(here);
        assert_eq!(ran.err.lines().count(), 1, "{words}: {}", ran.err);
    }
    // What is only misspelt is guessed by the parser, as ever.
    sandbox
        .run(&["profil", "a.elf"])
        .exits(64)
        .says("'profile'");
}
