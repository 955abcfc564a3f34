//! Answers in, report out: which questions a report asks, and how the answers are put in place.
//!
//! Counts nothing itself and writes no text; a metric that was not answered leaves its place empty.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::model::{
    Breakdown, Context, Day, Definition, Figure, Flow, Funnel, Headline, Question, Report, Segment, Spread, Stage,
    Step, Unmeasurable,
};
use super::views::{self, Views};
use crate::event::SECOND;
use crate::funnel;
use crate::metrics::{Answer, Ask, Row};

/// Rates of messages.
pub(super) const MESSAGE_RATES: &[&str] = &[
    "failure_rate",
    "delivery_rate",
    "open_rate",
    "open_rate@sent",
    "click_rate",
    "click_to_open_rate",
    "reply_rate",
    "dismissed_rate",
    "unsubscribe_rate",
    "soft_unsubscribe_rate",
    "hard_unsubscribe_rate",
];
/// Rates of conversations.
pub(super) const CONVERSATION_RATES: &[&str] =
    &["engagement_rate", "completion_rate", "containment_rate", "handover_rate", "fallback_rate", "goal_rate"];
/// Rates of visits to questions.
pub(super) const QUESTION_RATES: &[&str] = &[
    "question_drop_off_rate",
    "question_silent_rate",
    "question_opted_out_rate",
    "question_handed_over_rate",
    "question_failed_rate",
    "question_skipped_rate",
    "question_open_rate",
    "question_answered_rate",
];
/// The headline metrics, each with its relatives.
const HEADLINES: &[(&str, &[&str])] = &[
    ("delivery_rate", &[]),
    ("open_rate", &["open_rate@sent"]),
    ("click_rate", &["click_to_open_rate"]),
    ("reply_rate", &["dismissed_rate"]),
    ("engagement_rate", &[]),
    ("unsubscribe_rate", &["soft_unsubscribe_rate", "hard_unsubscribe_rate"]),
    ("question_drop_off_rate", &["question_open_rate"]),
    ("completion_rate", &["handover_rate", "fallback_rate"]),
];
const BY_QUESTION: &[&str] = &["flow", "question"];

/// Everything that a report needs to know. `by` is the caller's own breakdown; it is asked of the metrics of messages,
/// or of questions if it names a column that only visits are told apart by.
#[must_use]
pub fn asks(by: &[String]) -> Vec<Ask> {
    let every = || MESSAGE_RATES.iter().chain(CONVERSATION_RATES).copied();
    let mut asks: Vec<Ask> = every().chain(QUESTION_RATES.iter().copied()).map(|id| Ask::new(id, &[])).collect();
    asks.push(Ask::new("first_response_seconds", &[]));
    for column in ["channel", "campaign"] {
        asks.extend(every().map(|id| Ask::new(id, &[column])));
        asks.push(Ask::new("question_drop_off_rate", &[column]));
    }
    asks.extend(MESSAGE_RATES.iter().map(|id| Ask::new(id, &["day"])));
    asks.extend(QUESTION_RATES.iter().map(|id| Ask::new(id, BY_QUESTION)));
    asks.push(Ask::new("answer_seconds", BY_QUESTION));
    // Segments of visits are as fine as all their breakdowns together, so these cost no further SELECT.
    asks.extend(views::COLUMNS.iter().flat_map(|column| views::asks(column)));
    let own = own_metrics(by).iter().map(|&id| Ask::broken_down(id, by.to_vec()));
    for ask in own {
        if !asks.contains(&ask) {
            asks.push(ask);
        }
    }
    asks
}

/// The metrics of the caller's own breakdown.
fn own_metrics(by: &[String]) -> &'static [&'static str] {
    match by {
        [] => &[],
        columns if columns.iter().any(|column| column == "question") => QUESTION_RATES,
        _ => MESSAGE_RATES,
    }
}

/// Puts the answers in place. Answers to questions that no report asks are left aside; funnels come in the order given.
#[must_use]
pub fn build(context: Context, answers: &[Answer], funnels: &[funnel::Answer], definitions: &[Definition]) -> Report {
    let answers = Answers::new(answers);
    let channels = answers.breakdown(&["channel"], None);
    let own = !context.by.is_empty()
        && !["channel", "campaign", "day"].map(|name| vec![name.to_owned()]).contains(&context.by);
    let by: Vec<&str> = context.by.iter().map(String::as_str).collect();
    Report {
        headlines: headlines(&|metric| answers.total(metric)),
        first_response_seconds: answers
            .row("first_response_seconds")
            .and_then(|row| spread("first_response_seconds", row)),
        campaign_funnel: campaign_funnel(&|metric| answers.total(metric)),
        flows: flows(
            answers.breakdown(BY_QUESTION, Some(QUESTION_RATES)).rows,
            answers.spreads(BY_QUESTION),
            context.suppressed.is_some(),
        ),
        views: views::COLUMNS
            .iter()
            .map(|column| Views::of(&answers, column, context.suppressed.is_some()))
            .filter(|views| !views.views.is_empty())
            .collect(),
        funnels: funnels.iter().filter_map(Funnel::new).collect(),
        unmeasurable: unmeasurable(&channels),
        channels,
        campaigns: answers.breakdown(&["campaign"], None),
        days: days(&answers, &context),
        breakdown: own.then(|| answers.breakdown(&by, Some(own_metrics(&context.by)))),
        definitions: definitions.to_vec(),
        own: Vec::new(),
        measures: Vec::new(),
        context,
    }
}

/// How long answers took, by segment.
pub(super) type Spreads = BTreeMap<Vec<Option<String>>, Spread>;

/// The figure of a metric, where it was answered.
pub(super) type Total<'t> = &'t dyn Fn(&str) -> Option<Figure>;

/// Answers by metric and breakdown.
pub(super) struct Answers<'a>(BTreeMap<(&'a str, Vec<&'a str>), &'a Answer>);

impl<'a> Answers<'a> {
    pub(super) fn new(answers: &'a [Answer]) -> Self {
        let key = |answer: &'a Answer| (answer.metric.as_str(), answer.by.iter().map(String::as_str).collect());
        Self(answers.iter().map(|answer| (key(answer), answer)).collect())
    }

    /// The total of a metric.
    fn row(&self, metric: &str) -> Option<&'a Row> {
        self.0.get(&(metric, Vec::new())).and_then(|answer| answer.rows.first())
    }

    fn total(&self, metric: &str) -> Option<Figure> {
        self.row(metric).and_then(|row| figure(metric, row))
    }

    /// How long answers took in each segment.
    pub(super) fn spreads(&self, by: &[&str]) -> Spreads {
        let rows =
            self.0.get(&("answer_seconds", by.to_vec())).map(|answer| answer.rows.as_slice()).unwrap_or_default();
        rows.iter().filter_map(|row| Some((row.segment.clone(), spread("answer_seconds", row)?))).collect()
    }

    /// All metrics (or those named) broken down by the columns.
    pub(super) fn breakdown(&self, by: &[&str], metrics: Option<&[&str]>) -> Breakdown {
        let wanted = |metric: &str| metrics.is_none_or(|metrics| metrics.contains(&metric));
        let answers: Vec<&Answer> = self
            .0
            .iter()
            .filter(|((metric, columns), _)| columns == by && wanted(metric))
            .map(|(_, answer)| *answer)
            .collect();
        let mut rows: BTreeMap<&[Option<String>], BTreeMap<String, Figure>> = BTreeMap::new();
        for answer in &answers {
            for row in &answer.rows {
                let figures = rows.entry(&row.segment).or_default();
                if let Some(figure) = figure(&answer.metric, row) {
                    figures.insert(answer.metric.clone(), figure);
                }
            }
        }
        let rows = merged_order(&answers)
            .into_iter()
            .map(|segment| Segment { segment: segment.to_vec(), figures: rows.remove(segment).unwrap_or_default() })
            .collect();
        Breakdown { by: by.iter().map(|&column| column.to_owned()).collect(), rows }
    }
}

/// The segments of all answers in an order that agrees with each answer's own: questions must never be sorted.
fn merged_order<'a>(answers: &[&'a Answer]) -> Vec<&'a [Option<String>]> {
    let mut order: Vec<&[Option<String>]> = Vec::new();
    for answer in answers {
        let mut next = 0;
        for row in &answer.rows {
            let segment = row.segment.as_slice();
            // Answers mostly list the same segments, so the one expected next is looked at first.
            let found = match order.get(next) {
                Some(expected) if *expected == segment => Some(next),
                _ => order.iter().position(|known| *known == segment),
            };
            if let Some(index) = found {
                next = index + 1;
            } else {
                order.insert(next, segment);
                next += 1;
            }
        }
    }
    order
}

fn figure(metric: &str, row: &Row) -> Option<Figure> {
    row.counts.rate().map(|rate| Figure::new(metric, rate, row.measurable, row.bound))
}

fn spread(metric: &str, row: &Row) -> Option<Spread> {
    row.counts.distribution().map(|distribution| Spread::new(metric, distribution, row.measurable))
}

pub(super) fn headlines(total: Total<'_>) -> Vec<Headline> {
    HEADLINES
        .iter()
        .map(|(metric, beside)| Headline {
            metric: (*metric).to_owned(),
            figure: total(metric),
            beside: beside.iter().filter_map(|id| total(id)).collect(),
        })
        .collect()
}

pub(super) fn campaign_funnel(total: Total<'_>) -> Vec<Step> {
    let measured = |metric| total(metric).filter(|figure| figure.measurable);
    // The delivery rate leaves out the channels that report none, so it is only the second choice.
    let first = measured("failure_rate").or_else(|| measured("delivery_rate"));
    let first = first.or_else(|| measured("open_rate@sent")).or_else(|| measured("click_rate"));
    let n_sent = first.as_ref().map_or(0, |figure| figure.denominator);
    let later = [
        (Stage::Delivered, "delivery_rate"),
        (Stage::Opened, "open_rate"),
        (Stage::Clicked, "click_rate"),
        (Stage::Replied, "reply_rate"),
    ];
    if first.is_none() && later.iter().all(|(_, metric)| measured(metric).is_none()) {
        return Vec::new();
    }
    let sent = Step { stage: Stage::Sent, n_messages: first.is_some().then_some(n_sent), n_base: n_sent, figure: None };
    let steps = later.into_iter().map(|(stage, metric)| {
        let figure = total(metric);
        let known = figure.as_ref().filter(|figure| figure.measurable);
        Step {
            stage,
            n_messages: known.map(|figure| figure.numerator),
            n_base: known.map_or(0, |figure| figure.denominator),
            figure,
        }
    });
    std::iter::once(sent).chain(steps).collect()
}

/// The questions of each flow from their rates; the segments are flow and question.
pub(super) fn flows(rows: Vec<Segment>, mut spreads: Spreads, suppresses: bool) -> Vec<Flow> {
    let mut flows: Vec<Flow> = Vec::new();
    for row in rows {
        let [flow, question] = row.segment.as_slice() else { continue };
        let figure = |metric: &str| row.figures.get(metric);
        let count = |metric: &str| figure(metric).map_or(0, |figure| figure.numerator);
        let drop_off = figure("question_drop_off_rate");
        // Its outcomes are counts of what is left out: without them the question could only be told wrongly.
        if suppresses && drop_off.is_none() {
            continue;
        }
        let n_open = count("question_open_rate");
        let question = Question {
            question: question.clone(),
            // Without the share of open visits, what is decided is all that is known.
            n_visits: figure("question_open_rate").or(drop_off).map_or(0, |figure| figure.denominator),
            n_answered: count("question_answered_rate"),
            n_skipped: count("question_skipped_rate"),
            n_silent: count("question_silent_rate"),
            n_opted_out: count("question_opted_out_rate"),
            n_handed_over: count("question_handed_over_rate"),
            n_failed: count("question_failed_rate"),
            n_open,
            drop_off: drop_off.cloned(),
            answered: figure("question_answered_rate").cloned(),
            answer_seconds: spreads.remove(&row.segment),
        };
        match flows.iter_mut().find(|known| known.flow == *flow) {
            Some(known) => known.questions.push(question),
            None => flows.push(Flow { flow: flow.clone(), questions: vec![question] }),
        }
    }
    flows
}

fn days(answers: &Answers<'_>, context: &Context) -> Vec<Day> {
    let rows = answers.breakdown(&["day"], None).rows;
    rows.into_iter()
        .map(|row| {
            let day = row.segment.into_iter().next().flatten();
            let mature = day.as_deref().is_none_or(|day| is_mature(day, context));
            Day { day, mature, figures: row.figures }
        })
        .collect()
}

/// True once a message of the day's last instant can no longer be clicked or answered in time. A day whose end is not
/// known, or a report without a horizon, gives no reason to doubt.
pub(super) fn is_mature(day: &str, context: &Context) -> bool {
    let end = || {
        let next = day.parse::<Date>().ok()?.tomorrow().ok()?;
        Some(next.to_zoned(context.zone.clone()).ok()?.timestamp().as_microsecond())
    };
    match (end(), context.horizon) {
        (Some(end), Some(horizon)) => end.saturating_add(context.reply_window_s.saturating_mul(SECOND)) <= horizon.0,
        _ => true,
    }
}

fn unmeasurable(channels: &Breakdown) -> Vec<Unmeasurable> {
    channels
        .rows
        .iter()
        .map(|row| Unmeasurable {
            channel: row.segment.first().cloned().flatten(),
            metrics: row
                .figures
                .values()
                .filter(|figure| !figure.measurable)
                .map(|figure| figure.metric.clone())
                .collect(),
        })
        .filter(|channel| !channel.metrics.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Time;
    use crate::report::fixture;

    #[test]
    fn every_ask_is_asked_once() {
        let by = ["channel".to_owned()];
        let asks = asks(&by);
        for (index, ask) in asks.iter().enumerate() {
            assert!(!asks.iter().skip(index + 1).any(|other| other == ask), "{ask:?}");
        }
        assert!(asks.contains(&Ask::new("answer_seconds", &["flow", "question"])));
        assert!(asks.contains(&Ask::new("open_rate@sent", &[])));
    }

    #[test]
    fn an_own_breakdown_by_question_asks_for_visits() {
        let asks = asks(&["question".to_owned(), "channel".to_owned()]);
        assert!(asks.contains(&Ask::new("question_drop_off_rate", &["question", "channel"])));
        assert!(!asks.contains(&Ask::new("open_rate", &["question", "channel"])));
    }

    #[test]
    fn questions_keep_their_order_and_their_outcomes_add_up() {
        let report = fixture::awkward();
        let flow = &report.flows[0];
        let names: Vec<_> = flow.questions.iter().filter_map(|question| question.question.as_deref()).take(3).collect();
        assert_eq!(names, ["size", "colour", "address"]);
        for question in report.flows.iter().flat_map(|flow| &flow.questions) {
            let sum = question.n_answered
                + question.n_skipped
                + question.n_silent
                + question.n_opted_out
                + question.n_handed_over
                + question.n_failed
                + question.n_open;
            assert_eq!(sum, question.n_visits, "{:?}", question.question);
        }
    }

    #[test]
    fn segments_that_only_some_answers_know_find_their_place() {
        let answer = |metric: &str, names: &[&str]| fixture::rates(metric, &["question"], names);
        let (first, second) = (answer("a", &["z", "x"]), answer("b", &["z", "y", "x", "w"]));
        let order = merged_order(&[&first, &second]);
        let names: Vec<_> = order.iter().filter_map(|segment| segment[0].as_deref()).collect();
        assert_eq!(names, ["z", "y", "x", "w"]);
    }

    #[test]
    fn a_day_is_mature_when_its_last_message_can_no_longer_be_answered() {
        let mut context = fixture::context();
        context.zone = jiff::tz::TimeZone::UTC;
        let end = 1_777_852_800 * SECOND; // 2026-05-04T00:00:00Z, the end of 3 May.
        for (horizon, expected) in [(end + 86_400 * SECOND - 1, false), (end + 86_400 * SECOND, true)] {
            context.horizon = Some(Time(horizon));
            assert_eq!(is_mature("2026-05-03", &context), expected);
        }
    }

    #[test]
    fn nothing_asked_is_nothing_shown() {
        let report = build(fixture::context(), &[], &[], &[]);
        assert!(report.campaign_funnel.is_empty() && report.flows.is_empty() && report.days.is_empty());
        assert!(report.headlines.iter().all(|headline| headline.figure.is_none()));
    }

    #[test]
    fn channels_that_report_nothing_are_named() {
        let report = fixture::awkward();
        let telegram =
            report.unmeasurable.iter().find(|channel| channel.channel.as_deref() == Some("telegram")).unwrap();
        assert!(telegram.metrics.contains(&"open_rate".to_owned()));
        let row = report.channels.rows.iter().find(|row| row.segment[0].as_deref() == Some("telegram")).unwrap();
        assert_eq!(row.figures["open_rate"].value, None);
    }
}
