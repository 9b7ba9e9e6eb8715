//! The page of `translate explore` in a browser: a click on an instruction lights up what belongs to it.
//!
//! The browser is Chromium without a window, and prints the page as it is when its script has run. `cargo xtask test`
//! installs it. What is in a page without looking at it is tested in `tests/cli/explore.rs`.

use std::path::Path;
use std::process::Command;

/// The page of the example that fails in many ways, with its source.
fn page(folder: &Path) -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    let path = folder.join("page.html");
    let elf = format!("{root}/examples/faults/faults.elf");
    let ran = Command::new(env!("CARGO_BIN_EXE_translate"))
        .args([
            "explore",
            &elf,
            "--source",
            &format!("{root}/examples"),
            "-o",
        ])
        .arg(&path)
        .env("LOCKSTEP_CACHE_DIR", folder.join("cache"))
        .output()
        .expect("running the command");
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    std::fs::read_to_string(path).expect("the page was written")
}

/// The page as it is after its script and this one have run, in a window of this width.
fn opened(folder: &Path, page: &str, script: &str, width: u32) -> String {
    let path = folder.join("opened.html");
    let page = page.replace("</body>", &format!("<script>{script}</script></body>"));
    std::fs::write(&path, page).expect("writing the page");
    // A page that does not come to an end is a failure, and not a test that hangs.
    let ran = Command::new("timeout")
        .args(["60", "chromium"])
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"])
        .arg(format!("--window-size={width},900"))
        .arg(format!(
            "--user-data-dir={}",
            folder.join("profile").display()
        ))
        .arg(format!("file://{}", path.display()))
        .output()
        .expect("chromium is installed by cargo xtask test");
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(
        text.contains("</html>"),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    text
}

/// The texts of the rows that are lit, column by column.
const LIT: &str = "
const lit = {};
for (const id of ['source', 'guest', 'form', 'native']) {
  lit[id] = [...document.querySelectorAll('#' + id + ' .row.lit')].map((row) => row.textContent);
}
document.title = JSON.stringify(lit);
";

fn lit(opened: &str) -> serde_json::Value {
    let (_, rest) = opened.split_once("<title>").expect("a title");
    let (title, _) = rest.split_once("</title>").expect("its end");
    let title = title
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&");
    serde_json::from_str(&title).unwrap_or_else(|error| panic!("{error}: {title}"))
}

fn rows<'v>(lit: &'v serde_json::Value, column: &str) -> Vec<&'v str> {
    let rows = lit[column].as_array().expect("a list");
    rows.iter()
        .map(|row| row.as_str().expect("a text"))
        .collect()
}

/// Clicks the function, then the row.
fn click(function: &str, row: &str) -> String {
    format!(
        "[...document.querySelectorAll('nav button')].find((b) => b.textContent === '{function}').click();
         document.querySelector('{row}').click();{LIT}"
    )
}

#[test]
fn a_click_on_an_instruction_lights_up_its_native_code() {
    let folder = tempfile::tempdir().unwrap();
    let page = page(folder.path());
    let store = 0x110d4;
    for width in [1280, 400] {
        let script = click("poke", &format!("#guest .row[data-pc=\"{store}\"]"));
        let lit = lit(&opened(folder.path(), &page, &script, width));
        let guest = rows(&lit, "guest");
        assert!(
            !guest.is_empty() && guest.iter().all(|row| row.contains("sd ")),
            "{guest:?}"
        );
        assert!(
            rows(&lit, "native")
                .iter()
                .any(|row| row.contains("mov qword ptr [")),
            "{lit}"
        );
        assert!(
            rows(&lit, "form")
                .iter()
                .any(|row| row.starts_with("store")),
            "{lit}"
        );
        assert!(
            rows(&lit, "source").iter().any(|row| row.starts_with("24")),
            "{lit}"
        );
    }
    // From native code back.
    let script = click("poke", &format!("#native .row[data-pc=\"{store}\"]"));
    let back = lit(&opened(folder.path(), &page, &script, 1280));
    assert!(
        rows(&back, "guest")
            .iter()
            .any(|row| row.starts_with("0x110d4")),
        "{back}"
    );
    // A line of the source is all of its instructions.
    let script = click("poke", "#source .row[data-line=\"24\"]");
    let line = lit(&opened(folder.path(), &page, &script, 1280));
    assert!(rows(&line, "guest").len() > 1, "{line}");
}

#[test]
fn the_search_finds_functions_and_instructions() {
    let folder = tempfile::tempdir().unwrap();
    let page = page(folder.path());
    let script = "const search = document.getElementById('search');
        search.value = 'ECALL'; search.oninput();
        document.querySelector('nav .hit').click();";
    let lit = lit(&opened(
        folder.path(),
        &page,
        &format!("{script}{LIT}"),
        1280,
    ));
    assert!(
        rows(&lit, "guest").iter().all(|row| row.ends_with("ecall")),
        "{lit}"
    );
    assert_eq!(rows(&lit, "guest").len(), 1);
    let script = "document.getElementById('search').value = 'no such thing';
        document.getElementById('search').oninput();";
    let opened = opened(folder.path(), &page, script, 1280);
    assert!(opened.contains("Nothing has “no such thing” in it."));
}
