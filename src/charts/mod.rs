//! Charts: plain data in, one SVG text out; and that as pixels. The only place with plotters and resvg.
//!
//! Knows nothing of reports and metrics, and turns no number into text: every label comes from the caller.
//! One file per chart; `theme` holds palette, type sizes and the canvas they share, `pattern`
//! what fills are hatched with.

mod alone;
mod cohorts;
mod course;
mod curves;
mod dumbbell;
mod flow_graph;
mod funnel;
#[cfg(test)]
mod gallery;
mod heat_map;
mod histogram;
mod opt_outs;
mod pattern;
mod pixels;
mod questions;
mod rates;
mod ridges;
mod theme;
mod trend;

pub use alone::{Alone, alone};
pub use cohorts::{Cohort, Grid, cohorts};
pub use course::{Course, Fate, Moment, course};
pub use curves::{AtMark, Curve, Curves, curves};
pub use dumbbell::{Dumbbell, dumbbell};
pub use flow_graph::{Arc, Names, Node, flow_graph};
pub use funnel::{Step, funnel};
pub use heat_map::{Heat, Scale, heat_map};
pub use histogram::{Bin, Histogram, histogram};
pub use opt_outs::{Bar, Column, opt_outs_by_day, opt_outs_by_segment};
pub use pixels::{Fonts, png};
pub use questions::{Outcome, Question, questions};
pub use rates::{Cell, Panel, Row, rates};
pub use ridges::{MOST_RIDGES, Ridge, Ridges, ridges};
pub use theme::Alternative;
pub use trend::{Point, Series, Trend, trend};

/// Rows that fit into one picture on a printed page. More rows make further pictures.
pub const ROWS_PER_CHART: usize = 20;

/// Where a value stands and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Between 0 and 1.
    pub value: f64,
    /// Both ends of its interval.
    pub interval: Option<(f64, f64)>,
}
