//! What the marks of charts tell: a name, and below it how many reached it, were lost or are open, shares and times.
//!
//! A line is `label: value`. Knows nothing of where marks are.

use super::{Words, short, text};
use crate::rate::Rate;
use crate::report::interface::Interface;
use crate::report::model::{Day, Figure, FunnelStep, Question, Stage, Step};
use crate::report::page::{stage_name, step_name};
use crate::report::text::Language;

/// Lines under a name.
struct Told {
    text: String,
    language: Language,
}

impl Told {
    fn new(name: &str, language: Language) -> Self {
        Self { text: short(name), language }
    }

    fn line(mut self, label: &str, value: &str) -> Self {
        self.text = format!("{}\n{label}: {value}", self.text);
        self
    }

    fn count(self, label: &str, count: u64) -> Self {
        let count = self.language.count(count);
        self.line(label, &count)
    }

    /// Nothing is said of a share of nothing.
    fn share(self, label: &str, numerator: u64, denominator: u64) -> Self {
        match (Rate { numerator, denominator }).value() {
            Some(share) => {
                let share = self.language.percent(share);
                self.line(label, &share)
            }
            None => self,
        }
    }

    fn seconds(self, label: &str, seconds: Option<i64>) -> Self {
        match seconds.map(|seconds| self.language.duration(seconds)) {
            Some(text) => self.line(label, &text),
            None => self,
        }
    }
}

/// A step of the campaign funnel.
pub(super) fn stage(steps: &[Step], step: &Step, language: Language) -> String {
    let words = Interface::of(language);
    let told = Told::new(stage_name(step.stage), language);
    let Some(reached) = step.n_messages else { return told.line(words.reached, text::UNMEASURABLE).text };
    let told = told.count(words.reached, reached);
    let Some(figure) = &step.figure else { return told.text };
    // Where reaching is a lower bound, losing is an upper one.
    let n_lost = language.count(step.n_base.saturating_sub(reached));
    let told = told.line(words.lost, &if figure.lower_bound { format!("≤ {n_lost}") } else { n_lost });
    let n_first = steps.first().and_then(|step| step.n_messages);
    let of_first = Rate { numerator: reached, denominator: n_first.unwrap_or_default() };
    let of_first = Figure::new(&figure.metric, of_first, is_of_all(steps, step), figure.lower_bound);
    told.line(words.of_first, &language.value(Some(&of_first))).line(words.of_base, &language.value(Some(figure))).text
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
pub(super) fn step(step: &FunnelStep, base: Option<u64>, language: Language) -> String {
    let words = Interface::of(language);
    let told = Told::new(&step_name(step), language).count(words.reached, step.reached);
    let Some(base) = base else { return told.text };
    let (all, previous) = (&step.from_start, &step.from_previous);
    let told = told.count(words.lost, previous.denominator.saturating_sub(previous.numerator));
    let told = told.count(words.open, base.saturating_sub(previous.denominator));
    let told = told.share(words.of_first, all.numerator, all.denominator);
    let told = told.share(words.of_previous, previous.numerator, previous.denominator);
    told.seconds(words.median, step.time_s.median).text
}

/// A question on the way through a flow: how many came to it or to a later one, of those who were at the one before and are
/// not still there.
pub(super) fn place(name: &str, reached: u64, (base, n_first): (u64, u64), open: u64, language: Language) -> String {
    let words = Interface::of(language);
    let decided = base.saturating_sub(open);
    let told = Told::new(name, language).count(words.reached, reached);
    let told = told.count(words.lost, decided.saturating_sub(reached)).count(words.open, open);
    told.share(words.of_first, reached, n_first).share(words.of_previous, reached, decided).text
}

/// One of a flow's questions.
pub(super) fn question(questions: &[Question], place: usize, language: Language) -> String {
    let words = Interface::of(language);
    let Some(question) = questions.get(place) else { return String::new() };
    let n_left = question.n_silent + question.n_opted_out + question.n_handed_over + question.n_failed;
    let told = Told::new(&text::name(question.question.as_deref()), language).count(words.visits, question.n_visits);
    let told = told.count(words.answered, question.n_answered).count(words.left, n_left);
    let told = told.count(words.open, question.n_open);
    let visits = |question: Option<&Question>| question.map_or(0, |question| question.n_visits);
    let previous = place.checked_sub(1).and_then(|place| questions.get(place));
    let told = if previous.is_some() {
        let told = told.share(words.of_first, question.n_visits, visits(questions.first()));
        told.share(words.of_previous, question.n_visits, visits(previous))
    } else {
        told
    };
    told.seconds(words.median, question.answer_seconds.as_ref().and_then(|spread| spread.median)).text
}

/// A day of the trend.
pub(super) fn day(day: &Day, n_messages: u64, words: &Words<'_>) -> String {
    let language = words.language;
    let interface = Interface::of(language);
    let name = language.day(day.day.as_deref().unwrap_or_default());
    let name = if day.mature { name } else { format!("{name} · {}", interface.may_change) };
    let mut told = Told::new(&name, language).count(interface.sent, n_messages);
    for metric in ["open_rate", "click_rate", "reply_rate"] {
        let figure = day.figures.get(metric);
        if figure.is_some_and(|figure| figure.value.is_some()) {
            let value = format!("{} ({})", language.value(figure), language.interval(figure));
            told = told.line(&words.title(metric), &value);
        }
    }
    told.text
}
