//! Who is who: ids that logs say are one contact's, and the id under which that contact's events are filed.
//!
//! Ids are the keyed hashes of contacts. Nothing here knows how a platform tells that two ids are one person's.

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::{HashMap, HashSet};

use super::forgotten::Forgotten;
use super::key;
use super::key::first_half;
use super::stranger::Stranger;
use crate::error::Result;

pub(super) mod kept;

/// With how many others an id can be linked and still be a person's. An id that logs link with more is no person's: a
/// placeholder that some gateway writes for everybody, or the business's own number. People have a handful.
const MOST_LINKED: u32 = 30;

/// What logs say of ids: `former` was replaced by `current`, each pair once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    said: BTreeMap<(u128, u128), Said>,
}

/// What is known of a pair.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    /// When it was said first, in microseconds.
    at: i64,
    /// The current id in plain, where ids are kept plain.
    name: Option<Box<str>>,
}

impl Links {
    /// Adds that `former` was replaced by `current`, as was said at the instant `at`. `name` is `current` in plain, if ids
    /// are kept plain.
    pub fn add(&mut self, former: u128, current: u128, at: i64, name: Option<&str>) {
        if former == current {
            return;
        }
        match self.said.get_mut(&(former, current)) {
            Some(said) => said.at = said.at.min(at),
            None => drop(self.said.insert((former, current), Said { at, name: name.map(Into::into) })),
        }
    }

    /// Adds all of another list.
    pub fn append(&mut self, others: &Self) {
        for (former, current, at, name) in others.iter() {
            self.add(former, current, at, name);
        }
    }

    /// The same links between other ids.
    #[must_use]
    pub(super) fn renewed(&self, renew: impl Fn(u128) -> u128) -> Self {
        let renewed =
            |(&(former, current), said): (&(u128, u128), &Said)| ((renew(former), renew(current)), said.clone());
        Self { said: self.said.iter().map(renewed).collect() }
    }

    /// What others say that is not known yet, or not known to have been said so early.
    #[must_use]
    pub fn news_in(&self, others: &Self) -> Self {
        let is_news = |pair: &(u128, u128), said: &Said| self.said.get(pair).is_none_or(|known| said.at < known.at);
        let news = others.said.iter().filter(|(pair, said)| is_news(pair, said));
        Self { said: news.map(|(&pair, said)| (pair, said.clone())).collect() }
    }

    /// The links but for those that name a forgotten contact of the time before.
    #[must_use]
    pub fn remembered(&self, forgotten: &Forgotten) -> Self {
        let is_out = |id: u128, said: &Said| forgotten.holds(first_half(id), said.at);
        let left =
            self.said.iter().filter(|((former, current), said)| !is_out(*former, said) && !is_out(*current, said));
        Self { said: left.map(|(&pair, said)| (pair, said.clone())).collect() }
    }

    /// Number of pairs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.said.len()
    }

    /// Whether no pair is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.said.is_empty()
    }

    /// About how many bytes they take.
    #[must_use]
    pub fn n_bytes(&self) -> usize {
        self.len() * (size_of::<(u128, u128)>() + size_of::<Said>())
    }

    /// Forgets all pairs.
    pub fn clear(&mut self) {
        self.said.clear();
    }

    /// Former id, current id, instant and the current id in plain, in the order of ids.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u128, u128, i64, Option<&str>)> {
        self.said.iter().map(|(&(former, current), said)| (former, current, said.at, said.name.as_deref()))
    }

    /// The keys of all ids that links name.
    pub(super) fn keys(&self) -> BTreeSet<i64> {
        self.said.keys().flat_map(|&(former, current)| [former, current]).map(first_half).collect()
    }

    /// The keys of all ids that are one contact's with one of these keys, and under which key that contact is filed.
    #[must_use]
    pub fn families(&self, keys: &BTreeSet<i64>) -> BTreeMap<i64, i64> {
        let contacts = self.contacts();
        let filed = |id: u128| first_half(contacts.current(id).unwrap_or(id));
        let ids = || self.said.keys().flat_map(|&(former, current)| [former, current]);
        let mut families: BTreeMap<i64, i64> = keys.iter().map(|&key| (key, key)).collect();
        let named: BTreeSet<i64> = ids().filter(|&id| keys.contains(&first_half(id))).map(filed).collect();
        families.extend(ids().map(|id| (first_half(id), filed(id))).filter(|(_, filed)| named.contains(filed)));
        families
    }

    /// The links that name none of these keys. An id that links nobody because it stands in too many links still does, so
    /// there somebody who never was takes the place of who is left out.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub(super) fn without(&self, keys: &BTreeMap<i64, i64>) -> Result<Self> {
        let shared = self.contacts().shared;
        let mut nobodies: BTreeMap<u128, u128> = BTreeMap::new();
        let mut left = Self::default();
        for (former, current, at, name) in self.iter() {
            let is_out = |id: u128| keys.contains_key(&first_half(id));
            let mut stay = |id: u128| -> Result<u128> {
                if !is_out(id) {
                    return Ok(id);
                }
                let nobody = nobodies.get(&id).copied().map_or_else(key::random, Ok)?;
                Ok(*nobodies.entry(id).or_insert(nobody))
            };
            if !is_out(former) && !is_out(current) {
                left.add(former, current, at, name);
            } else if shared.contains(&former) || shared.contains(&current) {
                let name = name.filter(|_| !is_out(current));
                left.add(stay(former)?, stay(current)?, at, name);
            }
        }
        Ok(left)
    }

    /// Finds out which ids are one contact's.
    ///
    /// Ids that are linked, directly or by others, are one contact, filed under the id that no link leads away from. If
    /// there are several such ids or none, it is the one to which the latest link leads. An id that is linked with more
    /// than thirty others links nobody. So this depends on what was said and when, and not on the order in which
    /// it was found.
    #[must_use]
    pub fn contacts(&self) -> Contacts {
        let mut ids: Vec<u128> = self.said.keys().flat_map(|&(former, current)| [former, current]).collect();
        ids.sort_unstable();
        ids.dedup();
        let number = |id: u128| ids.binary_search(&id).unwrap_or_default();
        let mut n_others = vec![0_u32; ids.len()];
        for &(former, current) in self.said.keys() {
            // Two ids that replaced each other in turn are linked once.
            if former < current || !self.said.contains_key(&(current, former)) {
                n_others[number(former)] += 1;
                n_others[number(current)] += 1;
            }
        }
        let is_shared = |id: u128| n_others[number(id)] > MOST_LINKED;
        let links = || self.said.iter().filter(|((former, current), _)| !is_shared(*former) && !is_shared(*current));
        let mut groups = Groups((0..ids.len()).collect());
        let mut is_left = vec![false; ids.len()];
        for (&(former, current), _) in links() {
            is_left[number(former)] = true;
            groups.join(number(former), number(current));
        }
        let mut ends = vec![(0, 0); ids.len()];
        for (id, _) in is_left.iter().enumerate().filter(|(_, is_left)| !**is_left) {
            let (n_ends, end) = &mut ends[groups.first(id)];
            (*n_ends, *end) = (*n_ends + 1, id);
        }
        let mut latest = vec![(i64::MIN, 0); ids.len()];
        for (&(_, current), said) in links() {
            let current = number(current);
            let latest = &mut latest[groups.first(current)];
            *latest = (*latest).max((said.at, current));
        }
        let shared = ids.iter().copied().filter(|&id| is_shared(id)).collect();
        let mut contacts = Contacts { shared, ..Contacts::default() };
        for (number, &id) in ids.iter().enumerate() {
            let group = groups.first(number);
            let current = if ends[group].0 == 1 { ends[group].1 } else { latest[group].1 };
            if current != number {
                contacts.current.insert(id, ids[current]);
            }
        }
        // Whatever it is filed under, a link led there.
        for (&(_, current), said) in links() {
            if let Some(name) = &said.name
                && !contacts.current.contains_key(&current)
            {
                contacts.names.insert(current, name.clone());
            }
        }
        contacts
    }
}

/// Numbers in groups: each points to another of its group, the first of a group to itself.
struct Groups(Vec<usize>);

impl Groups {
    fn first(&mut self, mut number: usize) -> usize {
        while self.0[number] != number {
            self.0[number] = self.0[self.0[number]];
            number = self.0[number];
        }
        number
    }

    fn join(&mut self, left: usize, right: usize) {
        let (left, right) = (self.first(left), self.first(right));
        self.0[left.max(right)] = left.min(right);
    }
}

/// Under which id the events of linked ids are filed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contacts {
    /// By each id that is not filed under itself.
    current: HashMap<u128, u128>,
    /// Ids in plain, of those that events are filed under.
    names: HashMap<u128, Box<str>>,
    /// Ids that link nobody.
    shared: HashSet<u128>,
}

impl Contacts {
    /// The id under which the events of this one are filed instead; `None` if they are filed under itself.
    #[must_use]
    pub fn current(&self, id: u128) -> Option<u128> {
        self.current.get(&id).copied()
    }

    /// An id in plain, if ids are kept plain.
    #[must_use]
    pub fn name(&self, id: u128) -> Option<&str> {
        self.names.get(&id).map(|name| &**name)
    }

    /// Number of ids that are linked with too many others to be one person's, and so link nobody.
    #[must_use]
    pub fn n_shared(&self) -> usize {
        self.shared.len()
    }

    /// Whether every id is filed under itself.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.current.is_empty()
    }

    /// The ids that are filed elsewhere, except for those which already were by `before`.
    #[must_use]
    pub fn moved_since(&self, before: &Self) -> Moves {
        let moved = self.current.iter().filter(|(former, _)| !before.current.contains_key(*former));
        let of = |(&former, &contact): (&u128, &u128)| Move {
            key: first_half(former),
            contact: Some(contact),
            name: self.names.get(&contact).cloned(),
        };
        let mut moves: Vec<Move> = moved.map(of).collect();
        moves.sort_unstable_by_key(|moved| moved.key);
        Moves { keys: moves.iter().map(|moved| moved.key).collect(), moves, stranger: None }
    }
}

/// Keys whose rows are to be filed elsewhere, in the order of keys.
#[derive(Clone, Default)]
pub struct Moves {
    pub(super) keys: Vec<i64>,
    pub(super) moves: Vec<Move>,
    /// What else becomes of the rows, if nobody is to know any more whose they were.
    pub(super) stranger: Option<Stranger>,
}

/// Where the rows of a key are to be filed.
#[derive(Clone, Debug)]
pub(super) struct Move {
    key: i64,
    /// The contact whose rows they are; `None` if they are to be nobody's, and gone.
    pub(super) contact: Option<u128>,
    /// Its id in plain, if ids are kept plain.
    pub(super) name: Option<Box<str>>,
}

impl Moves {
    /// Rows of these keys become those of the contacts that stand with them, or are gone.
    pub(super) fn of(contacts: &BTreeMap<i64, Option<u128>>, stranger: Option<Stranger>) -> Self {
        let moves = contacts.iter().map(|(&key, &contact)| Move { key, contact, name: None }).collect();
        Self { keys: contacts.keys().copied().collect(), moves, stranger }
    }

    /// Whether nothing is to be moved.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(pairs: &[(u128, u128, i64)]) -> Links {
        let mut links = Links::default();
        for &(former, current, at) in pairs {
            links.add(former, current, at, None);
        }
        links
    }

    /// What each of the ids 1 to 9 is filed under.
    fn filed(links: &Links) -> Vec<u128> {
        let contacts = links.contacts();
        (1..10).map(|id| contacts.current(id).unwrap_or(id)).collect()
    }

    #[test]
    fn a_contact_is_filed_under_the_id_that_nothing_replaced() {
        assert_eq!(filed(&links(&[(1, 2, 10), (2, 3, 5), (7, 3, 1)])), [3, 3, 3, 4, 5, 6, 3, 8, 9]);
        assert_eq!(filed(&links(&[(4, 4, 1)])), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }

    #[test]
    fn the_latest_word_counts_where_several_ids_or_none_are_left() {
        // One id with two numbers.
        assert_eq!(filed(&links(&[(1, 2, 10), (1, 3, 20)]))[..3], [3, 3, 3]);
        assert_eq!(filed(&links(&[(1, 2, 30), (1, 3, 20)]))[..3], [2, 2, 2]);
        // There and back.
        assert_eq!(filed(&links(&[(1, 2, 10), (2, 1, 20)]))[..2], [1, 1]);
        // Said again, it is not later.
        assert_eq!(filed(&links(&[(1, 2, 10), (2, 1, 20), (1, 2, 30)]))[..2], [1, 1]);
    }

    #[test]
    fn an_id_that_is_linked_with_too_many_links_nobody() {
        let most = u128::from(MOST_LINKED);
        let all = |n: u128| -> Vec<(u128, u128, i64)> { (0..n).map(|id| (100 + id, 1, 5)).collect() };
        assert_eq!(links(&all(most)).contacts().n_shared(), 0);
        assert_eq!(filed(&links(&[all(most), vec![(1, 2, 9)]].concat())), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
        // As the former id as well as the current one, and said in both directions it is not said twice.
        let there_and_back = |n| -> Vec<(u128, u128, i64)> {
            all(n)
                .into_iter()
                .flat_map(|(former, current, at)| [(former, current, at), (current, former, at + 1)])
                .collect()
        };
        assert_eq!(links(&there_and_back(most)).contacts().n_shared(), 0);
        let mut pairs = there_and_back(most + 1);
        // What else is said of those whom it does not link counts.
        pairs.extend([(100, 3, 7), (4, 100, 7)]);
        let contacts = links(&pairs).contacts();
        assert_eq!((contacts.n_shared(), contacts.current(1), contacts.current(101)), (1, None, None));
        assert_eq!((contacts.current(100), contacts.current(4)), (Some(3), Some(3)));
    }

    #[test]
    fn a_long_chain_is_one_contact() {
        let pairs: Vec<(u128, u128, i64)> = (1..100_000).rev().map(|id| (id, id + 1, 7)).collect();
        let contacts = links(&pairs).contacts();
        assert!((1..100_000).all(|id| contacts.current(id) == Some(100_000)));
    }

    #[test]
    fn who_is_who_depends_on_what_was_said_and_on_nothing_else() {
        let mut dice = 7_u64;
        let mut roll = |n: u64| {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (dice >> 33) % n
        };
        for _ in 0..2_000 {
            let mut pairs: Vec<(u128, u128, i64)> = (0..roll(9))
                .map(|_| (1 + u128::from(roll(9)), 1 + u128::from(roll(9)), i64::try_from(roll(4)).unwrap()))
                .collect();
            let all = links(&pairs);
            let expected = filed(&all);
            // Linked ids are filed together, and what they are filed under is filed under itself.
            for (former, current, _) in &pairs {
                let place = |id: &u128| expected[usize::try_from(*id).unwrap() - 1];
                assert_eq!(place(former), place(current));
                assert_eq!(place(&place(former)), place(former));
            }
            // Any order, any split.
            for index in (1..pairs.len()).rev() {
                pairs.swap(index, usize::try_from(roll(index as u64 + 1)).unwrap());
            }
            let (first, second) = pairs.split_at(usize::try_from(roll(pairs.len() as u64 + 1)).unwrap());
            let mut joined = links(first);
            let news = joined.news_in(&links(second));
            joined.append(&news);
            assert_eq!(joined, all);
            assert_eq!(filed(&joined), expected);
            // Said twice, it is no news.
            assert!(joined.news_in(&all).is_empty());
        }
    }

    #[test]
    fn only_what_was_not_filed_elsewhere_before_is_moved() {
        let key = |id: u128| id << 64;
        let mut all = links(&[(key(1), key(2), 1)]);
        let before = all.contacts();
        assert!(before.moved_since(&before).is_empty());
        all.append(&links(&[(key(2), key(3), 2), (key(5), key(4), 2)]));
        let moves = all.contacts().moved_since(&before);
        assert_eq!(moves.keys, [2, 5]);
        assert_eq!(moves.moves.iter().map(|moved| moved.contact).collect::<Vec<_>>(), [Some(key(3)), Some(key(4))]);
    }

    #[test]
    fn whoever_is_forgotten_goes_with_all_their_ids_and_an_id_that_links_nobody_still_links_nobody() {
        let key = |id: u128| id << 64;
        let mut all = links(&[(key(1), key(2), 1), (key(2), key(3), 2), (key(5), key(4), 2)]);
        // One more than a person's id can be linked with.
        let placeholder = key(99);
        all.append(&links(&(0..=30).map(|id| (key(200 + id), placeholder, 5)).collect::<Vec<_>>()));
        all.add(key(1), placeholder, 7, None);
        all.add(placeholder, key(201), 7, None);
        let families = all.families(&BTreeSet::from([1]));
        assert_eq!(families, BTreeMap::from([(1, 3), (2, 3), (3, 3)]));
        let left = all.without(&families).unwrap();
        assert_eq!(left.len(), all.len() - 2);
        assert!(!left.keys().iter().any(|id| families.contains_key(id)));
        assert_eq!((left.contacts().n_shared(), left.contacts().current(key(5))), (1, Some(key(4))));
        assert_eq!(left.contacts().current(key(200)), None);
    }

    #[test]
    fn the_id_in_plain_is_that_of_the_contact() {
        let mut links = Links::default();
        links.add(1, 2, 1, Some("two"));
        links.add(2, 3, 2, Some("three"));
        let contacts = links.contacts();
        assert_eq!([contacts.name(3), contacts.name(2)], [Some("three"), None]);
    }
}
