//! What was found, how it is to be taken, and what mends it.

use serde::Serialize;

/// How a finding is to be taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    /// As it should be.
    Ok,
    /// Good to know: a setting, or something that comes by itself.
    Note,
    /// Something keeps native code from running, or takes away a protection.
    Wrong,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    /// One word.
    pub(super) about: &'static str,
    pub(super) status: Status,
    pub(super) found: String,
    /// What mends it: a command where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mend: Option<String>,
}

impl Finding {
    pub(super) fn ok(about: &'static str, found: impl Into<String>) -> Finding {
        Finding {
            about,
            status: Status::Ok,
            found: found.into(),
            mend: None,
        }
    }

    pub(super) fn note(about: &'static str, found: impl Into<String>) -> Finding {
        Finding {
            status: Status::Note,
            ..Finding::ok(about, found)
        }
    }

    pub(super) fn wrong(
        about: &'static str,
        found: impl Into<String>,
        mend: impl Into<String>,
    ) -> Finding {
        Finding {
            status: Status::Wrong,
            mend: Some(mend.into()),
            ..Finding::ok(about, found)
        }
    }

    /// With what changes it.
    pub(super) fn by(self, mend: impl Into<String>) -> Finding {
        Finding {
            mend: Some(mend.into()),
            ..self
        }
    }
}
