//! What engines make of a variable that holds something that means nothing: an error of `from_env`, and an engine
//! of the process that interprets everything.
//!
//! Variables belong to a process, and tests share one. So each test here starts the test program again, for one
//! test alone and with the variable set.

use std::process::Command;

use lockstep::Engine;
use lockstep::engine::{EngineBuilder, Mode};

/// Set where a test runs in a process of its own.
const CHILD: &str = "LOCKSTEP_TEST_CHILD";

/// Runs `check` in a process with this variable. The name is that of the test that calls this.
fn in_a_process(test: &str, variable: (&str, &str), check: impl FnOnce()) {
    if std::env::var_os(CHILD).is_some() {
        check();
        return;
    }
    let program = std::env::current_exe().expect("the test program has a path");
    let mut command = Command::new(program);
    command
        .args(["--exact", test, "--nocapture"])
        .env(CHILD, "1");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("LOCKSTEP_") {
            command.env_remove(name);
        }
    }
    command.env(CHILD, "1").env(variable.0, variable.1);
    let output = command.output().expect("the test program starts");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// `from_env` names the variable and its value.
fn refused(variable: &str, value: &str) {
    let error = EngineBuilder::from_env().expect_err("the variable means nothing");
    assert_eq!((error.setting, &error.value[..]), (variable, value));
    let text = error.to_string();
    assert!(text.contains(variable) && text.contains(value), "{text}");
}

#[test]
fn from_env_refuses_a_mistyped_engine() {
    let name = "environment::from_env_refuses_a_mistyped_engine";
    in_a_process(name, ("LOCKSTEP_ENGINE", "natvie"), || {
        refused("LOCKSTEP_ENGINE", "natvie");
    });
}

#[test]
fn from_env_refuses_a_mistyped_budget() {
    let name = "environment::from_env_refuses_a_mistyped_budget";
    in_a_process(name, ("LOCKSTEP_CACHE_BYTES", "1 GB"), || {
        refused("LOCKSTEP_CACHE_BYTES", "1 GB");
    });
}

#[test]
fn from_env_refuses_a_share_beyond_1() {
    let name = "environment::from_env_refuses_a_share_beyond_1";
    in_a_process(name, ("LOCKSTEP_SHADOW", "2"), || {
        refused("LOCKSTEP_SHADOW", "2");
    });
}

#[test]
fn from_env_takes_what_means_something() {
    let name = "environment::from_env_takes_what_means_something";
    in_a_process(name, ("LOCKSTEP_ENGINE", "native"), || {
        let engine = EngineBuilder::from_env().expect("it is valid").no_cache();
        assert_eq!(engine.build().mode(), Mode::Native);
    });
}

#[test]
fn the_engine_of_the_process_interprets_where_a_variable_is_mistyped() {
    let name = "environment::the_engine_of_the_process_interprets_where_a_variable_is_mistyped";
    in_a_process(name, ("LOCKSTEP_TRANSLATE", "nwo"), || {
        assert_eq!(Engine::global().mode(), Mode::Interp);
        assert!(Engine::global().cache().is_none());
    });
}
