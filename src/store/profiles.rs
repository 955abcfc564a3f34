//! Profiles: what a row says in words, as one number. Logs say the same combinations of words again and again.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::schema::WORDS;
use super::words::{NULL, Words};

/// The different combinations of words.
#[derive(Clone, Debug, Default)]
pub(super) struct Profiles {
    /// Of each combination, the codes of its words.
    pub(super) codes: Vec<[u32; WORDS.len()]>,
    /// Of each combination, its words with their lengths.
    spelled: Vec<Box<[u8]>>,
    /// Their numbers by their hashes.
    table: HashTable<(u64, u32)>,
    hasher: DefaultHashBuilder,
    scratch: Vec<u8>,
    n_letters: usize,
}

impl Profiles {
    /// The number of the combination, which is added if it is new.
    pub(super) fn number(&mut self, words: &mut [Words; WORDS.len()], row: &[Option<&str>; WORDS.len()]) -> u32 {
        let Self { codes, spelled, table, hasher, scratch, n_letters } = self;
        scratch.clear();
        for (index, word) in (0_u8..).zip(row) {
            if let Some(word) = word {
                scratch.push(index);
                scratch.extend_from_slice(&word.len().to_le_bytes());
                scratch.extend_from_slice(word.as_bytes());
            }
        }
        let hash = hasher.hash_one(&**scratch);
        let is_equal = |&(known, number): &(u64, u32)| {
            known == hash && spelled.get(number as usize).is_some_and(|spelled| **spelled == **scratch)
        };
        if let Some(&(_, number)) = table.find(hash, is_equal) {
            return number;
        }
        let number = u32::try_from(codes.len()).unwrap_or(u32::MAX);
        let mut new = [NULL; WORDS.len()];
        for ((code, words), word) in new.iter_mut().zip(words).zip(row) {
            *code = words.optional(*word);
        }
        codes.push(new);
        spelled.push(scratch.as_slice().into());
        *n_letters += scratch.len();
        table.insert_unique(hash, (hash, number), |&(hash, _)| hash);
        number
    }

    pub(super) fn n_bytes(&self) -> usize {
        self.n_letters + self.codes.len() * (4 * WORDS.len() + 32)
    }

    pub(super) fn clear(&mut self) {
        self.codes.clear();
        self.spelled.clear();
        self.table.clear();
        self.n_letters = 0;
    }
}
