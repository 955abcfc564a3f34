//! Whether both languages say the same, all that the program says, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use regex::Regex;

use super::*;
use crate::facts::GRAINS;
use crate::measures;
use crate::metrics::Metric;
use crate::report::{Format, Report, fixture};

/// Messages and attributes of a language, with what stands behind their keys.
fn entries(files: &[&str]) -> BTreeMap<String, String> {
    let head = Regex::new(r"^(?:([a-z][A-Za-z0-9_-]*)|    \.([a-z][A-Za-z0-9_-]*)) =(.*)$").unwrap();
    let (mut entries, mut message, mut last) = (BTreeMap::new(), String::new(), String::new());
    for line in files.iter().flat_map(|file| file.lines()) {
        if let Some(found) = head.captures(line) {
            let key = match (found.get(1), found.get(2)) {
                (Some(key), _) => {
                    key.as_str().clone_into(&mut message);
                    message.clone()
                }
                (_, attribute) => format!("{message}.{}", attribute.unwrap().as_str()),
            };
            let text = found[3].trim().to_owned();
            assert!(entries.insert(key.clone(), text).is_none(), "{key} stands twice");
            last = key;
        } else if line.starts_with(' ') {
            entries.get_mut(&last).unwrap().extend(["\n", line]);
        }
    }
    entries
}

fn arguments(text: &str) -> BTreeSet<&str> {
    Regex::new(r"\$([a-z_]+)").unwrap().captures_iter(text).map(|found| found.get(1).unwrap().as_str()).collect()
}

/// The page of a report.
fn page_of(report: &Report) -> String {
    let files = Format::Html.write(report).unwrap();
    String::from_utf8(files.into_iter().next().unwrap().bytes).unwrap()
}

/// The program's own text: what may name keys.
fn sources() -> String {
    let mut text = String::new();
    for folder in ["src/alerts", "src/report", "src/measures", "src/cli"] {
        for entry in walkdir::WalkDir::new(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).sort_by_file_name() {
            let path = entry.unwrap().into_path();
            let is_source = path.extension().is_some_and(|extension| extension == "rs" || extension == "html");
            if is_source && !path.ends_with("words/tests.rs") {
                text.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    text
}

#[test]
fn both_languages_say_the_same_with_the_same_arguments() {
    let (english, german) = (entries(&ENGLISH), entries(&GERMAN));
    let keys = |entries: &BTreeMap<String, String>| entries.keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&english), keys(&german));
    for (key, text) in &english {
        assert_eq!(arguments(text), arguments(&german[key]), "{key}");
        assert_eq!(text.is_empty(), german[key].is_empty(), "{key}");
    }
}

#[test]
fn every_line_of_the_files_is_understood() {
    for file in ENGLISH.iter().chain(&GERMAN) {
        let resource = FluentResource::try_new((*file).to_owned());
        assert!(resource.is_ok(), "{:?}", resource.err().map(|(_, errors)| errors));
    }
}

#[test]
fn every_key_that_the_program_says_is_known() {
    let known = entries(&ENGLISH);
    let sources = sources();
    let said = Regex::new(r#"(?:say|say_with|Message::of|word|windowed)\(\s*["']([a-z0-9_.-]+)["']"#).unwrap();
    let keys: BTreeSet<&str> = said.captures_iter(&sources).map(|found| found.get(1).unwrap().as_str()).collect();
    assert!(keys.len() > 100, "{keys:?}");
    // What looks like a key is one, wherever it is chosen.
    let looks = Regex::new(
        r#""((?:alert|section|summary|outcome|stage|ending|weekday|why|assignment|comparison|frequency|paths|send_time|reminder|leaving|fix_first|rule|test|service|cost|savings|unit|column|fact|definition|table)-[a-z0-9_.-]+)""#,
    )
    .unwrap();
    let looks = looks.captures_iter(&sources).map(|found| found.get(1).unwrap().as_str());
    for key in keys.into_iter().chain(looks) {
        assert!(known.contains_key(key), "nothing is said under '{key}'");
    }
}

#[test]
fn nothing_is_put_into_words_that_nobody_says() {
    let sources = sources();
    let literals: BTreeSet<&str> = Regex::new(r#"["']([A-Za-z0-9_.{}-]+)["']"#)
        .unwrap()
        .captures_iter(&sources)
        .map(|found| found.get(1).unwrap().as_str())
        .collect();
    let columns: BTreeSet<&str> = GRAINS.iter().flat_map(|grain| grain.columns).map(|column| column.name).collect();
    let calendar: BTreeSet<&str> = crate::calendar::PARTS.iter().map(|(part, _)| *part).collect();
    let is_literal = |text: &str| literals.contains(text);
    let is_column = |name: &str| is_literal(name) || columns.contains(name) || calendar.contains(name);
    let is_measure = |id: &str| measures::every().any(|measure| measure.id == id);
    for key in entries(&ENGLISH).keys() {
        let (message, attribute) = key.split_once('.').map_or((key.as_str(), ""), |(message, own)| (message, own));
        let (family, rest) = message.split_once('-').unwrap_or((message, ""));
        let is_said = is_literal(key)
            || (is_literal(message) && is_literal(&format!("{{key}}.{attribute}")))
            || match family {
                "column" => is_column(rest),
                "measure" => is_measure(rest),
                "section" => is_literal(rest) && ["", "lead", "drawn"].contains(&attribute),
                _ => is_measure(family) && is_literal(rest) && (attribute.is_empty() || is_column(attribute)),
            };
        // A message may stand there for its attributes alone.
        let is_bearer = attribute.is_empty() && entries(&ENGLISH)[key].is_empty();
        assert!(is_said || is_bearer, "nobody says '{key}'");
    }
}

#[test]
fn every_column_and_word_of_a_table_has_a_title() {
    let known = entries(&ENGLISH);
    let sources = sources();
    let columns = Regex::new(r#"Column::new\("([a-z0-9_]+)"\)"#).unwrap();
    for found in columns.captures_iter(&sources) {
        let name = &found[1];
        let has_own = known.keys().any(|key| key.ends_with(&format!(".{name}")));
        let says = sources.contains(&format!("Column::new(\"{name}\").saying("));
        assert!(has_own || says || known.contains_key(&format!("column-{name}")), "column '{name}' has no title");
    }
}

#[test]
fn plurals_follow_the_count() {
    let messages = |language: Language, n: u64| language.say_with("chart-n-messages", &[("n", n.into())]);
    assert_eq!([0, 1, 2].map(|n| messages(Language::En, n)), ["0 messages", "1 message", "2 messages"]);
    assert_eq!([0, 1, 2].map(|n| messages(Language::De, n)), ["0 Nachrichten", "1 Nachricht", "2 Nachrichten"]);
    assert_eq!(messages(Language::De, 1_084), "1.084 Nachrichten");
    assert_eq!(messages(Language::En, 1_084), "1\u{202f}084 messages");
}

#[test]
fn what_is_filled_in_stays_text() {
    let name = "{ $n } <b> { unknown-name }";
    let said = Language::De.say_with("optional", &[("name", name.into())]);
    assert_eq!(said, format!("{name} (freiwillig)"));
}

/// What a reader sees: no markup, style, code; names out of the data and ids taken away.
fn visible(html: &str, data: &[String]) -> String {
    let mut text = html.to_owned();
    for element in ["style", "script", "code"] {
        text =
            Regex::new(&format!("(?s)<{element}[^>]*>.*?</{element}>")).unwrap().replace_all(&text, " ").into_owned();
    }
    // Alternatives of pictures are read as well.
    text = Regex::new(r#"<[^>]*aria-label="([^"]*)"[^>]*>"#).unwrap().replace_all(&text, " $1 ").into_owned();
    text = Regex::new("<[^>]*>").unwrap().replace_all(&text, " ").into_owned();
    for (mark, letter) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#x27;", "'"),
        ("&#39;", "'"),
        ("&#x2f;", "/"),
        ("&amp;", "&"),
    ] {
        text = text.replace(mark, letter);
    }
    let mut data = data.to_vec();
    data.sort_by_key(|name| std::cmp::Reverse(name.len()));
    data.iter().filter(|name| !name.is_empty()).fold(text, |text, name| text.replace(name.as_str(), " "))
}

/// Texts between what is filled in, long enough to be words.
fn fragments(text: &str) -> Vec<String> {
    let filled = Regex::new(r"(?s)\{[^{}]*\}|\[one\]|\*\[other\]|\{|\}|\n").unwrap();
    let parts =
        filled.split(text).map(|part| part.trim().trim_matches(['.', ',', ';', ':', '(', ')']).trim().to_owned());
    parts.filter(|part| part.chars().filter(|letter| letter.is_alphabetic()).count() >= 3).collect()
}

fn english_left_in(text: &str) -> Vec<String> {
    let (english, german) = (entries(&ENGLISH), entries(&GERMAN));
    let german: String = german.values().cloned().collect::<Vec<_>>().join("\n");
    let is_word = |text: &str, part: &str| {
        text.match_indices(part).any(|(at, found)| {
            let before = text.get(..at).and_then(|text| text.chars().next_back());
            let after = text.get(at + found.len()..).and_then(|text| text.chars().next());
            ![before, after].into_iter().flatten().any(|letter| letter.is_alphanumeric() || letter == '_')
        })
    };
    let mut left: Vec<String> = english
        .values()
        .flat_map(|text| fragments(text))
        .filter(|part| !is_word(&german, part) && is_word(text, part))
        .collect();
    for word in ["the", "of", "with", "and", "is", "are", "from", "than", "which", "who"] {
        left.extend(is_word(text, word).then(|| word.to_owned()));
    }
    left
}

#[test]
fn no_english_is_left_in_a_german_report() {
    let mut report = fixture::awkward_in(Language::De);
    let metrics = Metric::all().unwrap();
    let of_metrics = metrics.iter().map(|metric| crate::report::Definition::of_metric(metric, Language::De));
    let of_measures = measures::every().map(|measure| crate::report::Definition::of_measure(measure, Language::De));
    report.definitions = of_metrics.chain(of_measures).collect();
    let mut data: Vec<String> =
        report.flows.iter().flat_map(|flow| &flow.questions).filter_map(|question| question.question.clone()).collect();
    data.push(report.context.title.clone());
    data.extend(
        [
            "order",
            "lead_qualification",
            "Lead qualification",
            "first question",
            "voucher",
            "qualified",
            "unknown_update",
            "not_json",
        ]
        .map(str::to_owned),
    );
    data.push("Of the conversations in which a question was asked: who came to the end.".to_owned());
    data.push("Question number".to_owned());
    // Charts cut names where there is no room for more.
    let rest: Vec<char> = " of a very long flow".chars().collect();
    data.push(rest.iter().collect());
    data.extend((3..rest.len()).map(|n| rest.iter().take(n).collect::<String>().trim_end().to_owned() + "…"));
    data.extend(["template", "country"].map(str::to_owned));
    data.push(fixture::HOSTILE.to_owned());
    let html = page_of(&report);
    let text = visible(&html, &data);
    assert!(text.contains("Wo Kontakte abbrechen") && html.contains("<html lang=\"de\">"));
    assert_eq!(english_left_in(&text), Vec::<String>::new());
    // The check itself can fail.
    let english = page_of(&fixture::awkward());
    assert!(english_left_in(&visible(&english, &data)).len() > 50);
}
