//! Translation in a process of its own: what the two processes say to each other.
//!
//! The node starts `translate helper`, writes one request to its standard input, closes it, and reads
//! one answer from its standard output. The formats have one form each, so that whatever else comes is
//! refused; neither side takes a length from the other that it did not bound first. What the helper does
//! with a request stands in the command; how a node treats a helper in `engine/helper.rs`.
//!
//! ```text
//! request   8 bytes magic, u32 bytes of the key, u32 count of hints, u32 count of hot heads,
//!           key, hints (u64 words), hot heads (16 bytes each), code region
//! answer    8 bytes magic, u32 status: 0 a module, 1 refused; then the module file, or why in UTF-8
//! ```
//! Numbers are little endian. The key says what the code region is, and what kind of module is wanted.

use lockstep_contract::heat::{HEAT_HEADS, Heat, HotHead};
use lockstep_contract::key::{Key, Mismatch};
use lockstep_contract::module::{
    LARGEST_MODULE_BYTES, MODULE_HINTS, Module, ModuleError, TrustedModule,
};
use lockstep_contract::pages::MAX_MEMORY;
use lockstep_translator::{
    CodeRegion, Cpu, Entries, Hints, Options, TranslateError, key, translate,
};

const REQUEST: [u8; 8] = *b"LSASKED2";
const ANSWER: [u8; 8] = *b"LSANSWR1";
/// Bytes before the parts of a request.
const REQUEST_HEADER: usize = 20;
/// Bytes before what an answer is about.
const ANSWER_HEADER: usize = 12;
/// Bytes of a hot head.
const HOT_HEAD: usize = 16;
/// Bytes of a key at most.
const KEY: usize = 4096;
/// Bytes of a request at most.
pub const REQUEST_LIMIT: usize =
    REQUEST_HEADER + KEY + 8 * MODULE_HINTS + HOT_HEAD * HEAT_HEADS + MAX_MEMORY;
/// Bytes of an answer at most: those of the largest module.
pub const ANSWER_LIMIT: usize = ANSWER_HEADER + LARGEST_MODULE_BYTES as usize;
/// Bytes of a reason at most.
const REASON: usize = 4096;

/// Why a request is none, or nothing came of it.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// Not in the form of a request.
    #[error("the bytes are not a request: {0}")]
    Malformed(String),
    /// The key's bytes are none.
    #[error("the key of the request: {0}")]
    Key(#[from] ModuleError),
    /// A module that this helper does not make.
    #[error("this helper makes modules with another key: {0}")]
    Other(#[from] Mismatch),
    /// The translator refused.
    #[error(transparent)]
    Translate(#[from] TranslateError),
}

/// Why bytes are no answer.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// Not in the form of an answer.
    #[error("its answer is malformed: {0}")]
    Malformed(String),
    /// Not a module, or not the one that was asked for.
    #[error("its module cannot be used: {0}")]
    Module(#[from] ModuleError),
    /// A module for something else.
    #[error("{0}")]
    Other(#[from] Mismatch),
    /// The helper says that there is none.
    #[error("it says: {0}")]
    Refused(String),
}

/// The bytes of a request. The heat is that of the code region, whose digest the key has.
#[must_use]
pub fn request(key: &Key, hints: &Hints, heat: &Heat, region: &CodeRegion<'_>) -> Vec<u8> {
    let (key, hints, heat) = (key.encode(), hints.recorded(), heat.recorded());
    let mut bytes = Vec::from(REQUEST);
    bytes.extend((key.len() as u32).to_le_bytes());
    bytes.extend((hints.len() as u32).to_le_bytes());
    bytes.extend((heat.len() as u32).to_le_bytes());
    bytes.extend(key);
    bytes.extend(hints.iter().flat_map(|hint| hint.to_le_bytes()));
    bytes.extend(heat.iter().flat_map(|hot| hot.to_bytes()));
    bytes.extend(region.bytes);
    bytes
}

/// Does what a request asks for; the bytes of the answer.
#[must_use]
pub fn answer(request: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::from(ANSWER);
    match make(request) {
        Ok(module) => {
            bytes.extend(0u32.to_le_bytes());
            bytes.extend(module.to_bytes());
        }
        Err(error) => {
            bytes.extend(1u32.to_le_bytes());
            let reason = error.to_string();
            bytes.extend(reason.bytes().take(REASON));
        }
    }
    bytes
}

fn make(request: &[u8]) -> Result<TrustedModule, RequestError> {
    let malformed = |reason: &str| RequestError::Malformed(reason.to_owned());
    let rest = (request.strip_prefix(&REQUEST)).ok_or_else(|| malformed("another magic"))?;
    let (key_size, rest) = number(rest).ok_or_else(|| malformed("it ends in its header"))?;
    let (hint_count, rest) = number(rest).ok_or_else(|| malformed("it ends in its header"))?;
    let (head_count, rest) = number(rest).ok_or_else(|| malformed("it ends in its header"))?;
    if key_size > KEY || hint_count > MODULE_HINTS || head_count > HEAT_HEADS {
        let what = format!(
            "a key of {key_size:#x} bytes, {hint_count:#x} hints, {head_count:#x} hot heads"
        );
        return Err(malformed(&what));
    }
    let (key_bytes, rest) =
        (rest.split_at_checked(key_size)).ok_or_else(|| malformed("it ends in its key"))?;
    let (words, rest) =
        (rest.split_at_checked(8 * hint_count)).ok_or_else(|| malformed("it ends in its hints"))?;
    let (heads, region) = (rest.split_at_checked(HOT_HEAD * head_count))
        .ok_or_else(|| malformed("it ends in its heat"))?;
    let wanted = Key::decode(key_bytes, REQUEST_HEADER)?;
    // As many bytes as came: `difference` says so where they are not as many as the key says.
    let region = CodeRegion::new(wanted.place(), region);
    let heads: Vec<HotHead> = (heads.as_chunks().0.iter())
        .map(|bytes| HotHead::from_bytes(*bytes))
        .collect();
    let options = options(&wanted).with_heat(Heat::from_recorded(&heads));
    // The digests of the code region and of the heat, its size, the translator and the CPU are compared in one go.
    if let Some(mismatch) = wanted.difference(&key(&region, &options)?) {
        return Err(mismatch.into());
    }
    let words: Vec<u64> = (words.chunks_exact(8))
        .filter_map(|word| Some(u64::from_le_bytes(*word.first_chunk()?)))
        .collect();
    let hints = Hints::from_recorded(&region, &words);
    Ok(translate(&region, &hints, &options, &mut |_, _| {})?.module)
}

/// The options that lead to this key, if any do.
fn options(key: &Key) -> Options {
    let options = Options::default().with_cpu(match key.cpu.is_empty() {
        true => Cpu::Baseline,
        false => Cpu::Native,
    });
    let every_block = (options.clone()).with_entries(Entries::EveryBlock);
    match key.translator == every_block.translator() {
        true => every_block,
        false => options,
    }
}

/// What an answer says: the module that was asked for, whole and checked, or why there is none. The
/// bytes of its code are beyond any check.
///
/// # Errors
/// Anything else.
pub fn read_answer(answer: &[u8], wanted: &Key, hints: &Hints) -> Result<Module, AnswerError> {
    let malformed = |reason: &str| AnswerError::Malformed(reason.to_owned());
    let rest = (answer.strip_prefix(&ANSWER)).ok_or_else(|| malformed("another magic"))?;
    let (status, body) = number(rest).ok_or_else(|| malformed("it ends in its header"))?;
    match status {
        0 => {
            let module = Module::read(body)?;
            if let Some(mismatch) = wanted.difference(&module.key) {
                return Err(mismatch.into());
            }
            if module.hints != hints.recorded() {
                return Err(malformed("a module that was made with other hints"));
            }
            Ok(module)
        }
        1 if body.len() <= REASON => match std::str::from_utf8(body) {
            Ok(reason) => Err(AnswerError::Refused(reason.escape_debug().to_string())),
            Err(_) => Err(malformed("a reason that is no code region")),
        },
        status => Err(malformed(&format!("status {status:#x}"))),
    }
}

/// The number at the start, and what is behind it.
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (word, rest) = bytes.split_first_chunk()?;
    Some((u32::from_le_bytes(*word) as usize, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Platform, Program};

    const ELF: &[u8] = include_bytes!("../guests/elf/fib.elf");

    #[test]
    fn a_request_is_answered_with_the_module_that_the_translator_makes() {
        let program = Program::load(ELF, &Platform::default()).expect("a good ELF");
        let region = program.code_regions()[0];
        let hints = program.hints(&region);
        let heat = Heat::new([(region.base, 1), (region.base + 4, 2)]);
        for (entries, heat) in [
            (Entries::WhereNeeded, Heat::default()),
            (Entries::EveryBlock, Heat::default()),
            (Entries::WhereNeeded, heat),
        ] {
            let options = (Options::default().with_entries(entries)).with_heat(heat.clone());
            let key = key(&region, &options).expect("a key");
            let answer = answer(&request(&key, &hints, &heat, &region));
            let module = read_answer(&answer, &key, &hints).expect("a module");
            let expected = translate(&region, &hints, &options, &mut |_, _| {}).expect("a module");
            assert_eq!(module, *expected.module);
        }
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let program = Program::load(ELF, &Platform::default()).expect("a good ELF");
        let region = program.code_regions()[0];
        let hints = program.hints(&region);
        let heat = Heat::new([(region.base, 1)]);
        let options = Options::default().with_heat(heat.clone());
        let key = key(&region, &options).expect("a key");
        let good = request(&key, &hints, &heat, &region);
        let refusal = |bytes: &[u8]| match read_answer(&answer(bytes), &key, &hints) {
            Err(AnswerError::Refused(reason)) => reason,
            other => panic!("{other:?}"),
        };
        assert!(refusal(&[]).contains("another magic"));
        assert!(refusal(&good[..12]).contains("header"));
        assert!(refusal(&good[..40]).contains("ends in its key"));
        let mut huge = good.clone();
        huge[12..16].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(refusal(&huge).contains("0xffffffff hints"));
        let mut hot = good.clone();
        hot[16..20].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(refusal(&hot).contains("0xffffffff hot heads"));
        // Another heat than the key names.
        let mut colder = good.clone();
        colder[REQUEST_HEADER + key.encode().len() + 8 * hints.recorded().len() + 8] ^= 2;
        assert!(refusal(&colder).contains("another heat"));
        let short = format!("{:#x} bytes", region.bytes.len() - 1);
        assert!(refusal(&good[..good.len() - 1]).contains(&short));
        let mut other = good.clone();
        *other.last_mut().expect("a code region") ^= 1;
        assert!(refusal(&other).contains("digest"));
        // One byte of the key after the other: refused, or made and not what was asked for.
        for at in REQUEST_HEADER..REQUEST_HEADER + key.encode().len() {
            let mut other = good.clone();
            other[at] ^= 1;
            let read = read_answer(&answer(&other), &key, &hints);
            let refused = matches!(read, Err(AnswerError::Refused(_) | AnswerError::Other(_)));
            assert!(refused, "byte {at:#x}: {read:?}");
        }
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        let program = Program::load(ELF, &Platform::default()).expect("a good ELF");
        let region = program.code_regions()[0];
        let hints = program.hints(&region);
        let heat = Heat::default();
        let key = key(&region, &Options::default()).expect("a key");
        let good = answer(&request(&key, &hints, &heat, &region));
        let read = |bytes: &[u8]| read_answer(bytes, &key, &hints);
        assert!(matches!(read(b"garbage"), Err(AnswerError::Malformed(_))));
        assert!(matches!(read(&good[..10]), Err(AnswerError::Malformed(_))));
        let cut = read(&good[..good.len() - 1]);
        assert!(matches!(cut, Err(AnswerError::Module(_))));
        let mut status = good.clone();
        status[8] = 2;
        assert!(matches!(read(&status), Err(AnswerError::Malformed(_))));
        let other = Key {
            memory_size: key.memory_size / 2,
            ..key.clone()
        };
        assert!(matches!(
            read_answer(&good, &other, &hints),
            Err(AnswerError::Other(_))
        ));
        let without = Hints::from_recorded(&region, &[]);
        assert!(matches!(
            read_answer(&good, &key, &without),
            Err(AnswerError::Malformed(_))
        ));
    }
}
