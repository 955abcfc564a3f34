//! Opt-outs in text against messages that people labelled, per language: how many are recognised, how many invented.
//!
//! `TRICHTER_UPDATE=1 cargo test opt_outs` writes the tables of `tests/opt_outs/README.md` anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use trichter::ingest::opt_out::{OptOut, Signal};

use super::case::root;

const LANGUAGES: &[(&str, &str)] = &[
    ("de", "German"),
    ("en", "English"),
    ("fr", "French"),
    ("es", "Spanish"),
    ("it", "Italian"),
    ("nl", "Dutch"),
    ("pt", "Portuguese"),
    ("pl", "Polish"),
    ("tr", "Turkish"),
    ("ru", "Russian"),
    ("ar", "Arabic"),
    ("zh", "Chinese"),
];

/// Where the generated table begins and ends in the page.
const BEGIN: &str = "<!-- generated: begin -->\n";
const END: &str = "<!-- generated: end -->\n";

/// How labelled messages were told.
#[derive(Default)]
struct Told {
    messages: usize,
    traps: usize,
    stops: usize,
    recognised: usize,
    invented: usize,
    /// What was told otherwise than labelled, of any signal.
    wrong: Vec<String>,
}

impl Told {
    fn tell(&mut self, opt_out: &OptOut, label: &str, message: &str) {
        let evidence = opt_out.recognise(message);
        let told = match evidence.map(|evidence| evidence.signal) {
            Some(Signal::Stop) => "stop",
            Some(Signal::Start) => "start",
            Some(Signal::Erase) => "erase",
            None => "none",
        };
        assert!(["stop", "start", "erase", "none"].contains(&label), "no label: {label}");
        self.messages += 1;
        self.traps += usize::from(label == "none");
        self.stops += usize::from(label == "stop");
        self.recognised += usize::from(label == "stop" && told == "stop");
        self.invented += usize::from(label != "stop" && told == "stop");
        if told != label {
            let rule = evidence.map_or("no rule", |evidence| evidence.rule);
            self.wrong.push(format!("{label} told as {told} by {rule}: {message}"));
        }
    }

    /// Of what was told to be an opt-out, the share that is one; of nothing, nothing is wrong.
    fn precision(&self) -> f64 {
        share(self.recognised, self.recognised + self.invented)
    }

    /// Of the opt-outs, the share that was recognised.
    fn recall(&self) -> f64 {
        share(self.recognised, self.stops)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of a few hundred")]
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

fn read(name: &str) -> String {
    let path = root().join("tests/opt_outs").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The messages that the rules were made with.
fn labelled(opt_out: &OptOut) -> BTreeMap<&'static str, Told> {
    let mut all = BTreeMap::new();
    for (code, _) in LANGUAGES {
        let told: &mut Told = all.entry(*code).or_default();
        for line in read(&format!("{code}.tsv")).lines() {
            let (label, message) = line.split_once('\t').unwrap_or_else(|| panic!("{code}: no tab in '{line}'"));
            told.tell(opt_out, label, message);
        }
    }
    all
}

/// The messages that no rule was made with.
fn held_out(opt_out: &OptOut) -> BTreeMap<&'static str, Told> {
    let mut all: BTreeMap<&str, Told> = LANGUAGES.iter().map(|(code, _)| (*code, Told::default())).collect();
    for line in read("held_out.tsv").lines() {
        let [code, label, message] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("no two tabs in '{line}'")
        };
        let told = all.get_mut(code).unwrap_or_else(|| panic!("'{code}' is no language of the list"));
        told.tell(opt_out, label, message);
    }
    all
}

fn table(all: &BTreeMap<&str, Told>) -> String {
    let mut text = String::from(
        "| language | messages | of them none | opt-outs | recognised | invented | precision | recall |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    let mut sum = Told::default();
    for (code, name) in LANGUAGES {
        let told = &all[code];
        row(&mut text, name, told);
        sum.messages += told.messages;
        sum.traps += told.traps;
        sum.stops += told.stops;
        sum.recognised += told.recognised;
        sum.invented += told.invented;
    }
    row(&mut text, "all", &sum);
    text
}

fn row(text: &mut String, name: &str, told: &Told) {
    let Told { messages, traps, stops, recognised, invented, .. } = told;
    let (precision, recall) = (100.0 * told.precision(), 100.0 * told.recall());
    writeln!(
        text,
        "| {name} | {messages} | {traps} | {stops} | {recognised} | {invented} | {precision:.1} % | {recall:.1} % |"
    )
    .unwrap();
}

fn wrong(all: &BTreeMap<&str, Told>) -> String {
    let lines = all.iter().flat_map(|(code, told)| told.wrong.iter().map(move |line| format!("{code}: {line}")));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn opt_outs_are_recognised_in_every_language_and_hardly_ever_invented() {
    let all = labelled(&OptOut::built_in().unwrap());
    eprintln!("{}\n{}", table(&all), wrong(&all));
    for (code, told) in &all {
        assert!(told.messages >= 60, "{code} has {} messages", told.messages);
        assert!(share(told.traps, told.messages) >= 0.45, "{code} has {} traps of {}", told.traps, told.messages);
        assert!(told.precision() >= 0.99 && told.recall() >= 0.95, "{code}:\n{}", told.wrong.join("\n"));
    }
}

#[test]
fn messages_that_no_rule_was_made_with_are_seldom_taken_for_opt_outs() {
    let all = held_out(&OptOut::built_in().unwrap());
    eprintln!("{}\n{}", table(&all), wrong(&all));
    let recognised: usize = all.values().map(|told| told.recognised).sum();
    let invented: usize = all.values().map(|told| told.invented).sum();
    assert!(share(recognised, recognised + invented) >= 0.9, "\n{}", wrong(&all));
}

#[test]
fn the_page_of_labelled_opt_outs_is_current() {
    let opt_out = OptOut::built_in().unwrap();
    let path = root().join("tests/opt_outs/README.md");
    let found = read("README.md");
    let (before, rest) = found.split_once(BEGIN).expect("the page has a generated part");
    let (_, after) = rest.split_once(END).expect("the generated part ends");
    let (tuned, held_out) = (table(&labelled(&opt_out)), table(&held_out(&opt_out)));
    let expected = format!(
        "{before}{BEGIN}\n## The messages the rules were made with\n\n{tuned}\n\
         ## Not tuned on: `held_out.tsv`\n\n{held_out}\n{END}{after}"
    );
    if std::env::var_os("TRICHTER_UPDATE").is_some() {
        fs::write(&path, &expected).unwrap();
    }
    let found = read("README.md");
    assert_eq!(found, expected, "TRICHTER_UPDATE=1 writes tests/opt_outs/README.md anew");
}
