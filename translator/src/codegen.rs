//! Runs Cranelift: from its intermediate form to code bytes, and the settings for that.
//!
//! The settings were measured. Cranelift's optimiser costs compile time here and makes the code no
//! faster, so it is off. The backtracking register allocator makes the code three times as fast as the
//! single-pass one. The settings cannot be changed by options, so the translator in a module's key
//! covers them. What a unit's intermediate form is, `lift` decides.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::{self, AbiParam, InstBuilder, MemFlagsData, Signature, types::I64};
use cranelift_codegen::isa::{OwnedTargetIsa, TargetIsa};
use cranelift_codegen::settings::{self, Configurable, SetError, SetResult};
use cranelift_codegen::{Context, isa};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use lockstep_contract::context::{displacement, offset};
use lockstep_contract::exit::Exit;
use lockstep_contract::module::START_ALIGN;
use target_lexicon::{Architecture, Triple};

use crate::code_region::CodeRegion;
use crate::counting::Counting;
use crate::lift::{lift_unit, pointer, unit_signature, unpack};
use crate::link::{Jump, Links};
use crate::location::Location;
use crate::units::Unit;
use crate::{Cpu, Options, Output, TranslateError, Verify};

/// Bytes of a line of the host's instruction cache.
const CACHE_LINE_BYTES: u32 = 64;

/// Compiles functions for one target, one after the other.
pub(crate) struct Compiler {
    isa: OwnedTargetIsa,
    context: Context,
    builder_context: FunctionBuilderContext,
    output: Output,
    counting: Option<Counting>,
}

/// A compiled function.
pub(crate) struct Compiled {
    /// Position-independent code. The distances in `jumps` are missing.
    pub code: Vec<u8>,
    /// Jumps to entries of other units.
    pub jumps: Vec<Jump>,
    /// Offsets where code of another place starts, each with that place. `None` marks code that belongs to no block.
    pub locations: Vec<(u32, Option<Location>)>,
    /// The intermediate form, if asked for.
    pub clif: Option<String>,
    /// The assembly, if asked for.
    pub asm: Option<String>,
}

/// The name of the target that the options ask for, and its CPU features in the form that a key has them. A look-up of
/// a module needs no more, so this does not make the target's backend.
pub(crate) fn target_name(options: &Options) -> Result<(String, String), TranslateError> {
    let (_, triple) = backend(options)?;
    let cpu = match options.cpu {
        Cpu::Baseline => String::new(),
        Cpu::Native => {
            let mut features = Features::default();
            cranelift_native::infer_native_flags(&mut features)
                .map_err(|reason| refuse(&triple, reason.to_string()))?;
            features.0.into_iter().collect::<Vec<_>>().join(",")
        }
    };
    Ok((triple.to_string(), cpu))
}

/// The CPU features that are switched on, by name.
#[derive(Default)]
struct Features(BTreeSet<String>);

impl Configurable for Features {
    fn set(&mut self, name: &str, value: &str) -> SetResult<()> {
        match value {
            "true" => self.enable(name),
            _ => Err(SetError::BadValue(value.to_owned())),
        }
    }

    fn enable(&mut self, name: &str) -> SetResult<()> {
        self.0.insert(name.to_owned());
        Ok(())
    }
}

/// The error for a target that cannot be translated for.
fn refuse(triple: &Triple, reason: String) -> TranslateError {
    TranslateError::Target {
        target: triple.to_string(),
        reason,
    }
}

/// What makes the backend for the target that the options ask for, with the features of every CPU, and the target.
fn backend(options: &Options) -> Result<(isa::Builder, Triple), TranslateError> {
    let triple: Triple = match &options.target {
        None => Triple::host(),
        Some(name) => name.parse().map_err(|error| TranslateError::Target {
            target: name.clone(),
            reason: format!("{error}"),
        })?,
    };
    // On other architectures Cranelift lacks an operation or a calling convention that units need.
    if !matches!(
        triple.architecture,
        Architecture::X86_64 | Architecture::Aarch64(_)
    ) {
        return Err(refuse(
            &triple,
            "only x86_64 and aarch64 are supported".into(),
        ));
    }
    let is_foreign = options.target.is_some() && triple.architecture != Triple::host().architecture;
    if options.cpu == Cpu::Native && is_foreign {
        return Err(refuse(
            &triple,
            "its features cannot be found out on this CPU".into(),
        ));
    }
    let builder =
        isa::lookup(triple.clone()).map_err(|error| refuse(&triple, error.to_string()))?;
    Ok((builder, triple))
}

/// The backend for the target that the options ask for.
pub(crate) fn target(options: &Options) -> Result<Arc<dyn TargetIsa>, TranslateError> {
    let (mut builder, triple) = backend(options)?;
    if options.cpu == Cpu::Native {
        cranelift_native::infer_native_flags(&mut builder)
            .map_err(|reason| refuse(&triple, reason.to_string()))?;
    }
    builder
        .finish(flags(options.verify)?)
        .map_err(|error| refuse(&triple, error.to_string()))
}

fn flags(verify: Verify) -> Result<settings::Flags, TranslateError> {
    let mut builder = settings::builder();
    let verify = match verify {
        Verify::IntermediateForm => "true",
        Verify::Nothing => "false",
    };
    for (name, value) in [
        ("opt_level", "none"),
        ("regalloc_algorithm", "backtracking"),
        ("enable_verifier", verify),
        // Tail calls need them.
        ("preserve_frame_pointers", "true"),
        // Nothing unwinds through translated code.
        ("unwind_info", "false"),
        // A frame larger than a page touches each of its pages, so that it cannot step over the
        // guard page of the host's stack. Inline: a function to call would be a relocation.
        ("enable_probestack", "true"),
        ("probestack_strategy", "inline"),
    ] {
        (builder.set(name, value)).map_err(|error| TranslateError::Compiler(error.to_string()))?;
    }
    Ok(settings::Flags::new(builder))
}

impl Compiler {
    pub(crate) fn new(options: &Options) -> Result<Compiler, TranslateError> {
        Ok(Compiler {
            isa: target(options)?,
            context: Context::new(),
            builder_context: FunctionBuilderContext::new(),
            output: options.output,
            counting: options.counting.clone(),
        })
    }

    /// What is wanted beside the code.
    pub(crate) fn output(&self) -> Output {
        self.output
    }

    /// The byte that fills the gaps between functions. Executing it traps.
    pub(crate) fn padding(&self) -> u8 {
        match self.isa.triple().architecture {
            // int3
            Architecture::X86_64 => 0xcc,
            // udf
            _ => 0,
        }
    }

    /// The offset of a function in the code is a multiple of so many bytes: at least a cache line. The
    /// position of a loop in its cache lines can cost a tenth of its speed. With this alignment it does
    /// not depend on the units before.
    pub(crate) fn alignment(&self) -> usize {
        self.isa
            .function_alignment()
            .preferred
            .max(START_ALIGN)
            .max(CACHE_LINE_BYTES) as usize
    }

    pub(crate) fn unit(
        &mut self,
        region: &CodeRegion<'_>,
        unit: &Unit<'_>,
        links: &Links,
    ) -> Result<Compiled, TranslateError> {
        let helper_conv = self.isa.default_call_conv();
        let by_instruction = self.output.has_places();
        let counting = self.counting.clone();
        self.compile(unit_signature(), |builder| {
            let counting = counting.as_ref();
            lift_unit(
                builder,
                helper_conv,
                region,
                unit,
                links,
                by_instruction,
                counting,
            );
        })
    }

    /// The function for guest addresses without an entry: it exits at once.
    pub(crate) fn miss(&mut self) -> Result<Compiled, TranslateError> {
        self.compile(unit_signature(), |builder| {
            let [context, pc, budget, _] = entry(builder);
            let flags = MemFlagsData::new().with_notrap();
            (builder.ins()).store(flags, pc, context, displacement(offset::PC));
            (builder.ins()).store(flags, budget, context, displacement(offset::BUDGET));
            let word = (builder.ins()).iconst(I64, Exit::Lookup.encode() as i64);
            builder.ins().return_(&[word]);
        })
    }

    /// The function that the host calls, in the host's convention: (context, entry) → exit word.
    pub(crate) fn enter(&mut self) -> Result<Compiled, TranslateError> {
        let mut signature = Signature::new(self.isa.default_call_conv());
        signature.params = vec![AbiParam::new(I64); 2];
        signature.returns = vec![AbiParam::new(I64)];
        self.compile(signature, |builder| {
            let [context, row] = entry(builder);
            let flags = MemFlagsData::new().with_notrap();
            let pc = (builder.ins()).load(I64, flags, context, offset::PC as i32);
            let budget = (builder.ins()).load(I64, flags, context, offset::BUDGET as i32);
            let pointer = pointer(builder, context);
            let (function, number) = unpack(builder, pointer, row);
            let unit = builder.import_signature(unit_signature());
            let call =
                (builder.ins()).call_indirect(unit, function, &[pointer, pc, budget, number]);
            let word = builder.inst_results(call)[0];
            builder.ins().return_(&[word]);
        })
    }

    fn compile(
        &mut self,
        signature: Signature,
        build: impl FnOnce(&mut FunctionBuilder<'_>),
    ) -> Result<Compiled, TranslateError> {
        self.context.clear();
        // The function is not replaced by a new one, so that its lists keep their allocations.
        self.context.func.signature = signature;
        let listings = self.output == Output::ModuleAndListings;
        self.context.set_disasm(listings);
        let mut builder = FunctionBuilder::new(&mut self.context.func, &mut self.builder_context);
        build(&mut builder);
        builder.finalize(self.isa.frontend_config());
        let clif = listings.then(|| self.context.func.display().to_string());
        self.generate()?;
        let compiled = self.context.take_compiled_code();
        let compiled = compiled.ok_or_else(|| TranslateError::Compiler("no code".into()))?;
        let jumps = (compiled.buffer.relocs().iter())
            .map(|open| Jump::new(&self.context.func, open))
            .collect::<Result<_, _>>()?;
        let locations = (compiled.buffer.get_srclocs_sorted().iter())
            .map(|span| (span.start, Location::decode(span.loc)))
            .collect();
        Ok(Compiled {
            code: compiled.code_buffer().to_vec(),
            jumps,
            locations,
            clif,
            asm: compiled.vcode,
        })
    }
}

impl Compiler {
    /// Runs Cranelift on the function in the context. Cranelift may fail by a panic on input that nobody
    /// tried before. Such a panic becomes an error, and the compiler's state is thrown away.
    fn generate(&mut self) -> Result<(), TranslateError> {
        let Compiler { isa, context, .. } = self;
        let run = || {
            let result = context.compile(&**isa, &mut ControlPlane::default());
            result
                .map(|_| ())
                .map_err(|error| format!("{:?}", error.inner))
        };
        let result = catch_unwind(AssertUnwindSafe(run));
        let reason = match result {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(reason)) => reason,
            Err(_) => "it panicked".into(),
        };
        self.context = Context::new();
        self.builder_context = FunctionBuilderContext::new();
        Err(TranslateError::Compiler(reason))
    }
}

/// Starts a function: makes its first block and returns the function's parameters.
fn entry<const N: usize>(builder: &mut FunctionBuilder<'_>) -> [ir::Value; N] {
    let block = builder.create_block();
    builder.append_block_params_for_function_params(block);
    builder.switch_to_block(block);
    builder.seal_block(block);
    std::array::from_fn(|number| builder.block_params(block)[number])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The features in a key are those that the backend has switched on.
    #[test]
    fn a_key_names_what_the_code_may_use() {
        let mut some = false;
        for cpu in [Cpu::Baseline, Cpu::Native] {
            let options = Options::default().with_cpu(cpu);
            let isa = target(&options).unwrap();
            let flags = isa.isa_flags();
            let used = flags.iter().filter(|flag| flag.as_bool() == Some(true));
            let mut used: Vec<&str> = used.map(|flag| flag.name).collect();
            used.sort_unstable();
            let expected = (isa.triple().to_string(), used.join(","));
            assert_eq!(target_name(&options).unwrap(), expected);
            some |= !used.is_empty();
        }
        assert!(
            some || !cfg!(target_arch = "x86_64"),
            "this CPU has no feature"
        );
    }
}
