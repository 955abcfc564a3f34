//! Inputs: which files a run reads, and how one is opened and decompressed.
//!
//! It knows nothing of records: what is inside a file is the business of `frame`.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

use flate2::read::MultiGzDecoder;
use globset::{GlobBuilder, GlobMatcher};
use walkdir::{DirEntry, WalkDir};

use crate::error::{Error, Result};
use crate::store::Place;

/// Where bytes come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file.
    File {
        /// Where it is.
        path: PathBuf,
        /// How it is called in the `source` column and in messages: the path with `/`, without a leading `./`.
        name: String,
    },
    /// An object in object storage.
    Object {
        /// Where it is.
        place: Place,
        /// Its address.
        name: String,
        /// Its size.
        n_bytes: u64,
    },
    /// The standard input, written `-`.
    Stdin,
}

impl Source {
    /// The name in the `source` column and in messages; `-` is the standard input.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::File { name, .. } | Self::Object { name, .. } => name,
            Self::Stdin => "-",
        }
    }

    /// The path for error messages.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::File { path, .. } => path,
            Self::Object { place, .. } => place.path(),
            Self::Stdin => Path::new("-"),
        }
    }

    /// Its size in bytes, if that is known.
    #[must_use]
    pub fn n_bytes(&self) -> Option<u64> {
        match self {
            Self::File { path, .. } => path.metadata().map(|file| file.len()).ok(),
            Self::Object { n_bytes, .. } => Some(*n_bytes),
            Self::Stdin => None,
        }
    }

    fn file(path: &Path) -> Self {
        let mut name = path.to_string_lossy().into_owned();
        if std::path::MAIN_SEPARATOR != '/' {
            name = name.replace(std::path::MAIN_SEPARATOR, "/");
        }
        while let Some(rest) = name.strip_prefix("./") {
            name = rest.to_owned();
        }
        Self::File { path: path.to_path_buf(), name }
    }
}

/// A source ready for reading.
pub enum Opened {
    /// Decompressed bytes, to be read once from the beginning.
    Bytes(Box<dyn Read + Send>),
    /// A Parquet file, which is read from its end.
    Parquet(File),
}

/// The files that `inputs` name, sorted by name, each once even if several inputs reach it.
///
/// An input is a file, a folder (all files below it, but no hidden ones and no configuration), a glob (`logs/**/*.json.gz`; `*` does not cross
/// folders), or `-`. A path that exists is taken as it is, even if it looks like a glob. Symbolic links are followed; one
/// that leads back to its own folder is passed over. A folder that cannot be listed becomes a source of its own, whose
/// opening fails, so that one closed folder does not stop a run.
///
/// # Errors
/// An input matches no file, it is not a usable glob, or it is in object storage.
pub fn sources(inputs: &[String]) -> Result<Vec<Source>> {
    let nowhere =
        |path: &Path| Error::Usage(format!("'{}' is in object storage: read it with 'ingest'", path.display()));
    sources_of(inputs, &|path| Err(nowhere(path)))
}

/// The same with inputs in object storage: `s3://BUCKET/PREFIX` is an object or, like a folder, every one below; or a glob. `place`
/// follows such an address.
///
/// # Errors
/// As [`sources`], or a bucket cannot be listed.
pub fn sources_of(inputs: &[String], place: &dyn Fn(&Path) -> Result<Place>) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for input in inputs {
        let before = sources.len();
        let path = Path::new(input);
        if input == "-" {
            sources.push(Source::Stdin);
        } else if Place::is_address(input) {
            objects(input, place, &mut sources)?;
        } else if path.is_dir() {
            walk(WalkDir::new(path), |_| true, false, &mut sources);
        } else if path.exists() {
            sources.push(Source::file(path));
        } else if input.contains(GLOB) {
            expand(input, &mut sources)?;
        }
        if sources.len() == before {
            return Err(Error::NoInput { pattern: input.clone() });
        }
    }
    sources.sort_by(|left, right| left.name().cmp(right.name()));
    let mut seen = BTreeSet::new();
    sources.retain(|source| {
        let path = source.path();
        seen.insert(path.canonicalize().unwrap_or_else(|_| path.to_path_buf()))
    });
    Ok(sources)
}

/// Adds every file of the walk that `wanted` accepts. A folder that is wanted brings everything below it.
fn walk(walk: WalkDir, wanted: impl Fn(&Path) -> bool, with_hidden: bool, sources: &mut Vec<Source>) {
    let entries = walk.follow_links(true).sort_by_file_name().into_iter();
    let mut taken: Option<PathBuf> = None;
    for entry in entries.filter_entry(|entry| with_hidden || entry.depth() == 0 || !is_hidden(entry)) {
        match entry {
            Ok(entry) => {
                let inside = taken.as_ref().is_some_and(|folder| entry.path().starts_with(folder));
                if !inside && !wanted(entry.path()) {
                    continue;
                }
                if entry.file_type().is_file() {
                    sources.push(Source::file(entry.path()));
                } else if !inside && entry.file_type().is_dir() {
                    taken = Some(entry.path().to_path_buf());
                }
            }
            // A loop or a dangling link holds nothing of its own; anything else is something that we may not read.
            Err(error) => {
                let is_nothing = error.loop_ancestor().is_some()
                    || error.io_error().is_some_and(|error| error.kind() == io::ErrorKind::NotFound);
                if let (false, Some(path)) = (is_nothing, error.path()) {
                    sources.push(Source::file(path));
                }
            }
        }
    }
}

/// Whether a folder that is read as a whole does not bring this file: a hidden one, or the configuration that stands
/// beside the logs.
fn is_hidden(entry: &DirEntry) -> bool {
    is_hidden_name(&entry.file_name().to_string_lossy())
}

fn is_hidden_name(name: &str) -> bool {
    name.starts_with('.') || name == "trichter.toml"
}

/// Adds the objects that an address names.
fn objects(input: &str, place: &dyn Fn(&Path) -> Result<Place>, sources: &mut Vec<Source>) -> Result<()> {
    // Up to the last slash before the first character of a pattern.
    let plain = input.find(GLOB).and_then(|at| input.get(..at)?.rfind('/')).unwrap_or(input.len());
    let (base, rest) = input.split_at(plain);
    let glob = (!rest.is_empty()).then(|| glob(input, rest.trim_start_matches('/'))).transpose()?;
    for (place, below, n_bytes) in place(Path::new(base))?.objects()? {
        let is_wanted = match &glob {
            Some(glob) => glob.is_match(&below),
            None => !below.split('/').any(is_hidden_name),
        };
        if is_wanted {
            let name = place.path().to_string_lossy().into_owned();
            sources.push(Source::Object { place, name, n_bytes });
        }
    }
    Ok(())
}

/// Characters that make a path a pattern.
const GLOB: [char; 4] = ['*', '?', '[', '{'];

/// What the part of a pattern behind its plain folders matches.
fn glob(pattern: &str, rest: &str) -> Result<GlobMatcher> {
    let glob = GlobBuilder::new(rest).literal_separator(true).build();
    let refused =
        |error: globset::Error| Error::Usage(format!("'{pattern}' is not a usable pattern: {}", error.kind()));
    Ok(glob.map_err(refused)?.compile_matcher())
}

/// Adds the files that match a glob.
fn expand(pattern: &str, sources: &mut Vec<Source>) -> Result<()> {
    let is_glob = |part: &Component<'_>| part.as_os_str().to_string_lossy().contains(GLOB);
    let parts: Vec<Component<'_>> = Path::new(pattern).components().collect();
    let n_plain = parts.iter().position(is_glob).unwrap_or(parts.len());
    let (plain, rest) = parts.split_at(n_plain);
    let base: PathBuf = if plain.is_empty() { PathBuf::from(".") } else { plain.iter().collect() };
    if !base.is_dir() {
        return Ok(());
    }
    // Only what comes after the plain folders is matched, so that no character of theirs can act as a pattern.
    let rest: PathBuf = rest.iter().collect();
    let rest = rest.to_string_lossy();
    let glob = glob(pattern, &rest)?;
    let with_hidden = rest.split('/').any(|part| part.starts_with('.'));
    let wanted = |path: &Path| path.strip_prefix(&base).is_ok_and(|path| glob.is_match(path));
    walk(WalkDir::new(&base).min_depth(1), wanted, with_hidden, sources);
    Ok(())
}

/// Opens a source. gzip (also several members in a row) and zstd (also several frames) are recognised by their first
/// bytes, not by the name, and decompressed while reading. `stdin` is asked for only if the source is `-`.
///
/// # Errors
/// The file cannot be opened or its first bytes cannot be read. A damaged compressed file shows only while it is read.
pub fn open(source: &Source, stdin: impl FnOnce() -> Box<dyn Read + Send>) -> Result<Opened> {
    let unreadable = || Error::read(source.path());
    match source {
        Source::Stdin => {
            let mut reader = stdin();
            let magic = magic(&mut reader).map_err(unreadable())?;
            decompressed(magic, reader, u64::MAX).map_err(unreadable())
        }
        Source::File { path, .. } => {
            let mut file = File::open(path).map_err(unreadable())?;
            let magic = magic(&mut file).map_err(unreadable())?;
            // A named pipe cannot go back; then the bytes go on as they are, and framing says what they are.
            if magic.starts_with(b"PAR1") && file.seek(SeekFrom::Start(0)).is_ok() {
                return Ok(Opened::Parquet(file));
            }
            let n_bytes = file.metadata().map_or(u64::MAX, |file| file.len());
            let most = n_bytes.saturating_mul(MOST_TIMES).max(ALWAYS);
            decompressed(magic, Box::new(file), most).map_err(unreadable())
        }
        Source::Object { place, n_bytes, .. } => {
            let mut reader = place.reader(*n_bytes);
            let magic = magic(&mut reader).map_err(unreadable())?;
            if magic.starts_with(b"PAR1") {
                // Read from its end, so it has to be here.
                let mut file = tempfile::tempfile().map_err(unreadable())?;
                io::copy(&mut Cursor::new(magic).chain(reader), &mut file).map_err(unreadable())?;
                return Ok(Opened::Parquet(file));
            }
            decompressed(magic, reader, n_bytes.saturating_mul(MOST_TIMES).max(ALWAYS)).map_err(unreadable())
        }
    }
}

/// The first bytes, up to four.
fn magic(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut magic = Vec::with_capacity(4);
    reader.take(4).read_to_end(&mut magic)?;
    Ok(magic)
}

/// The bytes after `magic`, with it put back in front, through the decompressor that it calls for.
/// What gives more than `most` bytes is not read on.
fn decompressed(magic: Vec<u8>, reader: Box<dyn Read + Send>, most: u64) -> io::Result<Opened> {
    let is_gzip = magic.starts_with(&[0x1f, 0x8b]);
    // The second form is a skippable frame, which parallel compressors write first.
    let is_zstd = magic == [0x28, 0xb5, 0x2f, 0xfd]
        || matches!(*magic, [first, 0x2a, 0x4d, 0x18] if (0x50..=0x5f).contains(&first));
    let whole = Cursor::new(magic).chain(reader);
    Ok(Opened::Bytes(if is_gzip {
        let inner = MultiGzDecoder::new(io::BufReader::with_capacity(1 << 16, whole));
        Box::new(Bounded { inner, left: most })
    } else if is_zstd {
        Box::new(Bounded { inner: zstd::Decoder::new(whole)?, left: most })
    } else {
        Box::new(whole)
    }))
}

/// How many times its size a compressed log may give. Logs give ten or twenty times, the most repetitive ones a few hundred;
/// files made to keep a reader busy give tens of thousands.
const MOST_TIMES: u64 = 2_000;

/// How many bytes any compressed log may give.
const ALWAYS: u64 = 1 << 30;

/// A reader that fails where its source gives more than it can rightly hold.
struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(n as u64).ok_or_else(|| {
            let message = "it decompresses to more than 2000 times its size, which no log does";
            io::Error::new(io::ErrorKind::InvalidData, message)
        })?;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "b.json",
            "a.json",
            "deep/er/c.json",
            "deep/d.csv",
            ".hidden.json",
            ".git/config",
            "odd[1].json",
            "trichter.toml",
        ] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        }
        folder
    }

    fn check(inputs: &[&str], expected: &[&str]) {
        let folder = folder();
        let root = folder.path().to_str().unwrap();
        let inputs: Vec<String> =
            inputs.iter().map(|input| if *input == "-" { "-".into() } else { format!("{root}/{input}") }).collect();
        let found = sources(&inputs).unwrap();
        let names: Vec<&str> =
            found.iter().map(|source| source.name().trim_start_matches(root).trim_start_matches('/')).collect();
        assert_eq!(names, expected, "{inputs:?}");
    }

    #[test]
    fn files_folders_and_globs_give_sorted_names_once() {
        check(&["b.json", "a.json"], &["a.json", "b.json"]);
        check(&["a.json", "./a.json", "*.json"], &["./a.json", "b.json", "odd[1].json"]);
        check(&["deep"], &["deep/d.csv", "deep/er/c.json"]);
        check(&[""], &["a.json", "b.json", "deep/d.csv", "deep/er/c.json", "odd[1].json"]);
        check(&["**/*.json"], &["a.json", "b.json", "deep/er/c.json", "odd[1].json"]);
        check(&["deep/*"], &["deep/d.csv", "deep/er/c.json"]);
        check(&["dee?/*.csv", "-"], &["-", "deep/d.csv"]);
        check(&["{a,b}.json"], &["a.json", "b.json"]);
        check(&["odd[1].json"], &["odd[1].json"]);
        check(&[".hidden.json"], &[".hidden.json"]);
        check(&["trichter.toml"], &["trichter.toml"]);
        check(&[".h*"], &[".hidden.json"]);
    }

    #[test]
    fn what_matches_nothing_is_an_error_that_names_the_pattern() {
        let folder = folder();
        fs::create_dir(folder.path().join("empty")).unwrap();
        for input in ["none.json", "*.xml", "empty", "nowhere/*.json"] {
            let input = folder.path().join(input).to_str().unwrap().to_owned();
            match sources(std::slice::from_ref(&input)) {
                Err(Error::NoInput { pattern }) => assert_eq!(pattern, input),
                other => panic!("{input}: {other:?}"),
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_that_lead_in_a_circle_or_nowhere_are_passed_over() {
        let folder = folder();
        std::os::unix::fs::symlink(folder.path(), folder.path().join("deep/loop")).unwrap();
        std::os::unix::fs::symlink("/no/such/file", folder.path().join("deep/dangling")).unwrap();
        std::os::unix::fs::symlink(folder.path().join("a.json"), folder.path().join("deep/same.json")).unwrap();
        let found = sources(&[folder.path().to_str().unwrap().to_owned()]).unwrap();
        assert_eq!(found.len(), 5, "{found:?}");
    }

    fn text(bytes: &[u8]) -> (String, Option<io::ErrorKind>) {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), bytes).unwrap();
        let Opened::Bytes(mut reader) = open(&Source::file(file.path()), || unreachable!()).unwrap() else {
            panic!("bytes expected")
        };
        let mut text = Vec::new();
        let problem = reader.read_to_end(&mut text).err().map(|error| error.kind());
        (String::from_utf8(text).unwrap(), problem)
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn compression_is_told_by_the_first_bytes() {
        let zstd = |text: &str| zstd::encode_all(text.as_bytes(), 1).unwrap();
        assert_eq!(text(b"plain"), ("plain".into(), None));
        assert_eq!(text(b"x"), ("x".into(), None));
        assert_eq!(text(b""), (String::new(), None));
        assert_eq!(text(&[gzip("one "), gzip("two")].concat()), ("one two".into(), None));
        assert_eq!(text(&[zstd("one "), zstd("two")].concat()), ("one two".into(), None));
        let skippable = [0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9];
        assert_eq!(text(&[&skippable[..], &zstd("one")].concat()), ("one".into(), None));
    }

    #[test]
    fn a_file_cut_off_in_the_middle_gives_what_is_there_and_then_an_error() {
        let whole: String = (0..5000).map(|number| number.to_string() + "\n").collect();
        for bytes in [gzip(&whole), zstd::encode_all(whole.as_bytes(), 1).unwrap()] {
            let (read, problem) = text(&bytes[..bytes.len() - 9]);
            assert!(whole.starts_with(&read));
            assert_eq!(problem, Some(io::ErrorKind::UnexpectedEof));
        }
    }

    #[test]
    fn a_small_file_that_would_give_endless_bytes_is_not_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bomb.zst");
        let mut encoder = zstd::Encoder::new(File::create(&path).unwrap(), 1).unwrap();
        for _ in 0..(ALWAYS >> 20) + 2 {
            encoder.write_all(&vec![b'0'; 1 << 20]).unwrap();
        }
        encoder.finish().unwrap();
        let Opened::Bytes(mut reader) = open(&Source::file(&path), || unreachable!()).unwrap() else { panic!() };
        let problem = io::copy(&mut reader, &mut io::sink()).unwrap_err();
        assert_eq!(problem.kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn a_file_that_is_gone_is_an_error_with_its_path() {
        let gone = Source::file(Path::new("/no/such/log.json"));
        let Err(Error::Read { path, .. }) = open(&gone, || unreachable!()) else { panic!("an error was expected") };
        assert_eq!(path, Path::new("/no/such/log.json"));
    }
}
