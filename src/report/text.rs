//! Numbers, times and names as people read them. The only place where a number becomes text.
//!
//! Knows nothing of markup: what it returns is plain Unicode.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::model::{Figure, Share, Spread};
use crate::event::Time;
use crate::measures::Value;
use crate::measures::send_time::WEEKDAYS;
use crate::measures::table::each;
use crate::rate::Bound;

/// Stands where there is no value: nothing could have happened.
pub const NONE: &str = "–";
/// U+202F: parts a number from its unit, in English also thousands, without a line break.
pub(super) const THIN: char = '\u{202f}';

/// The language of a report: its words, and how numbers and dates are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// `59.3 %`, `4 May 2026`.
    #[default]
    En,
    /// `59,3 %`, `4. Mai 2026`.
    De,
}

impl Language {
    /// A count with a mark before every three digits: `48 310`, `48.310`.
    #[must_use]
    pub fn count(self, count: u64) -> String {
        let mark = if self == Self::De { '.' } else { THIN };
        let digits = count.to_string();
        let mut text = String::with_capacity(digits.len() * 2);
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                text.push(mark);
            }
            text.push(digit);
        }
        text
    }

    /// A count, or the mark for a value that cannot be measured.
    #[must_use]
    pub fn count_or_unmeasurable(self, count: Option<u64>) -> String {
        count.map_or_else(|| self.say("unmeasurable"), |count| self.count(count))
    }

    /// A share with one decimal: `59.3 %`. What is not quite nothing or not quite all never reads as 0.0 or 100.0.
    #[must_use]
    pub fn percent(self, share: f64) -> String {
        let percent = share * 100.0;
        let text = if percent > 0.0 && percent < 0.05 {
            format!("<{}", self.decimal(0.1))
        } else if (99.95..100.0).contains(&percent) {
            format!(">{}", self.decimal(99.9))
        } else {
            self.decimal(percent)
        };
        format!("{text}{THIN}%")
    }

    /// A share in whole percent, for axes.
    #[must_use]
    pub fn tick(self, share: f64) -> String {
        let percent = share * 100.0;
        let whole = (percent - percent.round()).abs() < 1e-9;
        let number = if whole { format!("{percent:.0}") } else { self.decimal(percent) };
        format!("{number}{THIN}%")
    }

    /// The value of a figure.
    #[must_use]
    pub fn value(self, figure: Option<&Figure>) -> String {
        match figure {
            Some(figure) if !figure.measurable => self.say("unmeasurable"),
            Some(Figure { value: Some(share), bound, .. }) => self.bounded(*bound, self.percent(*share)),
            _ => NONE.to_owned(),
        }
    }

    /// A value, with the sign of a bound if it is one.
    #[must_use]
    pub fn bounded(self, bound: Bound, value: String) -> String {
        match bound {
            Bound::Exact => value,
            Bound::Least => format!("≥{THIN}{value}"),
            Bound::Most => format!("≤{THIN}{value}"),
        }
    }

    /// The interval of a figure: `57.1–61.4 %`. Empty where there is none.
    #[must_use]
    pub fn interval(self, figure: Option<&Figure>) -> String {
        figure.map_or_else(String::new, |figure| self.between(figure.low, figure.high))
    }

    fn between(self, low: Option<f64>, high: Option<f64>) -> String {
        match (low, high) {
            (Some(low), Some(high)) => {
                format!("{}–{}{THIN}%", self.decimal(low * 100.0), self.decimal(high * 100.0))
            }
            _ => String::new(),
        }
    }

    /// The counts of a figure: `570 of 961`. Empty where nothing can be measured.
    #[must_use]
    pub fn fraction(self, figure: Option<&Figure>) -> String {
        match figure.filter(|figure| figure.measurable) {
            Some(figure) => self.of(figure.numerator, figure.denominator),
            None => String::new(),
        }
    }

    /// The counts of a share: `570 of 961`.
    #[must_use]
    pub fn of(self, numerator: u64, denominator: u64) -> String {
        self.say_with("of", &[("part", self.count(numerator).into()), ("whole", self.count(denominator).into())])
    }

    /// A value in a column of a measure: the value, its interval, its counts.
    #[must_use]
    pub fn written_in(self, column: &str, value: &Value) -> [String; 3] {
        match value {
            Value::Name(value) => [self.named(column, value.as_deref()), String::new(), String::new()],
            value => self.written(value),
        }
    }

    /// A value of a measure in no column: the value, its interval, its counts.
    #[must_use]
    pub fn written(self, value: &Value) -> [String; 3] {
        let plain = |text: String| [text, String::new(), String::new()];
        let between = |interval: &Option<(f64, f64)>, write: &dyn Fn(f64) -> String| {
            interval.map_or_else(String::new, |(low, high)| self.range(write(low), write(high)))
        };
        match value {
            Value::Unknown => plain(NONE.to_owned()),
            Value::Unmeasurable => plain(self.say("unmeasurable")),
            Value::Name(value) => plain(self.name(value.as_deref())),
            Value::Metric(text) | Value::Meaning(text) | Value::Text(text) => plain(printable(text)),
            Value::Column(name) => plain(self.column(name)),
            Value::Message(message) => plain(self.message(message)),
            Value::Flag(flag) => plain(self.say(if *flag { "yes" } else { "no" })),
            Value::Count(count) => plain(self.count(*count)),
            Value::Rate { rate, bound } => {
                let interval = rate.interval();
                [
                    rate.value().map_or_else(|| NONE.to_owned(), |value| self.bounded(*bound, self.percent(value))),
                    self.between(interval.map(|(low, _)| low), interval.map(|(_, high)| high)),
                    self.of(rate.numerator, rate.denominator),
                ]
            }
            Value::Share { value, interval } => [
                self.percent(*value),
                self.between(interval.map(|(low, _)| low), interval.map(|(_, high)| high)),
                String::new(),
            ],
            Value::Points { value, interval } => {
                let points = |share: f64| self.signed(share * 100.0);
                [
                    format!("{}{THIN}{}", points(*value), self.say("percentage-points")),
                    between(interval, &points),
                    String::new(),
                ]
            }
            Value::Number { value, interval } => {
                let number = |number: f64| self.decimal(number);
                [number(*value), between(interval, &number), String::new()]
            }
            Value::Probability(p) => plain(self.probability(*p)),
            Value::Verdict { value, interval, q, differs } => plain(self.verdict(*value, *interval, *q, *differs)),
            Value::Seconds(seconds) => plain(self.duration(*seconds)),
            Value::Money { micros, currency, lower_bound } => {
                plain(self.bounded(Bound::least_if(*lower_bound), self.money(*micros, currency)))
            }
            Value::UnitCost { micros, currency, count, lower_bound } => {
                let Some(each) = each(*micros, *count) else { return plain(NONE.to_owned()) };
                let of = format!("{} / {}", self.money(*micros, currency), self.count(*count));
                [self.bounded(Bound::least_if(*lower_bound), self.money(each, currency)), String::new(), of]
            }
            Value::Instant(time) => plain(self.instant(*time, &TimeZone::UTC) + " UTC"),
        }
    }

    /// A number that always shows its sign: `+2.1`, `−0.4`.
    fn signed(self, number: f64) -> String {
        let text = self.decimal(number.abs());
        let is_zero = text.chars().all(|c| !c.is_ascii_digit() || c == '0');
        match (is_zero, number < 0.0) {
            (true, _) => text,
            (false, true) => format!("−{text}"),
            (false, false) => format!("+{text}"),
        }
    }

    /// Whether a difference is one, in a sentence.
    fn verdict(self, value: f64, interval: Option<(f64, f64)>, q: f64, differs: bool) -> String {
        let text = self.probability(q);
        let q = text.strip_prefix('<').map_or_else(|| format!("q = {text}"), |least| format!("q < {least}"));
        if !differs {
            return self.say_with("same", &[("q", q.into())]);
        }
        // Below the baseline, the ends of the interval are sizes too, and the smaller one comes first.
        let size = |share: f64| self.decimal(100.0 * share.abs());
        let sign = if value > 0.0 { 1.0 } else { -1.0 };
        let between = interval.map(|(low, high)| {
            let (near, far) = if value > 0.0 { (low, high) } else { (high, low) };
            // An interval that holds zero reaches to the other side.
            let minus = if near * sign < 0.0 { "−" } else { "" };
            format!(" ({})", self.range(format!("{minus}{}", size(near)), size(far)))
        });
        let (size, between) = (size(value), between.unwrap_or_default());
        let key = if value > 0.0 { "higher" } else { "lower" };
        self.say_with(key, &[("size", size.into()), ("between", between.into()), ("q", q.into())])
    }

    /// The ends of an interval: `57.1 to 61.4`.
    fn range(self, low: String, high: String) -> String {
        self.say_with("range", &[("low", low.into()), ("high", high.into())])
    }

    /// A probability with three digits after the point; what is smaller is `<0.001`.
    fn probability(self, p: f64) -> String {
        let text = if p < 0.001 { "<0.001".to_owned() } else { format!("{p:.3}") };
        match self {
            Self::En => text,
            Self::De => text.replace('.', ","),
        }
    }

    /// A sum of money, to the cent if it is one or more, else with four digits: `12.30 EUR`, `0.0700 EUR`.
    #[must_use]
    pub fn money(self, micros: i64, currency: &str) -> String {
        let (sign, size) = (if micros < 0 { "−" } else { "" }, micros.unsigned_abs());
        // Half a step is rounded away from zero.
        let (step, digits) = if size >= 1_000_000 || size == 0 { (10_000, 2) } else { (100, 4) };
        let steps = (size + step / 2) / step;
        let per_unit = 1_000_000 / step;
        let mark = if self == Self::De { ',' } else { '.' };
        let (whole, part) = (steps / per_unit, steps % per_unit);
        format!("{sign}{}{mark}{part:0digits$}{THIN}{}", self.count(whole), printable(currency))
    }

    /// The value, interval and counts of a share of a funnel.
    #[must_use]
    pub fn share(self, share: &Share) -> [String; 3] {
        [
            share.value.map_or_else(|| NONE.to_owned(), |value| self.percent(value)),
            self.between(share.low, share.high),
            self.of(share.numerator, share.denominator),
        ]
    }

    /// A length of time in its two largest units: `4 min 12 s`, `2 h 5 min`, `3 d 4 h`.
    #[must_use]
    pub fn duration(self, seconds: i64) -> String {
        let sign = if seconds < 0 { "−" } else { "" };
        let total = seconds.unsigned_abs();
        let (large, large_unit, small, small_unit) = match total {
            0..60 => return format!("{sign}{total}{THIN}s"),
            60..3600 => (total / 60, "min", total % 60, "s"),
            3600..86400 => (total / 3600, "h", total % 3600 / 60, "min"),
            _ => (total / 86400, "d", total % 86400 / 3600, "h"),
        };
        let rest = if small == 0 { String::new() } else { format!(" {small}{THIN}{small_unit}") };
        format!("{sign}{}{THIN}{large_unit}{rest}", self.count(large))
    }

    /// A length of time, or what stands for none.
    #[must_use]
    pub fn duration_or_none(self, seconds: Option<i64>) -> String {
        seconds.map_or_else(|| NONE.to_owned(), |seconds| self.duration(seconds))
    }

    /// A quantile of a spread.
    #[must_use]
    pub fn quantile(self, spread: Option<&Spread>, pick: fn(&Spread) -> Option<i64>) -> String {
        match spread {
            Some(spread) if !spread.measurable => self.say("unmeasurable"),
            Some(spread) => self.duration_or_none(pick(spread)),
            None => NONE.to_owned(),
        }
    }

    /// A segment's value, or what stands for an unknown one.
    #[must_use]
    pub fn name(self, value: Option<&str>) -> String {
        match value {
            Some(value) if value.trim().is_empty() => self.say("empty-name"),
            Some(value) => printable(value),
            None => self.say("unknown-name"),
        }
    }

    /// A value of a column. Where the program calls values by numbers or words of its own, in words.
    #[must_use]
    pub fn named(self, column: &str, value: Option<&str>) -> String {
        let weekday = || value?.parse::<usize>().ok()?.checked_sub(1).and_then(|place| WEEKDAYS.get(place));
        match (column, value) {
            ("weekday" | "local_weekday", value) => weekday().map_or_else(|| self.name(value), |key| self.say(key)),
            ("basis", Some("first_contact")) => self.say("basis-first-contact"),
            ("basis", Some("opt_in")) => self.say("basis-opt-in"),
            (_, value) => self.name(value),
        }
    }

    /// A day as `4 May 2026`. What is not a day stays as it is.
    #[must_use]
    pub fn day(self, day: &str) -> String {
        match day.parse::<Date>() {
            Ok(date) => format!("{} {}", self.day_of_month(date), date.year()),
            Err(_) => day.to_owned(),
        }
    }

    /// A day as `4 May`, for axes.
    #[must_use]
    pub fn short_day(self, day: &str) -> String {
        day.parse::<Date>().map_or_else(|_| day.to_owned(), |date| self.day_of_month(date))
    }

    /// An instant on the clocks of a zone: `4 May 2026, 09:30`. Seconds only where they are not zero.
    #[must_use]
    pub fn instant(self, time: Time, zone: &TimeZone) -> String {
        let Ok(timestamp) = jiff::Timestamp::from_microsecond(time.0) else { return NONE.to_owned() };
        let zoned = timestamp.to_zoned(zone.clone());
        let date = format!("{} {}", self.day_of_month(zoned.date()), zoned.year());
        let seconds = if zoned.second() == 0 { String::new() } else { format!(":{:02}", zoned.second()) };
        format!("{date}, {:02}:{:02}{seconds}", zoned.hour(), zoned.minute())
    }

    fn day_of_month(self, date: Date) -> String {
        const EN: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        const DE: [&str; 12] =
            ["Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sep.", "Okt.", "Nov.", "Dez."];
        let (names, dot) = match self {
            Self::En => (EN, ""),
            Self::De => (DE, "."),
        };
        let month = usize::try_from(date.month() - 1).ok().and_then(|index| names.get(index)).copied();
        format!("{}{dot} {}", date.day(), month.unwrap_or_default())
    }

    /// One decimal, with the language's mark.
    #[must_use]
    pub fn decimal(self, number: f64) -> String {
        let text = format!("{number:.1}");
        match self {
            Self::En => text,
            Self::De => text.replace('.', ","),
        }
    }
}

/// The text on one line and without control characters, which XML forbids and which could turn a page's text around.
#[must_use]
pub fn printable(text: &str) -> String {
    let hostile = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}');
    text.chars()
        .map(|c| {
            if c.is_whitespace() {
                ' '
            } else if c.is_control() || hostile(c) {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

/// Characters of a name that a page shows.
pub(super) const LONGEST_NAME: usize = 120;

/// The name if it is not longer than so many characters, else its beginning and an ellipsis: a page must not grow with the
/// longest name in a log.
#[must_use]
pub fn cut(name: &str, longest: usize) -> String {
    match name.char_indices().nth(longest) {
        Some((end, _)) => name.get(..end).map_or_else(String::new, |start| format!("{}…", start.trim_end())),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Rate;

    use Language::{De, En};

    fn figure(numerator: u64, denominator: u64, measurable: bool) -> Figure {
        Figure::new("open_rate", Rate { numerator, denominator }, measurable, Bound::Exact)
    }

    #[test]
    fn counts_are_parted_in_thousands() {
        for (count, expected) in [(0, "0"), (999, "999"), (1000, "1 000"), (48_310, "48 310"), (1_234_567, "1 234 567")]
        {
            assert_eq!(En.count(count), expected.replace(' ', "\u{202f}"));
            assert_eq!(De.count(count), expected.replace(' ', "."));
        }
    }

    #[test]
    fn shares_are_percent_with_one_decimal() {
        for (share, english, german) in [
            (0.0, "0.0 %", "0,0 %"),
            (0.0004, "<0.1 %", "<0,1 %"),
            (0.0006, "0.1 %", "0,1 %"),
            (0.593, "59.3 %", "59,3 %"),
            (0.9996, ">99.9 %", ">99,9 %"),
            (1.0, "100.0 %", "100,0 %"),
            (1.25, "125.0 %", "125,0 %"),
        ] {
            assert_eq!(En.percent(share), english.replace(' ', "\u{202f}"));
            assert_eq!(De.percent(share), german.replace(' ', "\u{202f}"));
        }
    }

    #[test]
    fn axes_show_whole_percent_where_they_can() {
        assert_eq!(En.tick(0.25), "25\u{202f}%");
        assert_eq!(De.tick(0.025), "2,5\u{202f}%");
    }

    #[test]
    fn a_bound_says_on_which_side_the_true_value_lies() {
        let written =
            |bound| En.written(&Value::Rate { rate: Rate { numerator: 1, denominator: 4 }, bound })[0].clone();
        let expected = ["25.0_%", "≥_25.0_%", "≤_25.0_%"].map(|text| text.replace('_', "\u{202f}"));
        assert_eq!([Bound::Exact, Bound::Least, Bound::Most].map(written), expected);
    }

    #[test]
    fn what_cannot_be_measured_differs_from_what_has_no_value() {
        assert_eq!(En.value(Some(&figure(0, 0, false))), "n/a");
        assert_eq!(En.value(Some(&figure(3, 9, false))), "n/a");
        assert_eq!(En.value(Some(&figure(0, 0, true))), "–");
        assert_eq!(En.value(None), "–");
        assert_eq!(En.fraction(Some(&figure(3, 9, false))), "");
        assert_eq!(En.fraction(Some(&figure(0, 0, true))), "0 of 0");
        assert_eq!(De.fraction(Some(&figure(3, 9, true))), "3 von 9");
    }

    #[test]
    fn shares_of_funnels_read_like_figures() {
        let [value, interval, counts] = De.share(&Share::new(Rate { numerator: 81, denominator: 263 }));
        assert_eq!((value.as_str(), counts.as_str()), ("30,8\u{202f}%", "81 von 263"));
        assert_eq!(interval, De.interval(Some(&figure(81, 263, true))));
        assert_eq!(En.share(&Share::new(Rate::default())), ["–", "", "0 of 0"]);
        assert_eq!(En.duration_or_none(None), "–");
    }

    #[test]
    fn intervals_share_one_sign() {
        assert_eq!(En.interval(Some(&figure(81, 263, true))), "25.5–36.6\u{202f}%");
        assert_eq!(De.interval(Some(&figure(0, 20, true))), "0,0–16,1\u{202f}%");
        assert_eq!(En.interval(Some(&figure(0, 0, true))), "");
        assert_eq!(En.interval(Some(&figure(81, 263, false))), "");
    }

    #[test]
    fn durations_show_two_units() {
        for (seconds, english) in [
            (0, "0_s"),
            (59, "59_s"),
            (60, "1_min"),
            (252, "4_min 12_s"),
            (3600, "1_h"),
            (7500, "2_h 5_min"),
            (90_000, "1_d 1_h"),
            (i64::MAX, "106_751_991_167_300_d 15_h"),
            (-5, "−5_s"),
        ] {
            assert_eq!(En.duration(seconds), english.replace('_', "\u{202f}"));
        }
        assert_eq!(De.duration(90_000), "1\u{202f}d 1\u{202f}h");
    }

    #[test]
    fn values_of_measures_are_written_with_what_they_rest_on() {
        let thin = |text: &str| text.replace('_', "\u{202f}");
        let interval = Some((-0.004, 0.038));
        assert_eq!(En.written(&Value::Points { value: 0.021, interval }), [&thin("+2.1_pp"), "−0.4 to +3.8", ""]);
        let verdict = |value, interval, q, differs| Value::Verdict { value, interval, q, differs };
        let higher = verdict(0.021, Some((0.004, 0.038)), 0.03, true);
        assert_eq!(En.written(&higher)[0], "higher by 2.1 percentage points (0.4 to 3.8), q = 0.030");
        let lower = verdict(-0.021, Some((-0.038, -0.004)), 0.0, true);
        assert_eq!(De.written(&lower)[0], "um 2,1 Prozentpunkte niedriger (0,4 bis 3,8), q < 0,001");
        assert_eq!(En.written(&verdict(0.02, None, 0.2, false))[0], "no difference beyond chance (q = 0.200)");
        assert_eq!(De.written(&Value::rate(1, 4))[2], "1 von 4");
        assert_eq!(En.written(&Value::Probability(0.000_4))[0], "<0.001");
        assert_eq!(De.written(&Value::Probability(0.031))[0], "0,031");
        assert_eq!(En.money(70_000, "EUR"), thin("0.0700_EUR"));
        assert_eq!(De.money(1_234_565_000, "EUR"), thin("1.234,57_EUR"));
        assert_eq!(En.money(-999_999, "EUR"), thin("−1.0000_EUR"));
        let cost = Value::UnitCost { micros: 12_300_000, currency: "EUR".into(), count: 164, lower_bound: true };
        assert_eq!(De.written(&cost), [&thin("≥_0,0750_EUR"), "", &thin("12,30_EUR / 164")]);
    }

    #[test]
    fn days_and_instants_are_read_in_a_zone() {
        assert_eq!(En.day("2026-05-04"), "4 May 2026");
        assert_eq!(De.day("2026-05-04"), "4. Mai 2026");
        assert_eq!(En.short_day("2026-12-31"), "31 Dec");
        assert_eq!(En.day("someday"), "someday");
        let berlin = jiff::tz::TimeZoneDatabase::bundled().get("Europe/Berlin").unwrap();
        let time = Time(1_777_879_800 * crate::event::SECOND);
        assert_eq!(En.instant(time, &TimeZone::UTC), "4 May 2026, 07:30");
        assert_eq!(De.instant(time, &berlin), "4. Mai 2026, 09:30");
    }

    #[test]
    fn columns_of_the_programs_own_words_are_read_in_plain_ones() {
        assert_eq!([En.named("weekday", Some("1")), De.named("local_weekday", Some("7"))], ["Monday", "Sonntag"]);
        assert_eq!([En.named("weekday", Some("8")), En.named("weekday", None)], ["8", "(unknown)"]);
        assert_eq!(
            [En.named("basis", Some("first_contact")), De.named("basis", Some("opt_in"))],
            ["first contact", "Einwilligung"]
        );
        // A campaign may be called anything.
        assert_eq!([En.named("campaign", Some("1")), En.named("campaign", Some("opt_in"))], ["1", "opt_in"]);
        let weekday = Value::name(Some("2"));
        assert_eq!(
            [En.written_in("weekday", &weekday), En.written_in("hour", &weekday)].map(|[text, ..]| text),
            ["Tuesday", "2"]
        );
    }

    #[test]
    fn names_keep_their_letters_and_lose_their_controls() {
        assert_eq!([En.name(None), De.name(None)], ["(unknown)", "(unbekannt)"]);
        assert_eq!([En.name(Some(" ")), De.name(Some(" "))], ["(empty)", "(leer)"]);
        assert_eq!(En.name(Some("春节\t促销\u{0}\u{202e}x")), "春节 促销\u{fffd}\u{fffd}x");
    }
}
