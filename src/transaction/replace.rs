//! Another build of a script in the place of its code, as `ckb-debugger --bin` has it.

use std::sync::Arc;

use ckb_types::bytes::Bytes;
use ckb_types::core::ScriptHashType;
use ckb_types::packed::{OutPoint, Script};
use ckb_types::prelude::Entity;

use super::Transaction;

/// No cell dependency of the transaction holds the code of a script, so nothing can be put in its place.
///
/// ```
/// use lockstep::transaction::NoCode;
///
/// println!("{NoCode}");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no cell dependency of the transaction holds the code of this script")]
pub struct NoCode;

impl Transaction {
    /// The same transaction with another file in the place of a script's code.
    ///
    /// The cell is the first of `mock_info.cell_deps` whose data (hash types `data`, `data1`, `data2`) or whose type script
    /// (hash type `type`) has the script's code hash. Its data is replaced and nothing else: hashes stay those of the old
    /// code, so the script is still found by them. All who read that dependency find the new data: other scripts with
    /// the same code, and whoever spawns it, executes it or loads it.
    ///
    /// # Errors
    /// There is no such cell.
    ///
    /// ```
    /// use lockstep::transaction::Transaction;
    ///
    /// let transaction = Transaction::read("examples/transactions/sighash_good.json".as_ref())?;
    /// let lock = transaction.resolved().resolved_inputs[0].cell_output.lock();
    /// let changed = transaction.with_code(&lock, vec![0; 4].into())?;
    /// let deps = &changed.resolved().resolved_cell_deps;
    /// assert!(deps.iter().any(|dep| dep.mem_cell_data.as_deref() == Some(&[0; 4][..])));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_code(&self, script: &Script, code: Bytes) -> Result<Transaction, NoCode> {
        let out_point = self.code_of(script).ok_or(NoCode)?;
        let mut resolved = self.resolved.as_ref().clone();
        for dep in &mut resolved.resolved_cell_deps {
            if dep.out_point == out_point {
                dep.mem_cell_data = Some(code.clone());
            }
        }
        Ok(Transaction {
            resolved: Arc::new(resolved),
            ..self.clone()
        })
    }

    /// The cell that holds the code of a script.
    fn code_of(&self, script: &Script) -> Option<OutPoint> {
        let wanted = script.code_hash();
        let by_type = match ScriptHashType::try_from(script.hash_type()).ok()? {
            ScriptHashType::Type => true,
            ScriptHashType::Data | ScriptHashType::Data1 | ScriptHashType::Data2 => false,
            _ => return None,
        };
        let holds = |dep: &&ckb_mock_tx_types::MockCellDep| match by_type {
            true => {
                let script = dep.output.type_().to_opt();
                script.is_some_and(|script| script.calc_script_hash() == wanted)
            }
            false => ckb_hash::blake2b_256(&dep.data) == wanted.as_slice(),
        };
        let dep = self.dependencies.iter().find(holds)?;
        Some(dep.cell_dep.out_point())
    }
}
