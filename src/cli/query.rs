//! `trichter query`: metrics, broken down as asked, all in one pass over the store.

use super::{Breakdown, Done, Few, Form, Prices, Reading, Written, print, print_json, render, say};
use crate::config::Lang;
use crate::error::{Error, Result};
use crate::measures::comparison::{Against, Comparison};
use crate::measures::{Measure, Measured, suppression};
use crate::metrics::{Answers, Ask, Metric};
use crate::report::Language;

/// Ask for metrics and measures.
///
/// METRIC is an id that 'trichter explain' lists, or a SQL file of your own: one SELECT over a fact table that returns
/// 'segment' with 'numerator' and 'denominator', or with 'value' and 'n'. Several are counted in one pass over the store;
/// METRIC:COLUMN,COLUMN has a breakdown of its own; 'METRIC@*' asks for every convention by which others count the rate.
/// With --compare, rates stand beside those that they are compared with.
///
/// Example: trichter query question_drop_off_rate --store /tmp/store --by flow,question
#[derive(clap::Args)]
pub(super) struct Query {
    /// Id of a metric, or a file ending in .sql; with :COLUMN,COLUMN for a breakdown of its own.
    #[arg(value_name = "METRIC|FILE.sql", required = true)]
    metrics: Vec<String>,
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    breakdown: Breakdown,
    #[command(flatten)]
    few: Few,
    #[command(flatten)]
    prices: Prices,
    /// Compare rates with those of the range right before (of as many months or days, or of the same length), or of one value of a column with the others: variant or variant=control.
    #[arg(long, value_name = "previous|COLUMN[=BASELINE]")]
    compare: Option<String>,
    /// Of a measure or a comparison only this table, by the name that it has in JSON. CSV holds one table: of several, this says which.
    #[arg(long, value_name = "NAME")]
    table: Option<String>,
    #[command(flatten)]
    written: Written,
    /// Language of the tables of measures and comparisons: en or de.
    #[arg(long, value_name = "LANGUAGE", default_value = "en")]
    lang: Lang,
}

impl Query {
    pub(super) fn run(&self) -> Result<Done> {
        let metrics = expanded(&self.metrics)?;
        if metrics.len() > 1 && matches!(self.written.form(), Form::Csv) {
            return Err(Error::Usage("CSV holds one table: ask for one metric at a time, or for JSON".into()));
        }
        if let Some(compare) = &self.compare {
            return self.compared(Against::parse(compare));
        }
        let measures: Vec<_> = metrics.iter().filter_map(|name| Measure::named(name)).collect();
        if measures.len() == metrics.len() {
            return self.measure(&measures);
        }
        if let Some(measure) = measures.first() {
            let id = measure.id;
            return Err(Error::Usage(format!("'{id}' is a measure, which has tables of its own: ask for it apart")));
        }
        if let Some(table) = &self.table {
            return Err(Error::Usage(format!(
                "no table '{table}': a metric has one answer, and only measures have tables"
            )));
        }
        let opened = self.reading.open()?;
        let asks: Vec<Ask> = metrics.iter().map(|metric| self.ask(metric)).collect();
        let mut answers = opened.answer(&asks)?;
        let lost = opened.least(self.few.suppress).map(|least| {
            let lost = suppression::of_answers(&mut answers, least);
            say(&self.language().message(&suppression::sentence(lost.iter().sum(), least)));
            lost
        });
        let mut lost = lost.unwrap_or_default().into_iter();
        let mut json = |answer| {
            let mut json = render::json(answer);
            if let (Some(lost), Some(object)) = (lost.next(), json.as_object_mut()) {
                object.insert("suppressed".to_owned(), lost.into());
            }
            json
        };
        match (self.written.form(), answers.as_slice()) {
            (Form::Json, [answer]) => print_json(&json(answer))?,
            (Form::Json, answers) => print_json(&answers.iter().map(json).collect::<Vec<_>>())?,
            (Form::Csv, answers) => answers.iter().try_for_each(|answer| print(&render::csv(answer)?))?,
            (Form::Table, answers) => answers.iter().try_for_each(|answer| print(&render::table(answer)))?,
        }
        Ok(Done::Well)
    }

    /// The tables of measures.
    fn measure(&self, measures: &[&'static Measure]) -> Result<Done> {
        let mut opened = self.reading.open()?;
        opened.config.cost = self.prices.card(opened.store.place())?;
        let setting = opened.setting(&self.breakdown.by);
        let asks: Vec<Ask> = measures.iter().flat_map(|measure| (measure.asks)(&setting)).collect();
        let answers = opened.answer(&asks)?;
        let answers = Answers::new(&answers);
        let measured = measures.iter().map(|measure| measure.of(&setting, &answers)).collect::<Result<Vec<_>>>()?;
        self.show(measured, opened.least(self.few.suppress))
    }

    /// Rates against those of the range before or of another segment.
    fn compared(&self, against: Against) -> Result<Done> {
        let subjects: Vec<Ask> = self.metrics.iter().map(|metric| self.ask(metric)).collect();
        if subjects.iter().any(|subject| subject.by != self.breakdown.by) {
            return Err(Error::Usage("rates are compared in one breakdown: name it with --by".into()));
        }
        let comparison = Comparison::new(against, subjects)?;
        let opened = self.reading.open()?;
        let comparison = comparison.with_experiments(&opened.config.experiment);
        let measured = opened.compare(&comparison)?;
        self.show(vec![measured], opened.least(self.few.suppress))
    }

    fn language(&self) -> Language {
        self.lang.into()
    }

    fn show(&self, mut measured: Vec<Measured>, least: Option<u64>) -> Result<Done> {
        let language = self.language();
        if let Some(least) = least {
            let lost = measured.iter_mut().map(|measured| suppression::of_tables(measured, least)).sum();
            say(&language.message(&suppression::sentence(lost, least)));
        }
        if let Some(wanted) = &self.table {
            only(&mut measured, wanted)?;
        }
        let metrics = Metric::all()?;
        for one in &mut measured {
            language.tell(one, &metrics);
        }
        match (self.written.form(), measured.as_slice()) {
            (Form::Json, [measured]) => print_json(measured)?,
            (Form::Json, measured) => print_json(&measured)?,
            (Form::Csv, measured) => {
                let tables: Vec<_> = measured.iter().flat_map(|measured| &measured.tables).collect();
                let [table] = tables.as_slice() else {
                    let names = names(measured).join(", ");
                    return Err(Error::Usage(format!(
                        "CSV holds one table, and this has several: name one of them with --table: {names}"
                    )));
                };
                print(&render::measure::csv(table)?)?;
            }
            (Form::Table, measured) => {
                measured.iter().try_for_each(|measured| print(&render::measure::tables(measured, language)))?;
            }
        }
        Ok(Done::Well)
    }

    /// The metric with its own breakdown, or with that of `--by`.
    fn ask(&self, metric: &str) -> Ask {
        match metric.rsplit_once(':') {
            // A path may hold a colon, a column does not hold a separator.
            Some((metric, by)) if !by.contains(['/', '\\', '.']) => {
                Ask::broken_down(metric, by.split(',').map(|column| column.trim().to_owned()).collect())
            }
            _ => Ask::broken_down(metric, self.breakdown.by.clone()),
        }
    }
}

/// Keeps the tables of this name.
fn only(measured: &mut [Measured], wanted: &str) -> Result<()> {
    let known = names(measured);
    if !known.iter().any(|name| name == wanted) {
        return Err(Error::Unknown { what: "table", name: wanted.to_owned(), known });
    }
    for measured in measured {
        measured.tables.retain(|table| table.id == wanted);
    }
    Ok(())
}

/// What the tables are called.
fn names(measured: &[Measured]) -> Vec<String> {
    measured.iter().flat_map(|measured| &measured.tables).map(|table| table.id.to_owned()).collect()
}

/// The metrics named, with every convention of those that end in `@*`.
fn expanded(names: &[String]) -> Result<Vec<String>> {
    let mut metrics = Vec::new();
    for name in names {
        let (metric, by) = name.split_once(':').map_or((name.as_str(), None), |(metric, by)| (metric, Some(by)));
        let Some(base) = metric.strip_suffix("@*") else {
            metrics.push(name.clone());
            continue;
        };
        let conventions = Metric::conventions(base)?;
        if conventions.is_empty() {
            Metric::find(base)?;
        }
        let id = |metric: Metric| by.map_or_else(|| metric.id.clone(), |by| format!("{}:{by}", metric.id));
        metrics.extend(conventions.into_iter().map(id));
    }
    Ok(metrics)
}
