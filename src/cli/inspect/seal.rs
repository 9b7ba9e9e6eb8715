//! The seal beside a module: what authenticates the module, signatures, and records of comparisons.

use std::fmt::Write as _;
use std::path::Path;

use lockstep_cache::{Authority, Locations, PublicKey, Trusted, TrustedBy, is_sound, seal_name};
use lockstep_contract::seal::{Note, Seal};
use serde::Serialize;

/// A seal, for `--json`.
#[derive(Serialize)]
pub(super) struct SealObject {
    /// `node`: the key of this machine; `signature`: a trusted signature; `none`: nothing.
    authenticated_by: &'static str,
    /// Why nothing authenticates it.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    signatures: Vec<Signature>,
    records: Vec<RecordObject>,
}

#[derive(Serialize)]
struct Signature {
    public_key: String,
    /// Whether it is a valid signature by that key.
    sound: bool,
    trusted: bool,
}

#[derive(Serialize)]
struct RecordObject {
    engine: String,
    cycles: u64,
    what: String,
    /// Whether this machine's key or a trusted signature covers it.
    authenticated: bool,
}

impl SealObject {
    pub(super) fn of(path: &Path, bytes: &[u8]) -> SealObject {
        let locations = Locations::from_environment();
        let found = Authority::present(&locations).load_named(path, bytes.to_vec());
        let (authenticated_by, why, notes) = match &found {
            Ok(found) => match found.trusted_by {
                TrustedBy::Node => ("node", None, found.notes),
                TrustedBy::Signature(_) => ("signature", None, found.notes),
            },
            Err(miss) => ("none", Some(miss.to_string()), 0),
        };
        // The seal is shown also where nothing authenticates it.
        let seal = match found {
            Ok(found) => Some(found.seal),
            Err(_) => (std::fs::read(seal_name(path)).ok()).and_then(|file| Seal::read(&file).ok()),
        };
        let trusted = locations.trusted.as_deref().map(Trusted::read);
        let trusted = trusted.and_then(Result::ok).unwrap_or_default();
        let mut object = SealObject {
            authenticated_by,
            why,
            signatures: Vec::new(),
            records: Vec::new(),
        };
        let Some(seal) = seal else { return object };
        for (number, note) in seal.notes.iter().enumerate() {
            match note {
                Note::Record(record) => object.records.push(RecordObject {
                    engine: record.engine.clone(),
                    cycles: record.cycles,
                    what: record.what.clone(),
                    authenticated: number < notes,
                }),
                Note::Signature { key, .. } => object.signatures.push(Signature {
                    public_key: PublicKey(*key).to_string(),
                    sound: is_sound(&seal, number),
                    trusted: trusted.0.contains_key(&PublicKey(*key)),
                }),
            }
        }
        object
    }

    pub(super) fn describe(&self, text: &mut String) {
        // Writing to a string does not fail.
        let _ = match (self.authenticated_by, &self.why) {
            ("node", _) => writeln!(text, "Seal: authenticated by the key of this machine"),
            ("signature", _) => writeln!(text, "Seal: authenticated by a trusted signature"),
            (_, why) => {
                let why = why.as_deref().unwrap_or("there is none");
                writeln!(text, "Seal: not authenticated: {why}")
            }
        };
        for signature in &self.signatures {
            let how = match (signature.sound, signature.trusted) {
                (false, _) => "not valid",
                (true, true) => "valid, by a trusted key",
                (true, false) => "valid, by a key that is not trusted",
            };
            let _ = writeln!(text, "  signature by {}: {how}", signature.public_key);
        }
        for record in &self.records {
            let by = if record.authenticated {
                ""
            } else {
                " (not authenticated)"
            };
            let _ = writeln!(
                text,
                "  compared: {}, {} cycles: {}{by}",
                record.engine, record.cycles, record.what
            );
        }
    }
}
