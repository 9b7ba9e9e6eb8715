//! Completions and pages of the manual name every command that people have a use for.

use super::harness::Sandbox;

/// The commands in the overview.
pub(super) fn verbs(sandbox: &Sandbox) -> Vec<String> {
    let help = sandbox.run(&["--help"]).exits(0).out;
    let commands = help.split("Commands:\n").nth(1).expect("commands");
    commands
        .lines()
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|verb| *verb != "help")
        .map(str::to_owned)
        .collect()
}

#[test]
fn shells_complete_the_words_of_the_command() {
    let sandbox = Sandbox::new();
    let verbs = verbs(&sandbox);
    assert!(verbs.contains(&"run".to_owned()), "{verbs:?}");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = sandbox.run(&["completions", shell]).exits(0).out;
        for word in verbs
            .iter()
            .map(String::as_str)
            .chain(["tx-file", "max-cycles"])
        {
            assert!(script.contains(word), "{shell}: {word}");
        }
        assert!(!script.contains("helper"), "{shell}: a hidden command");
    }
    let found = sandbox
        .run(&["completions", "bash", "--json"])
        .exits(0)
        .json();
    assert_eq!(found["shell"], "bash");
    sandbox.run(&["completions", "dos"]).exits(64);
}

#[test]
fn every_command_has_a_page() {
    let sandbox = Sandbox::new();
    sandbox.run(&["man", "pages/man1"]).exits(0);
    let names = sandbox.names(&sandbox.path("pages/man1"));
    for verb in verbs(&sandbox) {
        let name = format!("translate-{verb}.1");
        assert!(names.contains(&name), "{name} is not in {names:?}");
    }
    assert!(
        names.contains(&"translate-tx-new.1".to_owned()),
        "{names:?}"
    );
    assert!(
        !names.contains(&"translate-helper.1".to_owned()),
        "{names:?}"
    );
    let page = std::fs::read_to_string(sandbox.path("pages/man1/translate-run.1"));
    let page = page.expect("a page");
    assert!(page.contains(".TH TRANSLATE"), "{page}");
    assert!(page.contains("tx\\-file"), "{page}");
    sandbox.file("taken", b"");
    sandbox.run(&["man", "taken"]).exits(66);
}
