//! The functions of a profile, by number.

use super::super::guest_code::GuestCode;
use super::super::syscall_names;

/// Functions by address, and behind them the calls of the host, which stand beside functions in a tree of calls.
pub(super) struct Names {
    /// Start, end, name; sorted.
    functions: Vec<(u64, u64, String)>,
    /// Numbers of system calls, and their names.
    host_calls: Vec<(u64, String)>,
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
        let host_calls = Vec::new();
        Names {
            functions,
            host_calls,
        }
    }

    /// Where functions start and end, for code that counts.
    pub(super) fn bounds(&self) -> impl Iterator<Item = u64> {
        let functions = self.functions[1..].iter();
        functions.flat_map(|(start, end, _)| [*start, *end])
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
            host_calls: Vec::new(),
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
        match self.functions.get(function) {
            Some((_, _, name)) => name,
            None => &self.host_calls[function - self.functions.len()].1,
        }
    }

    /// Where a function starts. A call of the host has no address.
    pub(super) fn start(&self, function: usize) -> u64 {
        self.functions
            .get(function)
            .map_or(0, |(start, _, _)| *start)
    }

    /// Whether it is a function, and no call of the host.
    pub(super) fn is_function(&self, function: usize) -> bool {
        function < self.functions.len()
    }

    /// The number that stands for a call of the host.
    pub(super) fn host_call(&mut self, number: u64) -> usize {
        let known = self
            .host_calls
            .iter()
            .position(|(known, _)| *known == number);
        let at = known.unwrap_or_else(|| {
            self.host_calls.push((number, syscall_names::call(number)));
            self.host_calls.len() - 1
        });
        self.functions.len() + at
    }

    /// How many there are, the unknown one and the calls of the host included.
    pub(super) fn len(&self) -> usize {
        self.functions.len() + self.host_calls.len()
    }
}
