//! The map of names: a line of text for each piece of native code, with its address, its length (both hexadecimal) and
//! its name.

use super::pieces::Piece;

/// The lines for a module whose code begins at an address.
pub(super) fn lines(code: u64, pieces: &[Piece]) -> String {
    let line = |piece: &Piece| {
        let (start, len) = (code + u64::from(piece.start), piece.end - piece.start);
        // A name with a line break would be another line.
        let name = piece.name.replace(char::is_control, " ");
        format!("{start:x} {len:x} {name}\n")
    };
    pieces.iter().map(line).collect()
}
