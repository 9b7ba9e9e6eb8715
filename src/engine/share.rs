//! How much of what native code does is repeated on the interpreter: the choices that the environment
//! has too.

use std::str::FromStr;

use super::mode::{InvalidSetting, variable};

/// Which share of all intervals is repeated: `LOCKSTEP_SHADOW`, from 0 to 1; 0.001 by default.
///
/// ```
/// use lockstep::Engine;
/// use lockstep::engine::Share;
///
/// let share = Share::new(0.01).expect("it is from 0 to 1");
/// let builder = Engine::builder().shadow(share);
/// assert_eq!("0.01".parse(), Ok(share));
/// assert_eq!(Share::new(2.0), None);
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Share(f64);

impl Share {
    /// None at all.
    pub const NONE: Share = Share(0.0);

    /// This share; nothing outside of 0 to 1 is one.
    #[must_use]
    pub fn new(share: f64) -> Option<Share> {
        (0.0..=1.0).contains(&share).then_some(Share(share))
    }

    /// Whether the interval with this number is one of them.
    pub(super) fn has(self, number: u64) -> bool {
        self.0 >= 1.0 || (hash(number) as f64) < self.0 * 2f64.powi(64)
    }
}

impl Default for Share {
    /// One in a thousand: under a hundredth of the time of a thread that verifies.
    fn default() -> Share {
        Share(0.001)
    }
}

impl Share {
    /// What the environment asks for, if anything.
    ///
    /// # Errors
    /// When that is no share.
    pub fn from_environment() -> Result<Option<Share>, InvalidSetting> {
        variable("LOCKSTEP_SHADOW")
    }
}

impl FromStr for Share {
    type Err = InvalidSetting;

    fn from_str(value: &str) -> Result<Share, InvalidSetting> {
        let share = value.parse().ok().and_then(Share::new);
        share.ok_or_else(|| InvalidSetting {
            setting: "LOCKSTEP_SHADOW",
            value: value.to_owned(),
            choices: "a share from 0 to 1",
        })
    }
}

/// What is repeated before the host hears of it, so that the interpreter's verdict is the run's:
/// `LOCKSTEP_CONFIRM`.
///
/// ```
/// use lockstep::Engine;
/// use lockstep::engine::Confirm;
///
/// let builder = Engine::builder().confirm(Confirm::Failures);
/// assert_eq!("failures".parse(), Ok(Confirm::Failures));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Confirm {
    /// `nothing`: what shadow checking finds comes later.
    #[default]
    Nothing,
    /// `failures`: what a guest did before it failed. Costs a copy of its state at every host call.
    Failures,
    /// `sampled`: failures, and every interval that shadow checking samples.
    Sampled,
}

impl Confirm {
    /// What the environment asks for, if anything.
    ///
    /// # Errors
    /// When it asks for something that there is not.
    pub fn from_environment() -> Result<Option<Confirm>, InvalidSetting> {
        variable("LOCKSTEP_CONFIRM")
    }
}

impl FromStr for Confirm {
    type Err = InvalidSetting;

    fn from_str(value: &str) -> Result<Confirm, InvalidSetting> {
        match value {
            "nothing" => Ok(Confirm::Nothing),
            "failures" => Ok(Confirm::Failures),
            "sampled" => Ok(Confirm::Sampled),
            _ => Err(InvalidSetting {
                setting: "LOCKSTEP_CONFIRM",
                value: value.to_owned(),
                choices: "nothing, failures, sampled",
            }),
        }
    }
}

/// Steele, Lea and Flood's finaliser (SplitMix64).
fn hash(number: u64) -> u64 {
    let mut z = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_numbers_from_0_to_1() {
        for (text, share) in [("0", 0.0), ("0.01", 0.01), ("1", 1.0), ("1e-3", 0.001)] {
            assert_eq!(text.parse::<Share>().unwrap(), Share(share));
        }
        for text in ["", "-1", "1.1", "NaN", "inf", "all", "1%"] {
            assert!(text.parse::<Share>().is_err(), "{text}");
        }
    }

    #[test]
    fn so_many_are_sampled_and_no_pattern_hides() {
        for share in [0.0, 0.001, 0.01, 0.5, 1.0] {
            let sampled = Share(share);
            let count = |step: u64| {
                let numbers = (0..1_000_000).map(|number| number * step);
                numbers.filter(|number| sampled.has(*number)).count() as f64
            };
            // Every interval; and one of a script with a thousand of them.
            for step in [1, 2, 100, 1000] {
                let expected = share * 1e6;
                assert!(
                    (count(step) - expected).abs() <= 4.0 * expected.sqrt(),
                    "{step}"
                );
            }
        }
    }
}
