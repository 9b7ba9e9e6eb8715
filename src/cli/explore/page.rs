//! The page: its text, style and script around the content.
//!
//! The content comes from an ELF that may be a stranger's. It is data in the page and never markup: the script makes
//! text nodes of it, and here what would end the element that holds it is escaped. The page's policy allows nothing
//! but what stands in the page.

use super::content::Page;
use crate::cli::markup::escape;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The whole page.
pub(super) fn write(page: &Page<'_>) -> serde_json::Result<String> {
    // `<` ends no element where it is written so. U+2028 and U+2029 are line ends for old scripts.
    let content = serde_json::to_string(page)?
        .replace('<', "\\u003c")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029");
    let title = escape(page.title);
    let mut text = String::with_capacity(PAGE.len() + STYLE.len() + SCRIPT.len() + content.len());
    let mut rest = PAGE;
    // The pieces are put in one after the other, so that nothing in one of them is taken for a mark.
    for (mark, piece) in [
        ("{{title}}", title.as_str()),
        ("{{style}}", STYLE),
        ("{{content}}", content.as_str()),
        ("{{script}}", SCRIPT),
    ] {
        let (before, behind) = rest.split_once(mark).unwrap_or((rest, ""));
        text += before;
        text += piece;
        rest = behind;
    }
    Ok(text + rest)
}
