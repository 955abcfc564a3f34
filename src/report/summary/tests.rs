//! What the summary says, threshold by threshold, in both languages.

use super::*;
use crate::measures::{Column, Row};
use crate::metrics::{Bound, Rate};
use crate::report::fixture;
use crate::report::model::{Balance, Headline, Step, Unmeasurable};

const BOTH: [Language; 2] = [Language::En, Language::De];

fn figure(numerator: u64, denominator: u64) -> Figure {
    Figure::new("rate", Rate { numerator, denominator }, true, Bound::Exact)
}

/// A report about which nothing can be said.
fn silent(language: Language) -> Report {
    let mut report = fixture::small();
    report.context.language = language;
    report.context.balance = None;
    report.campaign_funnel.clear();
    report.headlines.clear();
    report.flows.clear();
    report.measures.clear();
    report.unmeasurable.clear();
    report
}

fn said(report: &Report) -> String {
    summary(report, &Words::new(report)).join("\n").replace('\u{202f}', "_")
}

fn both(make: impl Fn(&mut Report)) -> [String; 2] {
    BOTH.map(|language| {
        let mut report = silent(language);
        make(&mut report);
        said(&report)
    })
}

fn sent(n: u64, delivered: Option<Figure>, opened: Option<Figure>) -> Vec<Step> {
    let step = |stage, figure: Option<Figure>| Step { stage, n_messages: Some(n), n_base: n, figure };
    vec![step(Stage::Sent, None), step(Stage::Delivered, delivered), step(Stage::Opened, opened)]
}

fn with_headline(report: &mut Report, metric: &str, figure: Figure) {
    report.headlines.push(Headline { metric: metric.to_owned(), figure: Some(figure), beside: Vec::new() });
}

fn question(name: &str, left: u64, decided: u64, open: u64) -> Question {
    let mut question = fixture::small().flows.remove(0).questions.remove(0);
    question.question = Some(name.to_owned());
    (question.n_visits, question.n_open) = (decided + open, open);
    question.drop_off = Some(figure(left, decided));
    question
}

fn flow(questions: Vec<Question>) -> impl Fn(&mut Report) {
    move |report| report.flows = vec![Flow { flow: Some("order".to_owned()), questions: questions.clone() }]
}

fn measured(measure: &str, table: &'static str, cells: Vec<(&str, Value)>, n: u64) -> Measured {
    let every = crate::measures::every().find(|known| known.id == measure).unwrap();
    let (names, values): (Vec<&str>, Vec<Value>) = cells.into_iter().unzip();
    let columns = names.into_iter().map(Column::new).collect();
    Measured {
        measure: every,
        tables: vec![Table { id: table, columns, rows: vec![Row::new(n, values)], ..Table::default() }],
    }
}

#[test]
fn what_rules_remove_is_told() {
    let rules = |report: &mut Report| {
        let rules = [("events", "24 months"), ("permission", "forever")];
        report.context.retention = rules.map(|(what, age)| (what.to_owned(), age.to_owned())).into();
    };
    assert_eq!(
        both(rules),
        [
            "Rules remove old events (events: 24 months, permission: forever): numbers of the time before are missing, and what looks back so far is incomplete.",
            "Alte Ereignisse werden nach Regeln gelöscht (events: 24 months, permission: forever): Zahlen aus der Zeit davor fehlen, und was so weit zurückblickt, ist unvollständig."
        ]
    );
}

#[test]
fn nothing_to_say_is_said() {
    assert_eq!(
        both(|_| ()),
        [
            "Too little happened in this range to say anything of it.",
            "In diesem Zeitraum geschah zu wenig, um etwas darüber zu sagen."
        ]
    );
}

#[test]
fn reach_is_told_with_its_bases() {
    let [english, german] =
        both(|report| report.campaign_funnel = sent(12_000, Some(figure(9_900, 11_000)), Some(figure(4_000, 8_000))));
    assert_eq!(
        english,
        "12_000 messages were sent. Of 11_000 whose delivery the channels report, 90.0_% arrived (89.4–90.5_%). Of 8_000 \
         that reached somebody and whose opening can be seen, 50.0_% were opened (48.9–51.1_%)."
    );
    assert!(german.starts_with("Es wurden 12.000 Nachrichten gesendet. Von 11.000, deren Zustellung"), "{german}");
    assert!(german.contains("kamen 90,0_% an (89,4–90,5_%)."), "{german}");
}

#[test]
fn one_message_is_singular() {
    let few = both(|report| report.campaign_funnel = sent(1, Some(figure(1, 1)), None));
    assert_eq!(few, ["1 message was sent.", "Es wurde 1 Nachricht gesendet."]);
}

#[test]
fn few_observations_are_not_spoken_of() {
    for (n, is_told) in [(29, false), (30, true)] {
        let [english, _] = both(|report| report.campaign_funnel = sent(n, Some(figure(n / 2, n)), None));
        assert_eq!(english.contains("arrived"), is_told, "{english}");
    }
}

#[test]
fn what_channels_cannot_tell_is_said_as_such() {
    let untold = Figure::new("rate", Rate { numerator: 3, denominator: 90 }, false, Bound::Exact);
    let [english, german] =
        both(|report| report.campaign_funnel = sent(90, Some(untold.clone()), Some(untold.clone())));
    assert!(english.contains("Whether they arrived, the channels do not report (n/a)."), "{english}");
    assert!(german.ends_with("Wie viele geöffnet wurden, melden die Kanäle nicht (k. A.)."), "{german}");
    let [english, german] = both(|report| {
        report.unmeasurable = vec![Unmeasurable { channel: Some("sms".into()), metrics: vec!["open_rate".into()] }];
    });
    assert_eq!(english, "What sms cannot report is n/a: unknown, not zero.");
    assert_eq!(german, "Bei sms steht k. A. für das, was dort nicht gemeldet wird: unbekannt, nicht null.");
}

#[test]
fn lower_bounds_are_at_least() {
    let bounded = Figure::new("rate", Rate { numerator: 400, denominator: 800 }, true, Bound::Least);
    let [english, german] = both(|report| with_headline(report, "engagement_rate", bounded.clone()));
    assert!(english.contains("in at least 50.0_% of 800 conversations"), "{english}");
    assert!(german.contains("In mindestens 50,0_% von 800 Gesprächen"), "{german}");
}

#[test]
fn a_question_is_called_the_worst_only_if_intervals_are_apart() {
    let cases = [
        // 40 % of 1 000 is 37.0 to 43.1; 18 % is 15.7 to 20.5, 17 % is 14.8 to 19.5, 39 % is 36.0 to 42.1.
        (180, "That is more than at any other question"),
        (150, "That is at least twice the share"),
        (390, "Other questions of the flow come so close"),
    ];
    for (other, expected) in cases {
        let [english, _] = both(flow(vec![question("size", 400, 1_000, 10), question("age", other, 1_000, 10)]));
        assert!(
            english.starts_with("Of 1_000 decided visits to “size” (order), 40.0_% ended in drop-off (37.0–43.1_%).")
        );
        assert!(english.contains(expected), "{other}: {english}");
    }
}

#[test]
fn questions_that_cannot_be_judged_yet_are_no_worst() {
    // Of one decided visit more are open than decided, of the other there are few.
    let questions = vec![question("young", 90, 100, 101), question("rare", 20, 29, 0), question("age", 5, 100, 0)];
    let [english, german] = both(flow(questions));
    assert_eq!(english, "Of 100 decided visits to “age” (order), 5.0_% ended in drop-off (2.2–11.2_%).");
    assert!(german.starts_with("Von 100 entschiedenen Besuchen der Frage „age“ (order)"), "{german}");
    let [nobody, _] = both(flow(vec![question("age", 0, 100, 0)]));
    assert!(nobody.starts_with("Too little"), "{nobody}");
}

fn fix(value: f64, low: f64, n: u64) -> impl Fn(&mut Report) {
    move |report| {
        let cells = vec![
            ("flow", Value::name(Some("order"))),
            ("question", Value::name(Some("size"))),
            ("goes_on", Value::rate(600, 1_000)),
            ("target", Value::Share { value: 0.9, interval: None }),
            ("completions", Value::Number { value, interval: Some((low, value + 30.0)) }),
        ];
        report.measures = vec![measured("fix_first", "questions", cells, n)];
    }
}

#[test]
fn a_gain_is_told_only_if_there_surely_is_one() {
    let [english, german] = both(fix(410.4, 380.2, 1_000));
    assert_eq!(
        english,
        "Had 90.0_% gone on from “size”, as from the flow's median question, instead of 60.0_%, about 410 more \
         conversations would have been completed (380 to 441)."
    );
    assert!(german.contains("wären etwa 410 Gespräche mehr abgeschlossen worden (380 bis 441)."), "{german}");
    for unsure in [fix(410.0, 0.0, 1_000), fix(410.0, -3.0, 1_000), fix(0.4, 0.1, 1_000), fix(410.0, 380.0, 29)] {
        assert!(both(unsure)[0].starts_with("Too little"));
    }
    let [english, german] = both(fix(1.2, 0.6, 1_000));
    assert!(english.contains("about 1 more conversation would"), "{english}");
    assert!(german.contains("wäre etwa 1 Gespräch mehr"), "{german}");
}

#[test]
fn a_stated_target_is_called_so() {
    let mut report = silent(Language::De);
    fix(410.0, 380.0, 1_000)(&mut report);
    report.measures[0].tables[0].columns[3].title = Language::De.say("fix_first-stated-target");
    assert!(said(&report).contains("wie es das gesetzte Ziel verlangt"), "{}", said(&report));
}

#[test]
fn opt_outs_are_told_of_a_thousand() {
    let told = |numerator, denominator| {
        both(|report| with_headline(report, "unsubscribe_rate", figure(numerator, denominator)))
    };
    let [english, german] = told(160, 10_000);
    assert_eq!(english, "Of 1_000 messages that reached somebody, 16.0 were followed by an opt-out (13.7 to 18.7).");
    assert_eq!(
        german,
        "Von 1.000 Nachrichten, die jemanden erreichten, folgte auf 16,0 eine Abmeldung (13,7 bis 18,7)."
    );
    let [english, german] = told(0, 500);
    assert!(english.starts_with("No opt-out followed any of the 500 messages"), "{english}");
    assert!(german.contains("bis zu 7,6 von 1.000"), "{german}");
}

#[test]
fn only_differences_beyond_chance_are_changes() {
    let compared = |differs, immature| {
        both(move |report| {
            let verdict = Value::Verdict { value: 0.021, interval: Some((0.004, 0.038)), q: 0.03, differs };
            let cells = vec![("metric", Value::Metric("click_rate".into())), ("verdict", verdict)];
            let mut comparison = measured("comparison", "differences", cells, 900);
            comparison.tables[0].heading = Some(crate::measures::table::Message::of("comparison-previous"));
            comparison.tables[0].rows[0].immature = immature;
            report.context.language.tell(&mut comparison, &[]);
            report.measures = vec![comparison];
        })
    };
    let [english, german] = compared(true, false);
    assert_eq!(
        english,
        "Compared with the range before: Click rate higher by 2.1 percentage points (0.4 to 3.8), q = 0.030."
    );
    assert!(german.starts_with("Verglichen mit dem Zeitraum davor: Click rate um 2,1 Prozentpunkte höher"), "{german}");
    let [english, german] = compared(false, false);
    assert_eq!(english, "Compared with the range before: no headline rate differs by more than chance.");
    assert!(german.ends_with("Keine Hauptkennzahl unterscheidet sich über den Zufall hinaus."), "{german}");
    assert!(compared(true, true)[0].starts_with("Too little"));
}

#[test]
fn what_an_earlier_version_told_otherwise_is_said_with_the_reason() {
    let revised = |difference: f64, n: u64| {
        both(move |report| {
            let cells = vec![
                ("metric", Value::Metric("click_rate".into())),
                ("difference", Value::Points { value: difference, interval: None }),
                ("why", Value::word("revision-late")),
            ];
            let mut comparison = measured("comparison", "revisions", cells, n);
            report.context.language.tell(&mut comparison, &[]);
            report.measures = vec![comparison];
        })
    };
    let [english, german] = revised(-0.02, 900);
    let expected = "Compared with the earlier version: Click rate −2.0_pp (records came late, or more is decided).";
    assert_eq!(english, expected);
    assert!(german.contains("Click rate −2,0_PP (Datensätze kamen spät, oder mehr ist entschieden)."), "{german}");
    assert_eq!(
        revised(0.000_4, 900)[1],
        "Verglichen mit der früheren Fassung: Keine Hauptkennzahl änderte sich sichtbar."
    );
    assert!(revised(0.02, 29)[0].starts_with("Too little"));
}

#[test]
fn rejected_records_are_told() {
    for (rejected, english, german) in [
        (1, "1 of 10 records was rejected and is in no number.", "1 von 10 Datensätzen wurde abgelehnt"),
        (2, "2 of 10 records were rejected and are in no number.", "2 von 10 Datensätzen wurden abgelehnt"),
    ] {
        let told = both(|report| {
            let balance = fixture::context().balance.unwrap();
            let accepted = 10 - rejected;
            report.context.balance = Some(Balance { received: 10, accepted, ignored: 0, rejected, ..balance });
        });
        assert_eq!(told[0], english);
        assert!(told[1].starts_with(german), "{}", told[1]);
    }
    let uneven = both(|report| {
        let balance = fixture::context().balance.unwrap();
        report.context.balance = Some(Balance { received: 7, rejected: 0, ..balance });
    });
    assert!(uneven[0].starts_with("The balance of records does not come out"), "{}", uneven[0]);
}

#[test]
fn a_summary_has_at_most_six_statements() {
    let report = fixture::ordinary();
    let statements = summary(&report, &Words::new(&report));
    assert!((3..=6).contains(&statements.len()), "{statements:?}");
}
