//! Bookmarks: how far each log was read, so that the next run goes on there.
//!
//! A bookmark knows a log by its bytes, not by its name: a log that was renamed, copied or compressed by a rotation is the
//! same log, and one that was begun anew under the same name is another. Whether bookmarks are kept, and where, is not
//! decided here; without them everything is read, and the store leaves out what it has.

use std::fs::Metadata;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::frame::{self, Buffers, Chunk, Chunks, Form, IsWhole};
use super::input::{self, Opened, Source};
use super::whole_lines::{Last, Shared, Tally, WholeLines};
use crate::error::{Error, Result};
use crate::event::Time;

/// What was read of the logs that a store was filled from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bookmarks(Vec<Bookmark>);

impl Bookmarks {
    /// Forgets logs whose names stand for people's names. They are read anew.
    pub fn drop_nameless(&mut self) {
        self.0.retain(|bookmark| !bookmark.is_nameless);
    }
}

/// How far one log was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bookmark {
    /// Name of the log when it was read last.
    pub name: String,
    /// The file as it was then.
    stamp: Stamp,
    /// Whether nothing was left for later.
    is_whole: bool,
    /// Whether its records stand in lines, so that reading can go on in the middle.
    has_lines: bool,
    /// Whether `name` stands for a person's name.
    is_nameless: bool,
    /// Bytes of whole records that were read, after decompression.
    n_bytes: u64,
    /// Lines among them.
    n_lines: u64,
    /// BLAKE3 of them.
    hash: String,
    /// BLAKE3 of the first of them, of 4096 at most.
    beginning: String,
    /// When a run saw the log last, in microseconds UTC.
    seen: i64,
}

/// A file as the system describes it. As long as it stays the same, nobody has written to the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    device: u64,
    inode: u64,
    n_bytes: u64,
    modified_ns: i128,
    changed_ns: i128,
}

impl Stamp {
    #[cfg(unix)]
    fn of(file: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        let nanoseconds = |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
        Self {
            device: file.dev(),
            inode: file.ino(),
            n_bytes: file.len(),
            modified_ns: nanoseconds(file.mtime(), file.mtime_nsec()),
            changed_ns: nanoseconds(file.ctime(), file.ctime_nsec()),
        }
    }

    #[cfg(not(unix))]
    fn of(file: &Metadata) -> Self {
        let since = |at: io::Result<std::time::SystemTime>| {
            let at = at.ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
            at.and_then(|at| i128::try_from(at.as_nanos()).ok()).unwrap_or_default()
        };
        let modified_ns = since(file.modified());
        Self { device: 0, inode: 0, n_bytes: file.len(), modified_ns, changed_ns: since(file.created()) }
    }
}

/// Reading with bookmarks.
pub struct Following<'f> {
    /// What earlier runs have read.
    pub bookmarks: &'f Bookmarks,
    /// Who last wrote to a file this long ago, in microseconds, is done with it. Younger files may end in the middle of a
    /// record.
    pub settle: i64,
    /// The instant of the run.
    pub now: Time,
    /// What logs are called whose names are people's, as those of exported chats are.
    pub nameless: &'f (dyn Fn(&str) -> String + Sync),
}

/// What following a log came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It had been read, and nothing has changed since.
    Unchanged,
    /// Reading went on where the last run had stopped.
    Continued,
    /// It was read from its beginning.
    Read,
    /// It is still being written, in a form that does not show what of it is whole: a later run reads it.
    PutOff,
}

/// What became of a log in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    /// What the log is called; never a person's name.
    pub name: String,
    /// What was done.
    pub step: Step,
    /// Bytes that were left for the next run, because their record is not whole yet.
    pub held_back: u64,
    /// BLAKE3 of all that was read of it until now, in hexadecimal digits; absent where that is not known.
    pub hash: Option<String>,
    bookmark: Option<Bookmark>,
}

/// A log that is being followed.
pub(super) struct Log {
    name: String,
    /// What is to be read; `None` if nothing is.
    chunks: Option<Chunks>,
    step: Step,
    /// What the bookmark will say, but for what is read now.
    draft: Option<Bookmark>,
    tally: Shared,
}

impl Step {
    /// What it is called in records of runs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Continued => "continued",
            Self::Read => "read",
            Self::PutOff => "put_off",
        }
    }
}

impl Bookmarks {
    /// Takes over what a run has read. Logs that no run has seen since `oldest` are gone, and so are their bookmarks.
    pub fn update(&mut self, followed: impl IntoIterator<Item = Followed>, oldest: Time) {
        for new in followed.into_iter().filter_map(|followed| followed.bookmark) {
            self.0.retain(|old| !old.is_behind(&new));
            self.0.push(new);
        }
        self.0.retain(|bookmark| bookmark.seen >= oldest.0);
        self.0.sort_by(|left, right| (&left.name, &left.hash).cmp(&(&right.name, &right.hash)));
    }

    /// The bookmark of a file that nobody has written to since.
    fn unchanged(&self, stamp: Stamp) -> Option<&Bookmark> {
        self.0.iter().find(|bookmark| bookmark.stamp == stamp && bookmark.is_whole)
    }

    /// Bookmarks of logs that begin like this one, those of few bytes first.
    fn beginning_like(&self, bytes: &[u8]) -> Vec<&Bookmark> {
        let is_like = |bookmark: &&Bookmark| {
            let n = usize::try_from(bookmark.n_bytes).unwrap_or(usize::MAX).min(Tally::BEGINNING);
            n > 0 && bytes.get(..n).is_some_and(|bytes| hash(bytes) == bookmark.beginning)
        };
        let mut found: Vec<&Bookmark> = self.0.iter().filter(is_like).collect();
        found.sort_by_key(|bookmark| bookmark.n_bytes);
        found
    }
}

impl Bookmark {
    /// Whether the other one is of the same file or bytes, and says more.
    fn is_behind(&self, new: &Self) -> bool {
        let is_same_log = self.beginning == new.beginning && self.n_bytes <= new.n_bytes;
        // Of what has no bytes of whole records, only the name tells.
        (self.hash == new.hash && self.n_bytes > 0)
            || (self.name == new.name && (is_same_log || self.stamp.inode == new.stamp.inode))
    }
}

fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

impl Following<'_> {
    /// Opens a log where reading goes on. The standard input is read as it is.
    ///
    /// # Errors
    /// As [`input::open`].
    pub(super) fn open(
        &self,
        source: &Source,
        stdin: impl Fn() -> Box<dyn Read + Send>,
        buffers: &Buffers,
        is_whole: &IsWhole<'_>,
    ) -> Result<Log> {
        let all = |opened| Chunks::new(opened, source.name(), frame::LIMIT, buffers, is_whole);
        let open = || input::open(source, &stdin);
        let Source::File { path, name } = source else {
            return Ok(Log::read(source, all(open()?)));
        };
        let stamp = Stamp::of(&std::fs::metadata(path).map_err(Error::read(path))?);
        if let Some(known) = self.bookmarks.unchanged(stamp) {
            let draft = Bookmark { seen: self.now.0, ..known.clone() };
            let name = known.name.clone();
            return Ok(Log { name, chunks: None, step: Step::Unchanged, draft: Some(draft), tally: Shared::default() });
        }
        let age = i128::from(self.now.0) - stamp.modified_ns / 1000;
        let is_settled = age >= i128::from(self.settle);
        let draft = Bookmark {
            name: name.clone(),
            stamp,
            is_whole: true,
            has_lines: false,
            is_nameless: false,
            n_bytes: 0,
            n_lines: 0,
            hash: String::new(),
            beginning: String::new(),
            seen: self.now.0,
        };
        let put_off = |name| Log { name, chunks: None, step: Step::PutOff, draft: None, tally: Shared::default() };
        let mut reader = match open()? {
            Opened::Bytes(reader) => reader,
            // What it holds stands at its end, so one that is still being written cannot be read at all.
            Opened::Parquet(_) if !is_settled => return Ok(put_off(draft.name)),
            parquet @ Opened::Parquet(_) => {
                let mut hasher = blake3::Hasher::new();
                let file = std::fs::File::open(path).map_err(Error::read(path))?;
                hasher.update_reader(file).map_err(Error::read(path))?;
                let draft = Bookmark { hash: hasher.finalize().to_hex().to_string(), ..draft };
                let chunks = Some(all(parquet));
                let name = draft.name.clone();
                return Ok(Log { name, chunks, step: Step::Read, draft: Some(draft), tally: Shared::default() });
            }
        };
        let known = self.known(&mut reader).map_err(Error::read(path))?;
        let last = if is_settled { Last::Passed } else { Last::HeldBack };
        if let Some((known, tally)) = known {
            if known.has_lines {
                let Opened::Bytes(mut rest) = open()? else { return Ok(put_off(draft.name)) };
                io::copy(&mut rest.by_ref().take(tally.n_bytes), &mut io::sink()).map_err(Error::read(path))?;
                let (first_line, tally) = (tally.n_lines + 1, Arc::new(Mutex::new(tally)));
                let lines = Box::new(WholeLines::new(rest, last, Arc::clone(&tally)));
                let chunks = Some(Chunks::of_lines(lines, first_line, frame::LIMIT, buffers));
                let name = draft.name.clone();
                let draft = Some(Bookmark { has_lines: true, ..draft });
                return Ok(Log { name, chunks, step: Step::Continued, draft, tally });
            }
            let is_over = reader.read(&mut [0]).map_err(Error::read(path))? == 0;
            if is_over && tally.n_bytes == known.n_bytes {
                let name = if known.is_nameless { (self.nameless)(name) } else { name.clone() };
                let draft = Bookmark { name: name.clone(), stamp, seen: self.now.0, ..known.clone() };
                return Ok(Log {
                    name,
                    chunks: None,
                    step: Step::Unchanged,
                    draft: Some(draft),
                    tally: Shared::default(),
                });
            }
        }
        let form = all(open()?).form();
        let (has_lines, is_nameless) = (form == Form::Lines, form == Form::Text);
        let name = if is_nameless { (self.nameless)(name) } else { name.clone() };
        if !has_lines && !is_settled {
            return Ok(put_off(name));
        }
        let Opened::Bytes(reader) = open()? else { return Ok(put_off(name)) };
        let tally = Shared::default();
        let lines = WholeLines::new(reader, if has_lines { last } else { Last::NoLines }, Arc::clone(&tally));
        let chunks = Some(all(Opened::Bytes(Box::new(lines))));
        let draft = Some(Bookmark { name: name.clone(), has_lines, is_nameless, ..draft });
        Ok(Log { name, chunks, step: Step::Read, draft, tally })
    }

    /// The bookmark of a log, if it has one: of those whose bytes the log begins with, the one that is furthest on. Then
    /// the tally of these bytes, and the reader stands behind them if the log holds no more.
    fn known(&self, reader: &mut impl Read) -> io::Result<Option<(&Bookmark, Tally)>> {
        let mut beginning = Vec::new();
        reader.by_ref().take(Tally::BEGINNING as u64).read_to_end(&mut beginning)?;
        let candidates = self.bookmarks.beginning_like(&beginning);
        let mut bytes = beginning.chain(reader);
        let mut tally = Tally::default();
        let mut found = None;
        for candidate in candidates {
            tally.add_from(&mut bytes, candidate.n_bytes - tally.n_bytes)?;
            if tally.n_bytes == candidate.n_bytes && tally.hash() == candidate.hash {
                found = Some((candidate, tally.clone()));
            }
        }
        Ok(found)
    }
}

impl Log {
    /// A log that is read whole and not followed.
    pub(super) fn read(source: &Source, chunks: Chunks) -> Self {
        let name = source.name().to_owned();
        Self { name, chunks: Some(chunks), step: Step::Read, draft: None, tally: Shared::default() }
    }

    /// What is to be read of it.
    pub(super) fn chunks(&mut self) -> impl Iterator<Item = io::Result<Chunk>> {
        self.chunks.iter_mut().flatten()
    }

    /// What became of the log, once its chunks have been read.
    pub(super) fn followed(self) -> Followed {
        let tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        let held_back = tally.rest;
        let bookmark = self.draft.map(|draft| match self.step {
            Step::Read | Step::Continued if tally.n_bytes > 0 || tally.is_held => Bookmark {
                is_whole: !tally.is_held,
                n_bytes: tally.n_bytes,
                n_lines: tally.n_lines,
                hash: tally.hash(),
                beginning: hash(&tally.beginning),
                ..draft
            },
            _ => draft,
        });
        let hash = bookmark.as_ref().map(|bookmark| bookmark.hash.clone()).filter(|hash| !hash.is_empty());
        Followed { name: self.name, step: self.step, held_back, hash, bookmark }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::io::Write;
    use std::time::{Duration, SystemTime};

    use super::*;

    /// A folder of logs that is read night after night.
    struct Nights {
        folder: tempfile::TempDir,
        bookmarks: Bookmarks,
    }

    const HOUR: u64 = 3600;

    impl Nights {
        fn new() -> Self {
            Self { folder: tempfile::tempdir().unwrap(), bookmarks: Bookmarks::default() }
        }

        fn path(&self, name: &str) -> std::path::PathBuf {
            self.folder.path().join(name)
        }

        fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
            fs::write(self.path(name), bytes).unwrap();
        }

        fn append(&self, name: &str, text: &str) {
            File::options().append(true).open(self.path(name)).unwrap().write_all(text.as_bytes()).unwrap();
        }

        /// What is read, and what is done with each file, `later` hours from now.
        fn read_later(&mut self, later: u64) -> (Vec<String>, Vec<Step>) {
            let latest = files_of(self.folder.path()).map(|path| fs::metadata(path).unwrap().modified().unwrap());
            let now = latest.max().unwrap() + Duration::from_secs(later * HOUR);
            let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros();
            let now = Time(i64::try_from(now).unwrap());
            let settle = i64::try_from(HOUR * 1_000_000 / 6).unwrap();
            let nameless = |_: &str| "chat".to_owned();
            let following = Following { bookmarks: &self.bookmarks, settle, now, nameless: &nameless };
            let inputs = [self.folder.path().to_string_lossy().into_owned()];
            let (mut records, mut followed) = (Vec::new(), Vec::new());
            for source in input::sources(&inputs).unwrap() {
                let mut log = following.open(&source, || unreachable!(), &Buffers::default(), &|_| false).unwrap();
                for chunk in log.chunks().flatten() {
                    chunk.records(&|_| false, |framed| {
                        records.push(format!("{}:{}", framed.line, framed.excerpt()));
                    });
                }
                followed.push(log.followed());
            }
            let steps = followed.iter().map(|followed| followed.step).collect();
            self.bookmarks.update(followed, Time(0));
            (records, steps)
        }

        fn read(&mut self) -> (Vec<String>, Vec<Step>) {
            self.read_later(0)
        }
    }

    fn files_of(folder: &std::path::Path) -> impl Iterator<Item = std::path::PathBuf> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path())
    }

    fn line(n: u32) -> String {
        format!("{{\"n\":{n}}}\n")
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn reading_goes_on_where_it_stopped_and_a_half_written_line_is_read_once_it_is_whole() {
        let mut nights = Nights::new();
        nights.write("a.log", "{\"n\":1}\n{\"n\":2}\n{\"n\":");
        assert_eq!(nights.read(), (vec!["1:{\"n\":1}".into(), "2:{\"n\":2}".into()], vec![Step::Read]));
        nights.append("a.log", "3}\n{\"n\":4}\n");
        assert_eq!(nights.read(), (vec!["3:{\"n\":3}".into(), "4:{\"n\":4}".into()], vec![Step::Continued]));
        assert_eq!(nights.read(), (vec![], vec![Step::Unchanged]));
    }

    #[test]
    fn a_last_line_that_nobody_goes_on_writing_is_read() {
        let mut nights = Nights::new();
        nights.write("a.log", "{\"n\":1}\n{\"n\":");
        assert_eq!(nights.read().0, ["1:{\"n\":1}"]);
        assert_eq!(nights.read_later(2).0, ["2:{\"n\":"]);
        assert_eq!(nights.read_later(3), (vec![], vec![Step::Unchanged]));
    }

    #[test]
    fn a_log_that_was_rotated_is_the_same_log_under_any_name_and_compression() {
        let mut nights = Nights::new();
        nights.write("a.log", "{\"n\":1}\n{\"n\":2}\n");
        nights.read();
        nights.append("a.log", "{\"n\":3}\n");
        fs::rename(nights.path("a.log"), nights.path("a.log.1")).unwrap();
        nights.write("a.log", "{\"n\":9}\n");
        assert_eq!(
            nights.read(),
            (vec!["1:{\"n\":9}".into(), "3:{\"n\":3}".into()], vec![Step::Read, Step::Continued])
        );
        let whole = fs::read_to_string(nights.path("a.log.1")).unwrap();
        fs::remove_file(nights.path("a.log.1")).unwrap();
        nights.write("a.log.2.gz", gzip(&(whole + "{\"n\":4}\n")));
        assert_eq!(nights.read().0, ["4:{\"n\":4}"]);
        assert_eq!(nights.read(), (vec![], vec![Step::Unchanged; 2]));
    }

    #[test]
    fn a_log_that_was_copied_and_cut_to_nothing_is_read_on_in_its_copy() {
        let mut nights = Nights::new();
        nights.write("a.log", "{\"n\":1}\n");
        nights.read();
        nights.append("a.log", "{\"n\":2}\n");
        fs::copy(nights.path("a.log"), nights.path("a.log.1")).unwrap();
        nights.write("a.log", "{\"n\":3}\n");
        let (mut records, _) = nights.read();
        records.sort();
        assert_eq!(records, ["1:{\"n\":3}", "2:{\"n\":2}"]);
        assert_eq!(nights.read().0, Vec::<String>::new());
    }

    #[test]
    fn a_file_that_was_changed_in_the_middle_is_read_anew() {
        let mut nights = Nights::new();
        nights.write("a.csv", "at,contact,text\n1,a,sent\n2,b,sent\n");
        assert_eq!(nights.read(), (vec![], vec![Step::PutOff]));
        assert_eq!(nights.read_later(1).0.len(), 2);
        assert_eq!(nights.read_later(1), (vec![], vec![Step::Unchanged]));
        nights.write("a.csv", "at,contact,text\n1,a,read\n2,b,sent\n");
        assert_eq!(nights.read_later(1).0.len(), 2);
        let long: String = (0..2000).map(line).collect();
        nights.write("b.log", &long);
        nights.read_later(1);
        nights.write("b.log", long.replace("1500", "7777") + "{\"n\":1}\n");
        assert_eq!(nights.read_later(1).0.len(), 2001);
    }

    #[test]
    fn a_table_that_was_moved_is_not_read_again() {
        let mut nights = Nights::new();
        nights.write("a.csv", "at,contact,text\n1,a,sent\n");
        nights.read_later(1);
        fs::rename(nights.path("a.csv"), nights.path("b.csv")).unwrap();
        assert_eq!(nights.read_later(1), (vec![], vec![Step::Unchanged]));
        assert_eq!(nights.bookmarks.0.len(), 1);
    }

    #[test]
    fn a_compressed_log_that_is_cut_off_is_read_on_when_the_rest_has_come() {
        let mut nights = Nights::new();
        let text: String = (0..40_000).map(line).collect();
        let whole = gzip(&text);
        nights.write("a.gz", &whole[..whole.len() / 2]);
        let (first, _) = nights.read();
        assert!(first.len() > 1000 && first.len() < 39_000, "{}", first.len());
        nights.write("a.gz", &whole);
        let (second, steps) = nights.read();
        assert_eq!((first.len() + second.len(), steps), (40_000, vec![Step::Continued]));
        assert!(second[0].ends_with(&format!("{{\"n\":{}}}", first.len())), "{}", second[0]);
    }

    #[test]
    fn logs_that_begin_alike_are_told_apart() {
        let mut nights = Nights::new();
        let head: String = (0..2000).map(line).collect();
        nights.write("a.log", head.clone() + "{\"a\":1}\n");
        nights.write("b.log", head.clone() + "{\"b\":1}\n{\"b\":2}\n");
        assert_eq!(nights.read().0.len(), 4003);
        nights.append("a.log", "{\"a\":2}\n");
        nights.append("b.log", "{\"b\":3}\n");
        assert_eq!(nights.read().0, ["2002:{\"a\":2}", "2003:{\"b\":3}"]);
    }

    #[test]
    fn bookmarks_of_logs_that_are_gone_are_dropped_and_others_are_read_as_written() {
        let mut nights = Nights::new();
        nights.write("a.log", "{\"n\":1}\n");
        nights.read();
        let text = serde_json::to_string(&nights.bookmarks).unwrap();
        assert_eq!(serde_json::from_str::<Bookmarks>(&text).unwrap(), nights.bookmarks);
        nights.bookmarks.update([], Time(i64::MAX));
        assert_eq!(nights.bookmarks, Bookmarks::default());
    }
}
