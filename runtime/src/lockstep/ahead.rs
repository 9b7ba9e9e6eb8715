//! The machine that runs the module as it is shipped. Such a module looks at its budget only where a way could
//! repeat, so it runs ahead for a number of cycles that varies, and is compared when the interpreter has got there.

use lockstep_contract::context::slot;
use lockstep_isa::Cost;

use super::piece::{Found, run_piece};
use crate::code_source::CodeSource;
use crate::compare::{PageSet, difference};
use crate::environment::Environment;
use crate::memory::SetupError;
use crate::observer::Step;
use crate::run::RunLoop;
use crate::state::Core;
use crate::trap::Trap;

/// Runs shipped modules, ahead of the other machines.
#[derive(Debug)]
pub(super) struct Ahead {
    pub(super) guest: RunLoop,
    /// What it has run that the interpreter has not; none, if it stands where the interpreter stands.
    piece: Option<Piece>,
    /// Pages that were written since that piece began.
    pub(super) written: PageSet,
    /// Makes pieces of varying lengths.
    draw: u32,
}

/// A piece of code that was run.
#[derive(Debug)]
struct Piece {
    result: Result<Step, Trap>,
    /// The number of the block with which it began, since everything was compared.
    from: usize,
}

impl Ahead {
    /// A machine in this guest's state.
    pub(super) fn new(core: &Core) -> Result<Ahead, SetupError> {
        let mut guest = RunLoop::new(core.fork()?);
        guest.core.memory.keep_to_itself();
        Ok(Ahead {
            guest,
            piece: None,
            written: PageSet::default(),
            draw: 0,
        })
    }

    /// Makes it equal to the guest's machine.
    pub(super) fn begin(&mut self, core: &Core, cost: Cost) {
        let RunLoop {
            core: own,
            attached,
        } = &mut self.guest;
        own.copy_from(core);
        attached.refresh(&mut own.memory, cost);
        self.piece = None;
    }

    /// Whether it stands where the interpreter stands.
    pub(super) fn is_level(&self) -> bool {
        self.piece.is_none()
    }

    /// Runs the next piece, which begins with the block of this number. With `exact`, it is as short as can be.
    pub(super) fn run(
        &mut self,
        env: &Environment<'_>,
        code: &dyn CodeSource,
        from: usize,
        exact: bool,
    ) {
        // Numerical Recipes' generator: any would do.
        self.draw = (self.draw.wrapping_mul(1_664_525)).wrapping_add(1_013_904_223);
        let given = if exact {
            1
        } else {
            1 << ((self.draw >> 16) % 14)
        };
        self.written.clear();
        self.piece = Some(Piece {
            result: run_piece(&mut self.guest, env, code, given),
            from,
        });
    }

    /// Compares, if the interpreter has got to where it is. `head` is the last block's. With `exact`, all memory is
    /// compared.
    pub(super) fn compare(
        &mut self,
        core: &Core,
        result: &Result<Step, Trap>,
        head: u64,
        exact: bool,
    ) -> Option<Found> {
        let native = &self.guest.core;
        let is_before = |piece: &Piece| {
            core.cycles < native.cycles
                || (core.cycles == native.cycles && piece.result != Ok(Step::Head))
        };
        if *result == Ok(Step::Head) && self.piece.as_ref().is_some_and(is_before) {
            return None;
        }
        let piece = self.piece.take()?;
        let ends = ((core, result), (native, &piece.result));
        let difference = if exact {
            difference(ends, 0..core.memory.pages(), slot(head), true)
        } else {
            difference(ends, self.written.iter(), slot(head), false)
        };
        Some(Found {
            from: piece.from,
            shipped: true,
            interpreter: result.clone(),
            native: piece.result,
            difference: difference?,
        })
    }
}
