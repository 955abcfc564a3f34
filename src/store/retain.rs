//! Retention: months that are old enough are taken out of the table, and with them links of whoever has no event any more; written
//! words are taken out of other months. One commit, after which the files of before are deleted as after an erasing.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use rayon::prelude::*;

use super::erase::{Erased, Proof, sweep, without_rows};
use super::links::Moves;
use super::part::Part;
use super::place::Place;
use super::stranger::{column, is_chosen, kinds};
use super::table::{Change, Operation};
use super::{DataFile, Store, coarse, join, merge, schema};
use crate::error::Result;

/// What is kept, by months such as `2026-05`.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// The first month whose events are kept; `None` keeps all.
    pub events: Option<String>,
    /// The first month whose written words are kept; `None` keeps all.
    pub words: Option<String>,
}

/// What the rules do to a store, or would do.
#[derive(Clone, Debug, Default)]
pub struct Retained {
    /// Months that are taken out, in order.
    pub months: Vec<String>,
    /// Rows of these months.
    pub rows: u64,
    /// Data files of other months that hold words to be taken out.
    pub with_words: u64,
    /// What became of files; of a preview, nothing.
    pub erased: Erased,
}

/// What the rules would do.
///
/// # Errors
/// A data file is damaged.
pub fn preview(store: &Store, rules: &Rules) -> Result<Retained> {
    Ok(Found::of(store, rules)?.told())
}

/// Applies the rules. Where they find nothing to do, the store stays as it is, version and all.
///
/// # Errors
/// Somebody else is writing to the store, it is damaged, or it cannot be written. Files of before that are still there then are
/// deleted by the next run.
pub fn retain(store: &mut Store, rules: &Rules) -> Result<Retained> {
    store.alone(|store| {
        let version_before = store.version();
        let table = store.events();
        coarse::widen(table.path())?;
        store.load()?;
        let mut retained = loop {
            let found = Found::of(store, rules)?;
            if found.old.is_empty() && found.wordy.is_empty() {
                break found.told();
            }
            let links = store.links()?;
            // Nobody needs to know the ids of whom nothing else is known any more.
            let gone = without_rows(&table, &found.kept, &links)?;
            let left = links.without(&gone)?;
            let written = silenced(&table, &found.wordy)?;
            let removed: Vec<DataFile> = found.old.iter().chain(&found.wordy).cloned().collect();
            let change = Change {
                added: &written,
                removed: &removed,
                links: (left != links).then_some(&left),
                ..Change::of(Operation::Forget)
            };
            match store.commit(&change) {
                Ok(Some(_)) => {
                    let mut told = found.told();
                    told.erased.rows = told.rows;
                    told.erased.written =
                        written.iter().map(|file| Proof::of(&table, &file.path)).collect::<Result<_>>()?;
                    break told;
                }
                Ok(None) => join::discard(&table, &written),
                Err(error) => return Err(error),
            }
        };
        (retained.erased.version_before, retained.erased.version_after) = (version_before, store.version());
        retained.erased.deleted = sweep(store)?;
        Ok(retained)
    })
}

/// The data files that rules are about.
struct Found {
    /// Those that go as a whole.
    old: Vec<DataFile>,
    /// Those that hold words to be taken out.
    wordy: Vec<DataFile>,
    /// Those whose events stay.
    kept: Vec<DataFile>,
}

impl Found {
    fn of(store: &Store, rules: &Rules) -> Result<Self> {
        let table = store.events();
        let is_before =
            |file: &DataFile, first: &Option<String>| first.as_ref().is_some_and(|first| file.month < *first);
        let (old, kept): (Vec<_>, Vec<_>) = store.files()?.into_iter().partition(|file| is_before(file, &rules.events));
        let silent: Vec<DataFile> = kept.iter().filter(|file| is_before(file, &rules.words)).cloned().collect();
        let holds: Vec<bool> = silent.par_iter().map(|file| holds_words(&table, file)).collect::<Result<_>>()?;
        let wordy = silent.into_iter().zip(holds).filter(|(_, holds)| *holds).map(|(file, _)| file).collect();
        Ok(Self { old, wordy, kept })
    }

    fn told(&self) -> Retained {
        let mut months: Vec<String> = self.old.iter().map(|file| file.month.clone()).collect();
        months.sort();
        months.dedup();
        Retained {
            months,
            rows: self.old.iter().map(|file| file.n_rows).sum(),
            with_words: self.wordy.len() as u64,
            erased: Erased::default(),
        }
    }
}

/// Whether a file holds anything that somebody may have written.
fn holds_words(table: &Place, file: &DataFile) -> Result<bool> {
    let part = Part::open_at(table.join(&file.path), file.clone())?;
    for batch in part.batches(&["kind", "answer"], "contact_key", i64::MIN, i64::MAX)? {
        let batch = batch?;
        let answers = column(&batch, "answer")?;
        if answers.null_count() < answers.len() {
            let of_kinds = kinds(&batch)?;
            let is_written = |(row, kind): (usize, &Option<_>)| answers.is_valid(row) && !kind.is_some_and(is_chosen);
            if of_kinds.iter().enumerate().any(is_written) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Writes files anew without what somebody may have written.
fn silenced(table: &Place, files: &[DataFile]) -> Result<Vec<DataFile>> {
    let mut written = Vec::new();
    for file in files {
        let one = std::slice::from_ref(file);
        match merge::rewrite(table, &file.month, one, &Moves::default(), |batch| silent(&batch)) {
            Ok(new) => written.push(new),
            Err(error) => {
                join::discard(table, &written);
                return Err(error);
            }
        }
    }
    Ok(written)
}

fn silent(batch: &RecordBatch) -> Result<RecordBatch> {
    let kinds = kinds(batch)?;
    let answers = column(batch, "answer")?.as_string::<i32>();
    let kept: StringArray =
        kinds.iter().zip(answers.iter()).map(|(kind, answer)| answer.filter(|_| kind.is_some_and(is_chosen))).collect();
    let kept: ArrayRef = Arc::new(kept);
    let columns = schema::COLUMNS.iter().zip(batch.columns());
    let columns = columns.map(|(spec, old)| Arc::clone(if spec.name == "answer" { &kept } else { old })).collect();
    Ok(RecordBatch::try_new(batch.schema(), columns)?)
}
