//! Wide arithmetic: what guests spell in several instructions because they have no carry flag.
//!
//! A carry is `s = a + b; c = s < a`, and what it is for is `x + y + c`: together one addition of two
//! words with carry. The halves of a product are two multiplications of the same operands. When the
//! last piece of either is lifted, all of it is made anew as one operation on 128 bits, and registers
//! that hold earlier pieces get the new ones; the compiler drops pieces that nobody uses any more.
//! The meaning is the same whether a piece is recognised or not, so recognising may be as simple as
//! it pays to be: within a chain, by the values that went in. It is not the fusion of the machine,
//! which is about cycles.

use std::collections::BTreeMap;

use cranelift_codegen::ir::{InstBuilder, Value, types::I128};

use super::{Lifter, Word};

/// Two operands.
type Pair = [Word; 2];

/// What is known of the values of a chain.
#[derive(Default)]
pub(super) struct Pieces {
    /// The operands of sums.
    sums: BTreeMap<Value, Pair>,
    /// The sums that values are the carries of.
    carries: BTreeMap<Value, Value>,
    /// The low halves of products, and the high ones, by operands in order.
    halves: [BTreeMap<Pair, Value>; 2],
}

/// Which half of a product.
#[derive(Clone, Copy)]
pub(super) enum Half {
    Low,
    High,
}

impl Lifter<'_, '_> {
    /// A sum of words; where one is a carry, the upper word of a sum of two words each.
    pub(super) fn sum(&mut self, a: Word, b: Word) -> Value {
        let wide = self.carried(a, b).or_else(|| self.carried(b, a));
        if let Some((sum, low, high)) = wide {
            return self.sum_of_two_words(sum, low, high);
        }
        let [left, right] = [a, b].map(|word| self.value(word));
        let sum = self.builder.ins().iadd(left, right);
        self.pieces.sums.insert(sum, [a, b]);
        sum
    }

    /// If `carry` is one and `other` a sum: the sum that carries, its operands, the other's operands.
    fn carried(&self, carry: Word, other: Word) -> Option<(Value, Pair, Pair)> {
        let (Word::Value(carry), Word::Value(other)) = (carry, other) else {
            return None;
        };
        let sum = *self.pieces.carries.get(&carry)?;
        let operands = |sum| self.pieces.sums.get(&sum).copied();
        Some((sum, operands(sum)?, operands(other)?))
    }

    fn sum_of_two_words(&mut self, sum: Value, low: Pair, high: Pair) -> Value {
        let [a, b] = [0, 1].map(|side| {
            let [low, high] = [low, high].map(|pair| self.value(pair[side]));
            self.builder.ins().iconcat(low, high)
        });
        let wide = self.builder.ins().iadd(a, b);
        let (below, above) = self.builder.ins().isplit(wide);
        self.replace(sum, below);
        self.pieces.sums.insert(below, low);
        above
    }

    /// Notes that a value is 1 if the first word is below the second, else 0: a carry, if the first is
    /// a sum that the second went into.
    pub(super) fn note_below(&mut self, sum: Word, operand: Word, below: Value) {
        if let Word::Value(sum) = sum
            && let Some(operands) = self.pieces.sums.get(&sum)
            && operands.contains(&operand)
        {
            self.pieces.carries.insert(below, sum);
        }
    }

    /// Half of an unsigned product; both at once, where the other half is there already.
    pub(super) fn product(&mut self, half: Half, a: Word, b: Word) -> Value {
        let operands = [a.min(b), a.max(b)];
        let [mine, others] = match half {
            Half::Low => [0, 1],
            Half::High => [1, 0],
        };
        if let Some(&known) = self.pieces.halves[mine].get(&operands) {
            return known;
        }
        let [a, b] = [a, b].map(|word| self.value(word));
        let value = match (self.pieces.halves[others].get(&operands).copied(), half) {
            (Some(other), _) => {
                let [a, b] = [a, b].map(|word| self.builder.ins().uextend(I128, word));
                let wide = self.builder.ins().imul(a, b);
                let (low, high) = self.builder.ins().isplit(wide);
                let made = [low, high];
                self.replace(other, made[others]);
                self.pieces.halves[others].insert(operands, made[others]);
                made[mine]
            }
            (None, Half::Low) => self.builder.ins().imul(a, b),
            (None, Half::High) => self.builder.ins().umulhi(a, b),
        };
        self.pieces.halves[mine].insert(operands, value);
        value
    }

    /// Registers that hold a value hold an equal one instead.
    fn replace(&mut self, old: Value, new: Value) {
        for word in self.local.iter_mut().flatten() {
            if *word == Word::Value(old) {
                *word = Word::Value(new);
            }
        }
    }
}
