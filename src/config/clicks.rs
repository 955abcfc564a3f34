//! `[clicks]`: how tracked links are told in the logs of the web servers that redirect them.

use std::path::PathBuf;

use regex::Regex;
use serde::{Deserialize, Deserializer};

use crate::error::nearest;

/// `[clicks]`: which requests are clicks, and whose.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Clicks {
    /// Patterns of tracked links, tried in their order on path and query of a request. What none of them finds is no click.
    pub url: Vec<LinkPattern>,
    /// Channel of the messages that carry the links, unless link or token tells it.
    pub channel: Option<String>,
    /// Account of these messages, unless the token tells it.
    pub account: Option<String>,
    /// Table of what opaque tokens stand for. A relative path is meant from the folder of `trichter.toml`.
    pub tokens: Option<PathBuf>,
    /// Parts of user agents of further programs that open links without a person, in any case of letters.
    pub bots: Vec<String>,
}

/// A regular expression that finds a tracked link and, in its named groups, what the link tells.
#[derive(Clone, Debug)]
pub struct LinkPattern(pub Regex);

impl LinkPattern {
    /// What a link can tell: the message that carries it, the contact, the campaign and its variant, the messenger's
    /// channel, or a token that stands for all of these.
    pub const GROUPS: [&'static str; 6] = ["message", "contact", "campaign", "token", "variant", "channel"];

    /// Whether the pattern has the group.
    #[must_use]
    pub fn tells(&self, group: &str) -> bool {
        self.0.capture_names().flatten().any(|name| name == group)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let pattern = Regex::new(text).map_err(|error| error.to_string())?;
        let known = Self::GROUPS.map(str::to_owned);
        for name in pattern.capture_names().flatten() {
            if !Self::GROUPS.contains(&name) {
                let hint = match nearest(name, &known) {
                    Some(near) => format!("did you mean '{near}'?"),
                    None => format!("it can tell {}", known.join(", ")),
                };
                return Err(format!("a link cannot tell '{name}'; {hint}"));
            }
        }
        if pattern.capture_names().flatten().next().is_none() {
            return Err(format!(
                "'{text}' has no named group, so it tells nothing of a click; write (?<token>…), or one of {}",
                known.join(", ")
            ));
        }
        Ok(Self(pattern))
    }
}

impl<'de> Deserialize<'de> for LinkPattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl Clicks {
    /// What contradicts itself, in words.
    pub(super) fn contradiction(&self) -> Option<String> {
        for pattern in &self.url {
            if pattern.tells("token") && self.tokens.is_none() {
                return Some(
                    "clicks.url finds a token, but clicks.tokens names no table that says what it stands for".into(),
                );
            }
            if !pattern.tells("token") && !pattern.tells("channel") && self.channel.is_none() {
                return Some(format!(
                    "clicks.channel is missing: '{}' does not tell in which messenger the link was sent",
                    pattern.0
                ));
            }
        }
        // It would stand in every user agent.
        self.bots.iter().any(|part| part.trim().is_empty()).then(|| "clicks.bots has an empty part".into())
    }
}
