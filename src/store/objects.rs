//! Files as objects: what a folder offers, in a bucket of a cloud, under names that begin with a prefix.
//!
//! Which server, with whose rights, is said by the environment, in the words that the cloud's own tools use; the command line
//! hands it in. Every request is repeated for a while if the server is busy or silent. It knows no table and no event.

use std::fmt;
use std::io::{self, Read, Write};
use std::ops::Range;
use std::path::{Path as File, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use deltalake::DeltaTable;
use deltalake::logstore::object_store::path::Path;
use deltalake::logstore::object_store::{
    Error as Failure, GetOptions, GetRange, ObjectStore, ObjectStoreExt, WriteMultipart,
};
use deltalake::logstore::{StorageConfig, default_logstore};
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use url::Url;

use super::clouds::{CLOUDS, Variables};
use crate::error::{Error, Result};

/// Requests that are under way at one time for one thread.
const AT_ONCE: usize = 16;
/// Bytes of one part of a big object; smaller objects are put as a whole.
const PART: usize = 8 << 20;
/// Parts of one object that are under way at one time.
const PARTS: usize = 4;

/// A bucket, which some clouds call a container, and how it is spoken to.
struct Bucket {
    store: Arc<dyn ObjectStore>,
    runtime: Arc<Runtime>,
    /// Its address, with a slash at the end.
    root: Url,
}

/// An object, or all objects whose names begin so.
#[derive(Clone)]
pub(super) struct Objects {
    bucket: Arc<Bucket>,
    name: Path,
}

/// An object of a listing.
pub(super) struct Listed {
    /// Its name below what was listed.
    pub(super) name: String,
    pub(super) n_bytes: u64,
}

/// Whether a text names object storage rather than a file.
pub(super) fn is_address(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, _)| CLOUDS.iter().any(|cloud| cloud.scheme == scheme))
}

impl Objects {
    /// What an address such as `s3://bucket/prefix` names. Nothing is asked of the server yet.
    ///
    /// # Errors
    /// The address is not usable, this build cannot follow it, or the environment contradicts itself.
    pub(super) fn open(address: &str, environment: &Variables) -> Result<Self> {
        let refused = |message: &str| Error::Usage(format!("'{address}' {message}"));
        let unreadable = || refused("is no address of object storage; write s3://BUCKET/PREFIX");
        let (scheme, rest) = address.split_once("://").ok_or_else(unreadable)?;
        let cloud = CLOUDS.iter().find(|cloud| cloud.scheme == scheme).ok_or_else(unreadable)?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(refused(&format!("names no bucket; write {scheme}://BUCKET/PREFIX")));
        }
        // The table's library decodes names once more, and would look for 'a%20b' under 'a b'.
        if prefix.contains(['%', '?', '#', '\\']) {
            return Err(refused(
                "holds one of % ? # \\, which not every tool reads as it stands; choose another prefix",
            ));
        }
        let root = Url::parse(&format!("{scheme}://{bucket}/")).map_err(|_| unreadable())?;
        let name = Path::parse(prefix.trim_end_matches('/')).map_err(|_| unreadable())?;
        let Some(reach) = cloud.reach else {
            let feature = cloud.feature;
            return Err(refused(&format!(
                "is in object storage, and this build has no {feature}; build it with 'cargo build --release --features {feature}'"
            )));
        };
        let store = reach(&root, environment).map_err(|failure| told(PathBuf::from(address), &failure))?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = Arc::new(runtime.map_err(Error::read(File::new(address)))?);
        Ok(Self { bucket: Arc::new(Bucket { store, runtime, root }), name })
    }

    /// What stands under this name below these objects.
    pub(super) fn join(&self, name: &str) -> Self {
        let name = if self.name.as_ref().is_empty() { name.to_owned() } else { format!("{}/{name}", self.name) };
        let name = Path::parse(&name).unwrap_or_else(|_| Path::from(name));
        Self { bucket: Arc::clone(&self.bucket), name }
    }

    pub(super) fn runtime(&self) -> Arc<Runtime> {
        Arc::clone(&self.bucket.runtime)
    }

    /// The table whose log stands below these objects. Its commits are puts on the condition that nothing is there yet.
    pub(super) fn table(&self) -> Result<DeltaTable> {
        let table = || {
            let root = Arc::clone(&self.bucket.store);
            let location = self.bucket.root.join(&format!("{}/", self.name)).ok()?;
            let options = StorageConfig::default();
            let below = options.decorate_store(Arc::clone(&root), &location).ok()?;
            Some(DeltaTable::new(default_logstore(Arc::new(below), root, &location, &options)))
        };
        table().ok_or_else(|| Error::Usage(format!("'{}' cannot be written as a URL", self.path().display())))
    }

    /// The address, for messages.
    fn path(&self) -> PathBuf {
        PathBuf::from(format!("{}{}", self.bucket.root, self.name))
    }

    fn failed(&self, failure: &Failure) -> Error {
        told(self.path(), failure)
    }

    fn wait<T>(&self, work: impl Future<Output = std::result::Result<T, Failure>>) -> Result<T> {
        self.bucket.runtime.block_on(work).map_err(|failure| self.failed(&failure))
    }

    /// Whether there is an object below these.
    pub(super) fn are_there(&self) -> Result<bool> {
        self.wait(async { Ok(self.bucket.store.list(Some(&self.name)).try_next().await?.is_some()) })
    }

    /// The object's bytes; `None` if there is none.
    pub(super) fn get(&self) -> Result<Option<Bytes>> {
        self.wait(async {
            match self.bucket.store.get(&self.name).await {
                Ok(found) => found.bytes().await.map(Some),
                Err(Failure::NotFound { .. }) => Ok(None),
                Err(failure) => Err(failure),
            }
        })
    }

    /// Writes the object as a whole.
    pub(super) fn put(&self, bytes: Bytes) -> Result<()> {
        self.wait(async { self.bucket.store.put(&self.name, bytes.into()).await.map(drop) })
    }

    /// Takes the object away.
    pub(super) fn remove(&self) -> Result<()> {
        self.wait(self.bucket.store.delete(&self.name))
    }

    /// How many bytes the object has; `None` if there is none.
    pub(super) fn size(&self) -> Result<Option<u64>> {
        if self.name.as_ref().is_empty() {
            return Ok(None);
        }
        self.wait(async {
            match self.bucket.store.head(&self.name).await {
                Ok(found) => Ok(Some(found.size)),
                Err(Failure::NotFound { .. }) => Ok(None),
                Err(failure) => Err(failure),
            }
        })
    }

    /// When the object was written, in milliseconds, by the server's clock.
    pub(super) fn modified(&self) -> Result<i64> {
        self.wait(async { Ok(self.bucket.store.head(&self.name).await?.last_modified.timestamp_millis()) })
    }

    /// All objects below these, in the order of names.
    pub(super) fn list(&self) -> Result<Vec<Listed>> {
        let listed = self.wait(async { self.bucket.store.list(Some(&self.name)).try_collect::<Vec<_>>().await })?;
        let below = |name: &Path| -> Option<String> {
            let rest = name.as_ref().strip_prefix(self.name.as_ref())?;
            Some(rest.trim_start_matches('/').to_owned())
        };
        let mut all: Vec<Listed> = listed
            .into_iter()
            // What has no bytes is how some tools say that there is a folder.
            .filter(|object| object.size > 0)
            .filter_map(|object| Some(Listed { name: below(&object.location)?, n_bytes: object.size }))
            .collect();
        all.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(all)
    }

    /// The bytes of some ranges of several objects of one bucket, many at one time, in the order asked for.
    ///
    /// # Errors
    /// An object is not there, is shorter, or the server cannot be reached.
    pub(super) fn ranges(wanted: &[(&Self, Range<u64>)]) -> Result<Vec<Bytes>> {
        let Some((first, _)) = wanted.first() else { return Ok(Vec::new()) };
        let get = |(objects, range): &(&Self, Range<u64>)| {
            let (objects, range) = ((*objects).clone(), range.clone());
            async move {
                let length = range.end - range.start;
                let bytes = objects.bucket.store.get_range(&objects.name, range).await;
                match bytes {
                    Ok(bytes) if bytes.len() as u64 == length => Ok(bytes),
                    Ok(_) => Err(objects.cut()),
                    Err(failure) => Err(objects.failed(&failure)),
                }
            }
        };
        // Collected first: a stream over borrowed closures is not taken by every runtime.
        let requests: Vec<_> = wanted.iter().map(get).collect();
        first.bucket.runtime.block_on(stream::iter(requests).buffered(AT_ONCE).try_collect())
    }

    /// What is wrong with an object that holds less than it should.
    pub(super) fn cut(&self) -> Error {
        let source = parquet::errors::ParquetError::EOF("the object is shorter than the table's log says".into());
        Error::DataFile { path: self.path(), source }
    }

    /// Reads the object from `start` to its end, a window at a time, the next one while the last one is used.
    pub(super) fn reader(&self, start: u64, end: u64, window: u64) -> Windows {
        Windows { objects: self.clone(), window, end, at: start, next: None, last: Bytes::new(), tag: None }
    }

    /// Begins to write the object.
    pub(super) fn upload(&self) -> Upload {
        Upload { objects: self.clone(), buffer: Vec::new(), parts: None, n_bytes: 0 }
    }
}

impl fmt::Debug for Objects {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}", self.path().display())
    }
}

/// What went wrong, with what to try.
fn told(path: PathBuf, failure: &Failure) -> Error {
    let cause = cause(failure);
    let says = |words: &[&str]| words.iter().any(|word| cause.contains(word));
    let remedy = match failure {
        // Where a machine of the cloud is told who it is; nobody else can reach it.
        _ if says(&["169.254.169.254", "metadata.google.internal"]) => {
            "put credentials into the environment, such as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        }
        Failure::PermissionDenied { .. } | Failure::Unauthenticated { .. } => DENIED,
        _ if says(&["401 Unauthorized", "403 Forbidden"]) => DENIED,
        Failure::NotFound { .. } => MISSING,
        _ if says(&["404 Not Found"]) => MISSING,
        _ if says(&["URL scheme is not allowed", "BadScheme"]) => "set AWS_ALLOW_HTTP=true for an endpoint without TLS",
        _ => "check that the endpoint in the environment can be reached; nothing was committed",
    };
    Error::Objects { path, source: cause.into(), remedy }
}

const DENIED: &str = "check the credentials in the environment, and what they allow";
const MISSING: &str = "check the bucket's name, its region and the endpoint in the environment";

/// What was asked of whom, and what came of it: the libraries in between all repeat it.
fn cause(failure: &Failure) -> String {
    let (mut asked, mut last) = (String::new(), failure.to_string());
    let mut next = std::error::Error::source(failure);
    while let Some(error) = next {
        let text = error.to_string();
        if text.contains("://") {
            asked.clone_from(&text);
        }
        last = text;
        next = error.source();
    }
    match asked.as_str() {
        "" => last,
        asked if asked.contains(&last) => asked.to_owned(),
        asked => format!("{asked}: {last}"),
    }
}

/// The bytes of a window, and which state of the object they are of.
type Answer = std::result::Result<(Bytes, Option<String>), Failure>;

/// An object that is read from front to back.
pub(super) struct Windows {
    objects: Objects,
    /// Bytes of one request.
    window: u64,
    end: u64,
    /// Where the next request begins.
    at: u64,
    next: Option<JoinHandle<Answer>>,
    last: Bytes,
    /// What the object was when reading began; one that is replaced meanwhile is an error.
    tag: Option<String>,
}

impl Windows {
    fn ask(&mut self) {
        if self.at >= self.end {
            return;
        }
        let range = self.at..self.end.min(self.at + self.window);
        self.at = range.end;
        let (store, name) = (Arc::clone(&self.objects.bucket.store), self.objects.name.clone());
        let options =
            GetOptions { range: Some(GetRange::Bounded(range)), if_match: self.tag.clone(), ..GetOptions::default() };
        self.next = Some(self.objects.bucket.runtime.spawn(async move {
            let found = store.get_opts(&name, options).await?;
            let tag = found.meta.e_tag.clone();
            Ok((found.bytes().await?, tag))
        }));
    }
}

impl Read for Windows {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.last.is_empty() {
            if self.next.is_none() {
                self.ask();
            }
            if let Some(next) = self.next.take() {
                let (bytes, tag) = self.objects.bucket.runtime.block_on(next).map_err(io::Error::other)??;
                self.last = bytes;
                self.tag = tag;
                self.ask();
            }
        }
        let n = self.last.len().min(buffer.len());
        let (now, _) = buffer.split_at_mut(n);
        now.copy_from_slice(&self.last.split_to(n));
        Ok(n)
    }
}

/// An object that is being written. It is there when [`Upload::finish`] says so, and as a whole; parts of one that is given up
/// are no object.
pub(super) struct Upload {
    objects: Objects,
    buffer: Vec<u8>,
    parts: Option<WriteMultipart>,
    n_bytes: u64,
}

impl Upload {
    /// Writes what is left, and returns the object's size.
    pub(super) fn finish(mut self) -> Result<u64> {
        let buffer = Bytes::from(std::mem::take(&mut self.buffer));
        match self.parts.take() {
            None => self.objects.put(buffer)?,
            Some(mut parts) => {
                self.objects.wait(async {
                    parts.put(buffer);
                    parts.finish().await.map(drop)
                })?;
            }
        }
        Ok(self.n_bytes)
    }

    fn send(&mut self) -> std::result::Result<(), Failure> {
        let Objects { bucket, name } = &self.objects;
        let (buffer, begun) = (Bytes::from(std::mem::take(&mut self.buffer)), self.parts.take());
        let parts = bucket.runtime.block_on(async {
            let mut parts = match begun {
                Some(parts) => parts,
                None => WriteMultipart::new_with_chunk_size(bucket.store.put_multipart(name).await?, PART),
            };
            parts.wait_for_capacity(PARTS).await?;
            parts.put(buffer);
            Ok::<_, Failure>(parts)
        })?;
        self.parts = Some(parts);
        Ok(())
    }
}

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        self.n_bytes += bytes.len() as u64;
        if self.buffer.len() >= PART {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(parts) = self.parts.take() {
            // Parts that cannot be taken back are invisible; a rule of the bucket's removes them in time.
            self.objects.bucket.runtime.block_on(parts.abort()).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use deltalake::logstore::object_store::memory::InMemory;

    use super::super::{AsOf, Change, Links, Operation, Place, Store};
    use super::*;

    /// A bucket that is forgotten at the end of the test.
    fn bucket() -> Objects {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let root = Url::parse("s3://bucket/").unwrap();
        let bucket = Bucket { store: Arc::new(InMemory::new()), runtime: Arc::new(runtime), root };
        Objects { bucket: Arc::new(bucket), name: Path::default() }
    }

    #[test]
    fn what_is_written_in_pieces_of_any_size_is_read_back_in_windows_and_in_ranges() {
        let object = bucket().join("month=2026-01/part");
        let bytes: Vec<u8> = (0..2 * PART + 77).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1]).collect();
        let mut upload = object.upload();
        for piece in bytes.chunks(1_000_003) {
            upload.write_all(piece).unwrap();
        }
        assert_eq!(object.size().unwrap(), None, "it is there at the end, and as a whole");
        assert_eq!(upload.finish().unwrap(), bytes.len() as u64);
        let mut found = Vec::new();
        object.reader(5, bytes.len() as u64, 999_999).read_to_end(&mut found).unwrap();
        assert!(found == bytes[5..]);
        let ranges = [0..7, 3_000_000..3_000_100];
        let pieces = Objects::ranges(&ranges.clone().map(|range| (&object, range))).unwrap();
        assert!(pieces[0] == bytes[..7] && pieces[1] == bytes[3_000_000..3_000_100]);
        let beyond = Objects::ranges(&[(&object, bytes.len() as u64 - 5..bytes.len() as u64 + 5)]);
        assert!(matches!(beyond, Err(Error::DataFile { .. })), "it was cut");
    }

    #[test]
    fn an_object_that_is_replaced_while_it_is_read_is_an_error() {
        let object = bucket().join("log");
        object.put(vec![1; 100].into()).unwrap();
        let mut reader = object.reader(0, 100, 10);
        reader.read_exact(&mut [0; 5]).unwrap();
        object.put(vec![2; 100].into()).unwrap();
        assert!(reader.read_to_end(&mut Vec::new()).is_err());
    }

    #[test]
    fn objects_are_listed_by_name_below_a_prefix_that_ends_at_a_slash() {
        let bucket = bucket();
        for name in ["logs/b", "logs/a/c", "logs-of-others/d"] {
            bucket.join(name).put(Bytes::from_static(b"x")).unwrap();
        }
        bucket.join("logs/empty").put(Bytes::new()).unwrap();
        let names: Vec<String> = bucket.join("logs").list().unwrap().into_iter().map(|object| object.name).collect();
        assert_eq!(names, ["a/c", "b"]);
        assert!(bucket.join("logs").are_there().unwrap() && !bucket.join("log").are_there().unwrap());
    }

    #[test]
    fn of_two_commits_on_one_version_one_is_told_to_look_again_and_nothing_is_lost() {
        let place = Place::of_objects(bucket().join("größe 1/store"));
        let mut one = Store::open_or_create(&place).unwrap();
        let mut other = Store::open_or_create(&place).unwrap();
        let links = |former| {
            let mut links = Links::default();
            links.add(former, 9, 0, None);
            links
        };
        let commit = |store: &mut Store, links: &Links| {
            store.commit(&Change { links: Some(links), ..Change::of(Operation::Ingest) }).unwrap()
        };
        assert_eq!(commit(&mut one, &links(1)), Some(1));
        assert_eq!(commit(&mut other, &links(2)), None);
        assert_eq!(commit(&mut other, &links(2)), Some(2));
        let store = Store::open(&place, AsOf::Latest).unwrap();
        assert_eq!((store.version(), store.links().unwrap().len()), (2, 2));
        assert_eq!(Store::open(&place, AsOf::Version(1)).unwrap().links().unwrap().len(), 1);
        let files = place.join("events/_links").objects().unwrap();
        assert_eq!(files.len(), 2, "what no commit names was taken back");
    }
}
