//! The catalog of metrics: every file in `queries/` with its header. A metric is one SQL file; nothing else lists it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::embedded;
use crate::error::{Error, Result, nearest};
use crate::facts;
use crate::rate::Bound;

/// The files of `sample-data/`: path below the folder and content.
#[must_use]
pub fn samples() -> &'static [(&'static str, &'static [u8])] {
    embedded::SAMPLES
}

/// A metric: its header and its SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metric {
    /// File stem: the id in SQL, on the command line, in JSON and on sheets.
    pub id: String,
    /// What it is called in a report.
    pub name: String,
    /// Numerator and denominator in words.
    pub meaning: String,
    /// What is counted.
    pub unit: String,
    /// The fact table it reads.
    pub table: String,
    /// The flag column that says whether a row's channel can tell; `None` if every channel can.
    pub needs: Option<String>,
    /// The flag column that says whether a row's channel tells of some cases only.
    pub bounded: Option<String>,
    /// What the rate is then: a lower bound, or an upper one if it counts what was not told (`bounded_above`).
    pub bound: Bound,
    /// Where the definition comes from.
    pub follows: String,
    /// How it can mislead.
    pub caveat: String,
    /// Who else counts so, each perhaps with their word for it: `Insider (open rate)`.
    pub vendors: Vec<String>,
    /// The column by which a report breaks it down, if it is a metric of the user's own that wants it.
    pub by: Option<String>,
    /// How a report draws that breakdown.
    pub chart: Chart,
    /// What the header says in other languages, by key and language: `-- name[de]: …`.
    pub translations: BTreeMap<(String, String), String>,
    /// The SELECT.
    pub sql: String,
}

/// How the breakdown of a metric is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Chart {
    /// A bar for each name.
    Bars,
    /// A line over days.
    Trend,
    /// Not at all.
    None,
}

impl Chart {
    /// What the header wants, else what fits. What is no rate has no bars, and only days have a trend.
    fn of(wanted: Option<&str>, by: Option<&str>, is_rate: bool) -> std::result::Result<Self, String> {
        let fitting = match by {
            Some("day") if is_rate => Self::Trend,
            Some(_) if is_rate => Self::Bars,
            _ => Self::None,
        };
        let chart = match wanted {
            None => fitting,
            Some("none") => Self::None,
            Some("bars") => Self::Bars,
            Some("trend") => Self::Trend,
            Some(other) => return Err(format!("there is no chart '{other}'; write bars, trend or none")),
        };
        match chart {
            Self::None => Ok(chart),
            _ if by.is_none() => Err("a chart shows a breakdown: name its column in a line '-- by: …'".to_owned()),
            _ if !is_rate => Err("charts show rates, and this counts values: write '-- chart: none'".to_owned()),
            Self::Trend if by != Some("day") => Err("a trend goes by day: write '-- by: day', or bars".to_owned()),
            _ => Ok(chart),
        }
    }
}

/// What a header says in one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words<'m> {
    /// What it is called in a report.
    pub name: &'m str,
    /// Numerator and denominator in words.
    pub meaning: &'m str,
    /// What is counted.
    pub unit: &'m str,
    /// Where the definition comes from.
    pub follows: &'m str,
    /// How it can mislead.
    pub caveat: &'m str,
}

impl Metric {
    /// Reads a file of `queries/`.
    ///
    /// # Errors
    /// A line of the header is missing, or the table does not exist.
    pub fn parse(id: &str, text: &str) -> Result<Self> {
        Self::read(id, text).map_err(|(line, message)| {
            // What is missing stands in no line.
            let message = if line > 1 { format!("line {line}: {message}") } else { message };
            Error::Query { name: id.to_owned(), message }
        })
    }

    /// The same, with the line of what is wrong.
    pub(super) fn read(id: &str, text: &str) -> std::result::Result<Self, (usize, String)> {
        if let Some((line, key)) = unknown_key(text) {
            let known: Vec<String> = KEYS.map(str::to_owned).into();
            let meant = match nearest(key, &known) {
                Some(near) => format!("did you mean '{near}'?"),
                None => format!("there are {}; a remark stands below the header", known.join(", ")),
            };
            return Err((line, format!("a header has no line '-- {key}: …'; {meant}")));
        }
        let line_of = |key: &str| {
            let prefix = format!("-- {key}:");
            text.lines().position(|line| line.starts_with(&prefix)).map_or(1, |place| place + 1)
        };
        let header = |key: &str| {
            let prefix = format!("-- {key}:");
            text.lines().find_map(|line| line.strip_prefix(&prefix)).map(|value| value.trim().to_owned())
        };
        let required = |key: &str| header(key).ok_or_else(|| (1, format!("its header has no line '-- {key}: …'")));
        let (below, above) = (header("bounded"), header("bounded_above"));
        let bound = match (&below, &above) {
            (Some(_), Some(_)) => {
                return Err((line_of("bounded"), "it cannot be bounded both below and above".to_owned()));
            }
            (Some(_), None) => Bound::Least,
            (None, Some(_)) => Bound::Most,
            (None, None) => Bound::Exact,
        };
        let sql = text.lines().filter(|line| !line.trim_start().starts_with("--")).collect::<Vec<_>>().join("\n");
        let by = header("by");
        let chart = Chart::of(header("chart").as_deref(), by.as_deref(), sql.contains("numerator"));
        let metric = Self {
            id: id.to_owned(),
            name: header("name").unwrap_or_else(|| id.to_owned()),
            meaning: header("meaning").unwrap_or_default(),
            unit: header("unit").unwrap_or_else(|| "rows".to_owned()),
            table: required("table")?,
            needs: header("needs"),
            bounded: below.or(above),
            bound,
            follows: header("follows").unwrap_or_default(),
            caveat: header("caveat").unwrap_or_default(),
            vendors: header("vendors")
                .map(|names| names.split(';').map(|name| name.trim().to_owned()).collect())
                .unwrap_or_default(),
            translations: text.lines().filter_map(translation).collect(),
            by,
            chart: chart.map_err(|message| (line_of("chart"), message))?,
            sql,
        };
        let Some(grain) = facts::grain(&metric.table) else {
            let known: Vec<&str> = facts::GRAINS.iter().map(|grain| grain.name).collect();
            let message = format!("there is no fact table '{}'; there are {}", metric.table, known.join(", "));
            return Err((line_of("table"), message));
        };
        for flag in metric.flags() {
            if !grain.columns.iter().any(|column| column.name == flag) {
                let line =
                    ["needs", "bounded", "bounded_above"].into_iter().find(|key| header(key).as_deref() == Some(flag));
                let message = format!("fact table '{}' has no column '{flag}'", metric.table);
                return Err((line.map_or(1, line_of), message));
            }
        }
        Ok(metric)
    }

    /// Every metric that the program brings, by id.
    ///
    /// # Errors
    /// A file in `queries/` has a broken header; a test holds that none has.
    pub fn all() -> Result<Vec<Self>> {
        files().map(|(id, text)| Self::parse(id, text)).collect()
    }

    /// The metric with this id, or the one in the SQL file at this path.
    ///
    /// # Errors
    /// There is none, the file cannot be read, or its header is broken.
    pub fn find(name: &str) -> Result<Self> {
        if Path::new(name).extension().is_some_and(|extension| extension == "sql") {
            let path = Path::new(name);
            let text = std::fs::read_to_string(path).map_err(Error::read(path))?;
            let id = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            return Self::parse(&id, &text);
        }
        if let Some((id, text)) = files().find(|(id, _)| *id == name) {
            return Self::parse(id, text);
        }
        let known = files().map(|(id, _)| id.to_owned()).collect();
        Err(Error::Unknown { what: "metric", name: name.to_owned(), known })
    }

    /// What the header says in a language; what it does not say in it, in English.
    #[must_use]
    pub fn words(&self, language: &str) -> Words<'_> {
        let own = |key: &str| self.translations.get(&(key.to_owned(), language.to_owned())).map(String::as_str);
        Words {
            name: own("name").unwrap_or(&self.name),
            meaning: own("meaning").unwrap_or(&self.meaning),
            unit: own("unit").unwrap_or(&self.unit),
            follows: own("follows").unwrap_or(&self.follows),
            caveat: own("caveat").unwrap_or(&self.caveat),
        }
    }

    /// Whether it counts shares or ratios; else it counts how often each value was seen.
    #[must_use]
    pub fn is_rate(&self) -> bool {
        self.sql.contains("numerator")
    }

    /// Whether it counts what is there several times once, so that counts of segments do not add up.
    #[must_use]
    pub fn counts_distinct(&self) -> bool {
        self.sql.to_ascii_lowercase().contains("distinct")
    }

    /// The id without the convention behind the `@`: conventions of one rate share it.
    #[must_use]
    pub fn base(&self) -> &str {
        self.id.split_once('@').map_or(&self.id, |(base, _)| base)
    }

    /// The metric itself and all other conventions of the same rate, the plain one first.
    ///
    /// # Errors
    /// As [`Metric::all`].
    pub fn conventions(base: &str) -> Result<Vec<Self>> {
        // `@` sorts behind nothing, so the plain id comes first.
        Ok(Self::all()?.into_iter().filter(|metric| metric.base() == base).collect())
    }

    /// The flag columns that its header speaks of.
    pub fn flags(&self) -> impl Iterator<Item = &str> {
        self.needs.as_deref().into_iter().chain(self.bounded.as_deref())
    }

    /// The columns of the fact table that the SQL speaks of.
    #[must_use]
    pub fn columns(&self) -> Vec<&'static str> {
        let words: Vec<&str> =
            self.sql.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').collect();
        let columns = facts::grain(&self.table).map(|grain| grain.columns).unwrap_or_default();
        columns.iter().map(|column| column.name).filter(|name| words.contains(name)).collect()
    }
}

/// The id and the text of every file of `queries/`.
fn files() -> impl Iterator<Item = (&'static str, &'static str)> {
    embedded::QUERIES.iter().map(|(file, text)| (file.trim_end_matches(".sql"), *text))
}

/// What a header can say, each in a line `-- KEY: …`.
const KEYS: [&str; 12] = [
    "name",
    "meaning",
    "unit",
    "table",
    "needs",
    "bounded",
    "bounded_above",
    "follows",
    "caveat",
    "vendors",
    "by",
    "chart",
];

/// The first line of the header that looks like one of these and is none, with its key. The header ends where the SELECT begins.
fn unknown_key(text: &str) -> Option<(usize, &str)> {
    let header = text.lines().take_while(|line| line.trim().is_empty() || line.trim_start().starts_with("--"));
    header.enumerate().find_map(|(place, line)| {
        let (head, _) = line.trim_start().trim_start_matches('-').trim_start().split_once(':')?;
        let key = head.split_once('[').map_or(head, |(key, _)| key).trim_end();
        // Sentences may have colons too.
        let is_key = key.starts_with(|c: char| c.is_ascii_alphabetic())
            && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        let is_written_right = line.strip_prefix("-- ").is_some_and(|rest| rest.starts_with(key));
        (is_key && !(KEYS.contains(&key) && is_written_right)).then_some((place + 1, key))
    })
}

/// A line `-- KEY[LANGUAGE]: …` of a header.
fn translation(line: &str) -> Option<((String, String), String)> {
    let (head, text) = line.strip_prefix("-- ")?.split_once(':')?;
    let (key, language) = head.strip_suffix(']')?.split_once('[')?;
    Some(((key.to_owned(), language.to_owned()), text.trim().to_owned()))
}

/// The part of `queries/README.md` that is about metrics: every one in a table, as the headers of the files have it.
///
/// # Errors
/// As [`Metric::all`].
pub fn readme() -> Result<String> {
    let mut text = String::from(
        "# Metrics\n\n\
         One metric is one file. Its header says what it means, its SELECT counts rows of one fact table; \
         [ARCHITECTURE.md](../ARCHITECTURE.md#what-the-numbers-mean) defines what the rows are, and how to add a metric.\n\
         This page is written from the headers by `TRICHTER_UPDATE=1 cargo test`.\n\n\
         Metrics of your own go into a folder `queries/` beside the `trichter.toml` in use, or into the one that \
         `[report] queries` names. Every `*.sql` there has a header like these and stands in the report's chapter \
         'Own metrics'; `name[de]` and the like say it in German. `-- by: campaign` adds a breakdown by one column, \
         `-- chart: bars`, `trend` (by day) or `none` says how it is drawn. A file that is broken, or called like one \
         of the metrics or measures below, stops the report.\n\n\
         | id | name | meaning | unit | table | follows | caveat |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for metric in Metric::all()? {
        let Metric { id, name, meaning, unit, table, follows, caveat, .. } = metric;
        let link = format!("[`{id}`]({id}.sql)");
        // A bar inside a cell would end it.
        let cells = [name, meaning, unit, table, follows, caveat].map(|cell| cell.replace('|', "\\|"));
        text.extend(["| ", &link, " | ", &cells.join(" | "), " |\n"]);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_metrics_has_a_row_for_each() {
        let text = readme().unwrap();
        for metric in Metric::all().unwrap() {
            assert!(text.contains(&format!("| [`{id}`]({id}.sql) |", id = metric.id)), "{}", metric.id);
        }
    }

    #[test]
    fn a_header_says_of_which_kind_a_bound_is_and_never_both() {
        let parse = |header: &str| Metric::parse("m", &format!("-- table: conversations\n{header}SELECT 1"));
        assert_eq!(parse("").unwrap().bound, Bound::Exact);
        let below = parse("-- bounded: handovers_bounded\n").unwrap();
        let above = parse("-- bounded_above: handovers_bounded\n").unwrap();
        assert_eq!((below.bound, above.bound), (Bound::Least, Bound::Most));
        assert_eq!(above.flags().collect::<Vec<_>>(), ["handovers_bounded"]);
        assert!(parse("-- bounded: handovers_bounded\n-- bounded_above: handovers_bounded\n").is_err());
        assert!(parse("-- bounded_above: no_such_column\n").is_err());
    }

    #[test]
    fn a_line_of_the_header_that_nobody_reads_is_refused_with_its_place() {
        let refused = |line: &str| {
            let text = format!("-- name: Fast\n{line}\n-- table: messages\nSELECT 1");
            Metric::parse("fast", &text).err().map(|error| error.to_string()).unwrap_or_default()
        };
        for (line, said) in [
            ("-- tables: messages", "line 2: a header has no line '-- tables: …'; did you mean 'table'?"),
            ("-- Meaning: soon", "did you mean 'meaning'?"),
            ("--unit: messages", "line 2"),
            ("-- owner: marketing", "a remark stands below the header"),
            ("-- mening[de]: bald", "did you mean 'meaning'?"),
        ] {
            assert!(refused(line).contains(said), "{line}: {}", refused(line));
        }
        for line in ["-- What is counted here: messages.", "", "-- unit: messages", "-- unit[de]: Nachrichten"] {
            assert_eq!(refused(line), "", "{line}");
        }
        let below = "-- name: Fast\n-- table: messages\nSELECT 1\n-- owner: marketing";
        assert!(Metric::parse("fast", below).is_ok());
    }

    #[test]
    fn every_metric_has_a_full_header() {
        let all = Metric::all().unwrap();
        assert!(all.len() >= 20);
        for metric in all {
            for (key, value) in [
                ("name", &metric.name),
                ("meaning", &metric.meaning),
                ("unit", &metric.unit),
                ("follows", &metric.follows),
                ("caveat", &metric.caveat),
            ] {
                assert!(!value.is_empty(), "{} has no {key}", metric.id);
            }
            assert_ne!(metric.name, metric.id, "{} has no name", metric.id);
        }
    }

    #[test]
    fn every_metric_has_a_full_header_in_german() {
        for metric in Metric::all().unwrap() {
            for key in ["name", "meaning", "unit", "follows", "caveat"] {
                let german = metric.translations.get(&(key.to_owned(), "de".to_owned()));
                assert!(german.is_some_and(|text| !text.is_empty()), "{} has no {key}[de]", metric.id);
            }
            assert_eq!(metric.translations.len(), 5, "{} has lines that nobody reads", metric.id);
        }
    }

    #[test]
    fn what_a_header_lacks_in_a_language_is_said_in_english() {
        let text = "-- name: Fast\n-- name[de]: Schnell\n-- meaning: soon\n-- table: messages\nSELECT 1";
        let metric = Metric::parse("fast", text).unwrap();
        let (german, french) = (metric.words("de"), metric.words("fr"));
        assert_eq!((german.name, german.meaning, french.name), ("Schnell", "soon", "Fast"));
    }
}
