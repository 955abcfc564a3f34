//! Long keywords with slips of the finger: "unsubcsribe", "Ambelden". Knows nothing of signals or languages.
//!
//! The longer a word, the fewer other words are near it, so short words have to be written as they are. The first letter
//! has to be right as well: people seldom miss it, and a wrong one makes other words, "anbestellen" of "abbestellen".

use std::collections::{BTreeMap, BTreeSet};

/// Words of so many letters may have one slip.
const ONE_SLIP: usize = 7;
/// Words of so many letters may have two.
const TWO_SLIPS: usize = 10;
/// Longer words are no slips of anything; it bounds the table of distances.
const LONGEST: usize = 24;

/// Long keywords, by their first letter.
#[derive(Debug, Default)]
pub(super) struct Misspellings {
    words: BTreeMap<char, Vec<Word>>,
    /// Near a keyword, but words of their own.
    others: BTreeSet<String>,
}

#[derive(Debug)]
struct Word {
    letters: Vec<char>,
    slips: usize,
    entry: usize,
}

impl Misspellings {
    /// Of nothing yet, with the words that are never a slip.
    pub(super) fn without(others: BTreeSet<String>) -> Self {
        Self { words: BTreeMap::new(), others }
    }

    /// Adds a keyword and what stands for it; words that are too short for slips, and keywords of several words, are
    /// left out. Returns whether it was added.
    pub(super) fn add(&mut self, keyword: &str, entry: usize) -> bool {
        let letters: Vec<char> = keyword.chars().collect();
        let slips = match letters.len() {
            ..ONE_SLIP => return false,
            ONE_SLIP..TWO_SLIPS => 1,
            TWO_SLIPS..=LONGEST => 2,
            _ => return false,
        };
        let Some(first) = letters.first().copied().filter(|_| letters.iter().all(|char| char.is_alphabetic())) else {
            return false;
        };
        self.words.entry(first).or_default().push(Word { letters, slips, entry });
        true
    }

    /// What stands for the keyword that the word is nearest to, the first of several.
    pub(super) fn find(&self, word: &str) -> Option<usize> {
        let near = self.words.get(&word.chars().next()?)?;
        let mut letters = ['\0'; LONGEST];
        let mut length = 0;
        for char in word.chars() {
            *letters.get_mut(length)? = char;
            length += 1;
        }
        let letters = letters.get(..length)?;
        let (_, entry) = near
            .iter()
            .filter(|word| word.letters.len().abs_diff(length) <= word.slips)
            .map(|word| (slips(&word.letters, letters), word))
            .filter(|(slips, word)| *slips <= word.slips)
            .map(|(slips, word)| (slips, word.entry))
            .min()?;
        (!self.others.contains(word)).then_some(entry)
    }
}

/// How many letters were left out, put in, changed, or exchanged with their neighbour: the distance of Damerau in its
/// restricted form, in which no letter is touched twice. Of words of at most [`LONGEST`] letters.
fn slips(wanted: &[char], found: &[char]) -> usize {
    let mut before = [0; LONGEST + 1];
    let mut above: [usize; LONGEST + 1] = std::array::from_fn(|column| column);
    for (row, wanted_letter) in wanted.iter().enumerate() {
        let mut current = [0; LONGEST + 1];
        current[0] = row + 1;
        for (column, letter) in found.iter().enumerate().take(LONGEST) {
            let changed = above[column] + usize::from(letter != wanted_letter);
            let mut fewest = changed.min(above[column + 1] + 1).min(current[column] + 1);
            if row > 0
                && column > 0
                && wanted.get(row - 1) == Some(letter)
                && found.get(column - 1) == Some(wanted_letter)
            {
                fewest = fewest.min(before[column - 1] + 1);
            }
            current[column + 1] = fewest;
        }
        before = above;
        above = current;
    }
    above.get(found.len()).copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distance(left: &str, right: &str) -> usize {
        slips(&left.chars().collect::<Vec<_>>(), &right.chars().collect::<Vec<_>>())
    }

    #[test]
    fn slips_are_letters_left_out_put_in_changed_or_exchanged() {
        assert_eq!(distance("abmelden", "abmelden"), 0);
        assert_eq!(distance("abmelden", "ambelden"), 1);
        assert_eq!(distance("abmelden", "abmelen"), 1);
        assert_eq!(distance("abmelden", "abbmelden"), 1);
        assert_eq!(distance("abmelden", "anmelden"), 1);
        assert_eq!(distance("unsubscribe", "unsuscirbe"), 2);
        assert_eq!(distance("отписаться", "отписатся"), 1);
    }

    #[test]
    fn only_long_words_have_slips_and_other_words_are_none() {
        let mut misspellings = Misspellings::without(["anmelden".to_owned()].into());
        assert!(misspellings.add("abmelden", 1) && misspellings.add("unsubscribe", 2));
        assert!(!misspellings.add("stop", 3) && !misspellings.add("keine werbung", 4));
        for (word, entry) in [
            ("ambelden", Some(1)),
            ("anmelden", None),
            ("melden", None),
            ("ambeldne", None),
            ("unsuscirbe", Some(2)),
            ("subscribe", None),
            ("", None),
            ("unsubscribeunsubscribeunsubscribe", None),
        ] {
            assert_eq!(misspellings.find(word), entry, "{word}");
        }
    }
}
