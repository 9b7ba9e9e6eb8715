//! `translate explore`: what is in a page, what does not get into one, and what is refused. `tests/explore.rs` opens a
//! page in a browser.

use serde_json::Value;

use crate::harness::{Sandbox, guest};

fn faults() -> String {
    concat!(env!("CARGO_MANIFEST_DIR"), "/examples/faults/faults.elf").to_owned()
}

/// The content of a page.
fn content(page: &str) -> Value {
    let start = "<script type=\"application/json\" id=\"content\">";
    let (_, rest) = page.split_once(start).expect("the page has content");
    let (json, _) = rest.split_once("</script>").expect("the content ends");
    serde_json::from_str(json).expect("the content is JSON")
}

fn function<'v>(content: &'v Value, name: &str) -> &'v Value {
    let functions = content["functions"].as_array().expect("a list");
    let found = functions.iter().find(|function| function["n"] == name);
    found.unwrap_or_else(|| panic!("no function {name}"))
}

fn list<'v>(value: &'v Value, field: &str) -> &'v [Value] {
    value[field].as_array().map_or(&[], Vec::as_slice)
}

#[test]
fn a_page_has_source_guest_code_intermediate_form_and_native_code() {
    let sandbox = Sandbox::new();
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
    let arguments = [
        "explore",
        &faults(),
        "--source",
        examples,
        "-o",
        "page.html",
        "--json",
    ];
    let ran = sandbox.run(&arguments).exits(0);
    let answer: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(answer["result"], "explore");
    assert_eq!(answer["shown"], answer["functions"]);
    assert_eq!(answer["sources"], 1);
    let missing = answer["missing_sources"].as_array().unwrap();
    assert!(
        missing
            .iter()
            .any(|name| name.as_str().unwrap().ends_with("crt0.S"))
    );
    let page = std::fs::read_to_string(sandbox.path("page.html")).unwrap();
    assert_eq!(answer["bytes"], page.len());
    // Nothing is loaded from anywhere.
    assert!(page.contains("default-src 'none'"));
    for outside in ["http://", "https://", "src=", "href=", "@import"] {
        let found = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!found.contains(outside), "{outside}");
    }
    let content = content(&page);
    let poke = function(&content, "poke");
    let blocks = list(&poke["d"], "b");
    let instructions: Vec<&Value> = blocks.iter().flat_map(|block| list(block, "i")).collect();
    let store = instructions
        .iter()
        .find(|inst| inst["p"] == 0x110d4)
        .expect("the store");
    assert!(store["t"].as_str().unwrap().starts_with("sd "), "{store}");
    let file = store["l"][0].as_u64().unwrap() as usize;
    let text = content["files"][file]["text"].as_str().unwrap();
    let line = store["l"][1].as_u64().unwrap() as usize;
    assert_eq!(line, 24);
    assert!(
        text.lines()
            .nth(line - 1)
            .unwrap()
            .contains("hidden(address) = value")
    );
    // The store has a line of intermediate form and of native code.
    let of_store = |field| {
        let lines = list(&poke["d"], field).iter();
        let lines = lines.filter(|line| line["p"] == 0x110d4);
        lines
            .map(|line| line["t"].as_str().unwrap())
            .collect::<Vec<_>>()
    };
    assert!(
        of_store("i").iter().any(|line| line.contains("store")),
        "{:?}",
        of_store("i")
    );
    assert!(!of_store("x").is_empty());
    // A block's cycles are those of its instructions.
    for block in blocks {
        let sum: u64 = list(block, "i")
            .iter()
            .map(|inst| inst["c"].as_u64().unwrap())
            .sum();
        assert_eq!(block["c"], sum);
    }
    // Somebody calls it.
    let number = list(&content, "functions")
        .iter()
        .position(|f| f["n"] == "poke")
        .unwrap();
    let callers = list(&content, "functions").iter();
    assert!(
        callers
            .filter(|f| list(f, "c").iter().any(|callee| *callee == number))
            .count()
            > 0
    );
}

#[test]
fn heat_says_what_ran_and_comes_first() {
    let sandbox = Sandbox::new();
    let elf = guest("sha256");
    let ran = sandbox
        .run(&["heat", &elf, "-o", "heat", "--json", "--", "1"])
        .exits(0);
    let cycles = serde_json::from_str::<Value>(&ran.out).unwrap()["cycles"].clone();
    sandbox
        .run(&["explore", &elf, "--heat", "heat", "-o", "hot.html"])
        .exits(0);
    let page = std::fs::read_to_string(sandbox.path("hot.html")).unwrap();
    let content = content(&page);
    let weights = list(&content, "functions")
        .iter()
        .map(|f| f["w"].as_u64().unwrap());
    assert_eq!(
        cycles,
        weights.sum::<u64>(),
        "all cycles are in some function"
    );
    for f in list(&content, "functions") {
        let blocks = list(&f["d"], "b")
            .iter()
            .map(|block| block["w"].as_u64().unwrap());
        assert_eq!(f["w"], blocks.sum::<u64>());
    }
    // The same input gives the same page.
    sandbox
        .run(&["explore", &elf, "--heat", "heat", "-o", "again.html"])
        .exits(0);
    assert_eq!(
        std::fs::read_to_string(sandbox.path("again.html")).unwrap(),
        page
    );
}

#[test]
fn a_page_has_a_bound_and_says_what_it_leaves_out() {
    let sandbox = Sandbox::new();
    let elf = guest("rust_objects");
    let shown = |arguments: &[&str]| {
        let arguments = [&["explore", &elf, "-o", "page.html", "--json"], arguments].concat();
        let ran = sandbox.run(&arguments).exits(0);
        let answer: Value = serde_json::from_str(&ran.out).unwrap();
        let bytes = std::fs::metadata(sandbox.path("page.html")).unwrap().len();
        (
            answer["shown"].as_u64().unwrap(),
            answer["functions"].as_u64().unwrap(),
            bytes,
        )
    };
    let (small, all, bytes) = shown(&["--max-bytes", "300000"]);
    assert!(
        0 < small && small < all && bytes < 400_000,
        "{small} {all} {bytes}"
    );
    let (large, _, bytes) = shown(&["--max-bytes", "0x2000000"]);
    assert_eq!(large, all);
    assert!(bytes > 2_000_000);
    assert_eq!(shown(&["--max-bytes", "0"]).0, 0);
    assert_eq!(shown(&["--function", "fn_13008"]).0, 1);
    let refused = ["explore", &elf, "-o", "page.html", "--function", "fn_1"];
    sandbox
        .run(&refused)
        .exits(64)
        .says("there is no function \"fn_1\"; there is fn_1");
}

#[test]
fn a_module_is_shown_with_its_elf() {
    let sandbox = Sandbox::new();
    let elf = guest("fib");
    sandbox.run(&["build", &elf, "-o", "fib.mod"]).exits(0);
    sandbox
        .run(&["explore", "fib.mod", "-o", "page.html"])
        .exits(64)
        .says("--elf");
    let ran = sandbox.run(&["explore", "fib.mod", "--elf", &elf, "-o", "page.html"]);
    ran.exits(0);
    let page = std::fs::read_to_string(sandbox.path("page.html")).unwrap();
    assert!(list(&content(&page), "functions").len() > 1);
    let other = guest("sieve");
    let wrong = ["explore", "fib.mod", "--elf", &other, "-o", "page.html"];
    sandbox
        .run(&wrong)
        .exits(65)
        .says("is not a module for this ELF");
    let needless = ["explore", &elf, "--elf", &elf, "-o", "page.html"];
    sandbox.run(&needless).exits(64).says("leave out --elf");
    sandbox
        .run(&["explore", &elf, "-o", "no/such/page.html"])
        .exits(66);
    sandbox
        .run(&["explore", &elf, "-o", "page.html", "--source", "nowhere"])
        .exits(66);
    assert_eq!(
        std::fs::read_to_string(sandbox.path("page.html")).unwrap(),
        page,
        "kept"
    );
}

/// Names come from a stranger's file.
#[test]
fn what_an_elf_says_is_never_markup() {
    let sandbox = Sandbox::new();
    let mut elf = std::fs::read(faults()).unwrap();
    let (name, evil) = (b"call_host", b"</script>");
    let places: Vec<usize> = (0..elf.len() - name.len())
        .filter(|&at| &elf[at..at + name.len()] == name)
        .collect();
    assert!(!places.is_empty());
    for at in places {
        elf[at..at + evil.len()].copy_from_slice(evil);
    }
    sandbox.file("<b>.elf", &elf);
    sandbox
        .run(&["explore", "<b>.elf", "-o", "page.html"])
        .exits(0);
    let page = std::fs::read_to_string(sandbox.path("page.html")).unwrap();
    assert_eq!(
        page.matches("</script>").count(),
        2,
        "the content's end and the script's"
    );
    assert!(!page.contains("<b>"));
    let content = content(&page);
    function(&content, "</script>");
    assert_eq!(content["title"], "<b>.elf");
}
