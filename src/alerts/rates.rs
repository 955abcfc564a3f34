//! Rates: against a limit, against their own history, and messages that broke a rule of permission.
//!
//! A period is judged once, and only when nothing in it is undecided any more.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{Figures, Finding, Findings, Judged, Kind, Night, State, Verdict, periods};
use crate::config::alert::{Condition, Period, Side, Watched};
use crate::config::{Alert, Windows};
use crate::error::{Error, Result};
use crate::facts::{self, Settings};
use crate::metrics::{self, Answer, Answers, Ask, Bound, Metric, Rate, segment};
use crate::statistics::dispersion::ShareOfDay;

/// Metrics whose numerators are messages that broke a rule.
const VIOLATIONS: [&str; 3] = ["sent_after_opt_out_rate", "outside_window_rate", "without_opt_in_rate"];
/// Weeks after which a raised alert is over if its segment is not seen any more.
const UNSEEN_BY_DAY: u32 = 1;
const UNSEEN_BY_WEEK: u32 = 2;

/// Columns with their values.
type Segment = BTreeMap<String, Option<String>>;

/// What one segment counted in each period, by the period's first day.
type Course = BTreeMap<Date, (Rate, Bound)>;

/// Refuses metrics that have no share for each period, and breakdowns that they do not have.
pub(super) fn check(alert: &Alert) -> Result<()> {
    for metric in metrics_of(alert) {
        let known = Metric::find(metric)?;
        if !known.is_rate() {
            let message =
                format!("alert '{}': '{metric}' counts how often each value was seen; alerts judge rates", alert.name);
            return Err(Error::Usage(message));
        }
        if known.table == "contact_months" {
            let message = format!("alert '{}': '{metric}' counts whole months, which have no days", alert.name);
            return Err(Error::Usage(message));
        }
        if let Some(grain) = facts::grain(&known.table) {
            segment::check(grain, &columns(alert, Period::Day))?;
        }
    }
    Ok(())
}

/// The metrics that an alert counts.
fn metrics_of(alert: &Alert) -> Vec<&str> {
    match &alert.condition {
        Condition::Limit { rate, .. } | Condition::Change { rate, .. } => vec![&rate.metric],
        Condition::Violations => VIOLATIONS.into(),
        Condition::Silent { .. } | Condition::Rejects(_) => Vec::new(),
    }
}

/// What its metrics are broken down by: the period last.
fn columns(alert: &Alert, period: Period) -> Vec<String> {
    alert
        .by
        .iter()
        .chain(alert.only.keys())
        .map(String::as_str)
        .chain([periods::column(period)])
        .map(str::to_owned)
        .collect()
}

/// An alert with the period that is to be judged.
struct Due<'n> {
    alert: &'n Alert,
    period: Period,
    newest: Date,
    /// The period judged last.
    known: Option<Date>,
}

impl<'n> Due<'n> {
    /// `None` if it is not about rates, or nothing is to be judged that was not judged yet.
    fn of(alert: &'n Alert, night: &Night<'_>, state: &State) -> Result<Option<Self>> {
        let windows = &night.config.windows;
        let (period, wait) = match &alert.condition {
            Condition::Limit { rate, .. } | Condition::Change { rate, .. } => (rate.period, settled(rate, windows)?),
            // What breaks a rule is known when it is sent.
            Condition::Violations => (Period::Day, 0),
            Condition::Silent { .. } | Condition::Rejects(_) => return Ok(None),
        };
        let Some(horizon) = night.horizon() else { return Ok(None) };
        let newest = periods::newest(period, horizon.saturating_sub(wait), &night.config.report.zone.0);
        let Some(newest) = newest else { return Ok(None) };
        let known = state.judged(&alert.name).and_then(|known| periods::parse(period, known));
        let is_new = known.is_none_or(|known| newest > known);
        Ok(is_new.then_some(Self { alert, period, newest, known }))
    }

    fn asks(&self) -> impl Iterator<Item = Ask> {
        let by = columns(self.alert, self.period);
        metrics_of(self.alert).into_iter().map(move |metric| Ask::broken_down(metric, by.clone()))
    }

    /// The oldest period that is looked at.
    fn oldest(&self) -> Option<Date> {
        match (&self.alert.condition, self.known) {
            (Condition::Change { weeks, .. }, _) => periods::before(self.newest, *weeks),
            // Violations of nights that were missed are told late rather than not at all.
            (Condition::Violations, Some(known)) => known.tomorrow().ok(),
            _ => Some(self.newest),
        }
    }

    fn judged(&self) -> Judged {
        let unseen = match (&self.alert.condition, self.period) {
            (Condition::Violations, _) => Some(self.newest),
            (_, Period::Day) => periods::before(self.newest, UNSEEN_BY_DAY),
            (_, Period::Week) => periods::before(self.newest, UNSEEN_BY_WEEK),
        };
        let text = |day| periods::text(self.period, day);
        let forgets_before = unseen.map(text).unwrap_or_default();
        Judged { name: self.alert.name.clone(), period: text(self.newest), forgets_before }
    }

    fn finding(&self, kind: Kind, segment: Segment, figures: Figures, verdict: Verdict) -> Finding {
        let period = periods::text(self.period, self.newest);
        Finding { name: self.alert.name.clone(), kind, segment, period, figures, verdict }
    }
}

/// How long after its end a period is judged: until the windows of what began in it have closed.
fn settled(rate: &Watched, windows: &Windows) -> Result<i64> {
    if let Some(wait) = rate.wait {
        return Ok(wait.0);
    }
    Ok(match Metric::find(&rate.metric)?.table.as_str() {
        "messages" => windows.reply.0.max(windows.attribution.0),
        "conversations" | "visits" => windows.decision().max(windows.session_gap.0),
        "opt_outs" => windows.attribution.0,
        _ => windows.session_gap.0,
    })
}

/// Judges every rate that is due, all in one pass over the store.
pub(super) fn judge(night: &Night<'_>, state: &State, findings: &mut Findings) -> Result<()> {
    let due = night.config.alert.iter().filter_map(|alert| Due::of(alert, night, state).transpose());
    let due: Vec<Due<'_>> = due.collect::<Result<_>>()?;
    if due.is_empty() {
        return Ok(());
    }
    let mut asks: Vec<Ask> = Vec::new();
    for ask in due.iter().flat_map(Due::asks) {
        if !asks.contains(&ask) {
            asks.push(ask);
        }
    }
    let zone = &night.config.report.zone.0;
    let since = due.iter().filter_map(Due::oldest).min().and_then(|day| periods::begins(day, zone));
    let settings = Settings::new(night.config, night.snapshot, since, night.until);
    let answers = metrics::answer(night.snapshot, &night.scope(&settings), &asks)?;
    let answers = Answers::new(&answers);
    for due in &due {
        let answer = |ask: Ask| answers.get(&ask);
        match &due.alert.condition {
            Condition::Violations => violations(due, due.asks().filter_map(answer), findings),
            condition => {
                for (segment, course) in due.asks().filter_map(answer).flat_map(|answer| courses(answer, due)) {
                    findings.found.extend(rate(due, condition, night.config.report.minimum, segment, &course));
                }
            }
        }
        findings.judged.push(due.judged());
    }
    Ok(())
}

/// The segments that are meant, with what they counted; what no channel can tell is left out.
fn courses(answer: &Answer, due: &Due<'_>) -> BTreeMap<Segment, Course> {
    let mut courses: BTreeMap<Segment, Course> = BTreeMap::new();
    for row in answer.rows.iter().filter(|row| row.measurable) {
        let Some((Some(period), values)) = row.segment.split_last() else { continue };
        let Some(day) = periods::parse(due.period, period) else { continue };
        let Some(rate) = row.counts.rate() else { continue };
        let segment: Segment = answer.by.iter().cloned().zip(values.iter().cloned()).collect();
        let is_meant =
            |(column, value): (&String, &String)| segment.get(column).and_then(Option::as_ref) == Some(value);
        if due.alert.only.iter().all(is_meant) {
            courses.entry(segment).or_default().insert(day, (rate, row.bound));
        }
    }
    courses
}

/// Judges the newest period of one segment; `None` if it says too little.
fn rate(due: &Due<'_>, condition: &Condition, minimum: u64, segment: Segment, course: &Course) -> Option<Finding> {
    let (rate, bound) = *course.get(&due.newest)?;
    let value = rate.value()?;
    let own = |watched: &Watched| Figures {
        metric: Some(watched.metric.clone()),
        numerator: rate.numerator,
        denominator: Some(rate.denominator),
        value: Some(value),
        interval: rate.interval(),
        bound,
        ..Figures::default()
    };
    let says_enough = |watched: &Watched| rate.denominator >= watched.minimum.unwrap_or(minimum).max(1);
    match condition {
        Condition::Limit { rate: watched, side, limit, certain } if says_enough(watched) => {
            // A ratio has no interval: it is as certain as it can be.
            let (low, high) = rate.interval().unwrap_or((value, value));
            let (is_beyond, is_certain) = match side {
                Side::Above => (value > *limit, low > *limit),
                Side::Below => (value < *limit, high < *limit),
            };
            let verdict = match (is_beyond, is_certain || !certain) {
                (true, true) => Verdict::Beyond,
                (true, false) => Verdict::Between,
                (false, _) => Verdict::Within,
            };
            let figures = Figures { limit: Some(*limit), ..own(watched) };
            Some(due.finding(Kind::Limit, segment, figures, verdict))
        }
        Condition::Change { rate: watched, side, weeks, least } if says_enough(watched) => {
            // What is no share has no chances.
            if rate.numerator > rate.denominator {
                return None;
            }
            let (groups, place) = history(due, *weeks, course);
            let day = ShareOfDay::of(&groups, place)?;
            let tail = day.tail(rate);
            let is_above = value > day.mean;
            let p = match side {
                None => (2.0 * tail).min(1.0),
                Some(Side::Above) if is_above => tail,
                Some(Side::Below) if !is_above => tail,
                Some(_) => 1.0,
            };
            let is_far = (value - day.mean).abs() >= least * day.mean;
            let verdict = if is_far { Verdict::Untested } else { Verdict::Within };
            let figures = Figures {
                expected: Some(day.mean),
                expected_range: Some(day.range(rate.denominator)),
                p: Some(p),
                ..own(watched)
            };
            Some(due.finding(Kind::Change, segment, figures, verdict))
        }
        _ => None,
    }
}

/// The periods before, those alike together, and the place of those that are like the newest.
fn history(due: &Due<'_>, weeks: u32, course: &Course) -> (Vec<Vec<Rate>>, usize) {
    let oldest = periods::before(due.newest, weeks).unwrap_or(due.newest);
    let before = course.range(oldest..due.newest).map(|(day, (rate, _))| (*day, *rate));
    match due.period {
        Period::Week => (vec![before.map(|(_, rate)| rate).collect()], 0),
        Period::Day => {
            let place = |day: Date| usize::from(day.weekday().to_monday_zero_offset().unsigned_abs());
            let mut groups = vec![Vec::new(); 7];
            for (day, rate) in before {
                if let Some(group) = groups.get_mut(place(day)) {
                    group.push(rate);
                }
            }
            (groups, place(due.newest))
        }
    }
}

/// Every rule that was broken since the last time.
fn violations<'a>(due: &Due<'_>, answers: impl Iterator<Item = &'a Answer>, findings: &mut Findings) {
    let oldest = due.oldest().unwrap_or(due.newest);
    for answer in answers {
        for (mut segment, course) in courses(answer, due) {
            let mut sum = Rate::default();
            course.range(oldest..=due.newest).for_each(|(_, (rate, _))| sum.add(*rate));
            let verdict = if sum.numerator > 0 { Verdict::Beyond } else { Verdict::Within };
            segment.insert("rule".to_owned(), Some(answer.metric.clone()));
            let figures = Figures {
                metric: Some(answer.metric.clone()),
                numerator: sum.numerator,
                denominator: Some(sum.denominator),
                value: sum.value(),
                interval: sum.interval(),
                ..Figures::default()
            };
            findings.found.push(due.finding(Kind::Violations, segment, figures, verdict));
        }
    }
}
