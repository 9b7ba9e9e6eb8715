//! The names of CKB's system calls, as its RFCs and `ckb-std` have them.

/// A system call's number and name.
const NAMES: [(u64, &str); 27] = [
    (EXIT, "exit"),
    (2041, "vm_version"),
    (2042, "current_cycles"),
    (2043, "exec"),
    (2051, "load_transaction"),
    (2052, "load_script"),
    (2061, "load_tx_hash"),
    (2062, "load_script_hash"),
    (2071, "load_cell"),
    (2072, "load_header"),
    (2073, "load_input"),
    (2074, "load_witness"),
    (2081, "load_cell_by_field"),
    (2082, "load_header_by_field"),
    (2083, "load_input_by_field"),
    (2091, "load_cell_data_as_code"),
    (2092, "load_cell_data"),
    (2104, "load_block_extension"),
    (2177, "debug_print"),
    (2601, "spawn"),
    (2602, "wait"),
    (2603, "process_id"),
    (2604, "pipe"),
    (2605, "write"),
    (2606, "read"),
    (2607, "inherited_fds"),
    (2608, "close"),
];

/// Ends the program.
pub(crate) const EXIT: u64 = 93;
/// Stands for what a host charges for loading a program. No system call has this number.
pub(crate) const LOADING: u64 = u64::MAX;
/// Stands for what a host charges besides, between the processes of a script. No system call has this number.
pub(crate) const BETWEEN: u64 = u64::MAX - 1;

/// The name of a system call, if it has one.
pub(crate) fn name(number: u64) -> Option<&'static str> {
    let found = NAMES.iter().find(|(known, _)| *known == number);
    found.map(|(_, name)| *name)
}

/// A system call as tables show it.
pub(crate) fn call(number: u64) -> String {
    match name(number) {
        _ if number == LOADING => "[loading of the program]".to_owned(),
        _ if number == BETWEEN => "[between the processes]".to_owned(),
        Some(name) => format!("[system call {number} {name}]"),
        None => format!("[system call {number}]"),
    }
}
