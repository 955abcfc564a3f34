//! Logs of earlier programs tell the keys of contacts at the bounds of each data file. Before anybody is forgotten, these bounds
//! are widened to what the log tells today, commit file by commit file; checkpoints, which repeat them, are removed: the table is
//! read from its commits as well.

use std::fs;
use std::io::Write;
use std::path::Path;

use serde_json::Value;

use super::write::coarse;
use crate::error::{Error, Result};

/// Widens the bounds in the log of the table in this folder. A process that dies in between leaves a log that says the same.
///
/// # Errors
/// The log cannot be read or written.
pub(super) fn widen(table: &Path) -> Result<()> {
    let log = table.join("_delta_log");
    let mut names = Vec::new();
    for entry in fs::read_dir(&log).map_err(Error::read(&log))? {
        names.push(entry.map_err(Error::read(&log))?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    let mut wide = Vec::new();
    for name in names.iter().filter(|name| Path::new(name).extension().is_some_and(|end| end == "json")) {
        let path = log.join(name);
        let text = fs::read_to_string(&path).map_err(Error::read(&path))?;
        if let Some(text) = widened(&text) {
            wide.push((path, text));
        }
    }
    if wide.is_empty() {
        return Ok(());
    }
    // The hint goes first: without it, readers look for the checkpoints that are there.
    let is_sum = |name: &&String| name.contains(".checkpoint") || name.contains(".crc");
    let sums = std::iter::once("_last_checkpoint").chain(names.iter().filter(is_sum).map(String::as_str));
    for path in sums.map(|name| log.join(name)).filter(|path| path.exists()) {
        fs::remove_file(&path).map_err(Error::write(&path))?;
    }
    for (path, text) in wide {
        let mut draft = tempfile::NamedTempFile::new_in(&log).map_err(Error::write(&path))?;
        draft.write_all(text.as_bytes()).and_then(|()| draft.as_file().sync_all()).map_err(Error::write(&path))?;
        draft.persist(&path).map_err(|error| Error::Write { path, source: error.error })?;
    }
    Ok(())
}

/// A commit with wider bounds; `None` if they are as wide as they should be.
fn widened(text: &str) -> Option<String> {
    let mut is_changed = false;
    let mut out = String::new();
    for line in text.lines() {
        match widened_line(line) {
            Some(wide) => {
                is_changed = true;
                out.push_str(&wide);
            }
            None => out.push_str(line),
        }
        out.push('\n');
    }
    is_changed.then_some(out)
}

fn widened_line(line: &str) -> Option<String> {
    let mut action: Value = serde_json::from_str(line).ok()?;
    let stats = action.get_mut("add")?.get_mut("stats")?;
    let mut bounds: Value = serde_json::from_str(stats.as_str()?).ok()?;
    let low = bounds.get("minValues")?.get("contact_key")?.as_i64()?;
    let high = bounds.get("maxValues")?.get("contact_key")?.as_i64()?;
    let wide = coarse((low, high));
    if wide == (low, high) {
        return None;
    }
    *bounds.get_mut("minValues")?.get_mut("contact_key")? = wide.0.into();
    *bounds.get_mut("maxValues")?.get_mut("contact_key")? = wide.1.into();
    *stats = bounds.to_string().into();
    Some(action.to_string())
}

#[cfg(test)]
mod tests {
    use super::super::{AsOf, Change, DataFile, Operation, Store};
    use super::*;

    #[test]
    fn the_log_of_an_earlier_program_tells_no_keys_any_more_and_says_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open_or_create(folder.path()).unwrap();
        let file = |n: u8| DataFile {
            path: format!("month=2026-01/part-{n}.parquet"),
            month: "2026-01".into(),
            size: 1,
            n_rows: 1,
            keys: (-81_985_529_216_486_895, 81_985_529_216_486_895),
            instants: (0, 1),
        };
        // Enough for a checkpoint.
        for n in 0..101 {
            store.commit(&Change { added: &[file(n)], ..Change::of(Operation::Ingest) }).unwrap();
        }
        let log = store.table_path().join("_delta_log");
        let texts = || -> Vec<String> {
            let paths = fs::read_dir(&log).unwrap().map(|entry| entry.unwrap().path());
            paths.filter_map(|path| fs::read_to_string(path).ok()).collect()
        };
        let (low, high) = coarse(file(0).keys);
        for entry in fs::read_dir(&log).unwrap().map(|entry| entry.unwrap().path()) {
            if let Ok(text) = fs::read_to_string(&entry) {
                let exact = text.replace(&low.to_string(), "-81985529216486895");
                fs::write(&entry, exact.replace(&high.to_string(), "81985529216486895")).unwrap();
            }
        }
        assert!(texts().iter().any(|text| text.contains("81985529216486895")));
        let before = Store::open(folder.path(), AsOf::Latest).unwrap().files().unwrap();
        widen(&store.table_path()).unwrap();
        assert!(!texts().iter().any(|text| text.contains("81985529216486895")));
        assert!(
            fs::read_dir(&log).unwrap().all(|entry| !entry.unwrap().path().to_string_lossy().contains("checkpoint"))
        );
        let after = Store::open(folder.path(), AsOf::Latest).unwrap().files().unwrap();
        let paths = |files: &[DataFile]| files.iter().map(|file| file.path.clone()).collect::<Vec<_>>();
        assert_eq!(paths(&after), paths(&before));
        assert!(after.iter().all(|file| file.keys == (low, high)));
        assert_eq!(widened(&texts().concat()), None, "there is nothing left to do");
    }
}
