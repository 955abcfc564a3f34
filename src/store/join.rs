//! Joining: events that are stored under an id which turned out to be another's are filed under that other. The data files
//! that hold them are written anew, and only these.

use rayon::prelude::*;

use super::DataFile;
use super::links::Moves;
use super::merge;
use super::part::Part;
use super::place::Place;
use crate::error::Result;

/// Data files that take the place of others.
#[derive(Debug, Default)]
pub struct Joined {
    /// The new ones.
    pub added: Vec<DataFile>,
    /// Those that they replace.
    pub removed: Vec<DataFile>,
}

impl Joined {
    /// Removes the new files, which no commit will name.
    pub fn discard(&self, table: &Place) {
        discard(table, &self.added);
    }
}

/// Removes data files that no commit will name. What cannot be removed is invisible all the same; vacuum finds it.
pub fn discard(table: &Place, files: &[DataFile]) {
    for file in files {
        table.join(&file.path).discard();
    }
}

/// Writes every one of `files` anew that holds a row to be moved. Rows and their events stay as many; one file is written
/// at a time, range of contacts by range, so that memory does not grow with the files.
///
/// # Errors
/// A data file is damaged, or a new one cannot be written.
pub fn join(table: &Place, files: &[DataFile], moves: &Moves) -> Result<Joined> {
    let mut joined = Joined::default();
    if moves.is_empty() {
        return Ok(joined);
    }
    let holds_moved = |file: &DataFile| -> Result<bool> {
        let part = Part::open_at(table.join(&file.path), file.clone())?;
        Ok(!part.runs_of(&moves.keys)?.is_empty())
    };
    let holding: Vec<bool> = files.par_iter().map(holds_moved).collect::<Result<_>>()?;
    for (file, _) in files.iter().zip(holding).filter(|(_, holds_moved)| *holds_moved) {
        match merge::merge(table, &file.month, std::slice::from_ref(file), moves) {
            Ok(new) => joined.added.push(new),
            Err(error) => {
                joined.discard(table);
                return Err(error);
            }
        }
        joined.removed.push(file.clone());
    }
    Ok(joined)
}
