//! What scripts of a transaction are called, and what is no such file or name. The verdicts of whole
//! transactions are in `tests/transaction_files.rs`.

use super::*;

#[test]
fn scripts_are_named_by_their_cells() {
    for name in ["input.0.lock", "input.17.type", "output.3.type"] {
        assert_eq!(name.parse::<ScriptName>().unwrap().to_string(), name);
    }
    for name in [
        "",
        "input",
        "input.0",
        "input.0.lock.x",
        "inputs.0.lock",
        "input.+1.lock",
        "input..lock",
        "input.99999999999999999999.lock",
        "input.0.data",
    ] {
        let error = name.parse::<ScriptName>().unwrap_err();
        assert_eq!(error, InvalidScriptName::Form(name.to_owned()));
    }
    let error = "output.0.lock".parse::<ScriptName>().unwrap_err();
    assert!(matches!(error, InvalidScriptName::OutputLock(_)));
}

#[test]
fn placeholders_are_replaced() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("two words"), b"\x01\xab").unwrap();
    let replaced = |text: &str| placeholder::replace(text, folder.path());
    let data = replaced("\"0x{{ data two words }}\", \"0x{{data two words}}\"").unwrap();
    assert_eq!(data, "\"0x01ab\", \"0x01ab\"");
    let hash = replaced("{{ hash two words }}").unwrap();
    assert_eq!(hash.len(), 64);
    // Nested objects without blanks are no placeholders.
    for json in ["{\"a\":{\"b\":{}}}", "{{\"a\":1}}", "{{", "a}}"] {
        assert_eq!(replaced(json).unwrap(), json);
    }
    let quoted = replaced("[\"{{ def_type me }}\", \"0x{{ ref_type me }}\"]").unwrap();
    let plain = replaced("[{{ def_type me }}, \"0x{{ ref_type me }}\"]").unwrap();
    assert_eq!(quoted, plain);
    let values: serde_json::Value = serde_json::from_str(&plain).unwrap();
    assert_eq!(values[0]["args"], "0x6d65");
    assert_eq!(values[1].as_str().unwrap().len(), 66);
}

#[test]
fn placeholders_that_cannot_be_replaced_say_so() {
    let folder = Path::new("/nonexistent");
    let refused = |text: &str| placeholder::replace(text, folder).unwrap_err().to_string();
    assert!(refused("{{ data a.elf }}").contains("/nonexistent/a.elf"));
    assert!(refused("{{ date a.elf }}").contains("{{ date a.elf }} is not a placeholder"));
    assert!(refused("{{ data }}").contains("is not a placeholder"));
    assert!(refused("{{ ref_type a }}").contains("no {{ def_type a }}"));
    assert!(refused("{{ def_type a }}{{ def_type a }}").contains("twice"));
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_field_and_value() {
    let refused = |text: &str| {
        let error = Transaction::parse(text, Path::new("")).unwrap_err();
        error.to_string()
    };
    assert!(refused("").starts_with("it is not JSON"));
    assert!(refused("{}").contains("missing field `mock_info`"));
    assert_eq!(
        refused("{}"),
        "the whole file: missing field `mock_info`; it is an empty object"
    );
    for text in [
        "[]",
        "null",
        "[[], []]",
        "{\"mock_info\": {}}",
        "{\"mock_info\": 1}",
    ] {
        let message = refused(text);
        assert!(!message.contains("Repr"), "{message}");
        assert!(!message.contains("with ;"), "{message}");
    }
    let whole = r#"{"mock_info": {"inputs": [], "cell_deps": [], "header_deps": []},
        "tx": {"version": "0x0", "cell_deps": [], "header_deps": [], "inputs": [{
            "since": "SINCE", "previous_output": {"tx_hash":
            "0x0000000000000000000000000000000000000000000000000000000000000001", "index": "0x0"}}],
            "outputs": [], "outputs_data": [], "witnesses": []}}"#;
    let message = refused(&whole.replace("SINCE", "12"));
    assert!(message.starts_with("tx.inputs[0].since: "), "{message}");
    assert!(message.ends_with("it is \"12\""), "{message}");
    let message = refused(&whole.replace("\"SINCE\"", "[1, 2]"));
    assert!(message.ends_with("it is a list of 2"), "{message}");
    let message = refused(
        &whole
            .replace("SINCE", "0x0")
            .replace("\"tx_hash\"", "\"hash\""),
    );
    assert!(
        message.starts_with("tx.inputs[0].previous_output.hash: "),
        "{message}"
    );
    assert!(message.contains("`tx_hash`"), "{message}");
    let message = refused(
        &whole
            .replace("SINCE", "0x0")
            .replace("\"outputs\": [],", ""),
    );
    assert!(
        message.starts_with("tx: missing field `outputs`"),
        "{message}"
    );
    assert!(message.contains("it is an object with "), "{message}");
    let message = refused(&whole.replace("SINCE", "0x0"));
    assert!(message.contains("not in mock_info"), "{message}");
}
