//! A map for the few things that one contact has of a kind. Most contacts have a handful, which are found sooner by looking
//! through them than by hashing; the rare contact with thousands gets a hash map.

use std::hash::Hash;

use hashbrown::HashMap;

/// Entries up to which they are looked through.
const FEW: usize = 24;
/// Room for entries up to which a map is kept for the next contact.
const KEPT: usize = 1024;

/// Keys with a value each.
pub(super) struct Index<K, V> {
    few: Vec<(K, V)>,
    many: HashMap<K, V>,
}

impl<K, V> Default for Index<K, V> {
    fn default() -> Self {
        Self { few: Vec::new(), many: HashMap::default() }
    }
}

impl<K: Copy + Eq + Hash, V: Copy> Index<K, V> {
    /// The value of the key.
    pub(super) fn get(&self, key: K) -> Option<V> {
        if self.many.is_empty() {
            // What is asked for was mostly added last.
            self.few.iter().rev().find(|(known, _)| *known == key).map(|&(_, value)| value)
        } else {
            self.many.get(&key).copied()
        }
    }

    /// Gives the key a value. False if it had one before.
    pub(super) fn insert(&mut self, key: K, value: V) -> bool {
        if !self.many.is_empty() {
            return self.many.insert(key, value).is_none();
        }
        if let Some((_, known)) = self.few.iter_mut().rev().find(|(known, _)| *known == key) {
            *known = value;
            return false;
        }
        self.add(key, value);
        true
    }

    /// Gives a value to a key that has none yet.
    pub(super) fn add(&mut self, key: K, value: V) {
        if !self.many.is_empty() {
            self.many.insert(key, value);
            return;
        }
        self.few.push((key, value));
        if self.few.len() > FEW {
            self.many.extend(self.few.drain(..));
        }
    }

    /// Forgets all keys. Emptying a map costs what it has room for, so that of a large contact is not kept.
    pub(super) fn clear(&mut self) {
        self.few.clear();
        if self.many.capacity() > KEPT {
            self.many = HashMap::new();
        } else {
            self.many.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_keys_are_found_alike() {
        for n in [3, 24, 25, 500] {
            let mut index = Index::default();
            assert!((0..n).all(|key| index.insert(key, key + 1)));
            assert!(!index.insert(n / 2, 7));
            assert_eq!([index.get(n - 1), index.get(n / 2), index.get(n)], [Some(n), Some(7), None]);
            index.clear();
            assert_eq!(index.get(0), None);
        }
    }
}
