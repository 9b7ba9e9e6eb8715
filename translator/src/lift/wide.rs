//! Wide arithmetic: recognises 128-bit operations that a guest makes of several 64-bit ones.
//!
//! RISC-V has no carry flag. A guest computes a carry as `s = a + b; c = s < a` and uses it in `x + y + c`.
//! Together that is one addition of two 128-bit numbers. A guest computes a 128-bit product by two
//! multiplications of the same operands, one for each half.
//!
//! When the last part of such an operation is lifted, the lifter emits the whole as one operation on 128
//! bits. Registers that hold an earlier part then hold the corresponding part of the new result. Cranelift
//! drops the earlier parts if nothing uses them any more. The result is the same whether a wide operation
//! is recognised or not, so the search is simple: it compares operands, within one chain.
//!
//! This is not macro-op fusion, which CKB-VM's decoder does and which changes what a guest is charged.

use cranelift_codegen::ir::{InstBuilder, Value, types::I128};

use super::lifter::Lifter;
use super::partial_results::Pair;
use super::word::Word;

/// Which half of a product.
#[derive(Clone, Copy)]
pub(super) enum Half {
    Low,
    High,
}

impl Lifter<'_, '_> {
    /// Emits a sum of two words. If one of them is a carry and the other a sum, it emits the addition of 128
    /// bits that they are parts of, and returns its upper half.
    pub(super) fn sum(&mut self, a: Word, b: Word) -> Value {
        let wide = self.carried(a, b).or_else(|| self.carried(b, a));
        if let Some((sum, low, high)) = wide {
            return self.sum_of_two_words(sum, low, high);
        }
        let [left, right] = [a, b].map(|word| self.value(word));
        let sum = self.builder.ins().iadd(left, right);
        self.partial_results.sums.insert(sum, [a, b]);
        sum
    }

    /// If `carry` is the carry of a sum and `other` is a sum: the sum of the carry, the operands of that sum,
    /// and the operands of the other.
    fn carried(&self, carry: Word, other: Word) -> Option<(Value, Pair, Pair)> {
        let (Word::Value(carry), Word::Value(other)) = (carry, other) else {
            return None;
        };
        let sum = *self.partial_results.carries.get(&carry)?;
        let operands = |sum| self.partial_results.sums.get(&sum).copied();
        Some((sum, operands(sum)?, operands(other)?))
    }

    /// Emits an addition of 128 bits. `low` and `high` are the operands' lower and upper words. Returns the
    /// upper half; the lower half replaces `sum`.
    fn sum_of_two_words(&mut self, sum: Value, low: Pair, high: Pair) -> Value {
        let [a, b] = [0, 1].map(|side| {
            let [low, high] = [low, high].map(|pair| self.value(pair[side]));
            self.builder.ins().iconcat(low, high)
        });
        let wide = self.builder.ins().iadd(a, b);
        let (below, above) = self.builder.ins().isplit(wide);
        self.replace(sum, below);
        self.partial_results.sums.insert(below, low);
        above
    }

    /// Records the value `below`, which is 1 if the word `sum` is less than `operand`, else 0. It is a carry
    /// if `sum` is a sum with that operand.
    pub(super) fn record_unsigned_less(&mut self, sum: Word, operand: Word, below: Value) {
        if let Word::Value(sum) = sum
            && let Some(operands) = self.partial_results.sums.get(&sum)
            && operands.contains(&operand)
        {
            self.partial_results.carries.insert(below, sum);
        }
    }

    /// Emits half of an unsigned product. If the other half was emitted before, it emits both halves as one
    /// multiplication of 128 bits.
    pub(super) fn product(&mut self, half: Half, a: Word, b: Word) -> Value {
        let operands = [a.min(b), a.max(b)];
        let [mine, others] = match half {
            Half::Low => [0, 1],
            Half::High => [1, 0],
        };
        if let Some(&known) = self.partial_results.halves[mine].get(&operands) {
            return known;
        }
        let [a, b] = [a, b].map(|word| self.value(word));
        let value = match (
            self.partial_results.halves[others].get(&operands).copied(),
            half,
        ) {
            (Some(other), _) => {
                let [a, b] = [a, b].map(|word| self.builder.ins().uextend(I128, word));
                let wide = self.builder.ins().imul(a, b);
                let (low, high) = self.builder.ins().isplit(wide);
                let made = [low, high];
                self.replace(other, made[others]);
                self.partial_results.halves[others].insert(operands, made[others]);
                made[mine]
            }
            (None, Half::Low) => self.builder.ins().imul(a, b),
            (None, Half::High) => self.builder.ins().umulhi(a, b),
        };
        self.partial_results.halves[mine].insert(operands, value);
        value
    }

    /// Makes the registers that hold the value `old` hold the equal value `new`.
    fn replace(&mut self, old: Value, new: Value) {
        for word in self.local.iter_mut().flatten() {
            if *word == Word::Value(old) {
                *word = Word::Value(new);
            }
        }
    }
}
