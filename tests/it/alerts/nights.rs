//! Nights: what was planted in logs is raised once and cleared once, and quiet nights stay quiet.
//!
//! The logs are made up here, day by day for months: the simulator's five campaigns have no course that could be watched.

use std::fmt::Write as _;

use jiff::ToSpan;
use jiff::civil::Date;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use trichter::alerts::{self, Alert, Arrivals, Night, Standing, State};
use trichter::config::Config;
use trichter::metrics::Rate;
use trichter::report::Language;
use trichter::statistics::difference::holm;
use trichter::statistics::dispersion::{CountOfDay, ShareOfDay};
use trichter::store::{AsOf, Snapshot, Store};

use crate::pipeline::Pipeline;

const FIRST: Date = Date::constant(2026, 1, 5);
/// Channels, and how busy they are.
const CHANNELS: [(&str, f64); 3] = [("messenger", 1.0), ("telegram", 1.3), ("whatsapp", 1.6)];

/// Chance that is the same every time.
struct Dice(ChaCha8Rng);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    fn share(&mut self) -> f64 {
        f64::from(self.0.next_u32()) / 4_294_967_296.0
    }

    /// About normal: the sum of twelve.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.share()).sum::<f64>() - 6.0
    }

    fn binomial(&mut self, n: u64, share: f64) -> u64 {
        (0..n).map(|_| u64::from(self.share() < share)).sum()
    }

    fn poisson(&mut self, mean: f64) -> u64 {
        let (mut product, mut n) = (self.share(), 0);
        while product > (-mean).exp() {
            product *= self.share();
            n += 1;
        }
        n
    }
}

/// A day of the world, counted from 0.
fn day(number: u32) -> Date {
    FIRST.checked_add(i64::from(number).days()).unwrap()
}

/// What is done to the world: the share of clicks that is left on a channel on a day, and whether there are messages.
type Harm = fn(&str, u32) -> (f64, u64);

fn nothing(_: &str, _: u32) -> (f64, u64) {
    (1.0, 1)
}

/// Logs of so many days: some hundred messages a day on each channel, few on Sundays; days differ by more than chance.
fn logs(days: u32, seed: u64, harm: Harm) -> String {
    let mut dice = Dice::new(seed);
    let mut text = String::new();
    for number in 0..days {
        let date = day(number);
        for (channel, size) in CHANNELS {
            let (clicks, messages) = harm(channel, number);
            let busy = if number % 7 == 6 { 40.0 } else { 100.0 } * size;
            let busy = busy * (0.15 * dice.normal()).exp();
            let n = dice.poisson(busy) * messages;
            let click = 0.5 * (0.06 * dice.normal()).exp() * clicks;
            for message in 0..n {
                let (hour, minute) = (7 + message % 14, message / 14 % 60);
                let id = format!("{channel}-{number}-{message}");
                let contact = format!("{channel}-{}", (u64::from(number) * 7 + message) % 400);
                let mut event = |kind: &str, minute: u64, more: &str| {
                    writeln!(
                        text,
                        r#"{{"kind":"{kind}","channel":"{channel}","account":"shop","contact_id":"{contact}","at":"{date}T{hour:02}:{minute:02}:{second:02}Z"{more}}}"#,
                        second = message % 60
                    )
                    .unwrap();
                };
                event("message_sent", minute, &format!(r#","message_id":"{id}""#));
                event("message_delivered", minute, &format!(r#","message_id":"{id}""#));
                if dice.share() < click {
                    event("button_clicked", (minute + 1) % 60, &format!(r#","reply_to":"{id}","event_id":"c-{id}""#));
                }
            }
        }
    }
    text
}

const WATCHED: &str = r#"
[[alert]]
name = "clicks"
metric = "click_rate"
by = ["channel"]
change = "any"
minimum = 10

[[alert]]
name = "delivery"
metric = "delivery_rate"
by = ["channel"]
change = "down"
minimum = 10

[[alert]]
name = "silence"
silent = "1d"
by = ["channel"]
"#;

/// A world with its store, and what its alerts say night by night.
struct World {
    pipeline: Pipeline,
    snapshot: Snapshot,
    state: State,
}

impl World {
    fn new(days: u32, seed: u64, config: &str, harm: Harm) -> Self {
        let pipeline = Pipeline::new(config);
        std::fs::write(pipeline.path("world.ndjson"), logs(days, seed, harm)).unwrap();
        pipeline.ingest("world.ndjson");
        let snapshot = Snapshot::of(&Store::open(&pipeline.path("store"), AsOf::Latest).unwrap()).unwrap();
        Self { pipeline, snapshot, state: State::default() }
    }

    fn config(&self) -> &Config {
        &self.pipeline.config
    }

    /// What the night before a day tells: it knows the log up to that day.
    fn night(&mut self, before: u32) -> Vec<Alert> {
        let until = day(before).in_tz("UTC").unwrap().timestamp().as_microsecond();
        let night = Night {
            snapshot: &self.snapshot,
            config: self.config(),
            until: Some(until),
            now: until,
            arrivals: Arrivals::Run(Rate::default()),
        };
        let findings = alerts::judge(&night, &self.state).unwrap();
        alerts::conclude(findings, &mut self.state, &self.pipeline.config, Language::En)
    }

    /// What so many nights tell, as `NIGHT NAME CHANNEL +` for raised and `-` for over.
    fn nights(&mut self, nights: impl Iterator<Item = u32>) -> Vec<String> {
        let mut told = Vec::new();
        for night in nights {
            for alert in self.night(night) {
                let mark = if alert.state == Standing::Raised { '+' } else { '-' };
                let segment: Vec<&str> = alert.segment.values().map(|value| value.as_deref().unwrap_or("?")).collect();
                told.push(format!("{night} {} {} {mark}", alert.name, segment.join(" ")));
            }
        }
        told
    }
}

/// On WhatsApp clicks are halved for four days; Telegram is silent for three, of which one is a Sunday.
fn planted(channel: &str, day: u32) -> (f64, u64) {
    match (channel, day) {
        ("whatsapp", 66..70) => (0.5, 1),
        ("telegram", 75..78) => (1.0, 0),
        _ => (1.0, 1),
    }
}

#[test]
fn what_was_planted_is_raised_once_and_cleared_once() {
    let mut world = World::new(90, 22, WATCHED, planted);
    let told = world.nights(60..90);
    // Clicks of day 66 can come until the end of day 67; silence is known the night after.
    assert_eq!(
        told,
        ["68 clicks whatsapp +", "72 clicks whatsapp -", "76 silence telegram +", "79 silence telegram -",]
    );
    assert_eq!(world.state.standing().count(), 0);
}

#[test]
fn a_night_that_comes_again_tells_nothing_and_one_that_was_missed_is_caught_up() {
    let mut world = World::new(90, 22, WATCHED, planted);
    assert_eq!(world.nights([60, 68, 68, 67, 69].into_iter()), ["68 clicks whatsapp +"]);
    let text = &world.state.standing().next().unwrap().text;
    assert!(text.starts_with("clicks (Channel whatsapp): Click rate was "), "{text}");
    // Silent since a day that nobody watched.
    assert_eq!(world.nights([77, 85].into_iter()).len(), 3);
}

#[test]
fn a_hundred_quiet_nights_are_quiet() {
    let mut world = World::new(161, 11, WATCHED, nothing);
    let told = world.nights(60..160);
    let alarms = told.iter().filter(|line| line.ends_with('+')).count();
    assert!(alarms <= 1, "at most one of a hundred nights: {told:?}");
}

#[test]
fn a_limit_is_passed_when_the_whole_interval_is_beyond_it() {
    let config = r#"
[[alert]]
name = "floor"
metric = "click_rate"
where = { channel = "whatsapp" }
below = "35%"

[[alert]]
name = "week"
metric = "click_rate"
where = { channel = "whatsapp" }
period = "week"
below = "40%"
certain = false
"#;
    let mut world = World::new(90, 22, config, planted);
    let told = world.nights(60..90);
    let n = |name: &str, mark: char| told.iter().filter(|line| line.contains(name) && line.ends_with(mark)).count();
    for name in ["floor", "week"] {
        assert_eq!((n(name, '+'), n(name, '-')), (1, 1), "{name}: {told:?}");
    }
}

/// Segments whose days differ by more than chance, watched for thousands of nights: how often one of them alarms by chance, and
/// how often all see what is there.
#[test]
fn alarms_are_as_rare_as_promised_and_halved_rates_are_seen() {
    const NIGHTS: usize = 2_500;
    const WEEKS: usize = 8;
    let stated = 0.01;
    // Messages a day, share, and how far days scatter on the scale of the logarithm.
    let shares =
        [(1_500, 0.2, 0.1), (150, 0.3, 0.2), (60, 0.1, 0.0), (1_000, 0.01, 0.3), (300, 0.5, 0.15), (200, 0.05, 0.1)];
    let counts = [(120.0, 0.2), (40.0, 0.4), (15.0, 0.0)];
    let mut dice = Dice::new(5);
    let of_day = |dice: &mut Dice, (n, share, scatter): (u64, f64, f64), night: usize| {
        let n = if night % 7 == 6 { n / 4 } else { n };
        let share = (share * (scatter * dice.normal()).exp()).min(0.95);
        Rate { numerator: dice.binomial(n, share), denominator: n }
    };
    let rates: Vec<Vec<Rate>> =
        shares.iter().map(|own| (0..NIGHTS + 56).map(|night| of_day(&mut dice, *own, night)).collect()).collect();
    let of_count = |dice: &mut Dice, (mean, scatter): (f64, f64), night: usize| {
        let busy = if night % 7 == 6 { mean / 4.0 } else { mean } * (scatter * dice.normal()).exp();
        dice.poisson(busy)
    };
    let events: Vec<Vec<u64>> =
        counts.iter().map(|own| (0..NIGHTS + 56).map(|night| of_count(&mut dice, *own, night)).collect()).collect();
    let (mut alarms, mut seen, mut silences) = (0_u32, 0, 0);
    for night in WEEKS * 7..NIGHTS + 56 {
        let mut ps = Vec::new();
        for (course, (n, share, scatter)) in rates.iter().zip(shares) {
            let groups: Vec<Vec<Rate>> = (0..7)
                .map(|place| (1..=56).filter(|age| (night - age) % 7 == place).map(|age| course[night - age]).collect())
                .collect();
            let expected = ShareOfDay::of(&groups, night % 7).unwrap();
            ps.push((2.0 * expected.tail(course[night])).min(1.0));
            if n == 1_500 && night % 7 == 2 {
                let halved = of_day(&mut dice, (n, share / 2.0, scatter), night);
                // Among nine tests, the smallest counts nine times.
                seen += usize::from(18.0 * expected.tail(halved) <= stated);
            }
        }
        for (course, (mean, _)) in events.iter().zip(counts) {
            let groups: Vec<Vec<u64>> = (0..7)
                .map(|place| (1..=56).filter(|age| (night - age) % 7 == place).map(|age| course[night - age]).collect())
                .collect();
            let expected = CountOfDay::of(&groups, night % 7).unwrap();
            ps.push(expected.tail_below(course[night]));
            if mean > 100.0 && night % 7 == 2 {
                silences += usize::from(9.0 * expected.tail_below(0) <= stated);
            }
        }
        alarms += u32::from(holm(&ps).iter().any(|p| *p <= stated));
    }
    let wednesdays = (WEEKS * 7..NIGHTS + 56).filter(|night| night % 7 == 2).count();
    let line = format!(
        "{alarms} of {NIGHTS} quiet nights alarmed; {seen} of {wednesdays} halved rates and {silences} silences were seen"
    );
    eprintln!("{line}");
    // Three standard deviations above the stated share.
    let promised = f64::from(u32::try_from(NIGHTS).unwrap()) * stated;
    assert!(f64::from(alarms) <= promised + 3.0 * promised.sqrt(), "{line}");
    assert!(seen * 10 >= wednesdays * 9 && silences * 10 >= wednesdays * 9, "{line}");
}
