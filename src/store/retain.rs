//! Retention: events that are old enough are taken out of the table, month by month and kind by kind, and with them links of whoever
//! has no event any more; written words are taken out of what stays. One commit, after which the files of before are deleted as
//! after an erasing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray};
use arrow::compute::filter_record_batch;
use rayon::prelude::*;

use super::erase::{Erased, Proof, sweep, without_rows};
use super::links::Moves;
use super::part::Part;
use super::place::Place;
use super::stranger::{column, is_chosen, kinds};
use super::table::{Change, Operation};
use super::{DataFile, Store, coarse, join, merge, schema};
use crate::error::Result;
use crate::event::Kind;

/// What is kept, by months such as `2026-05`.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// The first month whose events of a kind are kept. What is not here is kept for good.
    pub events: BTreeMap<Kind, String>,
    /// The first month whose written words are kept; `None` keeps all.
    pub words: Option<String>,
}

impl Rules {
    /// Kinds of which nothing of this month is kept.
    fn gone(&self, month: &str) -> BTreeSet<Kind> {
        self.events.iter().filter(|(_, first)| month < first.as_str()).map(|(kind, _)| *kind).collect()
    }

    fn is_silent(&self, month: &str) -> bool {
        self.words.as_deref().is_some_and(|first| month < first)
    }
}

/// What the rules do to a store, or would do.
#[derive(Clone, Debug, Default)]
pub struct Retained {
    /// Months of which nothing is left, in order.
    pub months: Vec<String>,
    /// Rows that are taken out: of these months, and of others the kinds that are not kept so long.
    pub rows: u64,
    /// Data files of other months out of which rows are taken.
    pub thinned: u64,
    /// Data files that hold words to be taken out.
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
            if found.edits.is_empty() {
                break found.told();
            }
            let written = written(&table, &found.edits)?;
            let links = store.links()?;
            // Nobody needs to know the ids of whom nothing else is known any more.
            let stays: Vec<DataFile> = found.untouched.iter().chain(&written).cloned().collect();
            let gone = without_rows(&table, &stays, &links)?;
            let left = links.without(&gone)?;
            let removed: Vec<DataFile> = found.edits.iter().map(|edit| edit.file.clone()).collect();
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

/// What becomes of a data file.
struct Edit {
    file: DataFile,
    /// Kinds whose rows go.
    gone: BTreeSet<Kind>,
    /// How many these are.
    n_gone: u64,
    /// Whether what somebody wrote goes from the rows that stay.
    is_silenced: bool,
}

impl Edit {
    fn is_whole(&self) -> bool {
        self.n_gone == self.file.n_rows
    }
}

/// What the rules find.
struct Found {
    /// Data files of which something goes.
    edits: Vec<Edit>,
    /// The others.
    untouched: Vec<DataFile>,
}

impl Found {
    fn of(store: &Store, rules: &Rules) -> Result<Self> {
        let table = store.events();
        let files = store.files()?;
        let edits: Vec<Option<Edit>> = files.par_iter().map(|file| edit(&table, file, rules)).collect::<Result<_>>()?;
        let mut found = Self { edits: Vec::new(), untouched: Vec::new() };
        for (file, edit) in files.into_iter().zip(edits) {
            match edit {
                Some(edit) => found.edits.push(edit),
                None => found.untouched.push(file),
            }
        }
        Ok(found)
    }

    fn told(&self) -> Retained {
        let months = |is_whole: bool| -> BTreeSet<&str> {
            let edits = self.edits.iter().filter(|edit| edit.is_whole() == is_whole);
            edits.map(|edit| edit.file.month.as_str()).collect()
        };
        let (whole, mut left) = (months(true), months(false));
        left.extend(self.untouched.iter().map(|file| file.month.as_str()));
        let n = |is: fn(&&Edit) -> bool| self.edits.iter().filter(is).count() as u64;
        Retained {
            months: whole.difference(&left).map(|month| (*month).to_owned()).collect(),
            rows: self.edits.iter().map(|edit| edit.n_gone).sum(),
            thinned: n(|edit| edit.n_gone > 0 && !edit.is_whole()),
            with_words: n(|edit| edit.is_silenced),
            erased: Erased::default(),
        }
    }
}

/// What the rules ask of a file; `None` if that is nothing.
fn edit(table: &Place, file: &DataFile, rules: &Rules) -> Result<Option<Edit>> {
    let (gone, is_silent) = (rules.gone(&file.month), rules.is_silent(&file.month));
    let mut edit = Edit { file: file.clone(), gone, n_gone: 0, is_silenced: false };
    if edit.gone.len() == Kind::ALL.len() {
        edit.n_gone = file.n_rows;
        return Ok(Some(edit));
    }
    let part = Part::open_at(table.join(&file.path), file.clone())?;
    let held = part.contents().kinds;
    let holds_gone = held.iter().any(|(_, kind)| Kind::from_name(kind).is_some_and(|kind| edit.gone.contains(&kind)));
    if !holds_gone && !is_silent {
        return Ok(None);
    }
    for batch in part.batches(&["kind", "answer"], "contact_key", i64::MIN, i64::MAX)? {
        let batch = batch?;
        let answers = column(&batch, "answer")?;
        for (row, kind) in kinds(&batch)?.into_iter().enumerate() {
            if kind.is_some_and(|kind| edit.gone.contains(&kind)) {
                edit.n_gone += 1;
            } else if is_silent && answers.is_valid(row) && !kind.is_some_and(is_chosen) {
                edit.is_silenced = true;
            }
        }
    }
    Ok((edit.n_gone > 0 || edit.is_silenced).then_some(edit))
}

/// Writes files anew without what goes.
fn written(table: &Place, edits: &[Edit]) -> Result<Vec<DataFile>> {
    let mut written = Vec::new();
    for edit in edits.iter().filter(|edit| !edit.is_whole()) {
        let one = std::slice::from_ref(&edit.file);
        match merge::rewrite(table, &edit.file.month, one, &Moves::default(), |batch| left(&batch, edit)) {
            Ok(new) => written.push(new),
            Err(error) => {
                join::discard(table, &written);
                return Err(error);
            }
        }
    }
    Ok(written)
}

/// The rows of kinds that stay, without what somebody may have written where the file is silenced.
fn left(batch: &RecordBatch, edit: &Edit) -> Result<RecordBatch> {
    let of_kinds = kinds(batch)?;
    let stays = of_kinds.iter().map(|kind| Some(!kind.is_some_and(|kind| edit.gone.contains(&kind))));
    let stays: BooleanArray = stays.collect();
    if !edit.is_silenced {
        return Ok(filter_record_batch(batch, &stays)?);
    }
    let answers = column(batch, "answer")?.as_string::<i32>();
    let kept: StringArray = of_kinds
        .iter()
        .zip(answers.iter())
        .map(|(kind, answer)| answer.filter(|_| kind.is_some_and(is_chosen)))
        .collect();
    let kept: ArrayRef = Arc::new(kept);
    let columns = schema::COLUMNS.iter().zip(batch.columns());
    let columns = columns.map(|(spec, old)| Arc::clone(if spec.name == "answer" { &kept } else { old })).collect();
    let silent = RecordBatch::try_new(batch.schema(), columns)?;
    Ok(filter_record_batch(&silent, &stays)?)
}
