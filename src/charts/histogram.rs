//! How often something took how long: one column per bin, its count above it, the bins' borders beneath.
//!
//! Knows nothing of time: borders come as text, and every bin is equally wide however much it spans.

use super::theme::{Align, Alternative, Ink, LABEL, SMALL, WIDTH, along, draw, fit, rows, width};
use crate::error::Result;

/// Bins next to each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// What was measured.
    pub title: String,
    /// What explains it.
    pub detail: String,
    /// The bins in their order, each from its own border to the next one's.
    pub bins: Vec<Bin>,
    /// Where the last bin ends, in words; empty if it has no end.
    pub end: String,
}

/// One bin.
#[derive(Clone, Debug, PartialEq)]
pub struct Bin {
    /// Where it begins, in words.
    pub from: String,
    /// How many are in it.
    pub count: f64,
    /// How many, in words.
    pub value: String,
}

const HEAD: i32 = 50;
const HEIGHT: i32 = 96;
/// Room for half a border's label at either end.
const MARGIN: i32 = 26;
/// Few bins would be slabs.
const WIDEST: i32 = 64;

/// Draws the bins in their order.
///
/// # Errors
/// The picture could not be drawn.
pub fn histogram(alternative: &Alternative, histogram: &Histogram) -> Result<String> {
    let Histogram { title, detail, bins, end } = histogram;
    let largest = bins.iter().map(|bin| bin.count).fold(0.0, f64::max);
    let pitch = ((WIDTH - 2 * MARGIN) / rows(bins.len()).max(1)).min(WIDEST);
    let base = HEAD + HEIGHT;
    draw(base + 26, alternative, |canvas| {
        let title = fit(title, LABEL, WIDTH);
        canvas.bold(Ink::Text, LABEL, Align::Left, (0, 12), &title)?;
        if width(&title, LABEL) + width(detail, SMALL) + 12 <= WIDTH {
            canvas.text(Ink::Quiet, SMALL, Align::Right, (WIDTH, 12), detail)?;
        }
        let (mut number_from, mut border_from) = (0, 0);
        let borders = bins.iter().map(|bin| bin.from.as_str()).chain([end.as_str()]);
        for (index, border) in borders.enumerate() {
            let left = MARGIN + rows(index) * pitch;
            if let Some(bin) = bins.get(index) {
                let top = base - along(bin.count, largest, HEIGHT);
                let next = bins.get(index + 1).map_or(end, |next| &next.from);
                let told = format!("{} – {next}\n{}", bin.from, bin.value);
                canvas.mark((left, HEAD - 16), (left + pitch, base), told.trim_end());
                canvas.rect(Ink::Blue, (left + 1, top), (left + pitch - 1, base))?;
                let (middle, half) = (left + pitch / 2, width(&bin.value, SMALL) / 2);
                if bin.count > 0.0 && middle - half >= number_from {
                    canvas.text(Ink::Text, SMALL, Align::Centre, (middle, top - 9), &bin.value)?;
                    number_from = middle + half + 2;
                }
            }
            if border.is_empty() {
                continue;
            }
            canvas.line(Ink::Quiet, 1, vec![(left, base), (left, base + 5)])?;
            let half = width(border, SMALL) / 2;
            if left - half >= border_from {
                canvas.text(Ink::Quiet, SMALL, Align::Centre, (left, base + 15), border)?;
                border_from = left + half + 2;
            }
        }
        let right = MARGIN + rows(bins.len()) * pitch;
        canvas.line(Ink::Quiet, 1, vec![(MARGIN, base), (right, base)])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(counts: &[f64]) -> String {
        let bin = |(place, &count): (usize, &f64)| Bin {
            from: format!("b{place}"),
            count,
            value: if count > 0.0 { format!("n{count}") } else { String::new() },
        };
        let bins = counts.iter().enumerate().map(bin).collect();
        let chart = Histogram { title: "t".into(), detail: "d".into(), bins, end: "e".into() };
        histogram(&Alternative { id: "h".into(), ..Alternative::default() }, &chart).unwrap()
    }

    #[test]
    fn every_bin_shows_its_count_and_every_border_its_name() {
        let svg = drawn(&[3.0, 0.0, 7.0]);
        for text in ["n3", "n7", "b0", "b1", "b2", "e"] {
            assert!(svg.contains(&format!(">\n{text}\n<")), "{text}: {svg}");
        }
        assert_eq!(svg.matches("f-blue").count(), 2, "an empty bin has no column");
    }

    #[test]
    fn twenty_bins_stay_inside_the_picture() {
        let svg = drawn(&[5.0; 20]);
        let lefts = svg.split("<rect x=\"").skip(1).filter_map(|rest| rest.split('"').next()?.parse::<i32>().ok());
        assert!(lefts.max().unwrap() < WIDTH - MARGIN);
    }
}
