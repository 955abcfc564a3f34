//! What stays from one night to the next: which alerts hold since when, who was told of them, and what was judged already.
//!
//! Plain data. The command line keeps it beside the store, in one piece.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Alert, Figures, Finding, Findings, Standing, Verdict};
use crate::config::Config;

/// Version of the file's form.
const VERSION: u32 = 1;

/// The state of all alerts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    version: u32,
    /// The newest period that each alert has judged.
    judged: BTreeMap<String, String>,
    /// What holds, and what is over and was not told to everybody yet.
    news: Vec<News>,
}

/// An alert with who was told of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct News {
    /// The alert.
    pub alert: Alert,
    /// Receivers that were told of how it stands.
    pub told: BTreeSet<String>,
    /// The newest period in which its segment was seen.
    last: String,
}

impl Default for State {
    fn default() -> Self {
        Self { version: VERSION, judged: BTreeMap::new(), news: Vec::new() }
    }
}

impl State {
    /// Reads it from JSON.
    ///
    /// # Errors
    /// The text is something else, or of a later version of the program; in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let state: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if state.version != VERSION {
            return Err(format!("it is of version {}, and this program knows version {VERSION}", state.version));
        }
        Ok(state)
    }

    /// The alerts that hold.
    pub fn standing(&self) -> impl Iterator<Item = &Alert> {
        self.news.iter().map(|news| &news.alert).filter(|alert| alert.state == Standing::Raised)
    }

    /// What a receiver was not told yet, in the order in which it came about.
    pub fn untold<'s>(&'s self, receiver: &'s str) -> impl Iterator<Item = &'s Alert> {
        self.news.iter().filter(move |news| !news.told.contains(receiver)).map(|news| &news.alert)
    }

    /// Marks everything as told to a receiver.
    pub fn tell(&mut self, receiver: &str) {
        self.news.iter_mut().for_each(|news| {
            news.told.insert(receiver.to_owned());
        });
    }

    /// Forgets what is over and was told to all of these receivers.
    pub fn forget(&mut self, receivers: &[&str]) {
        let is_told = |news: &News| receivers.iter().all(|receiver| news.told.contains(*receiver));
        self.news.retain(|news| news.alert.state == Standing::Raised || !is_told(news));
    }

    pub(super) fn judged(&self, name: &str) -> Option<&str> {
        self.judged.get(name).map(String::as_str)
    }

    /// Raises and clears; returns what is new, in the order of the findings. `tell` puts it into words.
    pub(super) fn conclude(
        &mut self,
        findings: Findings,
        config: &Config,
        tell: impl Fn(&Alert) -> String,
    ) -> Vec<Alert> {
        // What nobody watches any more is neither over nor worth a word.
        let is_watched = |name: &str| config.alert.iter().any(|alert| alert.name == name);
        self.judged.retain(|name, _| is_watched(name));
        self.news.retain(|news| is_watched(&news.alert.name));
        let mut fresh = Vec::new();
        for finding in findings.found {
            let standing = self.news.iter().position(|news| {
                let alert = &news.alert;
                alert.state == Standing::Raised && alert.name == finding.name && alert.segment == finding.segment
            });
            let news = standing.and_then(|place| self.news.get_mut(place));
            match (news, finding.verdict) {
                (None, Verdict::Beyond) => {
                    let mut alert = alert(finding);
                    alert.text = tell(&alert);
                    // An end that was not told yet is overtaken: whoever missed it hears that it holds again.
                    let is_same = |news: &News| news.alert.name == alert.name && news.alert.segment == alert.segment;
                    self.news.retain(|news| !is_same(news));
                    let (told, last) = (BTreeSet::new(), alert.period.clone());
                    self.news.push(News { alert: alert.clone(), told, last });
                    fresh.push(alert);
                }
                (Some(news), Verdict::Within) => {
                    let figures = finding.figures;
                    fresh.push(news.clear(finding.period, |alert| alert.figures = figures, &tell));
                }
                (Some(news), _) => news.last = finding.period,
                (None, _) => {}
            }
        }
        for judged in findings.judged {
            let is_gone = |news: &&mut News| {
                let is_own = news.alert.name == judged.name && news.alert.state == Standing::Raised;
                is_own && news.last < judged.forgets_before
            };
            for news in self.news.iter_mut().filter(is_gone) {
                let unseen = |alert: &mut Alert| {
                    alert.figures = Figures { metric: alert.figures.metric.take(), ..Figures::default() };
                };
                fresh.push(news.clear(judged.period.clone(), unseen, &tell));
            }
            self.judged.insert(judged.name, judged.period);
        }
        fresh
    }
}

impl News {
    fn clear(&mut self, period: String, change: impl FnOnce(&mut Alert), tell: impl Fn(&Alert) -> String) -> Alert {
        self.alert.state = Standing::Cleared;
        self.alert.period = period;
        change(&mut self.alert);
        self.alert.text = tell(&self.alert);
        self.told.clear();
        self.alert.clone()
    }
}

fn alert(finding: Finding) -> Alert {
    let Finding { name, kind, segment, period, figures, .. } = finding;
    let since = period.clone();
    Alert { name, kind, state: Standing::Raised, segment, period, since, figures, text: String::new() }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::alerts::{Judged, Kind};

    fn config() -> Config {
        let text = "[[alert]]\nname = \"a\"\nviolations = true\n";
        Config::parse(text, Path::new("trichter.toml")).unwrap()
    }

    fn night(state: &mut State, period: &str, verdict: Option<Verdict>) -> Vec<(Standing, String)> {
        // A week before.
        let day: jiff::civil::Date = period.parse().unwrap();
        let forgets_before = day.checked_sub(jiff::ToSpan::weeks(1)).unwrap().to_string();
        let found = verdict.map(|verdict| Finding {
            name: "a".into(),
            kind: Kind::Violations,
            segment: BTreeMap::from([("channel".to_owned(), Some("whatsapp".to_owned()))]),
            period: period.into(),
            figures: Figures::default(),
            verdict,
        });
        let judged = Judged { name: "a".into(), period: period.into(), forgets_before };
        let findings = Findings { found: found.into_iter().collect(), judged: vec![judged] };
        let told = state.conclude(findings, &config(), |alert| alert.period.clone());
        told.into_iter().map(|alert| (alert.state, alert.text)).collect()
    }

    #[test]
    fn an_alert_is_raised_once_and_cleared_once() {
        let mut state = State::default();
        let raised = |day: &str| vec![(Standing::Raised, day.to_owned())];
        assert_eq!(night(&mut state, "2026-05-10", Some(Verdict::Beyond)), raised("2026-05-10"));
        assert_eq!(night(&mut state, "2026-05-11", Some(Verdict::Beyond)), []);
        assert_eq!(night(&mut state, "2026-05-12", Some(Verdict::Between)), []);
        let cleared = vec![(Standing::Cleared, "2026-05-13".to_owned())];
        assert_eq!(night(&mut state, "2026-05-13", Some(Verdict::Within)), cleared);
        assert_eq!(night(&mut state, "2026-05-14", Some(Verdict::Within)), []);
        assert_eq!(night(&mut state, "2026-05-15", Some(Verdict::Beyond)), raised("2026-05-15"));
        assert_eq!(state.standing().count(), 1);
    }

    #[test]
    fn what_was_not_told_is_told_later_and_each_receiver_hears_it_once() {
        let mut state = State::default();
        night(&mut state, "2026-05-10", Some(Verdict::Beyond));
        state.tell("mail");
        assert_eq!(state.untold("mail").count(), 0);
        assert_eq!(state.untold("webhook").count(), 1);
        night(&mut state, "2026-05-11", Some(Verdict::Within));
        assert_eq!(state.untold("mail").map(|alert| alert.state).collect::<Vec<_>>(), [Standing::Cleared]);
        state.tell("mail");
        state.forget(&["mail", "webhook"]);
        assert_eq!(state.untold("webhook").count(), 1);
        state.tell("webhook");
        state.forget(&["mail", "webhook"]);
        assert_eq!(state.news, []);
    }

    #[test]
    fn what_is_no_longer_seen_is_over_after_a_while() {
        let mut state = State::default();
        night(&mut state, "2026-05-09", Some(Verdict::Beyond));
        assert_eq!(night(&mut state, "2026-05-17", None).len(), 1);
        assert_eq!(state.standing().count(), 0);
        let mut state = State::default();
        night(&mut state, "2026-05-10", Some(Verdict::Beyond));
        assert_eq!(night(&mut state, "2026-05-17", None), []);
    }

    #[test]
    fn the_state_reads_back_and_a_strange_one_is_refused() {
        let mut state = State::default();
        night(&mut state, "2026-05-09", Some(Verdict::Beyond));
        let text = serde_json::to_string(&state).unwrap();
        assert_eq!(State::parse(&text).unwrap(), state);
        assert!(State::parse(&text.replace("\"version\":1", "\"version\":2")).unwrap_err().contains("version 2"));
        assert!(State::parse("{").is_err());
    }
}
