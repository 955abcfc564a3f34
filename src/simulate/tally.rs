//! Tally: numerators and denominators of every metric by channel, campaign and question, in one flat array.
//!
//! Knows the metrics' names, not their definitions (those are in `truth`).

use std::collections::BTreeMap;

use serde::Serialize;

use super::model::{CAMPAIGNS, Channel, QUESTIONS};

macro_rules! metrics {
    ($($variant:ident $name:literal,)*) => {
        /// A rate, named as its query.
        #[derive(Clone, Copy)]
        pub(super) enum Metric { $($variant,)* }

        /// The names in the order of the variants.
        const NAMES: &[&str] = &[$($name,)*];
    };
}

metrics! {
    Delivery "delivery_rate",
    Open "open_rate",
    OpenOfSent "open_rate@sent",
    Click "click_rate",
    ClickToOpen "click_to_open_rate",
    Engagement "engagement_rate",
    Dismissed "dismissed_rate",
    Reply "reply_rate",
    Unsubscribe "unsubscribe_rate",
    SoftUnsubscribe "soft_unsubscribe_rate",
    HardUnsubscribe "hard_unsubscribe_rate",
    Completion "completion_rate",
    Containment "containment_rate",
    Handover "handover_rate",
    Fallback "fallback_rate",
    QuestionDropOff "question_drop_off_rate",
    QuestionSilent "question_silent_rate",
    QuestionOptedOut "question_opted_out_rate",
    QuestionHandedOver "question_handed_over_rate",
    QuestionFailed "question_failed_rate",
    QuestionOpen "question_open_rate",
}

/// Where a row of a fact table is counted.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) channel: Channel,
    /// Number in `CAMPAIGNS`; none for what the contact began.
    pub(super) campaign: Option<usize>,
    /// Number in `QUESTIONS`; none for anything but visits.
    pub(super) question: Option<usize>,
}

// One place more in each row for "none".
const N_CAMPAIGNS: usize = CAMPAIGNS.len() + 1;
const N_QUESTIONS: usize = QUESTIONS.len() + 1;
const N_PLACES: usize = Channel::ALL.len() * N_CAMPAIGNS * N_QUESTIONS;

/// A pair of counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Share {
    pub(super) numerator: u64,
    pub(super) denominator: u64,
}

impl Share {
    fn add(&mut self, other: Self) {
        self.numerator += other.numerator;
        self.denominator += other.denominator;
    }
}

/// A metric's counts in all breakdowns. Keys of more than one column are joined by `/` in the order of the columns; a
/// campaign that is not known is the empty text. Segments without rows are left out.
#[derive(Debug, Default, Serialize)]
pub(super) struct Breakdown {
    pub(super) total: Share,
    pub(super) by: BTreeMap<&'static str, BTreeMap<String, Share>>,
}

/// The counts.
#[derive(Clone)]
pub(super) struct Tally(Vec<Share>);

impl Default for Tally {
    fn default() -> Self {
        Self(vec![Share::default(); NAMES.len() * N_PLACES])
    }
}

impl Tally {
    /// Counts a row: into the denominator, and into the numerator if it `did`.
    pub(super) fn count(&mut self, metric: Metric, place: Place, did: bool) {
        let campaign = place.campaign.unwrap_or(CAMPAIGNS.len());
        let question = place.question.unwrap_or(QUESTIONS.len());
        let index =
            metric as usize * N_PLACES + (place.channel as usize * N_CAMPAIGNS + campaign) * N_QUESTIONS + question;
        if let Some(share) = self.0.get_mut(index) {
            share.numerator += u64::from(did);
            share.denominator += 1;
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            mine.add(*theirs);
        }
    }

    /// Every metric with its breakdowns.
    pub(super) fn metrics(&self) -> BTreeMap<&'static str, Breakdown> {
        NAMES.iter().zip(self.0.chunks(N_PLACES)).map(|(&name, places)| (name, breakdown(places))).collect()
    }
}

fn breakdown(places: &[Share]) -> Breakdown {
    let mut result = Breakdown::default();
    for (channel, campaigns) in Channel::ALL.iter().zip(places.chunks(N_CAMPAIGNS * N_QUESTIONS)) {
        for (number, questions) in campaigns.chunks(N_QUESTIONS).enumerate() {
            let campaign = CAMPAIGNS.get(number).map_or("", |campaign| campaign.name);
            for (number, &share) in questions.iter().enumerate().filter(|(_, share)| share.denominator > 0) {
                result.total.add(share);
                let mut add = |columns: &'static str, key: String| {
                    result.by.entry(columns).or_default().entry(key).or_default().add(share);
                };
                let channel = channel.name();
                add("channel", channel.to_owned());
                add("campaign", campaign.to_owned());
                add("channel,campaign", format!("{channel}/{campaign}"));
                if let Some(question) = QUESTIONS.get(number) {
                    add("question", question.name.to_owned());
                    add("channel,question", format!("{channel}/{}", question.name));
                    add("campaign,question", format!("{campaign}/{}", question.name));
                    add("channel,campaign,question", format!("{channel}/{campaign}/{}", question.name));
                }
            }
        }
    }
    result
}
