//! `truth.json`: the model, what was drawn from it, and what the model would give on average.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Settings;
use super::life::Millis;
use super::log::{Iso, NOISE, Noise, Records};
use super::model::{
    CAMPAIGNS, Calendar, Campaign, Channel, ChannelOdds, FLOW, HABITS, Habits, QUESTIONS, Question, STOP_WORDS,
};
use super::tally::Breakdown;
use super::truth::Truth;

/// The whole file.
#[derive(Serialize)]
pub(super) struct Verdict {
    seed: u64,
    contacts: u64,
    days: u32,
    model: Model,
    /// The instant of the last event.
    horizon: String,
    /// How the lines of each channel's logs end; no other event is hidden in them.
    records: BTreeMap<&'static str, Records>,
    /// Rows of the fact tables by channel (contacts), kind (opt-outs) or furthest state.
    facts: BTreeMap<&'static str, BTreeMap<&'static str, u64>>,
    metrics: BTreeMap<&'static str, Breakdown>,
    /// Seconds to the answer by question; the whole flow under the empty name.
    answer_seconds: BTreeMap<&'static str, Seconds>,
    expected: BTreeMap<&'static str, Expected>,
}

#[derive(Serialize)]
struct Model {
    channels: BTreeMap<&'static str, &'static ChannelOdds>,
    campaigns: &'static [Campaign],
    /// When the sending of each campaign begins.
    begins_at: BTreeMap<&'static str, String>,
    flow: &'static str,
    questions: &'static [Question],
    habits: &'static Habits,
    noise: &'static Noise,
    stop_words: &'static [&'static str],
}

/// A distribution: quantiles are the smallest value that so many do not exceed.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Seconds {
    n: u64,
    sum: i64,
    p50: i64,
    p90: i64,
    p99: i64,
}

/// Probabilities that the model states outright, for rows that the log's end does not touch: the last campaign is left
/// out. The rates of `metrics` under the same breakdown scatter around them.
#[derive(Serialize)]
struct Expected {
    by: &'static str,
    values: BTreeMap<String, f64>,
}

impl Verdict {
    pub(super) fn new(
        settings: &Settings,
        channels: &[Channel],
        calendar: Calendar,
        records: BTreeMap<&'static str, Records>,
        truth: Truth,
    ) -> Self {
        let begins: Vec<(usize, Millis)> = calendar.campaigns().collect();
        let sent: Vec<&Campaign> = begins.iter().filter_map(|(number, _)| CAMPAIGNS.get(*number)).collect();
        let decided = sent.split_last().map_or(&[] as &[_], |(_, before)| before);
        Self {
            seed: settings.seed,
            contacts: settings.contacts,
            days: settings.days,
            model: Model {
                channels: channels.iter().map(|channel| (channel.name(), channel.odds())).collect(),
                campaigns: CAMPAIGNS.get(..sent.len()).unwrap_or_default(),
                begins_at: sent
                    .iter()
                    .zip(&begins)
                    .map(|(campaign, (_, at))| (campaign.name, Iso(*at).to_string()))
                    .collect(),
                flow: FLOW,
                questions: &QUESTIONS,
                habits: &HABITS,
                noise: &NOISE,
                stop_words: &STOP_WORDS,
            },
            horizon: Iso(calendar.end()).to_string(),
            records,
            metrics: truth.tally.metrics(),
            answer_seconds: answer_seconds(&truth.answer_s),
            facts: truth.facts,
            expected: expected(channels, decided),
        }
    }
}

fn answer_seconds(answers: &BTreeMap<(usize, i64), u64>) -> BTreeMap<&'static str, Seconds> {
    let mut by_question: BTreeMap<&str, BTreeMap<i64, u64>> = BTreeMap::new();
    for (&(question, seconds), &n) in answers {
        let name = QUESTIONS.get(question).map_or("", |question| question.name);
        for name in [name, ""] {
            *by_question.entry(name).or_default().entry(seconds).or_default() += n;
        }
    }
    by_question.into_iter().map(|(name, values)| (name, Seconds::of(&values))).collect()
}

impl Seconds {
    fn of(values: &BTreeMap<i64, u64>) -> Self {
        let n: u64 = values.values().sum();
        let sum = values.iter().map(|(&value, &n)| value * i64::try_from(n).unwrap_or_default()).sum();
        let quantile = |hundredths: u64| {
            let rank = (n * hundredths).div_ceil(100).max(1);
            let mut seen = 0;
            let found = values.iter().find(|(_, n)| {
                seen += **n;
                seen >= rank
            });
            found.map_or(0, |(&value, _)| value)
        };
        Self { n, sum, p50: quantile(50), p90: quantile(90), p99: quantile(99) }
    }
}

fn expected(channels: &[Channel], campaigns: &[&Campaign]) -> BTreeMap<&'static str, Expected> {
    let mut result: BTreeMap<&'static str, Expected> = BTreeMap::new();
    let mut add = |metric, by, key: String, probability: f64| {
        let expected = result.entry(metric).or_insert_with(|| Expected { by, values: BTreeMap::new() });
        // Sums of stated decimals; what is beyond nine digits is rounding.
        expected.values.insert(key, (probability * 1e9).round() / 1e9);
    };
    for &channel in channels {
        let odds = channel.odds();
        for campaign in campaigns {
            // With watermarks a message that did not arrive is marked as arrived by the next one, so the denominator
            // is not the model's.
            if !channel.has_watermarks() {
                let [starts, writes, reacts, links, stops, _] = campaign.reactions(channel);
                let acts = starts + writes + reacts + links + stops * (1.0 - odds.stops_by_platform);
                // Without receipts every message counts as reached, also one that did not arrive.
                let arrives = if channel.has_receipts() { 1.0 } else { odds.delivered };
                let key = format!("{}/{}", channel.name(), campaign.name);
                add("engagement_rate", "channel,campaign", key, arrives * campaign.opened(channel) * acts);
            }
            for question in QUESTIONS {
                let [silent, stops, handover, blocks, _] = question.endings(channel);
                let there = 1.0 - odds.prompt_failed;
                let opted_out = there * (stops + blocks);
                let handed_over = there * handover;
                for (metric, probability) in [
                    ("question_silent_rate", there * silent),
                    ("question_opted_out_rate", opted_out),
                    ("question_handed_over_rate", handed_over),
                    ("question_failed_rate", odds.prompt_failed),
                    ("question_drop_off_rate", there * silent + opted_out + handed_over + odds.prompt_failed),
                ] {
                    let key = format!("{}/{}/{}", channel.name(), campaign.name, question.name);
                    add(metric, "channel,campaign,question", key, probability);
                }
            }
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_seen() {
        let seconds = Seconds::of(&[(1, 50), (7, 40), (90, 10)].into());
        assert_eq!(seconds, Seconds { n: 100, sum: 1_230, p50: 1, p90: 7, p99: 90 });
    }
}
