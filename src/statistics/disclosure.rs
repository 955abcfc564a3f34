//! Disclosure: which cells of a table must be left out so that no small one can be read, or computed from its total.
//!
//! Knows sizes and keys of cells, not what is counted in them.

use std::collections::BTreeMap;

/// Columns whose margins are protected; a table has fewer.
const MOST_COLUMNS: usize = 12;

/// Which cells to leave out: those of fewer than `minimum` observations, and as many of the next larger ones as it takes that
/// those missing below one total are at least two and at least `minimum` together. Otherwise the total less the others would
/// tell what was left out (A. Hundepool et al., "Statistical disclosure control", 2012, section 4.2: primary and secondary
/// suppression). Totals are those of all cells and of all that agree in some of the columns.
///
/// A cell without observations tells of nobody: it stays, and hides nothing. A total of one cell alone is that cell.
#[must_use]
pub fn withheld<K: Ord>(cells: &[(&[K], u64)], minimum: u64) -> Vec<bool> {
    let mut hidden: Vec<bool> = cells.iter().map(|(_, n)| (1..minimum).contains(n)).collect();
    let totals = totals(cells);
    let mut is_safe = false;
    while !is_safe {
        is_safe = true;
        for total in &totals {
            while let Some(next) = exposed(total, cells, &hidden, minimum) {
                hidden.iter_mut().skip(next).take(1).for_each(|hidden| *hidden = true);
                is_safe = false;
            }
        }
    }
    hidden
}

/// The places of the cells below each total, smallest cells first.
fn totals<K: Ord>(cells: &[(&[K], u64)]) -> Vec<Vec<usize>> {
    let columns = cells.iter().map(|(key, _)| key.len()).max().unwrap_or_default().min(MOST_COLUMNS);
    let mut totals = Vec::new();
    for kept in 0..(1_u32 << columns) - 1 {
        let is_kept = |column: usize| column >= MOST_COLUMNS || kept & (1 << column) != 0;
        let mut below: BTreeMap<Vec<&K>, Vec<usize>> = BTreeMap::new();
        for (place, (key, _)) in cells.iter().enumerate().filter(|(_, (_, n))| *n > 0) {
            let of_total = key.iter().enumerate().filter(|(column, _)| is_kept(*column)).map(|(_, value)| value);
            below.entry(of_total.collect()).or_default().push(place);
        }
        totals.extend(below.into_values().filter(|places| places.len() > 1));
    }
    let size = |place: &usize| cells.get(*place).map_or(0, |(_, n)| *n);
    for places in &mut totals {
        places.sort_by_key(size);
    }
    totals
}

/// The next cell to hide, if what is hidden below the total could be computed from it.
fn exposed<K>(total: &[usize], cells: &[(&[K], u64)], hidden: &[bool], minimum: u64) -> Option<usize> {
    let is_hidden = |place: &&usize| hidden.get(**place) == Some(&true);
    let missing: Vec<u64> =
        total.iter().filter(is_hidden).filter_map(|place| cells.get(*place)).map(|(_, n)| *n).collect();
    let is_told = missing.len() == 1 || (!missing.is_empty() && missing.iter().sum::<u64>() < minimum);
    total.iter().find(|place| is_told && !is_hidden(place)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names<'c>(cells: &'c [(&'c [&'c str], u64)], minimum: u64) -> Vec<String> {
        let hidden = withheld(cells, minimum);
        cells.iter().zip(hidden).filter(|(_, hidden)| *hidden).map(|((key, _), _)| key.join(".")).collect()
    }

    #[test]
    fn a_single_small_cell_takes_the_next_smallest_with_it() {
        let cells: [(&[&str], u64); 4] = [(&["a"], 500), (&["b"], 7), (&["c"], 90), (&["d"], 120)];
        assert_eq!(names(&cells, 30), ["b", "c"]);
        assert_eq!(names(&cells, 7), [""; 0]);
    }

    #[test]
    fn small_cells_that_are_small_together_take_another_with_them() {
        let cells: [(&[&str], u64); 4] = [(&["a"], 500), (&["b"], 7), (&["c"], 9), (&["d"], 120)];
        assert_eq!(names(&cells, 30), ["b", "c", "d"]);
        assert_eq!(names(&cells, 16), ["b", "c"]);
    }

    #[test]
    fn every_margin_of_a_table_is_kept_from_telling() {
        // One small cell needs a rectangle: another in its row, another in its column, and the corner between these.
        let cells: [(&[&str], u64); 9] = [
            (&["x", "a"], 5),
            (&["x", "b"], 100),
            (&["x", "c"], 200),
            (&["y", "a"], 100),
            (&["y", "b"], 150),
            (&["y", "c"], 300),
            (&["z", "a"], 400),
            (&["z", "b"], 500),
            (&["z", "c"], 600),
        ];
        assert_eq!(names(&cells, 30), ["x.a", "x.b", "y.a", "y.b"]);
    }

    #[test]
    fn nobody_is_hidden_behind_an_empty_cell() {
        let cells: [(&[&str], u64); 3] = [(&["a"], 0), (&["b"], 3), (&["c"], 90)];
        assert_eq!(names(&cells, 30), ["b", "c"]);
        let alone: [(&[&str], u64); 2] = [(&["a"], 0), (&["b"], 90)];
        assert_eq!(names(&alone, 30), [""; 0]);
    }

    #[test]
    fn whatever_is_missing_below_any_total_is_no_small_cell() {
        let mut state = 3_u64;
        let mut next = move |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        for _ in 0..300 {
            let keys: Vec<[u64; 2]> = (0..4).flat_map(|row| (0..5).map(move |column| [row, column])).collect();
            let sizes: Vec<u64> = keys.iter().map(|_| if next(3) == 0 { next(30) } else { next(300) }).collect();
            let cells: Vec<(&[u64], u64)> = keys.iter().map(|key| &key[..]).zip(sizes).collect();
            let hidden = withheld(&cells, 30);
            for margin in [None, Some(0), Some(1)] {
                for value in 0..5 {
                    let of_total = |key: &[u64]| margin.is_none_or(|column: usize| key.get(column) == Some(&value));
                    let below = || cells.iter().zip(&hidden).filter(|((key, n), _)| *n > 0 && of_total(key));
                    let missing: u64 = below().filter(|(_, hidden)| **hidden).map(|((_, n), _)| *n).sum();
                    let n_missing = below().filter(|(_, hidden)| **hidden).count();
                    let is_all = n_missing == below().count();
                    assert!(n_missing == 0 || is_all || (n_missing > 1 && missing >= 30), "{cells:?} {hidden:?}");
                }
            }
        }
    }
}
