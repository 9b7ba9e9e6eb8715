//! Ids of modules on the command line: whole ones, and prefixes that name one module only.

use std::path::Path;

use lockstep_cache as cache;
use lockstep_contract::key::KeyId;

use super::super::failure::Failure;

/// Hexadecimal digits of an id.
const DIGITS: usize = 64;
/// Candidates that are listed for a prefix that names several modules, at most.
const LISTED_CANDIDATES: usize = 8;

/// An id, or the first digits of one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct IdPrefix(String);

impl IdPrefix {
    /// What the command line takes: 1 to 64 hexadecimal digits.
    pub(crate) fn parse(text: &str) -> Result<IdPrefix, String> {
        let digits = text.to_ascii_lowercase();
        let hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        match hexadecimal && (1..=DIGITS).contains(&digits.len()) {
            true => Ok(IdPrefix(digits)),
            false => Err(
                "an id has 64 hexadecimal digits; its first digits suffice where they name one module"
                    .to_owned(),
            ),
        }
    }

    /// The one id that begins so, among those of a folder: of its modules, and of its quarantined modules. A whole id
    /// need not be among them.
    pub(crate) fn resolve(&self, folder: &Path) -> Result<KeyId, Failure> {
        if let Ok(id) = self.0.parse() {
            return Ok(id);
        }
        let modules = cache::list(folder).map_err(|error| Failure::cache(&error))?;
        // Where the list cannot be read, that is for whoever needs it to say.
        let quarantined = cache::quarantined(folder).unwrap_or_default();
        let mut ids: Vec<KeyId> = modules.iter().map(|entry| entry.id).collect();
        ids.extend(quarantined.iter().map(|(id, _)| *id));
        self.only_one_of(ids).map_err(|why| {
            Failure::usage(format!(
                "{} in the cache folder {}{why}",
                self.0,
                folder.display()
            ))
        })
    }

    /// The one id that begins so.
    ///
    /// # Errors
    /// The end of a sentence that begins with the prefix.
    fn only_one_of(&self, mut ids: Vec<KeyId>) -> Result<KeyId, String> {
        ids.sort_unstable();
        ids.dedup();
        let named = ids
            .into_iter()
            .filter(|id| id.to_string().starts_with(&self.0));
        let named: Vec<KeyId> = named.collect();
        match named[..] {
            [id] => Ok(id),
            [] => Err(" names no module; translate cache ls shows the ids".to_owned()),
            _ => {
                let listed = named.iter().take(LISTED_CANDIDATES);
                let listed: Vec<String> = listed.map(KeyId::to_string).collect();
                let more = match named.len() - listed.len() {
                    0 => String::new(),
                    more => format!("\n  and {more} more"),
                };
                Err(format!(
                    " names {} modules; give more digits of one of them:\n  {}{more}",
                    named.len(),
                    listed.join("\n  ")
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_names_one_module_or_none() {
        let ids = || -> Vec<KeyId> {
            let bytes = [[0x12; 32], [0x13; 32], [0xab; 32], [0xab; 32]];
            bytes.map(KeyId).to_vec()
        };
        let resolve = |text: &str| IdPrefix::parse(text).expect("digits").only_one_of(ids());
        assert_eq!(resolve("12"), Ok(KeyId([0x12; 32])));
        assert_eq!(resolve("AB"), Ok(KeyId([0xab; 32])));
        assert!(resolve("c").expect_err("none").contains("no module"));
        let why = resolve("1").expect_err("two");
        assert!(
            why.contains("2 modules") && why.contains(&"12".repeat(32)),
            "{why}"
        );
        for bad in ["", "x", "0x12", &"1".repeat(65)] {
            assert!(IdPrefix::parse(bad).is_err(), "{bad}");
        }
    }
}
