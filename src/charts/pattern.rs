//! Patterns of fills as strokes that end where their rectangle does: a second cue beside colour.
//!
//! SVG has `<pattern>` for this, but printing turns every fill of that kind into pixels. Strokes lie on one grid for the whole
//! picture, so that rectangles next to each other line up. Knows neither colours nor plotters.

use std::fmt::Write;

/// Squares of so many pixels hold a pattern once.
const GRID: i32 = 8;
/// Strokes keep so many pixels away from the edges, which is half of how wide they are.
const INSET: i32 = 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    Lines,
    Bars,
    Grid,
    Back,
    Forth,
    Cross,
    Dots,
}

impl Pattern {
    /// The data of a path that fills a rectangle. Empty if not one stroke has room in it.
    pub(super) fn strokes(self, (left, top): (i32, i32), (right, bottom): (i32, i32)) -> String {
        let area = Area { left: left + INSET, top: top + INSET, right: right - INSET, bottom: bottom - INSET };
        let mut path = String::new();
        match self {
            Self::Lines => area.rows(2, GRID / 2, &mut path),
            Self::Bars => area.columns(2, GRID / 2, &mut path),
            Self::Grid => {
                area.rows(4, GRID, &mut path);
                area.columns(4, GRID, &mut path);
            }
            Self::Back => area.falling(&mut path),
            Self::Forth => area.rising(&mut path),
            Self::Cross => {
                area.falling(&mut path);
                area.rising(&mut path);
            }
            Self::Dots => {
                for offset in [2, 6] {
                    Area { left: first(area.left, offset, GRID), ..area }.rows(offset, GRID, &mut path);
                }
            }
        }
        path
    }

    /// How strokes are broken into dashes, if they are.
    pub(super) const fn dashes(self) -> Option<&'static str> {
        match self {
            // With round ends, next to nothing is a dot.
            Self::Dots => Some("0.01 7.99"),
            _ => None,
        }
    }
}

/// Where strokes may run, edges included.
#[derive(Clone, Copy)]
struct Area {
    left: i32,
    top: i32,
    right: i32,
    bottom: i32,
}

impl Area {
    fn rows(self, offset: i32, every: i32, path: &mut String) {
        let (left, length) = (self.left, self.right - self.left);
        for y in steps(self.top, self.bottom, offset, every) {
            stroke(path, length, format_args!("M{left},{y}h{length}"));
        }
    }

    fn columns(self, offset: i32, every: i32, path: &mut String) {
        let (top, length) = (self.top, self.bottom - self.top);
        for x in steps(self.left, self.right, offset, every) {
            stroke(path, length, format_args!("M{x},{top}v{length}"));
        }
    }

    /// From the left above to the right below.
    fn falling(self, path: &mut String) {
        for ahead in steps(self.left - self.bottom, self.right - self.top, 0, GRID) {
            let from = self.left.max(self.top + ahead);
            let length = self.right.min(self.bottom + ahead) - from;
            stroke(path, length, format_args!("M{from},{}l{length},{length}", from - ahead));
        }
    }

    /// From the left below to the right above.
    fn rising(self, path: &mut String) {
        for sum in steps(self.left + self.top, self.right + self.bottom, 0, GRID) {
            let from = self.left.max(sum - self.bottom);
            let length = self.right.min(sum - self.top) - from;
            stroke(path, length, format_args!("M{from},{}l{length},-{length}", sum - from));
        }
    }
}

fn stroke(path: &mut String, length: i32, written: std::fmt::Arguments<'_>) {
    if length > 0 {
        // A `String` takes whatever is written.
        let _always = path.write_fmt(written);
    }
}

/// The first place of a grid from here on.
fn first(from: i32, offset: i32, every: i32) -> i32 {
    from + (offset - from).rem_euclid(every)
}

/// The places of a grid between two ends, both included.
fn steps(from: i32, to: i32, offset: i32, every: i32) -> impl Iterator<Item = i32> {
    std::iter::successors(Some(first(from, offset, every)), move |at| Some(at + every)).take_while(move |at| *at <= to)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Pattern; 7] =
        [Pattern::Lines, Pattern::Bars, Pattern::Grid, Pattern::Back, Pattern::Forth, Pattern::Cross, Pattern::Dots];

    /// Both ends of every stroke.
    fn ends(path: &str) -> Vec<[(i32, i32); 2]> {
        let pair = |text: &str| {
            let (x, y) = text.split_once(',').unwrap();
            (x.parse::<i32>().unwrap(), y.parse::<i32>().unwrap())
        };
        let end = |stroke: &str| {
            let kind = ['h', 'v', 'l'].into_iter().find(|kind| stroke.contains(*kind)).unwrap();
            let (from, by) = stroke.split_once(kind).unwrap();
            let (x, y) = pair(from);
            let (across, down) = match kind {
                'h' => (by.parse().unwrap(), 0),
                'v' => (0, by.parse().unwrap()),
                _ => pair(by),
            };
            [(x, y), (x + across, y + down)]
        };
        path.split('M').skip(1).map(end).collect()
    }

    #[test]
    fn strokes_stay_in_their_rectangle_wherever_it_lies() {
        for pattern in ALL {
            for (left, top) in [(0, 0), (3, 17), (5, 6), (-9, 4)] {
                for (width, height) in [(1, 1), (2, 30), (3, 30), (30, 3), (9, 9), (700, 28)] {
                    let (right, bottom) = (left + width, top + height);
                    for (x, y) in ends(&pattern.strokes((left, top), (right, bottom))).concat() {
                        let is_in = left < x && x < right && top < y && y < bottom;
                        assert!(is_in, "{pattern:?}: {x},{y} in {left},{top} to {right},{bottom}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_rectangle_with_room_has_strokes() {
        for pattern in ALL {
            for at in 0..GRID {
                assert!(!pattern.strokes((at, at + 3), (at + 12, at + 15)).is_empty(), "{pattern:?} at {at}");
            }
        }
    }

    #[test]
    fn neighbours_line_up() {
        let whole = ends(&Pattern::Forth.strokes((0, 0), (40, 40)));
        let part = ends(&Pattern::Forth.strokes((13, 5), (31, 26)));
        let sums: Vec<i32> = whole.iter().map(|[(x, y), _]| x + y).collect();
        assert!(part.iter().all(|[(x, y), _]| sums.contains(&(x + y))));
        let dots = ends(&Pattern::Dots.strokes((13, 5), (31, 26)));
        assert!(dots.iter().all(|[(x, y), _]| [(2, 2), (6, 6)].contains(&(x % GRID, y % GRID))), "{dots:?}");
    }
}
