//! Alerts in the words of a language. Judges nothing.

use jiff::tz::TimeZone;

use super::{Alert, Figures, Kind, Standing};
use crate::event::Time;
use crate::measures::Value;
use crate::measures::table::Message;
use crate::metrics::Metric;
use crate::report::Language;
use crate::report::text::printable;

/// An alert in one sentence, with its name and what it holds for.
pub(super) fn tell(alert: &Alert, language: Language, zone: &TimeZone) -> String {
    let words = Words { alert, language, zone };
    let sentence = match alert.state {
        Standing::Raised => words.raised(),
        Standing::Cleared => words.cleared(),
    };
    let subject = Value::Text(words.subject());
    language.message(&Message::of("alert-says").with("subject", subject).with("sentence", Value::Text(sentence)))
}

/// The heading of several alerts: how many, and their names.
pub(super) fn heading(alerts: &[&Alert], language: Language) -> String {
    let count = |state| alerts.iter().filter(|alert| alert.state == state).count() as u64;
    let (raised, cleared) = (count(Standing::Raised), count(Standing::Cleared));
    let mut names: Vec<&str> = alerts.iter().map(|alert| alert.name.as_str()).collect();
    names.dedup();
    let message = match (raised, cleared) {
        (_, 0) => Message::of("alert-subject-raised").with("raised", Value::Count(raised)),
        (0, _) => Message::of("alert-subject-cleared").with("cleared", Value::Count(cleared)),
        _ => Message::of("alert-subject-both")
            .with("raised", Value::Count(raised))
            .with("cleared", Value::Count(cleared)),
    };
    language.message(&message.with("names", Value::Text(names.join(", "))))
}

struct Words<'a> {
    alert: &'a Alert,
    language: Language,
    zone: &'a TimeZone,
}

impl Words<'_> {
    /// Name and segment.
    fn subject(&self) -> String {
        let name = Value::Text(self.alert.name.clone());
        let of_column = |(column, value): (&String, &Option<String>)| {
            let title = match column.as_str() {
                // The sentence names the rule.
                "rule" => return None,
                column => self.language.column(column),
            };
            let value = Value::Text(printable(&self.language.named(column, value.as_deref())));
            let message = Message::of("alert-segment").with("column", Value::Text(title)).with("value", value);
            Some(Value::Message(message))
        };
        let mut values = self.alert.segment.iter().filter_map(of_column).peekable();
        if values.peek().is_none() {
            return self.alert.name.clone();
        }
        let segment = Message::list(values);
        self.language.message(&Message::of("alert-of").with("name", name).with("segment", segment))
    }

    fn raised(&self) -> String {
        let figures = &self.alert.figures;
        let limit = figures.limit.unwrap_or_default();
        let message = match self.alert.kind {
            Kind::Limit if figures.value.is_some_and(|value| value > limit) => self.limit(Message::of("alert-above")),
            Kind::Limit => self.limit(Message::of("alert-below")),
            Kind::Change => {
                let (low, high) = figures.expected_range.unwrap_or_default();
                self.rate(Message::of("alert-change"))
                    .with("expected", self.percent(figures.expected.unwrap_or_default()))
                    .with("low", self.percent(low))
                    .with("high", self.percent(high))
            }
            Kind::Silent => Message::of("alert-silent")
                .with("n", Value::Count(figures.numerator))
                .with("expected", Value::Text(self.language.decimal(figures.expected.unwrap_or_default()))),
            Kind::Rejects => {
                // A limit of one and more is a count of records.
                let limit = if limit < 1.0 { self.percent(limit) } else { Value::Text(format!("{limit:.0}")) };
                self.rate(Message::of("alert-rejects")).with("limit", limit)
            }
            Kind::Violations => {
                Message::of("alert-violations").with("n", Value::Count(figures.numerator)).with("metric", self.metric())
            }
        };
        self.language.message(&message.with("period", self.period(&self.alert.period)))
    }

    fn cleared(&self) -> String {
        let Figures { value, denominator, numerator, .. } = self.alert.figures;
        let message = match (self.alert.kind, value, denominator) {
            (Kind::Silent, ..) if numerator > 0 => Message::of("alert-over-silent").with("n", Value::Count(numerator)),
            (_, Some(_), Some(_)) => self.rate(Message::of("alert-over")),
            _ => Message::of("alert-over-unseen"),
        };
        let message = message.with("period", self.period(&self.alert.period));
        self.language.message(&message.with("since", self.period(&self.alert.since)))
    }

    fn limit(&self, message: Message) -> Message {
        let figures = &self.alert.figures;
        let interval = figures.interval.map(|(low, high)| {
            let [low, high] = [low, high].map(|share| self.language.percent(share));
            format!("{low}–{high}")
        });
        self.rate(message)
            .with("interval", Value::Text(interval.unwrap_or_else(|| crate::report::text::NONE.to_owned())))
            .with("limit", self.percent(figures.limit.unwrap_or_default()))
    }

    /// With the rate that was seen.
    fn rate(&self, message: Message) -> Message {
        let figures = &self.alert.figures;
        let value = figures.value.map(|value| self.language.bounded(figures.bound, self.language.percent(value)));
        let counts = self.language.of(figures.numerator, figures.denominator.unwrap_or_default());
        message
            .with("metric", self.metric())
            .with("value", Value::Text(value.unwrap_or_else(|| crate::report::text::NONE.to_owned())))
            .with("counts", Value::Text(counts))
    }

    fn percent(&self, share: f64) -> Value {
        Value::Text(self.language.percent(share))
    }

    fn metric(&self) -> Value {
        let id = self.alert.figures.metric.clone().unwrap_or_default();
        let name = Metric::find(&id).map(|metric| metric.words(self.language.code()).name.to_owned());
        Value::Text(name.unwrap_or(id))
    }

    /// Days and instants as people write them.
    fn period(&self, period: &str) -> Value {
        let instant =
            period.parse::<jiff::Timestamp>().map(|at| self.language.instant(Time(at.as_microsecond()), self.zone));
        Value::Text(match (self.alert.kind, instant) {
            (Kind::Rejects, _) => {
                let version = Value::Text(period.to_owned());
                self.language.message(&Message::of("alert-version").with("version", version))
            }
            (_, Ok(instant)) => instant,
            // Breakdowns by day are written out where they are filled in.
            (_, Err(_)) => period.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn alert(kind: Kind, state: Standing, period: &str, figures: Figures) -> Alert {
        Alert {
            name: "Click rate".into(),
            kind,
            state,
            segment: BTreeMap::from([("channel".to_owned(), Some("whatsapp".to_owned()))]),
            period: period.into(),
            since: period.into(),
            figures,
            text: String::new(),
        }
    }

    fn told(language: Language, alert: &Alert) -> String {
        tell(alert, language, &TimeZone::UTC).replace('\u{202f}', " ")
    }

    #[test]
    fn an_alert_says_what_was_seen_and_what_was_to_be_expected() {
        let figures = Figures {
            metric: Some("click_rate".into()),
            numerator: 30,
            denominator: Some(1_000),
            value: Some(0.03),
            expected: Some(0.06),
            expected_range: Some((0.045, 0.078)),
            ..Figures::default()
        };
        let change = alert(Kind::Change, Standing::Raised, "2026-05-04", figures);
        assert_eq!(
            told(Language::En, &change),
            "Click rate (Channel whatsapp): Click rate was 3.0 % (30 of 1 000) in the period 4 May 2026; the weeks before let \
             6.0 % be expected, between 4.5 % and 7.8 %."
        );
        assert_eq!(
            told(Language::De, &change),
            "Click rate (Kanal whatsapp): Klickrate lag im Zeitraum 4. Mai 2026 bei 3,0 % (30 von 1.000); nach den Wochen davor \
             waren 6,0 % zu erwarten, zwischen 4,5 % und 7,8 %."
        );
        assert_eq!(heading(&[&change], Language::De), "1 Warnung: Click rate");
    }

    #[test]
    fn silence_and_its_end_are_told_with_the_clock_of_the_zone() {
        let figures = Figures { expected: Some(41.2), ..Figures::default() };
        let silent = alert(Kind::Silent, Standing::Raised, "2026-05-04T09:30:00Z", figures);
        assert_eq!(
            told(Language::En, &silent),
            "Click rate (Channel whatsapp): no event until 4 May 2026, 09:30; the weeks before let about 41.2 be expected."
        );
        let back = Figures { numerator: 7, ..Figures::default() };
        let over = alert(Kind::Silent, Standing::Cleared, "2026-05-05T09:30:00Z", back);
        assert!(told(Language::De, &over).contains("es kommen wieder Ereignisse (7)"), "{}", told(Language::De, &over));
        assert_eq!(heading(&[&silent, &over], Language::En), "1 warning, 1 over: Click rate");
        let unseen = alert(Kind::Limit, Standing::Cleared, "2026-05-05", Figures::default());
        assert!(told(Language::En, &unseen).contains("nothing of it was seen any more"), "{unseen:?}");
    }
}
