//! Chooses which of the discovered blocks are translated where heat is given and the budget does not suffice for
//! all: the hottest first.
//!
//! The choice is made piece by piece, where a piece is a function of the guest, or a part of a large one.
//! Blocks of one function call for each other, and a loop of which half is interpreted is hardly faster than one
//! that is interpreted whole. Pieces that are not hot come in the order in which they were discovered, as if
//! there were no heat. Neither the order nor the budget depends on the machine, so the same heat gives the
//! same module everywhere.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use lockstep_contract::heat::Heat;

use crate::block::Reason;
use crate::discover::Discovered;

/// Instructions after which a piece of a function ends.
const PIECE_INSTRUCTIONS: usize = 1000;

/// Blocks with neighbouring addresses that are translated all or not at all.
struct Piece {
    heads: Vec<u64>,
    instructions: usize,
    weight: usize,
    /// The sum over its heads.
    heat: u64,
    /// The place in the order of discovery of the block that was found first.
    found: usize,
}

/// Leaves blocks to the interpreter until the rest is within the budget of a module.
pub(crate) fn choose(found: &mut Discovered, heat: &Heat, module_weight: usize) {
    if found.weight <= module_weight {
        return;
    }
    let mut pieces = pieces(found, heat);
    pieces.sort_by_key(|piece| (Reverse(piece.heat), piece.found));
    let mut room = module_weight;
    for piece in pieces {
        if piece.weight <= room {
            room -= piece.weight;
            continue;
        }
        for head in piece.heads {
            found.blocks.remove(&head);
            found.left.insert(head, Reason::Budget);
        }
    }
    found.weight = found.blocks.values().map(|block| block.weight()).sum();
    let Discovered {
        blocks, entries, ..
    } = found;
    entries.retain(|entry| blocks.contains_key(entry));
}

/// Divides the blocks into pieces, by address.
fn pieces(found: &Discovered, heat: &Heat) -> Vec<Piece> {
    let places: BTreeMap<u64, usize> = found.order.iter().copied().zip(0..).collect();
    let mut pieces: Vec<Piece> = Vec::new();
    for (&head, block) in &found.blocks {
        let goes_on = |piece: &&mut Piece| {
            piece.instructions < PIECE_INSTRUCTIONS && !found.starts.contains(&head)
        };
        let place = places.get(&head).copied().unwrap_or(usize::MAX);
        let (instructions, weight) = (block.instructions.len(), block.weight());
        match pieces.last_mut().filter(goes_on) {
            Some(piece) => {
                piece.heads.push(head);
                piece.instructions += instructions;
                piece.weight += weight;
                piece.heat = piece.heat.saturating_add(heat.weight(head));
                piece.found = piece.found.min(place);
            }
            None => pieces.push(Piece {
                heads: vec![head],
                instructions,
                weight,
                heat: heat.weight(head),
                found: place,
            }),
        }
    }
    pieces
}
