//! Delivery: alerts to whom it may concern, over HTTP and by e-mail. The only place of the library, beside exports to a
//! server, that opens a network, and only to receivers that the configuration names.
//!
//! Receivers are told once a night, of everything that they do not know yet. Addresses and passwords are secrets: no error
//! shows one.

use std::time::Duration;

use serde::Serialize;

use super::{Alert, words};
use crate::report::Language;

pub mod mail;
pub mod webhook;

/// What a receiver is told.
#[derive(Clone, Debug, Serialize)]
pub struct Letter<'a> {
    /// How many alerts, and which. Chat services show the field of this name.
    pub text: String,
    /// The language of all texts: `en` or `de`.
    pub language: &'static str,
    /// The alerts.
    pub alerts: Vec<&'a Alert>,
}

impl<'a> Letter<'a> {
    /// A letter about these alerts.
    #[must_use]
    pub fn new(alerts: Vec<&'a Alert>, language: Language) -> Self {
        let lines = alerts.iter().map(|alert| alert.text.as_str());
        let text: Vec<&str> = lines.collect();
        Self { text: text.join("\n"), language: language.code(), alerts }
    }

    /// What it is about, in one line.
    fn heading(&self, language: Language) -> String {
        words::heading(&self.alerts, language)
    }
}

/// How often something is tried, and how long is waited in between.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Tries in all.
    pub tries: u32,
    /// The pause after the first; each further one is twice as long.
    pub pause: Duration,
}

impl Default for Patience {
    /// Four tries, with pauses of 1, 2 and 4 seconds: what is away for longer is told the night after.
    fn default() -> Self {
        Self { tries: 4, pause: Duration::from_secs(1) }
    }
}

/// Why a try failed.
struct Failure {
    /// In words, without any secret.
    why: String,
    /// Whether it may go well the next time.
    is_passing: bool,
}

impl Failure {
    fn passing(why: impl Into<String>) -> Self {
        Self { why: why.into(), is_passing: true }
    }

    fn lasting(why: impl Into<String>) -> Self {
        Self { why: why.into(), is_passing: false }
    }
}

impl Patience {
    fn try_it(self, mut attempt: impl FnMut() -> Result<(), Failure>) -> Result<(), String> {
        let mut pause = self.pause;
        for n_left in (0..self.tries.max(1)).rev() {
            match attempt() {
                Ok(()) => return Ok(()),
                Err(failure) if n_left == 0 && self.tries > 1 && failure.is_passing => {
                    return Err(format!("{} ({} tries)", failure.why, self.tries));
                }
                Err(failure) if n_left == 0 || !failure.is_passing => return Err(failure.why),
                Err(_) => {
                    std::thread::sleep(pause);
                    pause = pause.saturating_mul(2);
                }
            }
        }
        Ok(())
    }
}

/// What is wrong with the other side's TLS, if that is what made something fail. A certificate does not become right by trying
/// again.
fn of_tls<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e rustls::Error> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<rustls::Error>() {
            return Some(found);
        }
        // What an input or output error wraps is not its source.
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_tried_again_and_what_lasts_is_not() {
        let patience = Patience { tries: 3, pause: Duration::ZERO };
        let tries = |succeeds_at: u32, is_passing: bool| {
            let mut n = 0;
            let result = patience.try_it(|| {
                n += 1;
                if n == succeeds_at { Ok(()) } else { Err(Failure { why: "no".into(), is_passing }) }
            });
            (n, result)
        };
        assert_eq!(tries(3, true), (3, Ok(())));
        assert_eq!(tries(9, true), (3, Err("no (3 tries)".into())));
        assert_eq!(tries(9, false), (1, Err("no".into())));
    }
}
