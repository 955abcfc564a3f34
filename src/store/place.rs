//! A place: a folder or a file on a disk of this host, or the same in object storage. The one module that knows the difference.
//!
//! What needs a disk (locks, keys, files that are renamed into place) asks [`Place::on_disk`] and says why where there is none.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use deltalake::{DeltaTable, DeltaTableBuilder};
use tokio::runtime::Runtime;
use url::Url;

pub use super::clouds::Variables;
use super::objects::{Objects, Upload, is_address};
use super::source::Source;
use crate::error::{Error, Result};

/// Bytes of one request of whoever reads an object from front to back.
const WINDOW: u64 = 8 << 20;

/// Where something is.
#[derive(Clone, Debug)]
pub struct Place {
    /// The path; of objects the address, for messages.
    path: PathBuf,
    objects: Option<Objects>,
}

impl Place {
    /// What a path or an address (`s3://BUCKET/PREFIX`, `gs://…`, `az://…`) names. `environment` says how object storage is
    /// reached, in the words of the cloud's own tools, and is only asked for that.
    ///
    /// # Errors
    /// The address is not usable, or this build cannot follow it.
    pub fn of(path: &Path, environment: impl FnOnce() -> Variables) -> Result<Self> {
        match path.to_str().filter(|text| is_address(text)) {
            None => Ok(path.into()),
            Some(address) => {
                let objects = Objects::open(address, &environment())?;
                Ok(Self { path: PathBuf::from(address.trim_end_matches('/')), objects: Some(objects) })
            }
        }
    }

    #[cfg(test)]
    pub(super) fn of_objects(objects: Objects) -> Self {
        Self { path: PathBuf::from(format!("{objects:?}")), objects: Some(objects) }
    }

    /// Whether a text is the address of something in object storage.
    #[must_use]
    pub fn is_address(text: &str) -> bool {
        is_address(text)
    }

    /// The path, or the address as messages show it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path, if it is one of this host.
    #[must_use]
    pub fn on_disk(&self) -> Option<&Path> {
        self.objects.is_none().then_some(&self.path)
    }

    /// The path, for what needs a disk.
    ///
    /// # Errors
    /// It is in object storage; `why` says what is missing there, and what to do.
    pub fn disk(&self, why: &str) -> Result<&Path> {
        self.on_disk().ok_or_else(|| Error::Usage(format!("'{}' is in object storage: {why}", self.path.display())))
    }

    /// Refuses an address that nobody has followed: it would be taken for a folder here.
    pub(super) fn check(&self) -> Result<()> {
        if self.objects.is_none() && self.path.to_str().is_some_and(is_address) {
            let message = format!(
                "'{}' is in object storage, where this command does not reach; name a folder",
                self.path.display()
            );
            return Err(Error::Usage(message));
        }
        Ok(())
    }

    /// What has this name below it. Names of several folders are joined by `/`.
    #[must_use]
    pub fn join(&self, name: &str) -> Self {
        Self { path: self.path.join(name), objects: self.objects.as_ref().map(|objects| objects.join(name)) }
    }

    /// Whether it is a folder, which in object storage has at least one file.
    pub(super) fn is_folder(&self) -> Result<bool> {
        self.objects.as_ref().map_or_else(|| Ok(self.path.is_dir()), Objects::are_there)
    }

    /// The bytes of a file; `None` if there is none.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(&self) -> Result<Option<Bytes>> {
        match &self.objects {
            Some(objects) => objects.get(),
            None => match fs::read(&self.path) {
                Ok(bytes) => Ok(Some(bytes.into())),
                Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                    Ok(None)
                }
                Err(source) => Err(Error::Read { path: self.path.clone(), source }),
            },
        }
    }

    /// The bytes of a file that has to be there.
    pub(super) fn read_whole(&self) -> Result<Bytes> {
        self.read()?.ok_or_else(|| Error::Read { path: self.path.clone(), source: io::ErrorKind::NotFound.into() })
    }

    /// Writes a file as a whole, under a name that no file has yet; in object storage also over one that is there.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn create(&self, bytes: &[u8]) -> Result<()> {
        let mut file = self.writer()?;
        file.write_all(bytes).map_err(Error::write(&self.path))?;
        file.finish().map(drop)
    }

    /// Begins to write a file under a name that no other file has.
    pub(super) fn writer(&self) -> Result<Writer> {
        let to = if let Some(objects) = &self.objects {
            To::Objects(objects.upload())
        } else {
            let folder = self.path.parent().unwrap_or(&self.path);
            fs::create_dir_all(folder).map_err(Error::write(folder))?;
            To::Disk(File::create_new(&self.path).map_err(Error::write(&self.path))?)
        };
        Ok(Writer { path: self.path.clone(), to })
    }

    /// Takes back a file that nothing names. What cannot be removed means nothing all the same.
    pub(super) fn discard(&self) {
        match &self.objects {
            None => drop(fs::remove_file(&self.path)),
            Some(objects) => drop(objects.remove()),
        }
    }

    /// When a file was last written, in milliseconds.
    pub(super) fn modified(&self) -> Result<i64> {
        if let Some(objects) = &self.objects {
            return objects.modified();
        }
        let modified = fs::metadata(&self.path).and_then(|file| file.modified()).ok();
        let age = modified.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        Ok(age.and_then(|age| i64::try_from(age.as_millis()).ok()).unwrap_or_default())
    }

    /// A file of this size that is read in pieces.
    pub(super) fn source(&self, n_bytes: u64) -> Source {
        Source::new(self.path.clone(), self.objects.clone(), n_bytes)
    }

    /// The files below a place in object storage with their names and sizes, in the order of names; the object itself if it is
    /// one.
    ///
    /// # Errors
    /// They cannot be listed.
    pub fn objects(&self) -> Result<Vec<(Self, String, u64)>> {
        let Some(objects) = &self.objects else { return Ok(Vec::new()) };
        if let Some(n_bytes) = objects.size()? {
            return Ok(vec![(self.clone(), String::new(), n_bytes)]);
        }
        let listed = objects.list()?.into_iter();
        Ok(listed.map(|object| (self.join(&object.name), object.name, object.n_bytes)).collect())
    }

    /// Reads an object of this size from front to back.
    #[must_use]
    pub fn reader(&self, n_bytes: u64) -> Box<dyn Read + Send> {
        match &self.objects {
            Some(objects) => Box::new(objects.reader(0, n_bytes, WINDOW)),
            None => Box::new(io::empty()),
        }
    }

    /// What waits for the table's library.
    pub(super) fn runtime(&self) -> Result<Arc<Runtime>> {
        match &self.objects {
            Some(objects) => Ok(objects.runtime()),
            None => tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .build()
                .map(Arc::new)
                .map_err(Error::read(&self.path)),
        }
    }

    /// The table in this folder, its log not yet read; `store` is named in errors.
    pub(super) fn table(&self, store: &Path) -> Result<DeltaTable> {
        if let Some(objects) = &self.objects {
            return objects.table();
        }
        let refuse = |message| Error::Store { path: store.to_path_buf(), message };
        let url = url(&self.path, refuse)?;
        DeltaTableBuilder::from_url(url)
            .and_then(DeltaTableBuilder::build)
            .map_err(|source| Error::Table { path: store.to_path_buf(), source: Box::new(source) })
    }

    /// Makes the folder, where folders are made.
    pub(super) fn make(&self) -> Result<()> {
        match self.on_disk() {
            Some(path) => fs::create_dir_all(path).map_err(Error::write(path)),
            None => Ok(()),
        }
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path && self.objects.is_some() == other.objects.is_some()
    }
}

impl Eq for Place {}

impl<P: AsRef<Path> + ?Sized> From<&P> for Place {
    fn from(path: &P) -> Self {
        Self { path: path.as_ref().to_path_buf(), objects: None }
    }
}

impl From<&Self> for Place {
    fn from(place: &Self) -> Self {
        place.clone()
    }
}

/// A file that is being written. It counts once [`Writer::finish`] says so.
pub(super) struct Writer {
    path: PathBuf,
    to: To,
}

enum To {
    Disk(File),
    Objects(Upload),
}

impl Writer {
    /// Makes sure that the file is there, also after a power cut, and returns its size.
    pub(super) fn finish(self) -> Result<u64> {
        match self.to {
            To::Disk(file) => {
                // The log must not name a file whose bytes a power cut could still take away.
                file.sync_all().map_err(Error::write(&self.path))?;
                Ok(file.metadata().map_err(Error::write(&self.path))?.len())
            }
            To::Objects(upload) => upload.finish(),
        }
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.to {
            To::Disk(file) => file.write(bytes),
            To::Objects(upload) => upload.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.to {
            To::Disk(file) => file.flush(),
            To::Objects(upload) => upload.flush(),
        }
    }
}

/// The folder of a table as its library wants it; `refuse` makes an error of what is wrong with the path.
pub(crate) fn url(folder: &Path, refuse: impl Fn(String) -> Error) -> Result<Url> {
    let absolute = std::fs::canonicalize(folder).map_err(Error::read(folder))?;
    // The table's library decodes a path twice, and would look for 'a%20b' under 'a b'.
    let text = absolute.to_string_lossy();
    let is_escape = |part: &str| part.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    if text.split('%').skip(1).any(is_escape) {
        return Err(refuse("its path holds a percent sign before two hexadecimal digits; choose another".into()));
    }
    Url::from_directory_path(absolute).map_err(|()| refuse("its path cannot be written as a URL".into()))
}
