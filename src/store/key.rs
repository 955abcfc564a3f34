//! The secret key from which pseudonyms are made. It stands beside the table, never inside it: whoever has the table alone
//! cannot find out whose events they are.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use super::rows::first_half;
use crate::error::{Error, Result};

/// Name of the key's file in the store's folder.
const FILE: &str = "pseudonym.key";

/// Keeps the hashes of contacts apart from those for other purposes.
const CONTACT: u8 = 1;

/// 256 secret bits.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl Key {
    /// The key of the store at `path`; it is made at first use, readable by its owner only.
    ///
    /// # Errors
    /// The file cannot be read or written, or it holds no key.
    pub fn beside(store: &Path) -> Result<Self> {
        let path = store.join(FILE);
        if path.exists() {
            return Self::from_file(&path);
        }
        std::fs::create_dir_all(store).map_err(Error::write(store))?;
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)
            .map_err(|error| Error::Write { path: path.clone(), source: std::io::Error::other(error) })?;
        // The key appears whole or not at all, and the first of two writers wins.
        let mut draft = tempfile::NamedTempFile::new_in(store).map_err(Error::write(&path))?;
        draft
            .write_all(blake3::Hash::from_bytes(bytes).to_hex().as_bytes())
            .and_then(|()| draft.as_file().sync_all())
            .map_err(Error::write(&path))?;
        match draft.persist_noclobber(&path) {
            Ok(_) => Ok(Self(bytes)),
            Err(_) if path.exists() => Self::from_file(&path),
            Err(error) => Err(Error::Write { path, source: error.error }),
        }
    }

    /// Reads a key of 64 hexadecimal digits from a file.
    ///
    /// # Errors
    /// The file cannot be read, or it holds no key.
    pub fn from_file(path: &Path) -> Result<Self> {
        let mut text = String::new();
        let file = File::open(path).map_err(Error::read(path))?;
        file.take(1024).read_to_string(&mut text).map_err(Error::read(path))?;
        Self::from_hex(text.trim())
            .ok_or_else(|| Error::Usage(format!("'{}' does not hold a key of 64 hexadecimal digits", path.display())))
    }

    /// Reads a key of 64 hexadecimal digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// The key that is kept beside the store at `path`; none is made.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn of(store: &Path) -> Result<Self> {
        Self::from_file(&store.join(FILE))
    }

    /// A key that nobody knows yet. Where it is written nowhere, what was hashed with it can never be found again.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub(super) fn random() -> Result<Self> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(no_dice)?;
        Ok(Self(bytes))
    }

    /// As 64 hexadecimal digits.
    pub(super) fn to_hex(&self) -> String {
        blake3::Hash::from_bytes(self.0).to_hex().to_string()
    }

    /// The hash of a contact: all of it is the pseudonym, its first half the `contact_key`.
    #[must_use]
    pub fn contact(&self, channel: &str, id: &str) -> u128 {
        self.hash(CONTACT, &[channel.as_bytes(), id.as_bytes()])
    }

    /// The keys that somebody may mean who names a contact: that of the id as the platform gives it, and that of a pseudonym.
    #[must_use]
    pub fn contact_keys(&self, channel: &str, id: &str) -> Vec<i64> {
        let is_pseudonym = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let pseudonym = u128::from_str_radix(id, 16).ok().filter(|_| is_pseudonym);
        std::iter::once(self.contact(channel, id)).chain(pseudonym).map(first_half).collect()
    }

    /// 128 bits of the keyed BLAKE3 hash of the parts. `domain` keeps hashes for different purposes apart; parts are
    /// separated, so that ("ab", "c") is not ("a", "bc").
    #[must_use]
    pub fn hash(&self, domain: u8, parts: &[&[u8]]) -> u128 {
        // Nearly everything fits, and what lies in one piece is hashed in one go.
        let mut buffer = [0; 256];
        let mut rest = buffer.as_mut_slice();
        let mut add = |part: &[u8]| rest.write_all(part).is_ok();
        let length = |part: &[u8]| u32::try_from(part.len()).unwrap_or(u32::MAX).to_le_bytes();
        if add(&[domain]) && parts.iter().all(|part| add(&length(part)) && add(part)) {
            let n_left = rest.len();
            let hash = blake3::keyed_hash(&self.0, buffer.get(..buffer.len() - n_left).unwrap_or_default());
            return hash.as_bytes().first_chunk().map_or(0, |bytes| u128::from_be_bytes(*bytes));
        }
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(&[domain]);
        for part in parts {
            hasher.update(&length(part));
            hasher.update(part);
        }
        let mut bytes = [0; 16];
        hasher.finalize_xof().fill(&mut bytes);
        u128::from_be_bytes(bytes)
    }
}

/// 128 random bits.
///
/// # Errors
/// The system gives no random numbers.
pub(super) fn random() -> Result<u128> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(no_dice)?;
    Ok(u128::from_be_bytes(bytes))
}

fn no_dice(error: getrandom::Error) -> Error {
    Error::Usage(format!("the system gives no random numbers: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_parts_are_hashed_alike() {
        let key = Key::from_hex(&"5a".repeat(32)).unwrap();
        for n in [0, 1, 64, 246, 247, 300, 5000] {
            let part = vec![b'x'; n];
            let mut hasher = blake3::Hasher::new_keyed(&key.0);
            hasher.update(&[3]).update(&u32::try_from(n).unwrap().to_le_bytes()).update(&part);
            let expected = hasher.finalize().as_bytes().first_chunk().map(|bytes| u128::from_be_bytes(*bytes));
            assert_eq!(Some(key.hash(3, &[&part])), expected, "{n}");
        }
    }

    #[test]
    fn a_key_is_made_once_and_kept_from_others() {
        let folder = tempfile::tempdir().unwrap();
        let first = Key::beside(folder.path()).unwrap();
        let second = Key::beside(folder.path()).unwrap();
        assert_eq!(first.hash(1, &[b"x"]), second.hash(1, &[b"x"]));
        assert_ne!(first.hash(1, &[b"x"]), first.hash(2, &[b"x"]));
        assert_ne!(first.hash(1, &[b"ab", b"c"]), first.hash(1, &[b"a", b"bc"]));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }
}
