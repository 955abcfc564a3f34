//! Tables of measures in the words of a language: headings, columns, notes and cells that say something.
//!
//! Columns are called what their own table calls them, else what all tables do, else what their metric is called.

use std::collections::BTreeMap;

use super::Argument;
use crate::measures::table::Message;
use crate::measures::{Measured, Table, Value};
use crate::metrics::Metric;
use crate::report::text::{Language, printable};

impl Language {
    /// Puts into words what a measure's tables say. Once done, there is nothing left to be said.
    pub fn tell(self, measured: &mut Measured, metrics: &[Metric]) {
        let metrics: BTreeMap<&str, &Metric> = metrics.iter().map(|metric| (metric.id.as_str(), metric)).collect();
        for table in &mut measured.tables {
            self.tell_table(measured.measure.id, table, &metrics);
        }
    }

    fn tell_table(self, measure: &str, table: &mut Table, metrics: &BTreeMap<&str, &Metric>) {
        let key = format!("{measure}-{}", table.id);
        table.title = match table.heading.take() {
            Some(message) => self.message(&message),
            None => self.find(&key, &[]).unwrap_or_default(),
        };
        for column in &mut table.columns {
            let own = || self.find(&format!("{key}.{}", column.name), &[]);
            let common = || self.find(&format!("column-{}", column.name), &[]);
            let of_metric = || Some(metrics.get(column.metric.as_deref()?)?.words(self.code()).name.to_owned());
            column.title = match column.says.take() {
                Some(message) => self.message(&message),
                None => own().or_else(common).or_else(of_metric).unwrap_or_else(|| super::capitalised(&column.name)),
            };
        }
        let notes: Vec<String> = table.notes.drain(..).map(|message| self.message(&message)).collect();
        table.note = notes.join(" ");
        for value in table.rows.iter_mut().flat_map(|row| &mut row.cells) {
            let text = match value {
                Value::Message(message) => self.message(message),
                Value::Column(name) => self.column(name),
                Value::Meaning(id) => match metrics.get(id.as_str()) {
                    Some(metric) => metric.words(self.code()).meaning.to_owned(),
                    None => continue,
                },
                _ => continue,
            };
            *value = Value::Text(text);
        }
    }

    /// A message with what is filled in.
    #[must_use]
    pub fn message(self, message: &Message) -> String {
        let arguments: Vec<(&'static str, Argument)> =
            message.arguments.iter().map(|(name, value)| (*name, self.argument(value))).collect();
        self.say_with(message.key, &arguments)
    }

    fn argument(self, value: &Value) -> Argument {
        match value {
            Value::Count(n) => (*n).into(),
            // A whole day, as breakdowns and ranges name it.
            Value::Text(text) if text.len() == "2026-05-04".len() => self.day(&printable(text)).into(),
            value => {
                let [text, ..] = self.written(value);
                text.into()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::{Column, Measure, Row};

    fn told(language: Language, table: Table) -> Table {
        let mut measured = Measured { measure: Measure::named("leaving").unwrap(), tables: vec![table] };
        language.tell(&mut measured, &Metric::all().unwrap());
        measured.tables.remove(0)
    }

    #[test]
    fn a_table_says_everything_in_words_once_it_is_told() {
        let words = [Value::word("ending-stopped"), Value::word("ending-blocked")];
        let cells = vec![Value::Count(3), Message::list(words), Value::Meaning("click_rate@sent".to_owned())];
        let table = Table {
            id: "times",
            columns: ["visits", "untimed", "my_own"].map(Column::new).into(),
            rows: vec![Row::new(3, cells)],
            notes: vec![Message::of("leaving-times.note"), Message::of("left-out-rows").with("n", Value::Count(1))],
            ..Table::default()
        };
        let german = told(Language::De, table.clone());
        assert_eq!(german.title, "Anteil beantwortet binnen");
        let titles: Vec<&str> = german.columns.iter().map(|column| column.title.as_str()).collect();
        assert_eq!(
            titles,
            ["Besuche", "Antworten ohne Zeit", "My own"],
            "own words first, then everybody's, then the name"
        );
        assert_eq!(german.rows[0].cells[1], Value::Text("Stopp, gesperrt".to_owned()));
        assert!(
            matches!(&german.rows[0].cells[2], Value::Text(text) if text.starts_with("Nachrichten, die mindestens"))
        );
        assert!(german.note.contains("Ausgelassen: 1 Zeile, weil") && german.notes.is_empty(), "{}", german.note);
        let english = told(Language::En, table);
        assert_eq!(told(Language::De, english.clone()).rows, english.rows, "what is told is not told again");
    }

    #[test]
    fn columns_of_metrics_are_called_as_their_metrics() {
        let column = Column::of("reply_rate");
        let table = Table { id: "none", columns: vec![column], ..Table::default() };
        assert_eq!(told(Language::De, table).columns[0].title, "Antwortrate");
    }

    #[test]
    fn days_are_written_out_and_instants_are_left_alone() {
        let [begin, end] = ["2026-05-01", "2026-06-01 12:00"].map(|text| Value::Text(text.to_owned()));
        let range = Message::of("comparison-range").with("begin", begin).with("end", end);
        assert_eq!(Language::De.message(&range), "Davor: 1. Mai 2026 bis 2026-06-01 12:00.");
    }
}
