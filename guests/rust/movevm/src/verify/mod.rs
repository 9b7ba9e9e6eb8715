//! placeholder
use crate::format::Module;
use crate::wrong::Wrong;
/// placeholder
pub fn module(_: &Module) -> Result<(), Wrong> {
    Ok(())
}
