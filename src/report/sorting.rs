//! Sorting: the number that a text of `text` was made of, so that a page can sort its tables by value.
//!
//! Knows the forms that `text` gives to numbers, and nothing of tables.

use super::text::Language;

/// Parts a number from its unit, in English also thousands.
const THIN: char = '\u{202f}';

impl Language {
    /// The number that a text of this language was made of, for sorting by value: percent and points as they stand, lengths of
    /// time in seconds. `None` of anything else, of what has no value among it.
    #[must_use]
    pub fn number(self, text: &str) -> Option<f64> {
        let text = text.trim_start_matches(['≥', '≤', '<', '>', THIN, ' ']);
        let mut total = None;
        let mut sign = 1.0;
        let mut digits = String::new();
        let mut add = |digits: &mut String, unit: &str| -> Option<()> {
            let factor = match unit {
                "min" => 60.0,
                "h" => 3600.0,
                "d" | "T" => 86_400.0,
                _ => 1.0,
            };
            let number: f64 = std::mem::take(digits).parse().ok()?;
            total = Some(total.unwrap_or(0.0) + number * factor);
            Some(())
        };
        // A number goes on behind a thin space if digits follow; a unit ends it.
        let mut rest = text.split([THIN, ' ']).peekable();
        while let Some(piece) = rest.next() {
            let piece = match piece.strip_prefix('−') {
                Some(piece) if digits.is_empty() => {
                    sign = -1.0;
                    piece
                }
                _ => piece.strip_prefix('+').unwrap_or(piece),
            };
            if piece.starts_with(|c: char| c.is_ascii_digit()) {
                match self {
                    Self::En => digits.push_str(piece),
                    Self::De => digits.push_str(&piece.replace('.', "").replace(',', ".")),
                }
                if rest.peek().is_none() {
                    add(&mut digits, "")?;
                }
            } else {
                add(&mut digits, piece)?;
            }
        }
        total.map(|total| sign * total)
    }
}

#[cfg(test)]
mod tests {
    use super::super::text::NONE;
    use super::Language::{De, En};
    use crate::measures::Value;
    use crate::rate::Bound;

    #[test]
    fn texts_are_sorted_by_the_numbers_they_were_made_of() {
        let number = |text: &str| En.number(text);
        assert_eq!(number(&En.count(1_234_567)), Some(1_234_567.0));
        assert_eq!(number(&En.bounded(Bound::Least, En.percent(0.984))), Some(98.4));
        assert_eq!(De.number(&De.percent(0.1234)), Some(12.3));
        for seconds in [0, 59, 60, 252, 7_500, 90_000, 172_800] {
            assert_eq!(number(&En.duration(i64::from(seconds))), Some(f64::from(seconds)), "{seconds}");
        }
        assert_eq!(De.number(&De.duration(90_000)), Some(90_000.0));
        assert_eq!(number(&En.money(-12_345_670_000, "EUR")), Some(-12_345.67));
        let [points, ..] = En.written(&Value::Points { value: -0.021, interval: None });
        assert_eq!(number(&points), Some(-2.1));
        for nothing in [NONE, "n/a", "", "spring", "no difference beyond chance (q = 0.4)"] {
            assert_eq!(number(nothing), None, "{nothing}");
        }
    }
}
