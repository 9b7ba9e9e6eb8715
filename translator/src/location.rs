//! Which guest instruction a piece of native code belongs to, in the form that Cranelift carries along.
//!
//! Cranelift gives each instruction of its intermediate form a number, the *source location*, and says after
//! compiling which native code has which number. The number does not change the code. This file packs a block and an
//! instruction of it into such a number, and takes them out again.

use cranelift_codegen::ir::SourceLoc;

/// Bits for the distance of an instruction from its block's head, in halfwords. A block has at most 16 entries, and
/// none is longer than a few instructions.
const WITHIN_BITS: u32 = 9;

/// A place in a code region.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Location {
    /// Distance of the block's head from the region's base, in bytes.
    pub block: u32,
    /// Distance of the instruction from the region's base, in bytes: the block's, where only blocks are told apart.
    pub instruction: u32,
}

impl Location {
    /// The number for Cranelift. Guest memory has at most 4 MiB, so a block needs 21 bits.
    pub(crate) fn encode(self) -> SourceLoc {
        let within = self.instruction.wrapping_sub(self.block) / 2;
        // An instruction that is too far from its head counts for its block.
        let within = if within >> WITHIN_BITS == 0 {
            within
        } else {
            0
        };
        SourceLoc::new(((self.block / 2) << WITHIN_BITS) | within)
    }

    /// The place that a number stands for; none for code that belongs to no block.
    pub(crate) fn decode(location: SourceLoc) -> Option<Location> {
        if location.is_default() {
            return None;
        }
        let bits = location.bits();
        let block = (bits >> WITHIN_BITS) << 1;
        let within = (bits & ((1 << WITHIN_BITS) - 1)) << 1;
        Some(Location {
            block,
            instruction: block + within,
        })
    }
}

/// A listing of Cranelift's, in which lines begin with `@` and such a number, with the guest address of the instruction
/// in its place. Columns stay where they are.
pub(crate) fn by_address(listing: &str, base: u64) -> String {
    let line = |line: &str| {
        let parts = line.strip_prefix('@').and_then(|rest| rest.split_once(' '));
        let located = parts.and_then(|(number, rest)| {
            let bits = u32::from_str_radix(number, 16).ok()?;
            let location = Location::decode(SourceLoc::new(bits))?;
            let address = format!("@{:x}", base + u64::from(location.instruction));
            let width = line.len() - rest.len();
            let text = rest.trim_start();
            let width = (width + rest.len() - text.len()).max(address.len() + 1);
            Some(format!("{address:<width$}{text}"))
        });
        located.unwrap_or_else(|| line.to_owned())
    };
    let lines: Vec<String> = listing.lines().map(line).collect();
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_contract::pages::MAX_MEMORY;

    #[test]
    fn every_place_has_a_number_of_its_own() {
        let last = MAX_MEMORY as u32 - 2;
        for block in [0, 2, 0x1000, 0x1234, last] {
            for within in [0, 2, 64, 254, 1022] {
                let location = Location {
                    block,
                    instruction: block + within,
                };
                assert_eq!(Location::decode(location.encode()), Some(location));
            }
            let far = Location {
                block,
                instruction: block + 1024,
            };
            let head = Location {
                block,
                instruction: block,
            };
            assert_eq!(Location::decode(far.encode()), Some(head));
        }
        assert_eq!(Location::decode(SourceLoc::default()), None);
    }

    #[test]
    fn listings_name_guest_addresses() {
        let at = Location {
            block: 0x20,
            instruction: 0x24,
        };
        let listing = format!(
            "block1:\n@{:04x}      v1 = iadd v2, v3\n",
            at.encode().bits()
        );
        let expected = "block1:\n@10024     v1 = iadd v2, v3\n";
        assert_eq!(by_address(&listing, 0x10000), expected);
    }
}
