//! Rows on their way: pieces of tables in temporary files, one file for each thread, put together in the order of contacts.
//!
//! A shard makes a piece of each partition, so what is in memory is bounded by the shards in flight. What a file holds stands in
//! lists of pieces; the files themselves are nobody's business but ours.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use tempfile::TempDir;

use crate::error::{Error, Result};

/// Bytes that are gathered before they are written.
const BUFFER: usize = 1 << 20;

/// Name of a partition among those of its table: its month, or nothing for tables that are whole. No month is known where the
/// instant of the row is not.
pub(super) type Month = Option<String>;

/// Where a piece stands, and the first of its contacts. Pieces share no contact.
#[derive(Clone, Copy, Debug)]
struct Piece {
    first: i64,
    file: usize,
    offset: u64,
    length: u64,
    n_rows: u64,
}

/// The pieces that one thread writes.
pub(super) struct Writer {
    path: PathBuf,
    out: BufWriter<File>,
    offset: u64,
    pieces: BTreeMap<(&'static str, Month), Vec<Piece>>,
}

/// A folder for the files of all threads. It goes when nobody needs it any more.
#[derive(Debug)]
pub(super) struct Folder(TempDir);

impl Folder {
    /// Beside the target where it has a place, so that big data does not fill the folder for small things.
    pub(super) fn new(beside: Option<&Path>) -> Result<Self> {
        let mut name = tempfile::Builder::new();
        let name = name.prefix(".spill-");
        let made = match beside {
            Some(folder) => name.tempdir_in(folder),
            None => name.tempdir(),
        };
        made.map(Self).map_err(Error::write(beside.unwrap_or(Path::new("the folder for temporary files"))))
    }

    pub(super) fn writer(&self) -> Result<Writer> {
        let (file, path) = tempfile::NamedTempFile::new_in(self.0.path())
            .and_then(|file| file.keep().map_err(|error| error.error))
            .map_err(Error::write(self.0.path()))?;
        Ok(Writer { path, out: BufWriter::with_capacity(BUFFER, file), offset: 0, pieces: BTreeMap::new() })
    }
}

impl Writer {
    /// Adds rows of contacts of whom this is the first.
    pub(super) fn add(&mut self, table: &'static str, month: Month, first: i64, rows: &RecordBatch) -> Result<()> {
        let mut bytes = Vec::new();
        let mut stream = StreamWriter::try_new(&mut bytes, &rows.schema())?;
        stream.write(rows)?;
        stream.finish()?;
        drop(stream);
        self.out.write_all(&bytes).map_err(Error::write(&self.path))?;
        let (length, n_rows) = (bytes.len() as u64, rows.num_rows() as u64);
        let piece = Piece { first, file: 0, offset: self.offset, length, n_rows };
        self.offset += length;
        self.pieces.entry((table, month)).or_default().push(piece);
        Ok(())
    }
}

/// The pieces of all threads.
#[derive(Debug)]
pub(super) struct Spill {
    files: Vec<PathBuf>,
    pieces: BTreeMap<(&'static str, Month), Vec<Piece>>,
    _folder: Folder,
}

impl Spill {
    pub(super) fn new(folder: Folder, writers: Vec<Writer>) -> Result<Self> {
        let mut all = Self { files: Vec::new(), pieces: BTreeMap::new(), _folder: folder };
        for (file, mut writer) in writers.into_iter().enumerate() {
            writer.out.flush().map_err(Error::write(&writer.path))?;
            all.files.push(writer.path);
            for (key, pieces) in writer.pieces {
                all.pieces.entry(key).or_default().extend(pieces.into_iter().map(|piece| Piece { file, ..piece }));
            }
        }
        all.pieces.values_mut().for_each(|pieces| pieces.sort_unstable_by_key(|piece| piece.first));
        Ok(all)
    }

    /// The partitions of a table, and how many rows each has.
    pub(super) fn partitions(&self, table: &'static str) -> impl Iterator<Item = (Month, u64)> + '_ {
        let of_table = self.pieces.iter().filter(move |((name, _), _)| *name == table);
        of_table.map(|((_, month), pieces)| (month.clone(), pieces.iter().map(|piece| piece.n_rows).sum()))
    }

    /// The rows of a partition, piece by piece.
    pub(super) fn rows(
        &self,
        table: &'static str,
        month: &Month,
    ) -> impl Iterator<Item = Result<RecordBatch>> + Send + '_ {
        let pieces = self.pieces.get(&(table, month.clone())).map_or(&[][..], Vec::as_slice);
        let mut open: BTreeMap<usize, BufReader<File>> = BTreeMap::new();
        pieces.iter().map(move |piece| self.read(*piece, &mut open))
    }

    fn read(&self, piece: Piece, open: &mut BTreeMap<usize, BufReader<File>>) -> Result<RecordBatch> {
        let lost = || Error::Usage("a temporary file of the export has vanished; export again".into());
        let path = self.files.get(piece.file).ok_or_else(lost)?;
        let mut file = match open.remove(&piece.file) {
            Some(file) => file,
            None => BufReader::with_capacity(BUFFER, File::open(path).map_err(Error::read(path))?),
        };
        // Pieces of a partition often follow one another: a step forward keeps what is buffered.
        let here = file.stream_position().map_err(Error::read(path))?;
        let step = i64::try_from(piece.offset).unwrap_or(i64::MAX) - i64::try_from(here).unwrap_or_default();
        file.seek_relative(step).map_err(Error::read(path))?;
        let batch = StreamReader::try_new(file.by_ref().take(piece.length), None)?.next().ok_or_else(lost)??;
        open.insert(piece.file, file);
        Ok(batch)
    }
}
