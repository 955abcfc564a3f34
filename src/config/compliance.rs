//! `[compliance]`: what the business holds itself to besides the platforms' own rules.

use serde::Deserialize;

use super::Window;
use crate::event::SECOND;

/// `[compliance]`: what may be sent after an opt-out, and what counts as consent.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Compliance {
    /// Whatever is sent this soon after an opt-out was on its way already and breaks nothing. Default: nothing is.
    pub grace: Option<Window>,
    /// One message that is no marketing may confirm an opt-out this soon after it. Default 5 min.
    pub confirmation: Window,
    /// Whether a contact who wrote or tapped has thereby agreed to marketing. Default: no.
    pub inbound_is_consent: bool,
    /// Channels whose logs hold every opt-in, though the platform alone does not tell of all: only there is marketing
    /// without an opt-in found.
    pub opt_ins: Vec<String>,
}

impl Default for Compliance {
    fn default() -> Self {
        Self { grace: None, confirmation: Window(5 * 60 * SECOND), inbound_is_consent: false, opt_ins: Vec::new() }
    }
}
