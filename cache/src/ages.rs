//! How old files of the cache are, by the times that they bear.
//!
//! These times decide what goes first, and whether somebody still writes a file; nothing depends on them
//! for being right. The system's clock may be wrong, now or when a file was stamped.

use std::time::{Duration, SystemTime};

/// How far clocks may be apart that stamp files of one folder.
pub(super) const CLOCKS_APART: Duration = Duration::from_secs(3600);

/// A temporary file this old is nobody's when its process is gone.
pub(super) const WRITING: Duration = Duration::from_secs(60);
/// How long ago a file was written or used, by its time.
///
/// A time may lie in the future: the clock was set back, the disk is another machine's, or the file came
/// from elsewhere with its time. A little of that is no age at all. More says that nothing is known of
/// the file's age, and it counts as the oldest: it keeps no other out, and if it is used, it is stamped
/// with the time of that.
pub(super) fn age(time: SystemTime) -> Duration {
    age_at(SystemTime::now(), time)
}

pub(super) fn age_at(now: SystemTime, time: SystemTime) -> Duration {
    match now.duration_since(time) {
        Ok(age) => age,
        Err(ahead) if ahead.duration() <= CLOCKS_APART => Duration::ZERO,
        Err(_) => Duration::MAX,
    }
}
