//! Reports made by hand for tests: one with everything awkward, one small.

use std::collections::BTreeMap;

use super::model::{Balance, Context, Definition, Report};
use super::{Language, asks, build};
use crate::event::{SECOND, Time};
use crate::funnel;
use crate::measures::table::Message;
use crate::measures::{Column, Measure, Measured, Table, Value};
use crate::metrics::{Answer, Ask, Bound, Counts, Distribution, Rate, Row};

/// A name that tries to become markup.
pub(super) const HOSTILE: &str = "<script>alert(1)</script> \"x\" 'y' & | `z` [a](https://evil.example/)";

pub(super) fn context() -> Context {
    Context {
        title: "Spring 2026".into(),
        language: Language::En,
        brand: super::model::Brand::default(),
        program_version: "0.1.0".into(),
        since: Some(Time(1_777_586_400 * SECOND)),
        until: None,
        horizon: Some(Time(1_777_982_400 * SECOND)),
        zone: jiff::tz::TimeZoneDatabase::bundled().get("Europe/Berlin").unwrap(),
        minimum: 30,
        suppressed: None,
        reply_window_s: 86_400,
        by: Vec::new(),
        filters: Vec::new(),
        channels: vec!["telegram".into(), "whatsapp".into()],
        n_contacts: Some(4_812),
        n_messages: Some(12_345),
        balance: Some(Balance {
            received: 48_310,
            accepted: 47_000,
            ignored: 1_098,
            rejected: 212,
            events_stored: 60_000,
            reasons: [("unknown_update".to_owned(), 1_098), ("not_json".to_owned(), 212)].into(),
        }),
        retention: std::collections::BTreeMap::new(),
    }
}

/// An answer of rates that differ from row to row.
pub(super) fn rates(metric: &str, by: &[&str], names: &[&str]) -> Answer {
    let rows = names.iter().map(|&name| row(vec![Some(name.to_owned())], 1, 2)).collect();
    Answer { metric: metric.to_owned(), by: by.iter().map(|&column| column.to_owned()).collect(), rows, n_shared: 0 }
}

fn row(segment: Vec<Option<String>>, numerator: u64, denominator: u64) -> Row {
    Row {
        segment,
        counts: Counts::Rate(Rate { numerator, denominator }),
        measurable: true,
        bound: Bound::Exact,
        moments: None,
    }
}

pub(super) fn definitions() -> Vec<Definition> {
    let definition = |id: &str, title: &str, formula: &str| Definition {
        id: id.into(),
        title: title.into(),
        meaning: format!("{title}, as counted here."),
        formula: formula.into(),
        unit: "share".into(),
        source: "Meta, message analytics".into(),
        caveat: "Contacts who turn read receipts off look as if they never opened.".into(),
    };
    vec![
        definition("delivery_rate", "Delivery rate", "delivered / sent"),
        definition("open_rate", "Open rate", "opened / delivered"),
        definition("click_rate", "Click rate", "clicked / reached"),
        definition("reply_rate", "Reply rate", "replied / reached"),
        definition("engagement_rate", "Engagement rate", "engaged / opened by the business"),
        definition("unsubscribe_rate", "Unsubscribe rate", "opted out / reached"),
        definition("soft_unsubscribe_rate", "Soft", "soft opt-outs / reached"),
        definition("hard_unsubscribe_rate", "Hard", "hard opt-outs / reached"),
        definition("question_drop_off_rate", "Question drop-off", "left / not open"),
        definition("completion_rate", "Completion rate", "completed / started"),
    ]
}

/// Share of a metric, in parts of a thousand.
fn permille(metric: &str) -> u64 {
    match metric {
        "delivery_rate" => 964,
        "open_rate" => 593,
        "open_rate@sent" => 571,
        "click_rate" => 84,
        "click_to_open_rate" => 141,
        "reply_rate" => 163,
        "dismissed_rate" => 620,
        "unsubscribe_rate" => 16,
        "soft_unsubscribe_rate" => 11,
        "hard_unsubscribe_rate" => 5,
        "engagement_rate" => 214,
        "completion_rate" => 437,
        "containment_rate" => 880,
        "handover_rate" => 120,
        "fallback_rate" => 73,
        "question_drop_off_rate" => 181,
        _ => 50,
    }
}

/// Counts of visits: answered, skipped, silent, opted out, handed over, failed, open.
fn visits(index: u64) -> [u64; 7] {
    let n = 2_400 / (index + 1) + 4;
    [n * 7 / 10, n / 40, n / 6, n / 50, n / 60, n / 90, n / 30]
}

fn question_row(metric: &str, segment: Vec<Option<String>>, index: u64) -> Row {
    let [answered, skipped, silent, opted_out, handed_over, failed, open] = visits(index);
    let left = silent + opted_out + handed_over + failed;
    let all = answered + skipped + left + open;
    let (numerator, denominator) = match metric {
        "question_drop_off_rate" => (left, all - open),
        "question_silent_rate" => (silent, all - open),
        "question_opted_out_rate" => (opted_out, all - open),
        "question_handed_over_rate" => (handed_over, all - open),
        "question_failed_rate" => (failed, all - open),
        "question_skipped_rate" => (skipped, all),
        "question_answered_rate" => (answered, all),
        _ => (open, all),
    };
    row(segment, numerator, denominator)
}

fn answer(ask: &Ask, campaigns: &[Option<&str>], questions: &[(Option<&str>, &str)], days: &[&str]) -> Answer {
    let metric = ask.metric.as_str();
    let by: Vec<&str> = ask.by.iter().map(String::as_str).collect();
    let seconds = |index: u64| {
        Counts::Distribution(Distribution([(40 + 9 * index.cast_signed(), 5), (252, 4), (90_000, 1)].into()))
    };
    let share = |segment: Vec<Option<String>>, n: u64, tilt: u64| {
        row(segment, (n * permille(metric) * (80 + tilt) / 100_000).min(n), n)
    };
    let segment = |name: &str| vec![Some(name.to_owned())];
    let rows = match by.as_slice() {
        [] if metric.ends_with("_seconds") => {
            vec![Row { segment: vec![], counts: seconds(0), measurable: true, bound: Bound::Exact, moments: None }]
        }
        [] if metric == "goal_rate" => vec![row(vec![], 0, 0)],
        [] => vec![share(vec![], 12_345, 20)],
        ["channel"] => {
            let measurable = !matches!(
                metric,
                "delivery_rate" | "open_rate" | "open_rate@sent" | "click_to_open_rate" | "dismissed_rate"
            );
            vec![Row { measurable, ..row(segment("telegram"), 0, 0) }, share(segment("whatsapp"), 9_120, 20)]
        }
        ["campaign"] => (0..)
            .zip(campaigns)
            .map(|(index, name)| share(vec![name.map(str::to_owned)], 4_000 / (index + 1), index * 17 % 40))
            .collect(),
        ["day"] => {
            let days = (0..).zip(days);
            days.map(|(index, day)| share(segment(day), 300 + index * 131 % 410, index * 23 % 40)).collect()
        }
        ["flow", "question"] => (0..)
            .zip(questions)
            .map(|(index, (flow, question))| {
                let segment = vec![flow.map(str::to_owned), Some((*question).to_owned())];
                if metric == "answer_seconds" {
                    Row { segment, counts: seconds(index), measurable: true, bound: Bound::Exact, moments: None }
                } else {
                    question_row(metric, segment, index)
                }
            })
            .collect(),
        _ => vec![share(by.iter().map(|_| None).collect(), 10, 0)],
    };
    Answer { metric: ask.metric.clone(), by: ask.by.clone(), rows, n_shared: 0 }
}

/// A funnel that four hundred entered, or nobody; the second of its three steps may be skipped.
fn funnel(name: &str, is_entered: bool, goal: &str) -> funnel::Answer {
    let count = |n: u64| if is_entered { n } else { 0 };
    let step = |step: &str, optional, [reached, converted, lost, excluded, open]: [u64; 5], base: u64, n_times: u64| {
        let rate = Rate { numerator: count(reached), denominator: count(base) };
        funnel::Step {
            step: step.to_owned(),
            optional,
            reached: count(reached),
            converted: count(converted),
            lost: count(lost),
            excluded: count(excluded),
            open: count(open),
            from_start: rate,
            from_previous: rate,
            seconds: times(count(n_times)),
            seconds_from_start: times(count(n_times)),
        }
    };
    let steps = vec![
        step("first question", false, [400, 250, 110, 9, 40], 400, 0),
        step("voucher", true, [100, 50, 40, 5, 10], 360, 100),
        step(goal, false, [200, 200, 0, 0, 0], 350, 200),
    ];
    funnel::Answer {
        funnel: name.to_owned(),
        meaning: "Of the conversations in which a question was asked: who came to the end.".to_owned(),
        unit: "conversation",
        order: "ordered".to_owned(),
        window_s: 259_200,
        words: BTreeMap::new(),
        by: Vec::new(),
        unmeasurable: vec![funnel::Unmeasurable { channel: "telegram".to_owned(), step: "voucher".to_owned() }],
        rows: vec![funnel::Row { segment: Vec::new(), steps }],
    }
}

/// So many observations: most quick, one in ten a day.
fn times(n: u64) -> Distribution {
    Distribution([(3, n / 2), (45, n - n / 2 - n / 10), (90_000, n / 10)].into_iter().filter(|(_, n)| *n > 0).collect())
}

fn report(context: Context, campaigns: &[Option<&str>], questions: &[(Option<&str>, &str)], days: &[&str]) -> Report {
    let answers: Vec<Answer> = asks(&context.by).iter().map(|ask| answer(ask, campaigns, questions, days)).collect();
    let goal = if campaigns.contains(&Some(HOSTILE)) { HOSTILE } else { "qualified" };
    let funnels = [funnel("lead_qualification", true, goal), funnel("win_back", false, goal)];
    let report = build(context, &answers, &funnels, &definitions());
    let mut leaving = leaving(questions);
    report.context.language.tell(&mut leaving, &[]);
    Report { measures: vec![leaving], ..report }
}

/// What became of the visits to the last questions; a cause that nobody can tell of, and shares that nobody had.
fn leaving(questions: &[(Option<&str>, &str)]) -> Measured {
    const SHARES: [[f64; 4]; 3] = [[0.0, 1.0, 0.0, 0.0], [0.41, 0.556, 0.0, 0.034], [0.72, 0.0, 0.21, 0.07]];
    let columns = ["flow", "question", "visits", "after_s", "answered", "waiting", "silent", "stopped", "blocked"];
    let row = |flow: Option<&str>, question: &str, seconds: i64, shares: [f64; 4]| {
        let interval = |share: f64| Some(((share - 0.05).max(0.0), (share + 0.05).min(1.0)));
        let names = [Value::name(flow), Value::name(Some(question)), Value::Count(1_200), Value::Seconds(seconds)];
        let shares = shares.map(|value| Value::Share { value, interval: interval(value) });
        crate::measures::Row::new(1_200, names.into_iter().chain(shares).chain([Value::Unmeasurable]).collect())
    };
    let rows = questions.iter().rev().take(3).flat_map(|&(flow, question)| {
        [10, 900, 172_800].into_iter().zip(SHARES).map(move |(seconds, shares)| row(flow, question, seconds, shares))
    });
    let table = Table {
        id: "course",
        heading: Some(Message::of("leaving-course").with("window", Value::Seconds(172_800))),
        columns: columns.map(Column::new).into(),
        rows: rows.collect(),
        ..Table::default()
    };
    Measured { measure: Measure::named("leaving").unwrap(), tables: vec![table] }
}

/// No value, n/a, hostile and long names, forty questions, scripts from right to left and without spaces.
pub(super) fn awkward() -> Report {
    awkward_in(Language::En)
}

/// The same in a language.
pub(super) fn awkward_in(language: Language) -> Report {
    let long: Vec<String> = (4..=40).map(|number| format!("Question number {number} of a very long flow")).collect();
    let mut questions = vec![(Some("order"), "size"), (Some("order"), "colour"), (Some("order"), "address")];
    questions.extend(long.iter().map(|name| (Some("order"), name.as_str())));
    questions.extend([(Some(HOSTILE), HOSTILE), (None, "ما هو رقم طلبك؟")]);
    let campaigns = [
        Some("春节促销活动春节促销活动春节促销活动春节促销活动春节促销活动春节促销活动春节促销"),
        Some("Frühlingsangebot für Stammkundschaft 2026"),
        Some("عروض الربيع للعملاء الجدد"),
        Some(HOSTILE),
        Some(""),
        None,
    ];
    let days = ["2026-05-01", "2026-05-02", "2026-05-04", "2026-05-05"];
    let mut context = context();
    context.language = language;
    context.by = vec!["template".into(), "country".into()];
    context.filters = vec![HOSTILE.into()];
    report(context, &campaigns, &questions, &days)
}

/// Names that spreadsheets could take for something else than names, and one that no cell can hold.
pub(super) const FORMULAS: [&str; 5] =
    ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "a;=HYPERLINK(\"https://evil.example/\")"];

/// A report whose names are made to harm spreadsheets.
pub(super) fn hostile() -> Report {
    let long = "x🦀".repeat(20_000);
    let mut names: Vec<Option<&str>> = FORMULAS.map(Some).into();
    names.extend([Some("\u{202e}gnirps\0\t\n\u{1}"), Some("n/a"), Some(""), None, Some(long.as_str())]);
    let questions: Vec<(Option<&str>, &str)> = FORMULAS.map(|name| (Some(name), name)).into();
    report(context(), &names, &questions, &["2026-05-01", "2026-05-05"])
}

/// Few rows, for reading.
pub(super) fn small() -> Report {
    report(context(), &[Some("spring")], &[(Some("order"), "size")], &["2026-05-01", "2026-05-05"])
}

/// What an analyst would see on an ordinary day.
pub(super) fn ordinary() -> Report {
    let days: Vec<String> =
        (3..=30).map(|day| format!("2026-04-{day:02}")).chain((1..=5).map(|day| format!("2026-05-{day:02}"))).collect();
    let days: Vec<&str> = days.iter().map(String::as_str).collect();
    let campaigns = [
        "spring_sale",
        "back_in_stock",
        "Warenkorb-Erinnerung",
        "newsletter_april",
        "loyalty_points",
        "review_request",
    ]
    .map(Some);
    let order = ["size", "colour", "delivery_address", "payment_method", "voucher_code", "confirm_order"];
    let support = ["order_number", "kind_of_problem", "photo_of_the_damage", "refund_or_replacement"];
    let questions: Vec<(Option<&str>, &str)> = order
        .map(|name| (Some("order"), name))
        .into_iter()
        .chain(support.map(|name| (Some("complaint"), name)))
        .collect();
    report(context(), &campaigns, &questions, &days)
}
