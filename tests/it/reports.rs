//! The report from outside: the showcase is current, its forms are sound, and it is the same bytes every time.
//!
//! `TRICHTER_UPDATE=1 cargo test reports` writes the showcase and the schema anew.

use std::fs;

use calamine::{Data, Reader, Xlsx};
use serde_json::Value;
use trichter::metrics::Metric;

use super::case::{Case, files_below, root};

#[test]
fn the_showcase_is_what_the_demo_writes() {
    let case = Case::new();
    case.ask(&["report", "--demo", "--out", "demo"]);
    let showcase = root().join("reports/sample");
    let names = |folder: &std::path::Path| -> Vec<String> {
        let name = |path: std::path::PathBuf| path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
        files_below(folder).into_iter().map(name).collect()
    };
    if std::env::var_os("TRICHTER_UPDATE").is_some() {
        fs::create_dir_all(&showcase).unwrap();
        for name in names(&case.path("demo")) {
            fs::copy(case.path("demo").join(&name), showcase.join(&name)).unwrap();
        }
    }
    assert!(showcase.is_dir(), "there is no reports/sample; TRICHTER_UPDATE=1 writes it");
    for name in names(&case.path("demo")) {
        let expected = fs::read(showcase.join(&name)).unwrap_or_default();
        let found = fs::read(case.path("demo").join(&name)).unwrap();
        let differs = expected.iter().zip(&found).position(|(left, right)| left != right);
        let near = |bytes: &[u8]| {
            let at = differs.unwrap_or(expected.len().min(found.len()));
            String::from_utf8_lossy(&bytes[at.saturating_sub(60)..bytes.len().min(at + 60)]).into_owned()
        };
        assert!(
            expected == found,
            "reports/sample/{name} is not what the demo writes; TRICHTER_UPDATE=1 writes it anew\n-- kept\n{}\n-- now\n{}",
            near(&expected),
            near(&found)
        );
    }
    assert!(names(&case.path("demo")).iter().all(|name| showcase.join(name).exists()));
}

/// Messages of a language that have nothing filled in, by their keys.
fn plain_words(file: &str) -> Vec<(String, String)> {
    let mut message = String::new();
    let text = fs::read_to_string(root().join("src/report/words").join(file)).unwrap();
    let entries = text.lines().filter_map(|line| {
        let (key, text) = line.split_once(" = ")?;
        let own = key.strip_prefix("    .");
        if own.is_none() {
            key.clone_into(&mut message);
        }
        let key = own.map_or_else(|| message.clone(), |own| format!("{message}.{own}"));
        (!text.contains('{')).then(|| (key, text.to_owned()))
    });
    entries.collect()
}

#[test]
fn a_german_report_has_no_english_left() {
    let case = Case::new();
    case.ask(&["report", "--demo", "--lang", "de", "--out", "german", "--format", "md,html"]);
    case.ask(&["report", "--demo", "--out", "english", "--format", "md"]);
    let read = |name: &str| fs::read_to_string(case.path(name)).unwrap().replace('\\', "");
    let (german, english) = (read("german/report.md"), read("english/report.md"));
    assert!(read("german/index.html").contains("<html lang=\"de\">"));
    assert!(german.contains("## Wo Kontakte abbrechen") && german.contains("7.476"), "{german}");
    // What the price card says of itself, how vendors call a rate, and SQL are no words of the report.
    let vendors: Vec<String> = Metric::all().unwrap().iter().map(|metric| metric.vendors.join(", ")).collect();
    let own = |text: &str| -> String {
        let lines = text.lines().filter(|line| !line.contains("example card") && !line.contains(": SELECT"));
        let text = lines.collect::<Vec<_>>().join("\n");
        vendors.iter().filter(|names| !names.is_empty()).fold(text, |text, names| text.replace(names, ""))
    };
    let (german, english) = (own(&german), own(&english));
    let is_in = |text: &str, part: &str| {
        text.match_indices(part).any(|(at, found)| {
            let before = text.get(..at).and_then(|text| text.chars().next_back());
            let after = text.get(at + found.len()..).and_then(|text| text.chars().next());
            ![before, after].into_iter().flatten().any(|letter| letter.is_alphanumeric() || "_-@".contains(letter))
        })
    };
    let queries = files_below(&root().join("queries")).into_iter().map(|path| fs::read_to_string(path).unwrap());
    let german_lines = queries.map(|text| text.lines().filter(|line| line.contains("[de]:")).collect::<String>());
    let translated = ["de.ftl", "de-measures.ftl"].into_iter().flat_map(plain_words).map(|(_, text)| text);
    let all = translated.chain(german_lines).collect::<Vec<_>>().join("\n");
    let mut n_checked = 0;
    for (key, text) in ["en.ftl", "en-measures.ftl"].into_iter().flat_map(plain_words) {
        if text.chars().count() > 3 && !is_in(&all, &text) {
            assert!(!is_in(&german, &text), "{key}: {text}");
            n_checked += usize::from(is_in(&english, &text));
        }
    }
    assert!(n_checked > 200, "{n_checked}");
    for word in ["the", "of", "with", "and", "is", "are", "from", "than", "which", "who"] {
        assert_eq!(german.lines().find(|line| is_in(line, word)), None, "{word}");
        assert!(is_in(&english, word), "{word}");
    }
}

#[test]
fn the_configuration_says_the_language_unless_the_command_does() {
    let case = Case::new();
    case.samples();
    case.run(&["ingest", "sample-data/telegram", "--store", "store", "--config", "sample-data/trichter.toml"])
        .expect(0);
    fs::write(case.path("german.toml"), "[report]\nlang = \"de\"\n").unwrap();
    let heading = |options: &[&str]| {
        let report = ["report", "--store", "store", "--out", "out", "--format", "md", "--config", "german.toml"];
        case.ask(&[&report[..], options].concat());
        fs::read_to_string(case.path("out/report.md")).unwrap().lines().next().unwrap().to_owned()
    };
    assert_eq!(heading(&[]), "# Gesprächsbericht");
    assert_eq!(heading(&["--lang", "en"]), "# Conversation report");
    assert_eq!(heading(&["--language", "en"]), "# Conversation report", "as it was called before");
    assert_eq!(heading(&["--title", "Mai"]), "# Mai");
    case.run(&["report", "--store", "store", "--out", "out", "--lang", "fr"]).expect(2);
    fs::write(case.path("french.toml"), "[report]\nlang = \"fr\"\n").unwrap();
    case.run(&["report", "--store", "store", "--out", "out", "--config", "french.toml"]).expect(2);
    let query = |lang: &str| case.ask(&["query", "frequency", "--store", "store", "--lang", lang]);
    assert!(query("de").contains("Trend der Abmeldungen") && query("en").contains("Trend of opt-outs"));
}

#[test]
fn a_report_is_the_same_bytes_whatever_the_threads_and_the_order_of_inputs() {
    let case = Case::new();
    case.samples();
    let config = ["--config", "sample-data/trichter.toml"];
    let forms = ["--format", "html,md,json,csv,xlsx"];
    let report = |store: &str, logs: &[&str], threads: &str| {
        let ingest = [&["ingest"], logs, &["--store", store, "--threads", threads], &config].concat();
        case.run(&ingest).expect(0);
        let out = format!("{store}-report");
        case.ask(
            &[&["report", "--store", store, "--out", &out, "--threads", threads, "--quiet"][..], &forms, &config]
                .concat(),
        );
        files_below(&case.path(&out)).into_iter().map(|path| fs::read(path).unwrap()).collect::<Vec<_>>()
    };
    let one = report("one", &["sample-data/whatsapp", "sample-data/generic", "sample-data/telegram"], "1");
    let other = report("other", &["sample-data/telegram", "sample-data/whatsapp", "sample-data/generic"], "3");
    assert!(one.len() > 20, "{}", one.len());
    assert!(one == other, "the bytes of the reports differ");
}

/// Holds what must hold of every pair of counts, wherever it stands.
fn sound(value: &Value) -> usize {
    let mut n = 0;
    match value {
        Value::Object(fields) => {
            if let (Some(numerator), Some(denominator)) = (fields.get("numerator"), fields.get("denominator")) {
                let (numerator, denominator) = (numerator.as_u64().unwrap(), denominator.as_u64().unwrap());
                let counts_clicks = fields.get("metric").and_then(Value::as_str) == Some("clicks_per_message");
                assert!(numerator <= denominator || counts_clicks, "{value}");
                n += 1;
            }
            n += fields.values().map(sound).sum::<usize>();
        }
        Value::Array(items) => n += items.iter().map(sound).sum::<usize>(),
        _ => {}
    }
    n
}

#[test]
fn the_forms_of_a_report_are_sound() {
    let case = Case::new();
    case.ask(&["report", "--demo", "--out", "demo"]);
    let json: Value = serde_json::from_slice(&fs::read(case.path("demo/report.json")).unwrap()).unwrap();
    assert!(sound(&json) > 100, "where are the figures?");
    let headlines = json["headlines"].as_array().unwrap();
    assert!(headlines.len() >= 8, "{headlines:?}");

    let html = fs::read_to_string(case.path("demo/index.html")).unwrap();
    for foreign in
        ["src=\"http", "href=\"http", "src='http", "url(http", "<link ", "@import", "src=\"//", "<iframe", "fetch("]
    {
        assert!(!html.contains(foreign), "the page must work offline: {foreign}");
    }
    let markdown = fs::read_to_string(case.path("demo/report.md")).unwrap();
    let sections: Vec<&str> = markdown.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert!(sections.len() >= 6, "{sections:?}");
    for section in sections {
        let escaped = section.replace('&', "&amp;");
        assert!(html.contains(section) || html.contains(&escaped), "the page has no section '{section}'");
    }
    let ids: Vec<&str> = html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    for link in html.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(ids.contains(&link), "the link #{link} leads nowhere");
    }
    for name in ["index.html", "report.md", "report.json"] {
        let text = fs::read_to_string(case.path("demo").join(name)).unwrap();
        for wrong in ["NaN", "{{", "}}\n{%"] {
            assert!(!text.contains(wrong), "{name} has '{wrong}'");
        }
    }
}

#[test]
fn the_funnels_of_a_report_are_those_that_the_program_brings_counted_alike() {
    let case = Case::new();
    case.samples();
    let config = ["--config", "sample-data/trichter.toml"];
    case.run(&[&["ingest", "sample-data", "--store", "s"], &config[..]].concat()).expect(0);
    let range = ["--since", "2026-01-10", "--until", "2026-02-20"];
    for range in [&[][..], &range] {
        case.ask(&[&["report", "--store", "s", "--out", "r", "--format", "json,md"], range].concat());
        let report: Value = serde_json::from_slice(&fs::read(case.path("r/report.json")).unwrap()).unwrap();
        let markdown = fs::read_to_string(case.path("r/report.md")).unwrap();
        let funnels = report["funnels"].as_array().unwrap();
        assert_eq!(funnels.len(), trichter::funnel::catalog::all().unwrap().len());
        for funnel in funnels {
            let name = funnel["funnel"].as_str().unwrap();
            let asked = [&["funnel", name, "--store", "s", "--format", "json"], range].concat();
            let alone: Value = serde_json::from_str(&case.ask(&asked)).unwrap();
            for key in ["funnel", "unit", "order", "window_s", "unmeasurable"] {
                assert_eq!(funnel[key], alone[key], "{key} of {name}");
            }
            assert_eq!(funnel["steps"], alone["rows"][0]["steps"], "{name}");
            let is_its_heading = |line: &str| line.to_lowercase() == format!("### {}", name.replace('_', " "));
            let is_entered = funnel["steps"][0]["reached"].as_u64().unwrap() > 0;
            assert_eq!(markdown.lines().any(is_its_heading), is_entered, "{name}");
        }
    }
}

#[test]
fn a_report_looks_as_the_business_wants_it() {
    let case = Case::new();
    case.samples();
    let config = fs::read_to_string(case.path("sample-data/trichter.toml")).unwrap();
    let looks =
        |more: &str| case.write("sample-data/own.toml", config.replace("[report]\n", &format!("[report]\n{more}\n")));
    looks(
        "title = 'Lumio <GmbH>'\nlogo = 'logo.svg'\naccent = '#D55E00'\nfooter = 'Fragen: Ina & Co.'\nsections = ['trend', 'questions']",
    );
    case.write("sample-data/logo.svg", "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>");
    case.run(&["ingest", "sample-data/whatsapp", "--store", "s", "--config", "sample-data/own.toml"]).expect(0);
    let report = ["report", "--store", "s", "--config", "sample-data/own.toml", "--out", "r", "--format", "html"];
    case.run(&report).expect(0);
    let html = fs::read_to_string(case.path("r/index.html")).unwrap();
    for part in ["Lumio &lt;GmbH&gt;", "svg+xml;base64,", "img-src data:", "--accent: #d55e00", "Ina &amp; Co."] {
        assert!(html.contains(part), "{part}");
    }
    let place = |id: &str| html.find(&format!("<section id=\"{id}\""));
    assert!(place("trend").unwrap() < place("questions").unwrap() && place("channels").is_none());
    for (wrong, said) in [
        ("accent = 'red;}'", "is not a colour"),
        ("sections = ['trends']", "trend"),
        ("logo = 'nowhere.png'", "nowhere.png"),
    ] {
        looks(wrong);
        let ran = case.run(&report).expect(2);
        assert!(ran.stderr.contains(said), "{wrong}: {}", ran.stderr);
    }
}

#[test]
fn the_schema_of_the_report_is_published_and_named_in_it() {
    let case = Case::new();
    let path = root().join("reports/report.schema.json");
    let now = case.ask(&["report", "--schema"]);
    if std::env::var_os("TRICHTER_UPDATE").is_some() {
        fs::write(&path, &now).unwrap();
    }
    assert!(
        fs::read_to_string(&path).unwrap_or_default() == now,
        "TRICHTER_UPDATE=1 writes reports/report.schema.json"
    );
    let schema: Value = serde_json::from_str(&now).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    case.ask(&["report", "--demo", "--out", "demo", "--format", "json"]);
    let sample: Value = serde_json::from_slice(&fs::read(case.path("demo/report.json")).unwrap()).unwrap();
    assert_eq!(sample["schema"], schema["properties"]["schema"]["const"]);
    for field in sample.as_object().unwrap().keys() {
        assert!(schema["properties"].get(field).is_some(), "{field}");
    }
}

/// The cells of a sheet below the columns with these titles.
fn below<'s>(sheet: &'s calamine::Range<Data>, titles: &[&str]) -> Vec<Vec<&'s Data>> {
    let mut rows = sheet.rows();
    let header: Vec<String> = rows.next().unwrap().iter().map(ToString::to_string).collect();
    let place = |title: &&str| {
        header.iter().position(|other| other == title).unwrap_or_else(|| panic!("no {title} in {header:?}"))
    };
    let places: Vec<usize> = titles.iter().map(place).collect();
    rows.map(|row| places.iter().map(|place| &row[*place]).collect()).collect()
}

#[test]
fn the_workbook_of_the_demo_has_the_numbers_of_its_json() {
    let case = Case::new();
    case.ask(&["report", "--demo", "--out", "demo", "--format", "json,xlsx"]);
    let report: Value = serde_json::from_slice(&fs::read(case.path("demo/report.json")).unwrap()).unwrap();
    let mut book: Xlsx<_> = calamine::open_workbook(case.path("demo/report.xlsx")).unwrap();
    let parts = ["numerator", "denominator", "value", "low", "high"];
    let mut n_compared = 0;
    let mut compare = |cells: &[&Data], figure: &Value| {
        for (cell, part) in cells.iter().zip(parts) {
            let found = match cell {
                Data::Float(number) => Some(*number),
                Data::Empty => None,
                other => panic!("{other:?} is no number"),
            };
            let told = figure["measurable"].as_bool().unwrap().then(|| figure[part].as_f64()).flatten();
            let is_near =
                found.zip(told).is_some_and(|(found, told)| (found - told).abs() <= 1e-12 * told.abs().max(1.0));
            assert!(is_near || (found, told) == (None, None), "{found:?}, not {told:?}: {figure}");
            n_compared += 1;
        }
    };
    let titles = |title: &str| {
        ["numerator", "denominator", "", "low", "high"]
            .map(|part| if part.is_empty() { title.to_owned() } else { format!("{title}: {part}") })
    };
    let open = titles("Open rate");
    let open: Vec<&str> = open.iter().map(String::as_str).collect();
    for (sheet, rows) in [
        ("campaigns", &report["campaigns"]["rows"]),
        ("trend", &report["days"]),
        ("channels", &report["channels"]["rows"]),
    ] {
        let range = book.worksheet_range(sheet).unwrap();
        let cells = below(&range, &open);
        let rows = rows.as_array().unwrap();
        assert_eq!(cells.len(), rows.len(), "{sheet}");
        for (cells, row) in cells.iter().zip(rows) {
            compare(cells, &row["figures"]["open_rate"]);
        }
    }
    let questions = report["flows"].as_array().unwrap().iter().flat_map(|flow| flow["questions"].as_array().unwrap());
    let range = book.worksheet_range("questions").unwrap();
    let drop_off = titles("Question drop-off rate");
    let drop_off: Vec<&str> = drop_off.iter().map(String::as_str).collect();
    let cells = below(&range, &drop_off);
    let visits = below(&range, &["Question", "Visits"]);
    assert_eq!(cells.len(), questions.clone().count());
    for ((cells, visits), question) in cells.iter().zip(visits).zip(questions) {
        compare(cells, &question["drop_off"]);
        assert_eq!(visits[0].to_string(), question["question"].as_str().unwrap());
        assert_eq!(visits[1].to_string(), question["n_visits"].to_string());
    }
    assert!(n_compared > 150, "{n_compared}");
}

#[test]
fn tables_of_an_earlier_report_go_and_what_is_not_the_programs_stays() {
    let case = Case::new();
    case.write("r/tables/gone.csv", "a");
    case.write("r/tables/kept.csv", "a");
    case.write("r/outside.csv", "a");
    let earlier = r#"{"resources": [{"path": "gone.csv"}, {"path": "../outside.csv"}, {"path": "headlines.csv"}]}"#;
    case.write("r/tables/datapackage.json", earlier);
    case.ask(&["report", "--demo", "--out", "r", "--format", "csv", "--quiet"]);
    assert!(!case.path("r/tables/gone.csv").exists());
    for name in ["r/tables/kept.csv", "r/outside.csv", "r/tables/headlines.csv", "r/tables/README.md"] {
        assert!(case.path(name).exists(), "{name}");
    }
    let package: Value = serde_json::from_slice(&fs::read(case.path("r/tables/datapackage.json")).unwrap()).unwrap();
    for resource in package["resources"].as_array().unwrap() {
        assert!(case.path("r/tables").join(resource["path"].as_str().unwrap()).is_file(), "{resource}");
    }
}

#[test]
fn every_chart_can_be_had_as_a_file_of_its_own() {
    let case = Case::new();
    case.write("r/charts/gone.png", "a");
    case.write("r/charts/mine.png", "a");
    case.write("r/charts/datapackage.json", r#"{"resources": [{"path": "gone.png"}]}"#);
    case.ask(&["report", "--demo", "--out", "r", "--format", "md", "--charts", "png,svg", "--quiet"]);
    assert!(!case.path("r/charts/gone.png").exists() && case.path("r/charts/mine.png").exists());
    let package: Value = serde_json::from_slice(&fs::read(case.path("r/charts/datapackage.json")).unwrap()).unwrap();
    let resources = package["resources"].as_array().unwrap();
    assert!(resources.len() >= 20, "{}", resources.len());
    for resource in resources {
        let file = fs::read(case.path("r/charts").join(resource["path"].as_str().unwrap())).unwrap();
        assert!(resource["title"] != "" && resource["description"] != "", "{resource}");
        match resource["mediatype"].as_str().unwrap() {
            "image/png" => {
                let side = |from: usize| u32::from_be_bytes(file[from..from + 4].try_into().unwrap());
                assert!(file.starts_with(b"\x89PNG"));
                // Twice 720 and the room at both sides.
                assert_eq!(side(16), 1_504, "{resource}");
                assert!(side(20) > 100 && file.len() > 2_000, "{resource}");
            }
            _ => assert!(file.starts_with(b"<svg xmlns=") && !String::from_utf8(file).unwrap().contains("var(")),
        }
    }
    // Fonts of the system are not asked for letters that the own font has.
    case.ask(&["report", "--demo", "--out", "again", "--format", "md", "--charts", "png", "--quiet"]);
    for name in ["leaving-curves.png", "answer-times.png"] {
        let [first, second] = ["r", "again"].map(|out| fs::read(case.path(out).join("charts").join(name)).unwrap());
        assert!(first == second, "{name}");
    }
}

#[test]
fn charts_are_refused_before_the_counting_where_they_cannot_be_had() {
    let case = Case::new();
    let refused = |more: &[&str]| {
        let ran = case.run(&[&["report", "--demo", "--quiet"], more].concat());
        assert_eq!(ran.code, Some(2), "{more:?}: {}", ran.stderr);
        ran.stderr
    };
    assert!(refused(&["--charts", "gif"]).contains("png, svg"));
    assert!(refused(&["--charts", "png", "--format", "table"]).contains("leave out --charts"));
    case.write("r/charts", "a file stands where the folder should be");
    let said = refused(&["--charts", "svg", "--format", "md", "--out", "r"]);
    assert!(said.contains("charts"), "{said}");
}

#[test]
fn without_a_browser_there_is_no_pdf_and_a_word_on_what_to_try() {
    let case = Case::new();
    let print = |variable: &str, value: &str| {
        let mut command = case.command(&["report", "--demo", "--out", "r", "--format", "pdf"]);
        let output = command.env_remove("TRICHTER_CHROMIUM").env(variable, value).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = print("TRICHTER_CHROMIUM", "/nowhere/chromium");
    assert!(code == Some(2) && said.contains("/nowhere/chromium"), "{said}");
    let (code, said) = print("PATH", case.folder().to_str().unwrap());
    // Systems without a search path for programs may have one all the same.
    assert!(code == Some(0) || (code == Some(2) && said.contains("install Chromium")), "{said}");
    assert!(code == Some(0) || !case.path("r").exists(), "nothing is begun that cannot be finished");
}

#[test]
fn a_report_on_the_terminal_is_plain_text_where_nobody_looks_and_writes_no_file() {
    let case = Case::new();
    let shown = |more: &[&str]| case.ask(&[&["report", "--demo", "--format", "table"], more].concat());
    let text = shown(&[]);
    assert!(!case.path("reports").exists(), "nothing is written");
    assert!(!text.contains('\u{1b}'), "no colour in a pipe");
    let place = |part: &str| text.find(part).unwrap_or_else(|| panic!("no {part:?} in\n{text}"));
    let order = ["Conversation report\n", "\nIn short\n", "\nAt a glance\n", "\nTrend\n=====\n", "trichter explain"];
    assert!(order.map(place).is_sorted());
    let rates = text.lines().find(|line| line.contains(" Reply rate ")).unwrap();
    assert!(rates.contains('%') && rates.contains(" of ") && rates.contains('█'), "{rates}");
    let course = text.lines().find(|line| line.starts_with("Reply rate: ")).unwrap();
    assert!(course.chars().any(|c| "▁▂▃▄▅▆▇█".contains(c)), "{course}");
    assert!(!text.contains("SELECT"), "definitions are elsewhere");
    assert_eq!(text, shown(&["--threads", "1"]));
    let german = shown(&["--lang", "de"]);
    assert!(german.starts_with("Gesprächsbericht\n") && german.contains("\nAuf einen Blick\n"), "{german}");
    for (wrong, said) in
        [(&["--format", "table,html"][..], "stands alone"), (&["--format", "table", "--out", "r"], "--out")]
    {
        let ran = case.run(&[&["report", "--store", "s"], wrong].concat()).expect(2);
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
    }
}

/// A store with the folder of metrics of one's own beside the configuration.
fn with_own_metrics() -> Case {
    let case = Case::new();
    case.samples();
    case.write(
        "sample-data/queries/button_rate.sql",
        "-- name: Buttons <tapped>\n-- name[de]: Getippte Knöpfe\n-- meaning: messages clicked, of messages sent\n\
         -- unit: messages\n-- table: messages\n-- by: campaign\n\
         SELECT segment, SUM(CAST(n_clicks > 0 AS INT)) AS numerator, COUNT(*) AS denominator\n\
         FROM messages GROUP BY segment\n",
    );
    case.write(
        "sample-data/queries/daily_replies.sql",
        "-- name: Replies by day\n-- table: messages\n-- by: day\n-- chart: trend\n\
         SELECT segment, SUM(CAST(n_clicks > 0 AS INT)) AS numerator, COUNT(*) AS denominator\n\
         FROM messages GROUP BY segment\n",
    );
    case.write(
        "sample-data/queries/times_clicked.sql",
        "-- unit: clicks\n-- table: messages\n-- by: channel\n\
         SELECT segment, n_clicks AS value, COUNT(*) AS n\nFROM messages GROUP BY segment, n_clicks\n",
    );
    case.write("sample-data/queries/notes.txt", "no metric");
    case.run(&[
        "ingest",
        "sample-data/telegram",
        "sample-data/whatsapp",
        "--store",
        "s",
        "--config",
        "sample-data/trichter.toml",
    ])
    .expect(0);
    case
}

const OWN: [&str; 7] = ["report", "--store", "s", "--config", "sample-data/trichter.toml", "--out", "r"];

#[test]
fn metrics_of_ones_own_have_a_chapter_with_totals_breakdowns_and_charts() {
    let case = with_own_metrics();
    case.run(&[&OWN[..], &["--format", "html,md,json,csv,xlsx"]].concat()).expect(0);
    let json: Value = serde_json::from_slice(&fs::read(case.path("r/report.json")).unwrap()).unwrap();
    let own = json["own"].as_array().unwrap();
    let told = |key: &str| own.iter().map(|own| own[key].as_str().unwrap_or("-").to_owned()).collect::<Vec<_>>();
    assert_eq!(told("metric"), ["button_rate", "daily_replies", "times_clicked"]);
    assert_eq!(told("chart"), ["bars", "trend", "none"]);
    // What the report shows is what the metric answers alone.
    let file = "sample-data/queries/button_rate.sql";
    let alone = case.ask(&["query", file, "--store", "s", "--config", "sample-data/trichter.toml", "--json"]);
    let alone: Value = serde_json::from_str(&alone).unwrap();
    for key in ["numerator", "denominator", "value"] {
        assert_eq!(own[0]["total"]["figure"][key], alone["rows"][0][key], "{key}");
    }
    let by_campaign =
        own[0]["rows"].as_array().unwrap().iter().map(|row| row["figure"]["denominator"].as_u64().unwrap());
    assert_eq!(Some(by_campaign.sum()), own[0]["total"]["figure"]["denominator"].as_u64());
    let html = fs::read_to_string(case.path("r/index.html")).unwrap();
    let chapter = html.split_once("<section id=\"own\"").unwrap().1.split_once("</section>").unwrap().0;
    assert!(chapter.contains("Own metrics") && chapter.contains("Buttons &lt;tapped&gt; by Campaign"), "{chapter}");
    assert_eq!(chapter.matches("<svg").count(), 2, "bars and a trend; values have none");
    assert!(html.contains("id=\"def-button-rate\""), "it is defined");
    let names: Vec<String> = files_below(&case.path("r/tables"))
        .iter()
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("own"))
        .collect();
    assert_eq!(names, ["own.csv", "own_button_rate.csv", "own_daily_replies.csv", "own_times_clicked.csv"]);
    let mut book: Xlsx<_> = calamine::open_workbook(case.path("r/report.xlsx")).unwrap();
    for name in ["own", "own_button_rate", "own_daily_replies", "own_times_clicked"] {
        assert!(book.worksheet_range(name).is_ok_and(|sheet| sheet.height() > 1), "{name}");
    }
    let german = [&OWN[..], &["--format", "md", "--lang", "de"]].concat();
    case.run(&german).expect(0);
    let german = fs::read_to_string(case.path("r/report.md")).unwrap();
    assert!(
        german.contains("## Eigene Kennzahlen") && german.contains("### Getippte Knöpfe nach Kampagne"),
        "{german}"
    );
    let table = case.ask(&[&OWN[..5], &["--format", "table"]].concat());
    assert!(table.contains("\nReplies by day by Day\n"), "{table}");
    // Another folder, named by the configuration and meant from there.
    let config = fs::read_to_string(case.path("sample-data/trichter.toml")).unwrap();
    case.write("sample-data/else.toml", config.replace("[report]\n", "[report]\nqueries = 'mine'\n"));
    let other = ["report", "--store", "s", "--config", "sample-data/else.toml", "--out", "r", "--format", "json"];
    case.run(&other).expect(2).complains(&["sample-data/mine", "check the path"]);
    case.write("sample-data/mine/only.sql", fs::read(case.path(file)).unwrap());
    case.run(&other).expect(0);
    let json: Value = serde_json::from_slice(&fs::read(case.path("r/report.json")).unwrap()).unwrap();
    assert_eq!(json["own"].as_array().unwrap().len(), 1);
}

#[test]
fn a_metric_of_ones_own_that_cannot_be_counted_stops_the_report() {
    let case = with_own_metrics();
    let good = fs::read_to_string(case.path("sample-data/queries/button_rate.sql")).unwrap();
    for (name, text, words) in [
        (
            "a.sql",
            good.replace("table: messages", "table: mesages"),
            &["queries/a.sql:5:", "no fact table 'mesages'"][..],
        ),
        ("b.sql", good.replace("by: campaign", "by: campain"), &["queries/b.sql:6:", "did you mean 'campaign'"]),
        ("c.sql", good.replace("n_clicks > 0", "n_klicks > 0"), &["queries/c.sql:7:", "n_klicks"]),
        ("open_rate.sql", good.clone(), &["queries/open_rate.sql:1:", "'open_rate'", "another name"]),
        ("fix_first.sql", good.clone(), &["queries/fix_first.sql:1:", "'fix_first'", "another name"]),
        ("Mein Wert.sql", good.clone(), &["Mein Wert.sql:1:", "cannot be a metric's name"]),
    ] {
        let path = format!("sample-data/queries/{name}");
        case.write(&path, text);
        case.run(&OWN).expect(2).complains(words);
        assert!(!case.path("r/report.json").exists());
        fs::remove_file(case.path(&path)).unwrap();
    }
}
