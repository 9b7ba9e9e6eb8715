//! Module files that are named on the command line. One that is written gets a seal. One that is to be run
//! must be authenticated first: by the key of this machine, by a trusted signature, or by translating the ELF
//! again and comparing the bytes.

use std::io;
use std::path::Path;
use std::time::Instant;

use lockstep_cache::{
    Authenticated, Authority, FileAccess, KeyError, Locations, Miss, NamedModule, TrustedBy,
    replace,
};
use lockstep_contract::module::{Module, TrustedModule};
use lockstep_contract::seal::Seal;
use lockstep_translator::{CodeRegion, Output};

use super::failure::Failure;
use super::{code, guest, stderr, translation};

/// Writes a module that was just made to a file, and its seal beside it. What is no regular file (a
/// device, a pipe) gets no seal.
pub(crate) fn write(
    path: &Path,
    module: &TrustedModule,
    bytes: &[u8],
) -> Result<std::path::PathBuf, Failure> {
    let fail = |error: io::Error| Failure::unwritable(path.display(), &error);
    replace(path, bytes).map_err(fail)?;
    if std::fs::metadata(path).is_ok_and(|found| found.is_file()) {
        match Authority::obtain(&Locations::from_environment()) {
            Ok(authority) if authority.can_seal() => {
                let mut seal = Seal::new(&module.key, bytes);
                authority.seal(&mut seal, module);
                Authority::write(path, &seal, FileAccess::ByUmask).map_err(fail)?;
            }
            Ok(_) => {}
            Err(error) => unsealed(path, &error),
        }
    }
    Ok(path.to_owned())
}

fn unsealed(path: &Path, error: &KeyError) {
    tracing::warn!(
        "{error}; {} gets no seal, so `run --module` will translate the ELF again to check it",
        path.display()
    );
}

/// What is in a file that was named, whether or not it may run.
pub(crate) fn open(path: &Path, bytes: &[u8]) -> Result<NamedModule, Failure> {
    let authority = Authority::present(&Locations::from_environment());
    authority.read_named(path, bytes).map_err(|error| {
        let message = format!(
            "{} is not a whole module: {error}; make it again with translate build",
            guest::shown(path)
        );
        Failure::new(code::DATA, "ModuleDamaged", message)
    })
}

/// A module that is to be run, from a file that was named. One that nobody authenticates is made again;
/// where that gives the same bytes, what was made is run.
pub(crate) fn read<'t, 'a>(
    path: &Path,
    regions: &'t [CodeRegion<'a>],
) -> Result<(TrustedModule, &'t CodeRegion<'a>), Failure> {
    let bytes = guest::read(path)?;
    let (module, why) = match open(path, &bytes)? {
        NamedModule::Trusted(found) => {
            let region = find(path, &found.module, regions)?;
            return Ok((found.module, region));
        }
        NamedModule::Untrusted { module, why } => (module, why),
    };
    // What it was made for is said first: that it is refused besides is of no use then.
    let region = find(path, &module, regions)?;
    if let Miss::Denied(reason) = &why {
        return Err(refused(path, reason));
    }
    let started = Instant::now();
    let again = match translation::make_again(&module, &bytes, region, Output::Module)? {
        Ok(again) => again.module,
        Err(first) => {
            let message = format!(
                "{} is not authenticated ({why}), and it is not what the translator makes of the ELF: {first}; \
                 make it again with translate build",
                path.display()
            );
            return Err(Failure::new(code::DATA, "ModuleUnproven", message));
        }
    };
    stderr::note(format_args!(
        "{} is not authenticated ({why}), so the ELF was translated again: that gave the same bytes and took \
         {:.3} s. `translate verify --record {0} ELF` avoids this on this machine, `translate cache sign` and \
         `translate cache trust` avoid it on others",
        path.display(),
        started.elapsed().as_secs_f64()
    ));
    Ok((again, region))
}

/// A module that may be a wrong one and cannot be proven: only what this machine wrote, or what a
/// trusted signature authenticates, is run.
pub(crate) fn read_own(path: &Path) -> Result<TrustedModule, Failure> {
    let bytes = guest::read(path)?;
    match open(path, &bytes)? {
        NamedModule::Trusted(found) => Ok(found.module),
        NamedModule::Untrusted {
            why: Miss::Denied(reason),
            ..
        } => Err(refused(path, &reason)),
        NamedModule::Untrusted { why, .. } => {
            let message = format!(
                "{} is native code that is not authenticated on this machine: {why}; leave out --recorded to \
                 translate the code again",
                path.display()
            );
            Err(Failure::new(code::DATA, "ModuleUnproven", message))
        }
    }
}

/// The seal with the notes that are authenticated, and no others.
pub(crate) fn authenticated_part(found: &Authenticated) -> Seal {
    let mut seal = found.seal.clone();
    // The signature itself is behind what it covers.
    let signature = usize::from(matches!(found.trusted_by, TrustedBy::Signature(_)));
    seal.notes.truncate(found.notes + signature);
    seal
}

fn find<'t, 'a>(
    path: &Path,
    module: &Module,
    regions: &'t [CodeRegion<'a>],
) -> Result<&'t CodeRegion<'a>, Failure> {
    let mut options = translation::options(module);
    // It has to run here, whatever it was made for.
    options.target = None;
    translation::find(path, &module.key, regions, &options)
}

/// A module of a translator or compiler that is on the deny-list.
pub(crate) fn refused(path: &Path, reason: &str) -> Failure {
    let message = format!(
        "{} is refused: {reason}; make it again with translate build",
        path.display()
    );
    Failure::new(code::DATA, "ModuleDenied", message)
}
