//! How many columns a table on standard output may have.

/// Columns where nothing says how many there are: what every terminal has.
const DEFAULT_COLUMNS: usize = 80;

/// `COLUMNS`, else the width of the terminal, else 80.
pub(crate) fn of_standard_output() -> usize {
    let variable = std::env::var("COLUMNS").ok();
    let variable = variable.and_then(|columns| columns.parse().ok());
    variable
        .filter(|columns| *columns > 0)
        .or_else(of_terminal)
        .unwrap_or(DEFAULT_COLUMNS)
}

#[cfg(target_os = "linux")]
fn of_terminal() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

#[cfg(not(target_os = "linux"))]
fn of_terminal() -> Option<usize> {
    None
}
