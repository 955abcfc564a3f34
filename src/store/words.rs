//! Text columns in memory: repeated text as codes into a list of words, other text end to end in one buffer.

use hashbrown::DefaultHashBuilder;
use hashbrown::HashTable;
use std::hash::BuildHasher;

/// What a word costs besides its letters: its place in the list and in the table.
const WORD_BYTES: usize = 32;

/// The code of "null" in every column of words.
pub const NULL: u32 = 0;

/// A list of distinct words. Codes start at 1 in order of first appearance; 0 is null.
#[derive(Clone, Debug, Default)]
pub struct Words {
    list: Vec<String>,
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
    n_bytes: usize,
}

impl Words {
    /// The code of the word, which is added if it is new.
    pub fn code(&mut self, word: &str) -> u32 {
        let hash = self.hasher.hash_one(word);
        let Self { list, table, hasher, .. } = self;
        let text = |code: u32| list.get(code as usize - 1).map_or("", String::as_str);
        if let Some(&code) = table.find(hash, |&code| text(code) == word) {
            return code;
        }
        self.n_bytes += word.len() + WORD_BYTES;
        list.push(word.to_owned());
        let code = u32::try_from(list.len()).unwrap_or(u32::MAX);
        let list = &*list;
        table
            .insert_unique(hash, code, |&code| hasher.hash_one(list.get(code as usize - 1).map_or("", String::as_str)));
        code
    }

    /// The code of the word, or null.
    pub fn optional(&mut self, word: Option<&str>) -> u32 {
        word.map_or(NULL, |word| self.code(word))
    }

    /// The code of a word that is already there.
    #[must_use]
    pub fn find(&self, word: &str) -> Option<u32> {
        let hash = self.hasher.hash_one(word);
        self.table.find(hash, |&code| self.get(code) == Some(word)).copied()
    }

    /// The word of a code; `None` for null.
    #[must_use]
    pub fn get(&self, code: u32) -> Option<&str> {
        self.list.get((code as usize).checked_sub(1)?).map(String::as_str)
    }

    /// All words in the order of their codes, the first having code 1.
    #[must_use]
    pub fn list(&self) -> &[String] {
        &self.list
    }

    /// About how many bytes the list takes.
    #[must_use]
    pub fn n_bytes(&self) -> usize {
        self.n_bytes
    }

    /// Forgets all words, and keeps their memory.
    pub fn clear(&mut self) {
        self.list.clear();
        self.table.clear();
        self.n_bytes = 0;
    }
}

/// Texts end to end. `None` is kept apart from the empty text.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    bytes: String,
    ends: Vec<u32>,
    present: Vec<bool>,
}

impl Texts {
    /// Adds a text at the end.
    pub fn push(&mut self, text: Option<&str>) {
        if let Some(text) = text {
            self.bytes.push_str(text);
        }
        self.ends.push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
        self.present.push(text.is_some());
    }

    /// The text at the index; `None` if it is null or out of range.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&str> {
        if !*self.present.get(index)? {
            return None;
        }
        let start = if index == 0 { 0 } else { *self.ends.get(index - 1)? as usize };
        self.bytes.get(start..*self.ends.get(index)? as usize)
    }

    /// Adds all texts of another column.
    pub fn append(&mut self, other: &Self) {
        let offset = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        self.bytes.push_str(&other.bytes);
        self.ends.extend(other.ends.iter().map(|end| end.saturating_add(offset)));
        self.present.extend_from_slice(&other.present);
    }

    /// Adds nulls until there are `n`.
    pub fn pad(&mut self, n: usize) {
        self.ends.resize(n, self.ends.last().copied().unwrap_or_default());
        self.present.resize(n, false);
    }

    /// Forgets all texts, and keeps their memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.present.clear();
    }

    /// Whether no text was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.present.is_empty()
    }

    /// About how many bytes they take.
    #[must_use]
    pub fn n_bytes(&self) -> usize {
        self.bytes.len() + 5 * self.present.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_get_one_code_each_and_null_is_zero() {
        let mut words = Words::default();
        assert_eq!([words.code("a"), words.code("b"), words.code("a"), words.optional(None)], [1, 2, 1, NULL]);
        assert_eq!((words.get(2), words.get(NULL), words.get(9)), (Some("b"), None, None));
        words.clear();
        assert_eq!((words.code("b"), words.find("a"), words.list().len()), (1, None, 1));
    }

    #[test]
    fn a_missing_text_is_not_the_empty_text() {
        let mut texts = Texts::default();
        for text in [Some("größe"), None, Some(""), Some("ok")] {
            texts.push(text);
        }
        let mut all = Texts::default();
        all.push(Some("first"));
        all.append(&texts);
        let found: Vec<_> = (0..6).map(|index| all.get(index)).collect();
        assert_eq!(found, [Some("first"), Some("größe"), None, Some(""), Some("ok"), None]);
    }
}
