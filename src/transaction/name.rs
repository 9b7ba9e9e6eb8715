//! Scripts of a transaction by name, and which cells and groups the names stand for.

use std::fmt;
use std::str::FromStr;

use ckb_script::ScriptGroupType;
use ckb_types::packed::{Byte32, Script};

use super::Transaction;

/// A script of a transaction by where it stands: `input.0.lock`, `input.1.type`, `output.0.type`.
///
/// ```
/// use lockstep::transaction::ScriptName;
///
/// let name: ScriptName = "input.0.lock".parse()?;
/// assert!(name.input && !name.is_type);
/// assert_eq!(name.to_string(), "input.0.lock");
/// # Ok::<(), lockstep::transaction::InvalidScriptName>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ScriptName {
    /// An input's cell; else an output.
    pub input: bool,
    /// Which one, from 0.
    pub index: usize,
    /// Its type script; else its lock script.
    pub is_type: bool,
}

/// Text that names no script.
///
/// ```
/// use lockstep::transaction::{InvalidScriptName, ScriptName};
///
/// let error = "output.0.lock".parse::<ScriptName>().unwrap_err();
/// assert!(matches!(error, InvalidScriptName::OutputLock(_)));
/// ```
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidScriptName {
    /// Not of the form.
    #[error("{0:?} does not name a script; write input.0.lock, input.0.type or output.0.type")]
    Form(String),
    /// A lock script runs where its cell is spent.
    #[error("{0:?}: the lock script of an output does not run in the transaction that makes it")]
    OutputLock(String),
}

impl FromStr for ScriptName {
    type Err = InvalidScriptName;

    fn from_str(text: &str) -> Result<ScriptName, InvalidScriptName> {
        let form = || InvalidScriptName::Form(text.to_owned());
        let parts: Vec<&str> = text.split('.').collect();
        let [cell, index, kind] = parts[..] else {
            return Err(form());
        };
        let input = match cell {
            "input" => true,
            "output" => false,
            _ => return Err(form()),
        };
        let is_type = match kind {
            "lock" => false,
            "type" => true,
            _ => return Err(form()),
        };
        if !index.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(form());
        }
        let index = index.parse().map_err(|_| form())?;
        if !input && !is_type {
            return Err(InvalidScriptName::OutputLock(text.to_owned()));
        }
        Ok(ScriptName {
            input,
            index,
            is_type,
        })
    }
}

impl fmt::Display for ScriptName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cell = if self.input { "input" } else { "output" };
        let kind = if self.is_type { "type" } else { "lock" };
        write!(f, "{cell}.{}.{kind}", self.index)
    }
}

/// Why there is no script of that name in a transaction.
///
/// ```
/// use lockstep::transaction::{NoScript, Transaction};
///
/// # let transaction = Transaction::read("examples/transactions/sighash_good.json".as_ref())?;
/// let error = transaction.find("input.99.lock".parse()?).unwrap_err();
/// assert!(matches!(error, NoScript::Cell { .. }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoScript {
    /// The index is too large.
    #[error("{name}: the transaction has {count} of these cells, counted from 0")]
    Cell {
        /// What was asked for.
        name: ScriptName,
        /// Inputs, or outputs.
        count: usize,
    },
    /// The cell is there, and has no type script.
    #[error("{0}: this cell has no type script")]
    Type(ScriptName),
}

impl Transaction {
    /// Kind and hash of a script: what `ckb-script` finds its group by. Cells with the same script
    /// are one group, which runs once.
    ///
    /// # Errors
    /// There is no such cell, or it has no such script.
    pub fn find(&self, name: ScriptName) -> Result<(ScriptGroupType, Byte32), NoScript> {
        let hash = self.find_script(name)?.calc_script_hash();
        let kind = match name.is_type {
            true => ScriptGroupType::Type,
            false => ScriptGroupType::Lock,
        };
        Ok((kind, hash))
    }

    /// The script of this name: code hash, hash type and arguments.
    ///
    /// # Errors
    /// There is no such cell, or it has no such script.
    ///
    /// ```
    /// use lockstep::transaction::Transaction;
    ///
    /// let transaction = Transaction::read("examples/transactions/sighash_good.json".as_ref())?;
    /// let script = transaction.find_script("input.0.lock".parse()?)?;
    /// assert_eq!(script.args().raw_data().len(), 20);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn find_script(&self, name: ScriptName) -> Result<Script, NoScript> {
        let outputs = self.resolved.transaction.outputs();
        let (cell, count) = if name.input {
            let inputs = &self.resolved.resolved_inputs;
            let cell = inputs.get(name.index).map(|cell| cell.cell_output.clone());
            (cell, inputs.len())
        } else {
            (outputs.get(name.index), outputs.len())
        };
        let cell = cell.ok_or(NoScript::Cell { name, count })?;
        match name.is_type {
            true => cell.type_().to_opt().ok_or(NoScript::Type(name)),
            false => Ok(cell.lock()),
        }
    }

    /// The names of all scripts, one for each group: the first cell that has it. Lock scripts of inputs come first, then
    /// type scripts of inputs, then those of outputs.
    ///
    /// ```
    /// use lockstep::transaction::Transaction;
    ///
    /// let path = "examples/transactions/dao_withdrawal.json".as_ref();
    /// let names = Transaction::read(path)?.names();
    /// let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    /// assert_eq!(names, ["input.0.lock", "input.0.type"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn names(&self) -> Vec<ScriptName> {
        let inputs = self.resolved.resolved_inputs.len();
        let outputs = self.resolved.transaction.outputs().len();
        let cells = [
            (true, false, inputs),
            (true, true, inputs),
            (false, true, outputs),
        ];
        let mut seen = Vec::new();
        let mut names = Vec::new();
        for (input, is_type, count) in cells {
            for index in 0..count {
                let name = ScriptName {
                    input,
                    index,
                    is_type,
                };
                let Ok((_, hash)) = self.find(name) else {
                    continue;
                };
                if !seen.contains(&(is_type, hash.clone())) {
                    seen.push((is_type, hash));
                    names.push(name);
                }
            }
        }
        names
    }

    /// The name of the script of this kind that has this hash.
    #[must_use]
    pub fn named(&self, kind: ScriptGroupType, hash: &Byte32) -> Option<ScriptName> {
        let found = |name: &ScriptName| {
            self.find(*name)
                .is_ok_and(|(other_kind, other)| other_kind == kind && other == *hash)
        };
        self.names().into_iter().find(found)
    }
}
