//! The functions of a profile, by number.

use super::super::guest_code::GuestCode;

/// Functions by address.
pub(super) struct Names {
    /// Start, end, name; sorted.
    functions: Vec<(u64, u64, String)>,
}

/// The number of what belongs to no function that is known.
const UNKNOWN: usize = 0;

impl Names {
    pub(super) fn new<'c>(codes: impl Iterator<Item = &'c GuestCode>) -> Names {
        let mut functions = vec![(0, 0, "[unknown]".to_owned())];
        for code in codes {
            let named = code.functions.iter();
            functions.extend(named.map(|f| (f.range.start, f.range.end, f.name.clone())));
        }
        functions[1..].sort_unstable();
        Names { functions }
    }

    /// These functions, by start and end.
    #[cfg(test)]
    pub(super) fn of(functions: &[(u64, u64, &str)]) -> Names {
        let unknown = [(0, 0, "[unknown]")];
        let all = unknown.iter().chain(functions);
        Names {
            functions: all
                .map(|&(start, end, name)| (start, end, name.to_owned()))
                .collect(),
        }
    }

    /// The function that holds an address.
    pub(super) fn function_at(&self, address: u64) -> usize {
        let behind = self.functions[1..].partition_point(|(start, _, _)| *start <= address);
        match self.functions.get(behind) {
            Some((_, end, _)) if behind > UNKNOWN && address < *end => behind,
            _ => UNKNOWN,
        }
    }

    pub(super) fn name(&self, function: usize) -> &str {
        &self.functions[function].2
    }

    /// Where a function starts.
    pub(super) fn start(&self, function: usize) -> u64 {
        self.functions[function].0
    }

    /// How many there are, the unknown one included.
    pub(super) fn len(&self) -> usize {
        self.functions.len()
    }
}
