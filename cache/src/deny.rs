//! The deny-list: translators and compilers that are known to make wrong code. Their modules are refused,
//! whoever authenticates them.
//!
//! Some are listed in this build. An operator adds others in a file with one line for each:
//!
//! ```text
//! # what   which        why
//! compiler <0.135.9     miscompiles …
//! compiler 0.136.0..0.136.3 …
//! translator 0.1.0      …
//! translator 0.1.0+3f9a04c27be15d68 …
//! ```
//! `which` is a version, `<V`, `<=V`, `V..W` (from V, below W) or `*`. A version of numbers alone
//! means every build of it; with a plus sign and a digest, as `translate inspect` shows it, that build and
//! no other. Digests have no order, so `<`, `<=` and `..` take versions of numbers alone.
//!
//! The file is read at each look-up, so a change counts at once for every module that a running node loads from then on. If the file exists
//! but cannot be read, or has a line that cannot be parsed, every module is refused, because somebody
//! meant to refuse one.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use lockstep_contract::key::Key;

/// What this build knows: name of the thing, which versions, why.
pub const KNOWN: &[(&str, &str, &str)] = &[
    (
        "compiler",
        "<0.135.8",
        "CVE-2026-115889 (GHSA-897f-g5gm-fmxm): large functions overflow packed bits and are miscompiled",
    ),
    (
        "compiler",
        "<0.135.8",
        "CVE-2026-115893 (GHSA-mghf-wjfp-p5xm): on aarch64 a large br_table jumps to a wrong target",
    ),
    (
        "compiler",
        "<0.135.8",
        "CVE-2026-34971 (GHSA-jhxm-h53p-jm7w): on aarch64 an address is miscompiled",
    ),
];

/// Bytes of the file, at most.
const LARGEST_DENY_LIST_BYTES: u64 = 1 << 20;

/// Why modules with this key are refused, if they are.
#[must_use]
pub fn denied(key: &Key, file: Option<&Path>) -> Option<String> {
    denied_maker(&key.translator, &key.compiler, file)
}

/// Why modules that this translator made with this compiler are refused, if they are. Both are named as a key names
/// them.
///
/// ```
/// use lockstep_cache::denied_maker;
/// assert_eq!(denied_maker("0.1.0", "0.135.9", None), None);
/// assert!(denied_maker("0.1.0", "0.135.7", None).is_some());
/// ```
#[must_use]
pub fn denied_maker(translator: &str, compiler: &str, file: Option<&Path>) -> Option<String> {
    let known = KNOWN
        .iter()
        .find_map(|(what, which, why)| Rule::new(what, which, why)?.refuses(translator, compiler));
    known.or_else(|| {
        let file = file?;
        let text = match read(file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => return Some(unreadable(file, &error)),
        };
        rules(&text).find_map(|(number, line)| match Rule::parse(line) {
            Some(rule) => rule.refuses(translator, compiler),
            None => Some(meaningless(file, number, line)),
        })
    })
}

/// How many lines of a list refuse something.
///
/// # Errors
/// Why the list refuses everything.
pub(super) fn count(file: &Path) -> Result<usize, String> {
    let text = match read(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(unreadable(file, &error)),
    };
    let rules = rules(&text);
    let rules = rules.map(|(number, line)| match Rule::parse(line) {
        Some(_) => Ok(1),
        None => Err(meaningless(file, number, line)),
    });
    rules.sum::<Result<usize, String>>()
}

/// The lines that are to refuse something, with their numbers.
fn rules(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate();
    lines
        .filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
        .map(|(index, line)| (index + 1, line))
}

fn unreadable(file: &Path, error: &io::Error) -> String {
    format!("the deny-list {} cannot be read: {error}", file.display())
}

fn meaningless(file: &Path, number: usize, line: &str) -> String {
    format!(
        "line {number} of the deny-list {} says nothing: {line:?} is not `compiler` or `translator`, a version and a \
         reason",
        file.display()
    )
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?
        .take(LARGEST_DENY_LIST_BYTES)
        .read_to_string(&mut text)?;
    match text.len() as u64 {
        LARGEST_DENY_LIST_BYTES => Err(io::Error::other(format!(
            "{LARGEST_DENY_LIST_BYTES:#x} bytes and more"
        ))),
        _ => Ok(text),
    }
}

/// A line.
struct Rule<'a> {
    compiler: bool,
    which: Which,
    written: &'a str,
    why: &'a str,
}

enum Which {
    All,
    Exactly(Release),
    Below(Release),
    UpTo(Release),
    Within(Release, Release),
}

impl<'a> Rule<'a> {
    fn parse(line: &'a str) -> Option<Rule<'a>> {
        let (what, rest) = line.trim().split_once(char::is_whitespace)?;
        let rest = rest.trim_start();
        let (which, why) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        Rule::new(what, which, why.trim())
    }

    fn new(what: &str, which: &'a str, why: &'a str) -> Option<Rule<'a>> {
        let compiler = match what {
            "compiler" => true,
            "translator" => false,
            _ => return None,
        };
        let written = which;
        let which = if which == "*" {
            Which::All
        } else if let Some(version) = which.strip_prefix("<=") {
            Which::UpTo(Release::ordered(version)?)
        } else if let Some(version) = which.strip_prefix('<') {
            Which::Below(Release::ordered(version)?)
        } else if let Some((from, to)) = which.split_once("..") {
            Which::Within(Release::ordered(from)?, Release::ordered(to)?)
        } else {
            Which::Exactly(Release::parse(which)?)
        };
        Some(Rule {
            compiler,
            which,
            written,
            why,
        })
    }

    /// Why this rule refuses modules of these, if it does. A version that cannot be read is
    /// refused by every rule about its kind: it is not one of ours.
    fn refuses(&self, translator: &str, compiler: &str) -> Option<String> {
        let (name, text) = match self.compiler {
            true => ("compiler", compiler),
            false => ("translator", translator),
        };
        let refused = match Release::parse(text) {
            None => true,
            Some(version) => match &self.which {
                Which::All => true,
                Which::Exactly(only) => {
                    let any_build = only.build.is_empty();
                    version.numbers == only.numbers && (any_build || version.build == only.build)
                }
                Which::Below(end) => version.numbers < end.numbers,
                Which::UpTo(last) => version.numbers <= last.numbers,
                Which::Within(from, to) => {
                    from.numbers <= version.numbers && version.numbers < to.numbers
                }
            },
        };
        let (written, why) = (self.written, self.why);
        refused.then(|| format!("{name} {text} is on the deny-list ({written}: {why})"))
    }
}

/// A version of a translator or compiler: numbers between dots, and behind a plus sign the digest of a
/// build.
#[derive(Clone, Debug)]
struct Release {
    numbers: Vec<u64>,
    /// Empty where there is none.
    build: String,
}

impl Release {
    /// Of a translator's name too, which goes on behind a space for code made for tests.
    fn parse(text: &str) -> Option<Release> {
        let text = text.split(' ').next()?;
        let (numbers, build) = match text.split_once('+') {
            Some((numbers, build)) if !build.is_empty() => (numbers, build),
            Some(_) => return None,
            None => (text, ""),
        };
        let numbers = numbers.split('.').map(|number| number.parse().ok());
        Some(Release {
            numbers: numbers.collect::<Option<Vec<u64>>>()?,
            build: build.to_owned(),
        })
    }

    /// One that has a place in an order: a version without a build.
    fn ordered(text: &str) -> Option<Release> {
        Release::parse(text).filter(|release| release.build.is_empty())
    }
}

#[cfg(test)]
mod tests;
