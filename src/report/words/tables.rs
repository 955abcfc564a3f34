//! Tables of measures in the words of a language: headings, columns, notes and cells that say something.
//!
//! Columns are called what their own table calls them, else what all tables do, else what their metric is called.

use std::collections::BTreeMap;

use super::Argument;
use crate::measures::table::Message;
use crate::measures::{Measured, Table, Value};
use crate::metrics::Metric;
use crate::report::text::Language;

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
            value => {
                let [text, ..] = self.written(value);
                text.into()
            }
        }
    }
}
