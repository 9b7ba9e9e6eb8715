//! What a verb gives back when it could do what it was asked for. `cli.rs` prints it.

use super::failure::Failure;

/// What a verb has to say on standard output, and the exit code.
pub(crate) struct Answer {
    /// Lines for people, or one JSON object.
    pub(crate) text: String,
    /// One of [`code`](super::code).
    pub(crate) code: u8,
}

impl Answer {
    /// The one of two forms that was asked for.
    pub(crate) fn new<T: serde::Serialize>(
        json: bool,
        object: &T,
        text: impl FnOnce() -> String,
        code: u8,
    ) -> Result<Answer, Failure> {
        let text = if json {
            let object = serde_json::to_string(object).map_err(Failure::defect)?;
            object + "\n"
        } else {
            text()
        };
        Ok(Answer { text, code })
    }
}
