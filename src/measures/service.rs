//! Service: bot and people side by side, how soon they answer and whether the matter is done; and what is said of both under
//! every convention.

use super::table::Message;
use super::{Column, Measure, Row, Setting, Table, Value};
use crate::error::Result;
use crate::metrics::{Answers, Ask, Bound, Counts, Distribution};
use crate::statistics::survival::Observed;

/// The measure.
pub(super) static MEASURE: Measure = Measure { id: "service", asks, tables };

/// Those who answer: column, what the metrics are called after, and the convention of its times.
const SIDES: [(&str, &str, &str); 3] =
    [("bot", "bot", ""), ("human", "human", ""), ("human_business", "human", "@business")];

/// How soon: name of the row, and the convention of each side.
const LIMITS: [(&str, [Option<&str>; 3]); 4] = [
    ("service-within-1m", [Some("@1m"), Some("@1m"), Some("@business_1m")]),
    ("service-within-5m", [Some("@5m"), Some("@5m"), Some("@business_5m")]),
    ("service-within-1h", [Some("@1h"), Some("@1h"), Some("@business_1h")]),
    ("service-within-24h", [Some(""), Some(""), None]),
];

const RESOLVED: [(&str, &str); 2] =
    [("service-resolved", "resolution_rate"), ("service-resolved-or-silent", "resolution_rate@implied")];

/// What a first response and a resolution are called after which this share of the waits is over.
const QUANTILES: [(&str, &str, f64); 2] = [
    ("service-response-median", "service-resolution-median", 0.5),
    ("service-response-p90", "service-resolution-p90", 0.9),
];

const CONVENTIONS: [&str; 10] = [
    "containment_rate",
    "containment_rate@all",
    "containment_rate@no_callback",
    "handover_rate",
    "handover_rate@all",
    "fallback_rate",
    "fallback_rate@utterances",
    "fallback_rate@bot_replies",
    "bot_repeat_rate",
    "bot_repeat_rate@replies",
];

const HANDLED_BY: &str = "handled_by";

fn asks(setting: &Setting<'_>) -> Vec<Ask> {
    let mut asks: Vec<Ask> = CONVENTIONS.iter().map(|metric| setting.ask(metric, &[])).collect();
    for (place, (_, side, convention)) in SIDES.into_iter().enumerate() {
        asks.extend(
            ["response", "waiting"].map(|what| setting.ask(&format!("{side}_{what}_seconds{convention}"), &[])),
        );
        let limits = LIMITS.iter().filter_map(|(_, limits)| *limits.get(place)?);
        asks.extend(limits.map(|limit| setting.ask(&format!("{side}_response_rate{limit}"), &[])));
    }
    asks.extend(RESOLVED.map(|(_, metric)| setting.ask(metric, &[HANDLED_BY])));
    for convention in ["", "@business"] {
        let times = ["resolution_seconds", "unresolved_seconds"];
        asks.extend(times.map(|metric| setting.ask(&format!("{metric}{convention}"), &[HANDLED_BY])));
    }
    asks
}

#[expect(clippy::unnecessary_wraps, reason = "other measures can fail")]
fn tables(setting: &Setting<'_>, answers: &Answers<'_>) -> Result<Vec<Table>> {
    Ok(vec![sides(setting, answers), conventions(setting, answers)])
}

/// The values of the caller's columns.
type Segment = [Option<String>];

/// Bot and people side by side.
fn sides(setting: &Setting<'_>, answers: &Answers<'_>) -> Table {
    let mut rows = Vec::new();
    for row in answers.rows(&setting.ask("containment_rate@all", &[])) {
        let of = Of { setting, answers, segment: &row.segment };
        let waits = SIDES.map(|(_, side, times)| of.waits(side, times));
        let count = |value: &Value| if let Value::Count(n) = value { Some(*n) } else { None };
        let fewest = waits.iter().filter_map(count).filter(|n| *n > 0).min();
        let mut add = |what: &'static str, cells: [Value; 3]| {
            let names = row.segment.iter().map(|value| Value::name(value.as_deref()));
            let cells = names.chain([Value::word(what)]).chain(cells).collect();
            rows.push(Row { cells, n: fewest, immature: false });
        };
        add("service-waits", waits);
        for (what, limits) in LIMITS {
            let mut cells = SIDES.iter().zip(limits).map(|((_, side, _), limit)| {
                limit.map_or(Value::Unknown, |limit| of.rate(&format!("{side}_response_rate{limit}"), None))
            });
            add(what, std::array::from_fn(|_| cells.next().unwrap_or_default()));
        }
        for (what, _, share) in QUANTILES {
            let first = SIDES.map(|(_, side, times)| of.first_response(side, times, share));
            add(what, first);
        }
        for (what, metric) in RESOLVED {
            add(what, [of.rate(metric, Some("bot")), of.rate(metric, Some("human")), Value::Unknown]);
        }
        for (_, what, share) in QUANTILES {
            let resolution = SIDES.map(|(_, side, times)| of.resolution(side, times, share));
            add(what, resolution);
        }
    }
    let own = SIDES.map(|(name, ..)| Column::new(name));
    let columns = setting.by.iter().map(|name| Column::new(name)).chain([Column::new("what")]);
    Table {
        id: "sides",
        columns: columns.chain(own).collect(),
        rows,
        notes: vec![Message::of("service-sides.note")],
        ..Table::default()
    }
}

/// The answers about one segment.
#[derive(Clone, Copy)]
struct Of<'o> {
    setting: &'o Setting<'o>,
    answers: &'o Answers<'o>,
    segment: &'o Segment,
}

impl<'o> Of<'o> {
    /// What was counted, or what stands there instead; of conversations that this side handled, if one is named.
    fn counts(self, metric: &str, handler: Option<&str>) -> std::result::Result<(&'o Counts, Bound), Value> {
        let own: &[&str] = if handler.is_some() { &[HANDLED_BY] } else { &[] };
        let ask = self.setting.ask(metric, own);
        let is_asked = |values: &Segment| {
            let caller = values.iter().zip(self.segment).all(|(value, wanted)| value == wanted);
            let handled_by = ask.by.iter().zip(values).find(|(name, _)| *name == HANDLED_BY);
            caller
                && handler.is_none_or(|handler| handled_by.is_some_and(|(_, value)| value.as_deref() == Some(handler)))
        };
        match self.answers.rows(&ask).iter().find(|row| is_asked(&row.segment)) {
            Some(row) if row.measurable => Ok((&row.counts, row.bound)),
            Some(_) => Err(Value::Unmeasurable),
            None => Err(Value::Unknown),
        }
    }

    fn rate(self, metric: &str, handler: Option<&str>) -> Value {
        match self.counts(metric, handler) {
            Ok((Counts::Rate(rate), bound)) => Value::Rate { rate: *rate, bound },
            Ok(_) => Value::Unknown,
            Err(value) => value,
        }
    }

    fn distribution(self, metric: &str, handler: Option<&str>) -> std::result::Result<&'o Distribution, Value> {
        self.counts(metric, handler)?.0.distribution().ok_or(Value::Unknown)
    }

    fn waits(self, side: &str, times: &str) -> Value {
        let n = ["response", "waiting"].map(|what| self.distribution(&format!("{side}_{what}_seconds{times}"), None));
        match n {
            [Ok(answered), Ok(waiting)] => Value::Count(answered.n() + waiting.n()),
            [Err(value), _] | [_, Err(value)] => value,
        }
    }

    fn first_response(self, side: &str, times: &str, share: f64) -> Value {
        let [response, waiting] =
            ["response", "waiting"].map(|what| self.distribution(&format!("{side}_{what}_seconds{times}"), None));
        time(response, waiting, 0, share)
    }

    fn resolution(self, side: &str, times: &str, share: f64) -> Value {
        let [resolution, unresolved] =
            ["resolution", "unresolved"].map(|what| self.distribution(&format!("{what}_seconds{times}"), Some(side)));
        let never = match self.counts("resolution_rate", Some(side)) {
            Ok((Counts::Rate(rate), _)) => rate.denominator.saturating_sub(rate.numerator),
            _ => 0,
        };
        time(resolution, unresolved, never, share)
    }
}

/// After how long this share has ended, if those who have not yet go on as the others did, and some never end.
fn time(
    ended: std::result::Result<&Distribution, Value>,
    open: std::result::Result<&Distribution, Value>,
    never: u64,
    share: f64,
) -> Value {
    let (ended, open) = match (ended, open) {
        (Ok(ended), Ok(open)) => (ended, open),
        (Err(value), _) | (_, Err(value)) => return value,
    };
    let mut observed = Observed::new(1);
    ended.0.iter().for_each(|(&seconds, &count)| observed.ended(seconds, 0, count));
    open.0.iter().for_each(|(&seconds, &count)| observed.censored(seconds, count));
    observed.censored(i64::MAX, never);
    observed.lasting().reaches(1.0 - share).map_or(Value::Unknown, Value::Seconds)
}

/// What is said of both under every convention.
fn conventions(setting: &Setting<'_>, answers: &Answers<'_>) -> Table {
    let mut rows = Vec::new();
    for row in answers.rows(&setting.ask("containment_rate@all", &[])) {
        let of = Of { setting, answers, segment: &row.segment };
        for metric in CONVENTIONS {
            let value = of.rate(metric, None);
            let n = if let Value::Rate { rate, .. } = value { Some(rate.denominator) } else { None };
            let names = row.segment.iter().map(|value| Value::name(value.as_deref()));
            let own = [Value::Metric(metric.to_owned()), value, Value::Meaning(metric.to_owned())];
            rows.push(Row { cells: names.chain(own).collect(), n, immature: false });
        }
    }
    let own = ["metric", "value", "meaning"].map(Column::new);
    Table {
        id: "conventions",
        columns: setting.by.iter().map(|name| Column::new(name)).chain(own).collect(),
        rows,
        ..Table::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distribution(values: &[i64]) -> Distribution {
        let mut distribution = Distribution::default();
        for &value in values {
            *distribution.0.entry(value).or_default() += 1;
        }
        distribution
    }

    #[test]
    fn who_still_waits_counts_for_as_long_as_they_have_waited() {
        // Freireich et al. 1963, remission in weeks under 6-MP: the median by Kaplan and Meier is 23 (R: survfit(Surv(time,
        // status) ~ 1)); of those alone that ended it would be 10.
        let ended = distribution(&[6, 6, 6, 7, 10, 13, 16, 22, 23]);
        let open = distribution(&[6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]);
        assert_eq!(time(Ok(&ended), Ok(&open), 0, 0.5), Value::Seconds(23));
        assert_eq!(ended.quantile(0.5), Some(10));
        // Nine in ten never end within what was seen.
        assert_eq!(time(Ok(&ended), Ok(&open), 0, 0.9), Value::Unknown);
    }

    #[test]
    fn without_anybody_waiting_it_is_the_plain_median_and_who_never_ends_stays() {
        let (ended, nobody) = (distribution(&[10, 20, 30, 40]), Distribution::default());
        assert_eq!(time(Ok(&ended), Ok(&nobody), 0, 0.5), Value::Seconds(20));
        // With two more that never end, half of six is the third.
        assert_eq!(time(Ok(&ended), Ok(&nobody), 2, 0.5), Value::Seconds(30));
        assert_eq!(time(Err(Value::Unmeasurable), Ok(&nobody), 0, 0.5), Value::Unmeasurable);
    }
}
