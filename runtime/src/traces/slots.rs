//! Which trace each slot holds, in a table that grows with the slots that are in use.
//!
//! There are [`SLOTS`] slots, and most guests use some twenty of them: the rest of a script runs natively. A table with
//! a place for each would have to be zeroed for each machine, which takes longer than many a script runs. So the table
//! starts empty and has one place for several slots. When two slots in use want the same place, it grows, until in the
//! end each slot has its own. Which trace a slot holds does not depend on the table's size.

use lockstep_contract::context::{SLOTS, slot};

/// Places of a table that is not empty, at first.
const FIRST_PLACES: usize = 128;
/// How many times larger the next table is.
const GROWTH_FACTOR: usize = 4;

/// Numbers of traces by slot. 0 stands for none, and `n + 1` for the trace with index `n`.
#[derive(Clone, Debug, Default)]
pub(super) struct Slots {
    /// The place of a slot is its number modulo the length, a power of two or 0.
    places: Vec<u32>,
}

const _: () = {
    assert!(FIRST_PLACES.is_power_of_two() && GROWTH_FACTOR.is_power_of_two());
    assert!(FIRST_PLACES <= SLOTS && SLOTS.is_power_of_two());
};

impl Slots {
    /// The number at the place of this address's slot. It may be that of a trace in another slot.
    #[inline(always)]
    pub(super) fn at_place(&self, pc: u64) -> u32 {
        // With an empty table the mask has all bits, and there is nothing at any place.
        let mask = self.places.len().wrapping_sub(1);
        self.places.get(slot(pc) & mask).copied().unwrap_or(0)
    }

    /// Puts a trace with this start and number into its slot. `start` tells the starts of the traces in the table.
    pub(super) fn put(&mut self, pc: u64, number: u32, start: impl Fn(u32) -> u64) {
        loop {
            let held = self.at_place(pc);
            let free = held == 0 || slot(start(held)) == slot(pc);
            let mask = self.places.len().wrapping_sub(1);
            match self.places.get_mut(slot(pc) & mask) {
                Some(place) if free => {
                    *place = number;
                    return;
                }
                _ => self.grow(&start),
            }
        }
    }

    /// All numbers in the table, none of them 0.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut u32> {
        self.places.iter_mut().filter(|number| **number != 0)
    }

    #[cold]
    fn grow(&mut self, start: impl Fn(u32) -> u64) {
        let places = (self.places.len() * GROWTH_FACTOR).clamp(FIRST_PLACES, SLOTS);
        let mut grown = vec![0; places];
        for number in self.places.iter().filter(|number| **number != 0) {
            // Numbers that had places of their own have so in a larger table too.
            grown[slot(start(*number)) % places] = *number;
        }
        self.places = grown;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_keeps_what_was_put_into_it_last() {
        let mut slots = Slots::default();
        let mut expected = vec![0; SLOTS];
        let mut starts = vec![0];
        assert_eq!(slots.at_place(0), 0);
        // Odd multiples of a large odd number come to every slot, in no order, and back to each.
        for round in 0..3 * SLOTS as u64 {
            let pc = (round * 4 * 5003) % (3 * 4 * SLOTS as u64);
            starts.push(pc);
            let number = round as u32 + 1;
            slots.put(pc, number, |number| starts[number as usize]);
            expected[slot(pc)] = number;
            if round % 97 == 0 || round < 300 {
                for (index, number) in expected.iter().enumerate() {
                    let held = slots.at_place(4 * index as u64);
                    let is_own = held != 0 && slot(starts[held as usize]) == index;
                    assert_eq!(if is_own { held } else { 0 }, *number, "round {round}");
                }
            }
        }
        assert!(expected.iter().all(|number| *number != 0));
        assert_eq!(slots.iter_mut().count(), SLOTS);
        assert_eq!(slots.places.len(), SLOTS);
    }

    #[test]
    fn a_table_is_as_large_as_its_slots_need() {
        let mut slots = Slots::default();
        let starts = [0, 0, 4, 8, 4 * SLOTS as u64];
        for number in 1..5 {
            slots.put(starts[number], number as u32, |number| {
                starts[number as usize]
            });
        }
        assert_eq!(slots.places.len(), FIRST_PLACES);
        assert_eq!(slots.at_place(0), 4, "the same slot one round later");
    }
}
