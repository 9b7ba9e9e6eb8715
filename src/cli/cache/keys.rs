//! `translate cache keygen`, `sign` and `trust`: modules that are made on one machine and run on another.

use std::path::{Path, PathBuf};

use clap::Args;
use lockstep_cache::{
    Authority, FileAccess, Locations, Miss, PublicKey, SigningKey, TrustError, TrustErrorKind,
    Trusted, public_name, seal_name,
};
use lockstep_contract::seal::NOTES;
use serde::Serialize;

use super::super::answer::Answer;
use super::super::failure::Failure;
use super::super::{code, guest, named_module};
use super::folder::Folder;
use super::ids::IdPrefix;

/// Makes a key pair for signing modules: FILE is secret, FILE.pub is for others
#[derive(Args)]
#[command(after_help = "Example:\n  translate cache keygen signing.key")]
pub(super) struct Keygen {
    /// The file for the secret key; a file that exists is never overwritten
    file: PathBuf,
}

/// Signs modules, so that machines that trust the key run them
#[derive(Args)]
#[command(after_help = "Example:\n  translate cache sign fib.lkm --key signing.key")]
pub(super) struct Sign {
    /// Module files, or ids of modules in the cache
    #[arg(required = true, value_name = "FILE|ID")]
    modules: Vec<PathBuf>,
    /// The secret key, of `cache keygen`
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Make the key if the file does not exist
    #[arg(long)]
    generate: bool,
    #[command(flatten)]
    folder: Folder,
}

/// Trusts a public key: modules that it signed are run on this machine
#[derive(Args)]
#[command(
    after_help = "Example:\n  translate cache trust signing.key.pub --comment 'the build machine'\n  \
                        translate cache trust --list"
)]
pub(super) struct Trust {
    /// The key, 64 hexadecimal digits, or a file with it
    #[arg(value_name = "PUBKEY|FILE", required_unless_present = "list")]
    key: Option<String>,
    /// Stop trusting the key
    #[arg(long, conflicts_with_all = ["list", "comment"])]
    remove: bool,
    /// Show the trusted keys
    #[arg(long, conflicts_with = "key")]
    list: bool,
    /// A note that is kept with the key
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
}

impl Keygen {
    pub(super) fn execute(self, json: bool) -> Result<Answer, Failure> {
        #[derive(Serialize)]
        struct Object {
            public_key: String,
            secret_file: String,
            public_file: String,
        }
        let key = SigningKey::generate(&self.file).map_err(failure)?;
        let object = Object {
            public_key: key.public().to_string(),
            secret_file: self.file.display().to_string(),
            public_file: public_name(&self.file).display().to_string(),
        };
        let text = || {
            format!(
                "Public key: {}\nWritten: {} (secret), {} (public)\n",
                object.public_key, object.secret_file, object.public_file
            )
        };
        Answer::new(json, &object, text, code::SUCCESS)
    }
}

#[derive(Serialize)]
struct Signed {
    module: String,
    seal: String,
}

impl Sign {
    pub(super) fn execute(self, json: bool) -> Result<Answer, Failure> {
        let key = match SigningKey::read(&self.key) {
            Err(_) if self.generate && !self.key.exists() => SigningKey::generate(&self.key),
            other => other,
        };
        let key = key.map_err(failure)?;
        let authority = Authority::present(&Locations::from_environment());
        let mut signed = Vec::new();
        for named in &self.modules {
            let path = self.path(named)?;
            sign(&path, &key, &authority)?;
            signed.push(Signed {
                module: path.display().to_string(),
                seal: seal_name(&path).display().to_string(),
            });
        }
        #[derive(Serialize)]
        struct Object {
            public_key: String,
            signed: Vec<Signed>,
        }
        let object = Object {
            public_key: key.public().to_string(),
            signed,
        };
        let text = || {
            let lines = object.signed.iter();
            let lines: String = lines.map(|one| format!("Signed: {}\n", one.seal)).collect();
            lines + &format!("By: {}\n", object.public_key)
        };
        Answer::new(json, &object, text, code::SUCCESS)
    }

    fn path(&self, named: &Path) -> Result<PathBuf, Failure> {
        let prefix = named.to_str().and_then(|name| IdPrefix::parse(name).ok());
        match prefix.filter(|_| !named.exists()) {
            Some(prefix) => {
                let folder = self.folder.path()?;
                Ok(folder.join(format!("{}.lkm", prefix.resolve(&folder)?)))
            }
            None => Ok(named.to_owned()),
        }
    }
}

/// Signs a module that this machine authenticates. A signature makes other machines run the module, so a
/// module that nobody checked must not get one.
fn sign(path: &Path, key: &SigningKey, authority: &Authority) -> Result<(), Failure> {
    let file = guest::read(path)?;
    let found = authority.load_named(path, file).map_err(|why| match why {
        Miss::Denied(reason) => named_module::refused(path, &reason),
        why => {
            let message = format!(
                "{} is not authenticated on this machine, so it is not signed: {why}; check it first with \
                 translate verify --record {0} ELF",
                path.display()
            );
            Failure::new(code::DATA, "ModuleUnproven", message)
        }
    })?;
    let mut seal = named_module::authenticated_part(&found);
    if seal.notes.len() >= NOTES {
        let message = format!(
            "the seal of {} has {NOTES} notes and has no room for another; translate build makes the module \
             with a new seal",
            path.display()
        );
        return Err(Failure::new(code::DATA, "SealFull", message));
    }
    key.sign(&mut seal);
    authority.seal(&mut seal, &found.module);
    Authority::write(path, &seal, FileAccess::ByUmask)
        .map_err(|error| Failure::unwritable(seal_name(path).display(), &error))
}

#[derive(Serialize)]
struct TrustedKey {
    public_key: String,
    comment: String,
}

impl Trust {
    pub(super) fn execute(self, json: bool) -> Result<Answer, Failure> {
        let path = Locations::from_environment().trusted.ok_or_else(|| {
            Failure::usage(
                "there is no place for the list of trusted keys: none of LOCKSTEP_TRUST_FILE, XDG_CONFIG_HOME and \
                 HOME is set; name a file with LOCKSTEP_TRUST_FILE",
            )
        })?;
        let mut trusted = Trusted::read(&path).map_err(failure)?;
        let mut done = String::new();
        if let Some(named) = &self.key {
            let key = PublicKey::parse_or_read(named).map_err(failure)?;
            if self.remove {
                if trusted.0.remove(&key).is_none() {
                    let message = format!(
                        "{key} is not a trusted key, so it cannot be removed; translate cache trust --list shows those that are"
                    );
                    return Err(Failure::usage(message));
                }
                done = format!("No longer trusted: {key}\n");
            } else {
                let comment = self
                    .comment
                    .as_deref()
                    .unwrap_or("")
                    .replace(['\n', '\r'], " ");
                let old = trusted.0.entry(key).or_default();
                if !comment.is_empty() {
                    *old = comment;
                }
                done = format!("Trusted: {key}\n");
            }
            trusted.write(&path).map_err(failure)?;
        }
        #[derive(Serialize)]
        struct Object {
            trust_file: String,
            trusted: Vec<TrustedKey>,
        }
        let keys = trusted.0.iter().map(|(key, comment)| TrustedKey {
            public_key: key.to_string(),
            comment: comment.clone(),
        });
        let object = Object {
            trust_file: path.display().to_string(),
            trusted: keys.collect(),
        };
        let text = || {
            if !self.list {
                return done;
            }
            let keys = object.trusted.iter();
            let lines: String = keys
                .map(|key| {
                    format!("{} {}", key.public_key, key.comment)
                        .trim_end()
                        .to_owned()
                        + "\n"
                })
                .collect();
            lines + &format!("{} keys in {}\n", object.trusted.len(), object.trust_file)
        };
        Answer::new(json, &object, text, code::SUCCESS)
    }
}

/// A file of keys that cannot be used.
fn failure(error: TrustError) -> Failure {
    match error.kind {
        TrustErrorKind::Content => Failure::new(code::DATA, "KeyFile", &error),
        _ => Failure::new(code::FILE, "KeyFile", &error),
    }
}
