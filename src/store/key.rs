//! The secret key from which pseudonyms are made. It stands beside the table, never inside it: whoever has the table alone
//! cannot find out whose events they are.
//!
//! A key that is changed keeps its former secrets and gets one more: what a hash was is hashed again under the new secret. So history
//! stays joined, and whoever knows the former secrets alone can try numbers for ever.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use super::rows::NO_MESSAGE;
use crate::error::{Error, Result};

/// Name of the key's file in the store's folder.
const FILE: &str = "pseudonym.key";

/// Digits of a message's pseudonym.
pub(super) const MESSAGE_DIGITS: usize = 24;

/// Digits by which a secret is known.
const MARK_DIGITS: usize = 16;

/// What a hash stands for. Hashes for different purposes are kept apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Purpose {
    /// A contact.
    Contact = 1,
    /// An event, whose hash is kept whole. Of others only the first half is kept for sure.
    Event = 2,
    /// A message.
    Message = 3,
    /// The name of a log.
    Source = 4,
    /// A record that is set aside.
    Record = 6,
    /// Somebody who was forgotten. Kept whole.
    Forgotten = 7,
    /// A secret itself.
    Mark = 8,
}

/// 256 secret bits.
#[derive(Clone)]
pub(super) struct Secret([u8; 32]);

impl Secret {
    /// One that nobody knows yet. Where it is written nowhere, what was hashed with it can never be found again.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub(super) fn random() -> Result<Self> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(no_dice)?;
        Ok(Self(bytes))
    }

    /// Reads 64 hexadecimal digits.
    pub(super) fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// As 64 hexadecimal digits.
    pub(super) fn to_hex(&self) -> String {
        blake3::Hash::from_bytes(self.0).to_hex().to_string()
    }

    /// 128 bits of the keyed BLAKE3 hash of the parts. `domain` keeps hashes for different purposes apart; parts are
    /// separated, so that ("ab", "c") is not ("a", "bc").
    pub(super) fn hash(&self, domain: u8, parts: &[&[u8]]) -> u128 {
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

    /// What a hash becomes under this secret.
    pub(super) fn renewed(&self, purpose: Purpose, hash: u128) -> u128 {
        let domain = purpose as u8;
        match purpose {
            Purpose::Event | Purpose::Forgotten => self.hash(domain, &[&hash.to_be_bytes()]),
            Purpose::Message => self.hash(domain, &[&message_key(hash).to_be_bytes()]),
            Purpose::Contact | Purpose::Source | Purpose::Record | Purpose::Mark => {
                self.hash(domain, &[&first_half(hash).to_be_bytes()])
            }
        }
    }
}

/// A secret, and those that took its place one after the other.
#[derive(Clone)]
pub struct Key {
    first: Secret,
    later: Vec<Secret>,
}

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
        let key = Self { first: Secret::random()?, later: Vec::new() };
        // The key appears whole or not at all, and the first of two writers wins.
        match key.draft(store)?.persist_noclobber(&path) {
            Ok(_) => Ok(key),
            Err(_) if path.exists() => Self::from_file(&path),
            Err(error) => Err(Error::Write { path, source: error.error }),
        }
    }

    /// Reads a key from a file: a line of 64 hexadecimal digits for each secret.
    ///
    /// # Errors
    /// The file cannot be read, or it holds no key.
    pub fn from_file(path: &Path) -> Result<Self> {
        let mut text = String::new();
        let file = File::open(path).map_err(Error::read(path))?;
        file.take(64 * 1024).read_to_string(&mut text).map_err(Error::read(path))?;
        Self::from_hex(&text).ok_or_else(|| {
            Error::Usage(format!("'{}' does not hold a key: 64 hexadecimal digits on each line", path.display()))
        })
    }

    /// Reads a key of 64 hexadecimal digits for each secret, with spaces or line breaks between them.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut secrets = text.split_ascii_whitespace().map(Secret::from_hex);
        Some(Self { first: secrets.next()??, later: secrets.collect::<Option<_>>()? })
    }

    /// The key that is kept beside the store at `path`; none is made.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn of(store: &Path) -> Result<Self> {
        Self::from_file(&store.join(FILE))
    }

    /// Adds a secret to the key that is kept beside the store at `path`. The file stays where it is, whose it is, and open to whom it
    /// was. Nobody else may be doing the same.
    ///
    /// # Errors
    /// There is no such key, it cannot be written, or the system gives no random numbers.
    pub fn lengthen(store: &Path) -> Result<Self> {
        let mut key = Self::of(store)?;
        key.later.push(Secret::random()?);
        // It may be a link to a place that is better guarded.
        let path = std::fs::canonicalize(store.join(FILE)).map_err(Error::read(store))?;
        let folder = path.parent().unwrap_or(store);
        let draft = key.draft(folder)?;
        let told = std::fs::metadata(&path).map_err(Error::read(&path))?;
        std::fs::set_permissions(draft.path(), told.permissions()).map_err(Error::write(&path))?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let ours = draft.as_file().metadata().map_err(Error::write(&path))?;
            if (ours.uid(), ours.gid()) != (told.uid(), told.gid()) {
                std::os::unix::fs::chown(draft.path(), Some(told.uid()), Some(told.gid()))
                    .map_err(Error::write(&path))?;
            }
        }
        if let Err(error) = draft.persist(&path) {
            return Err(Error::Write { path, source: error.error });
        }
        // The table must not be made with a secret whose file a power cut could still take away.
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::write(&path))?;
        Ok(key)
    }

    /// A whole file of the key under another name, for its owner only.
    fn draft(&self, folder: &Path) -> Result<tempfile::NamedTempFile> {
        let path = folder.join(FILE);
        let mut draft = tempfile::NamedTempFile::new_in(folder).map_err(Error::write(&path))?;
        let lines: String = self.secrets().map(|secret| secret.to_hex() + "\n").collect();
        draft.write_all(lines.as_bytes()).and_then(|()| draft.as_file().sync_all()).map_err(Error::write(&path))?;
        Ok(draft)
    }

    fn secrets(&self) -> impl Iterator<Item = &Secret> {
        std::iter::once(&self.first).chain(&self.later)
    }

    /// What each secret is known by. It says nothing of the secret.
    #[must_use]
    pub fn marks(&self) -> Vec<String> {
        self.secrets().map(|secret| digits(secret.hash(Purpose::Mark as u8, &[]), MARK_DIGITS)).collect()
    }

    /// Number of its secrets, the first one included.
    #[must_use]
    pub fn n_secrets(&self) -> usize {
        1 + self.later.len()
    }

    /// The key as it was when it had so many secrets; `None` if it never had.
    #[must_use]
    pub fn with_secrets(&self, n: usize) -> Option<Self> {
        let n_later = n.checked_sub(1)?;
        Some(Self { first: self.first.clone(), later: self.later.get(..n_later)?.to_vec() })
    }

    /// The secrets that were added after it had `n`.
    pub(super) fn secrets_after(&self, n: usize) -> &[Secret] {
        self.later.get(n.saturating_sub(1)..).unwrap_or_default()
    }

    /// The hash of a contact: all of it is the pseudonym, its first half the `contact_key`.
    #[must_use]
    pub fn contact(&self, channel: &str, id: &str) -> u128 {
        self.hash(Purpose::Contact, &[channel.as_bytes(), id.as_bytes()])
    }

    /// The hashes of a contact under the first secret, the first two, and so on.
    pub(super) fn contact_ever(&self, channel: &str, id: &str) -> impl Iterator<Item = u128> {
        let first = self.first.hash(Purpose::Contact as u8, &[channel.as_bytes(), id.as_bytes()]);
        let renewed = self.later.iter().scan(first, |hash, secret| {
            *hash = secret.renewed(Purpose::Contact, *hash);
            Some(*hash)
        });
        std::iter::once(first).chain(renewed)
    }

    /// The keys that somebody may mean who names a contact: that of the id as the platform gives it, and that of a pseudonym.
    #[must_use]
    pub fn contact_keys(&self, channel: &str, id: &str) -> Vec<i64> {
        let is_pseudonym = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let pseudonym = u128::from_str_radix(id, 16).ok().filter(|_| is_pseudonym);
        std::iter::once(self.contact(channel, id)).chain(pseudonym).map(first_half).collect()
    }

    /// 128 bits that stand for the parts.
    #[must_use]
    pub fn hash(&self, purpose: Purpose, parts: &[&[u8]]) -> u128 {
        let first = self.first.hash(purpose as u8, parts);
        self.later.iter().fold(first, |hash, secret| secret.renewed(purpose, hash))
    }
}

/// The first 64 bits, their sign bit and all.
pub(super) fn first_half(hash: u128) -> i64 {
    u64::try_from(hash >> 64).unwrap_or_default().cast_signed()
}

/// A hash of which the first half is known, and no more.
pub(super) fn of_first_half(half: i64) -> u128 {
    u128::from(half.cast_unsigned()) << 64
}

/// The hash of a message as it stands in `message_key`. One that reads as "no message" gives way to its neighbour.
pub(super) fn message_key(hash: u128) -> i64 {
    if first_half(hash) == NO_MESSAGE { 1 } else { first_half(hash) }
}

/// The hash of a contact as it stands in `contact_id`.
pub(super) fn pseudonym(contact: u128) -> String {
    format!("{contact:032x}")
}

/// The first digits of a hash.
pub(super) fn digits(hash: u128, n: usize) -> String {
    pseudonym(hash).chars().take(n).collect()
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
        let key = Secret::from_hex(&"5a".repeat(32)).unwrap();
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
        let contact = |key: &Key, parts: &[&[u8]]| key.hash(Purpose::Contact, parts);
        assert_eq!(contact(&first, &[b"x"]), contact(&second, &[b"x"]));
        assert_ne!(contact(&first, &[b"x"]), first.hash(Purpose::Event, &[b"x"]));
        assert_ne!(contact(&first, &[b"ab", b"c"]), contact(&first, &[b"a", b"bc"]));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }
    #[test]
    fn a_key_that_is_changed_hashes_again_what_it_hashed_before() {
        let folder = tempfile::tempdir().unwrap();
        let first = Key::beside(folder.path()).unwrap();
        let longer = Key::lengthen(folder.path()).unwrap();
        assert_eq!((first.n_secrets(), longer.n_secrets()), (1, 2));
        for purpose in [Purpose::Contact, Purpose::Event, Purpose::Message, Purpose::Source, Purpose::Record] {
            let before = first.hash(purpose, &[b"x", b"y"]);
            let [secret] = longer.secrets_after(1) else { panic!("one was added") };
            assert_eq!(longer.hash(purpose, &[b"x", b"y"]), secret.renewed(purpose, before));
            assert_ne!(longer.hash(purpose, &[b"x", b"y"]), before);
            assert_eq!(longer.with_secrets(1).unwrap().hash(purpose, &[b"x", b"y"]), before);
        }
        let ever: Vec<u128> = longer.contact_ever("sms", "1").collect();
        assert_eq!(ever, [first.contact("sms", "1"), longer.contact("sms", "1")]);
        let read = Key::of(folder.path()).unwrap();
        assert!(std::fs::read_to_string(folder.path().join(FILE)).unwrap().ends_with('\n'), "a line can be added");
        assert_eq!((&first.marks()[..], read.marks().len()), (&read.marks()[..1], 2));
        assert_eq!(read.contact("sms", "1"), longer.contact("sms", "1"));
        assert!(longer.with_secrets(3).is_none() && longer.with_secrets(0).is_none());
        assert!(Key::from_hex("5a").is_none() && Key::from_hex("").is_none());
    }
}
