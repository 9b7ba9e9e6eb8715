//! The two structures of the chain that the type script reads: a script and a witness.
//!
//! Both are molecule tables of three fields: the size of the whole, the offset of each field, then the fields.

/// The arguments of a script.
pub fn script_arguments(script: &[u8]) -> Option<&[u8]> {
    let [_, _, arguments] = fields(script)?;
    bytes(arguments)
}

/// What a witness has for the type script of its input.
pub fn input_type(witness: &[u8]) -> Option<&[u8]> {
    let [_, input, _] = fields(witness)?;
    bytes(input)
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..)?.first_chunk::<4>()?;
    usize::try_from(u32::from_le_bytes(*bytes)).ok()
}

fn fields(table: &[u8]) -> Option<[&[u8]; 3]> {
    let [first, second, third] = [number(table, 4)?, number(table, 8)?, number(table, 12)?];
    if number(table, 0)? != table.len() || first != 16 {
        return None;
    }
    Some([
        table.get(first..second)?,
        table.get(second..third)?,
        table.get(third..)?,
    ])
}

/// A list of bytes: how many, then they. A field that may be left out has it or nothing.
fn bytes(field: &[u8]) -> Option<&[u8]> {
    let bytes = field.get(4..)?;
    (number(field, 0)? == bytes.len()).then_some(bytes)
}
