//! What the marks of charts tell: a name, and below it how many reached it, were lost or are open, shares and times.
//!
//! A line is `label: value`. Knows nothing of where marks are.

use super::{Words, short};
use crate::rate::{Bound, Rate};
use crate::report::model::{Day, Figure, Funnel, FunnelStep, Question, Spread, Stage, Step};
use crate::report::page::{stage_name, step_name};
use crate::report::text::Language;

/// Lines under a name.
pub(super) struct Told {
    pub(super) text: String,
    language: Language,
}

impl Told {
    pub(super) fn new(name: &str, language: Language) -> Self {
        Self { text: short(name), language }
    }

    /// A line under a label with this key.
    fn line(self, key: &str, value: &str) -> Self {
        let label = self.language.say(key);
        self.labelled(&label, value)
    }

    pub(super) fn labelled(mut self, label: &str, value: &str) -> Self {
        self.text = format!("{}\n{label}: {value}", self.text);
        self
    }

    fn count(self, key: &str, count: u64) -> Self {
        let count = self.language.count(count);
        self.line(key, &count)
    }

    /// Nothing is said of a share of nothing.
    fn share(self, key: &str, numerator: u64, denominator: u64) -> Self {
        match (Rate { numerator, denominator }).value() {
            Some(share) => {
                let share = self.language.percent(share);
                self.line(key, &share)
            }
            None => self,
        }
    }

    fn seconds(self, key: &str, seconds: Option<i64>) -> Self {
        match seconds.map(|seconds| self.language.duration(seconds)) {
            Some(text) => self.line(key, &text),
            None => self,
        }
    }
}

/// A step of the campaign funnel.
pub(super) fn stage(steps: &[Step], step: &Step, language: Language) -> String {
    let told = Told::new(&stage_name(step.stage, language), language);
    let Some(reached) = step.n_messages else { return told.line("mark-reached", &language.say("unmeasurable")).text };
    let told = told.count("mark-reached", reached);
    let Some(figure) = &step.figure else { return told.text };
    // Where reaching is a lower bound, losing is an upper one.
    let n_lost = language.count(step.n_base.saturating_sub(reached));
    let lost = match figure.bound {
        Bound::Exact => Bound::Exact,
        Bound::Least => Bound::Most,
        Bound::Most => Bound::Least,
    };
    let told = told.line("mark-lost", &language.bounded(lost, n_lost));
    let n_first = steps.first().and_then(|step| step.n_messages);
    let of_first = Rate { numerator: reached, denominator: n_first.unwrap_or_default() };
    let of_first = Figure::new(&figure.metric, of_first, is_of_all(steps, step), figure.bound);
    told.line("mark-of-first", &language.value(Some(&of_first)))
        .line("mark-of-base", &language.value(Some(figure)))
        .text
}

/// Whether a step tells of all messages of the first: where some channels report no deliveries, it tells of the others'.
fn is_of_all(steps: &[Step], step: &Step) -> bool {
    let n_first = steps.first().and_then(|step| step.n_messages);
    let delivered = steps.iter().find(|step| step.stage == Stage::Delivered);
    let is_through = delivered
        .is_some_and(|delivered| Some(delivered.n_base) == n_first && delivered.n_messages == Some(step.n_base));
    is_through || Some(step.n_base) == n_first
}

/// A step of a funnel; `base` are those that reached the required step before.
pub(super) fn step(funnel: &Funnel, step: &FunnelStep, base: Option<u64>, language: Language) -> String {
    let told = Told::new(&step_name(funnel, step, language), language).count("mark-reached", step.reached);
    let Some(base) = base else { return told.text };
    let (all, previous) = (&step.from_start, &step.from_previous);
    let told = told.count("mark-lost", previous.denominator.saturating_sub(previous.numerator));
    let told = told.count("mark-open", base.saturating_sub(previous.denominator));
    let told = told.share("mark-of-first", all.numerator, all.denominator);
    let told = told.share("mark-of-previous", previous.numerator, previous.denominator);
    told.seconds("mark-median", step.time_s.median).text
}

/// A question on the way through a flow: how many came to it or to a later one, of those who were at the one before and are
/// not still there.
pub(super) fn place(name: &str, reached: u64, (base, n_first): (u64, u64), open: u64, language: Language) -> String {
    let decided = base.saturating_sub(open);
    let told = Told::new(name, language).count("mark-reached", reached);
    let told = told.count("mark-lost", decided.saturating_sub(reached)).count("mark-open", open);
    told.share("mark-of-first", reached, n_first).share("mark-of-previous", reached, decided).text
}

/// One of a flow's questions.
pub(super) fn question(questions: &[Question], place: usize, language: Language) -> String {
    let Some(question) = questions.get(place) else { return String::new() };
    let n_left = question.n_silent + question.n_opted_out + question.n_handed_over + question.n_failed;
    let told =
        Told::new(&language.name(question.question.as_deref()), language).count("mark-visits", question.n_visits);
    let told = told.count("mark-answered", question.n_answered).count("mark-left", n_left);
    let told = told.count("mark-open", question.n_open);
    let visits = |question: Option<&Question>| question.map_or(0, |question| question.n_visits);
    let previous = place.checked_sub(1).and_then(|place| questions.get(place));
    let told = if previous.is_some() {
        let told = told.share("mark-of-first", question.n_visits, visits(questions.first()));
        told.share("mark-of-previous", question.n_visits, visits(previous))
    } else {
        told
    };
    told.seconds("mark-median", question.answer_seconds.as_ref().and_then(|spread| spread.median)).text
}

/// How long answers to a question took.
pub(super) fn answer_times(name: &str, spread: &Spread, language: Language) -> String {
    let told = Told::new(name, language).count("mark-answered", spread.n).seconds("mark-median", spread.median);
    told.seconds("mark-p90", spread.p90).seconds("mark-p99", spread.p99).text
}

/// A day of the trend.
pub(super) fn day(day: &Day, n_messages: u64, words: &Words<'_>) -> String {
    let language = words.language;
    let name = language.day(day.day.as_deref().unwrap_or_default());
    let name = if day.mature { name } else { language.say_with("mark-may-change", &[("day", name.into())]) };
    let mut told = Told::new(&name, language).count("mark-sent", n_messages);
    for metric in ["open_rate", "click_rate", "reply_rate"] {
        let figure = day.figures.get(metric);
        if figure.is_some_and(|figure| figure.value.is_some()) {
            let value = format!("{} ({})", language.value(figure), language.interval(figure));
            told = told.labelled(&words.title(metric), &value);
        }
    }
    told.text
}
