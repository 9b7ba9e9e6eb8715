//! Code of the lifter, compiled and run in this process.
//!
//! One function a primitive and choice of known operands: `fn(context, results, a, b)`, which writes
//! a result for each pair of operands. The only `unsafe` of the tests is the call of such a function.

use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{AbiParam, InstBuilder, MemFlagsData};
use cranelift_codegen::settings::{self, Configurable};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{FuncId, Module, default_libcall_names};
use lockstep_contract::context::Context;
use lockstep_contract::helpers::HELPER_COUNT;
use lockstep_isa::{Narrow, Xlen};
use lockstep_runtime::value;
use lockstep_translator::lift::{Lifter, Word, snippet};

use crate::Primitive;

/// What is known of an operand when it is compiled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Operand {
    /// This number.
    Known(u64),
    /// Nothing: it is an argument.
    Unknown,
}

impl Operand {
    /// Its value in a call with this argument.
    pub(crate) fn value(self, argument: u64) -> u64 {
        match self {
            Operand::Known(value) => value,
            Operand::Unknown => argument,
        }
    }
}

/// Functions being made, then run.
pub(crate) struct Compiled {
    module: JITModule,
    context: Box<Context>,
}

type Function = unsafe extern "C" fn(*const Context, *mut u64, u64, u64);

extern "C" fn clmul(a: u64, b: u64) -> u64 {
    value::clmul(a, b)
}

extern "C" fn clmulh(a: u64, b: u64) -> u64 {
    value::clmulh(a, b)
}

extern "C" fn clmulr(a: u64, b: u64) -> u64 {
    value::clmulr(a, b)
}

impl Compiled {
    /// Nothing yet. With `is_baseline` only instructions that every CPU of the kind has.
    pub(crate) fn new(is_baseline: bool) -> Compiled {
        let mut flags = settings::builder();
        for (name, value) in [("opt_level", "none"), ("enable_verifier", "true")] {
            flags.set(name, value).expect("Cranelift has this setting");
        }
        let isa = cranelift_native::builder_with_options(!is_baseline)
            .expect("Cranelift knows this machine")
            .finish(settings::Flags::new(flags))
            .expect("the settings go together");
        let module = JITModule::new(JITBuilder::with_isa(isa, default_libcall_names()));
        let functions: [extern "C" fn(u64, u64) -> u64; HELPER_COUNT] = [clmul, clmulh, clmulr];
        let context = Box::new(Context {
            registers: [0; 32],
            pc: 0,
            budget: 0,
            reservation: 0,
            code: 0,
            table: 0,
            store_range: [0; 2],
            helpers: functions.map(|function| function as usize as u64),
            counters: 0,
            moves: 0,
            moves_end: 0,
        });
        Compiled { module, context }
    }

    /// Compiles a primitive for these operands, over words of this width.
    pub(crate) fn define(
        &mut self,
        primitive: Primitive,
        xlen: Xlen,
        pairs: &[(Operand, Operand)],
    ) -> FuncId {
        let helpers = self.module.isa().default_call_conv();
        let mut context = self.module.make_context();
        context.func.signature.params = vec![AbiParam::new(I64); 4];
        let mut frontend = FunctionBuilderContext::new();
        let mut builder = FunctionBuilder::new(&mut context.func, &mut frontend);
        let block = builder.create_block();
        builder.append_block_params_for_function_params(block);
        builder.switch_to_block(block);
        let params = builder.block_params(block).to_vec();
        for (number, (left, right)) in pairs.iter().enumerate() {
            let word = |operand: &Operand, given: Word| match operand {
                Operand::Known(value) => Word::Known(*value),
                Operand::Unknown => given,
            };
            let args = &params[2..4];
            let body = |lifter: &mut Lifter<'_, '_>, given: &[Word]| {
                let (a, b) = (word(left, given[0]), word(right, given[1]));
                match xlen {
                    Xlen::X32 => primitive.apply(&mut Narrow(lifter), a, b),
                    Xlen::X64 => primitive.apply(lifter, a, b),
                }
            };
            let result = snippet(&mut builder, xlen, helpers, params[0], args, body);
            let flags = MemFlagsData::new().with_notrap();
            builder
                .ins()
                .store(flags, result, params[1], 8 * number as i32);
        }
        builder.ins().return_(&[]);
        builder.seal_all_blocks();
        builder.finalize(self.module.isa().frontend_config());
        let id = self
            .module
            .declare_anonymous_function(&context.func.signature)
            .expect("the signature is an ordinary one");
        self.module
            .define_function(id, &mut context)
            .unwrap_or_else(|error| panic!("{primitive:?}: {error:?}"));
        id
    }

    /// Makes everything that was defined executable.
    pub(crate) fn finish(&mut self) {
        self.module
            .finalize_definitions()
            .expect("memory can be made executable");
    }

    /// Runs a function that was defined with so many pairs.
    pub(crate) fn call(&self, function: FuncId, a: u64, b: u64, count: usize) -> Vec<u64> {
        let mut results = vec![0; count];
        let code = self.module.get_finalized_function(function);
        // SAFETY: `define` made this code with the signature of `Function` in the host's default
        // convention, `finish` made it executable, and `self` keeps it mapped. It reads helper
        // addresses from a live `Context`, writes `count` words into `results`, which has as many,
        // and touches no other memory: the grid has no memory primitives.
        #[allow(unsafe_code)]
        unsafe {
            let function: Function = std::mem::transmute(code);
            function(&raw const *self.context, results.as_mut_ptr(), a, b);
        }
        results
    }
}
