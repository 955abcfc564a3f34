//! The way through a flow: its questions below each other, each as wide as it was visited, with ribbons to the next question,
//! arcs past it and back, and the part that left.
//!
//! Knows nothing of flows and counts. What goes straight on stands left in its bar, so that a ribbon is as wide as those who took it.

use super::theme::{
    Align, Alternative, Canvas, Ink, LABEL, SMALL, WIDTH, along, draw, fit, legend_height, rows, width,
};
use crate::error::Result;

/// A question.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Its visits and how many left, in words.
    pub detail: String,
    /// Those who went on to another place than the next question: past it, back, out of the flow, or the end of it.
    pub elsewhere: f64,
    /// Those who left.
    pub left: f64,
    /// Those who may still answer.
    pub open: f64,
    /// Those who went on to the next question of the list.
    pub onward: f64,
}

/// Who went from one question to another that is not the next.
#[derive(Clone, Debug, PartialEq)]
pub struct Arc {
    /// Place of the question that they came from.
    pub from: usize,
    /// Place of the question that they came to; before `from`, or the same, is back.
    pub to: usize,
    /// How many.
    pub count: f64,
    /// How many, in words.
    pub label: String,
}

/// What the parts of a bar and the arcs are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// Straight on.
    pub onward: String,
    /// To another place.
    pub elsewhere: String,
    /// Left.
    pub left: String,
    /// May still answer.
    pub open: String,
}

const PITCH: i32 = 84;
const BAR: i32 = 18;
/// Where bars begin and the largest ends: arcs back stand left of them, arcs past others right.
const FROM: i32 = 96;
const TO: i32 = 600;
/// The widest arc, and the narrowest.
const THICK: f64 = 14.0;
const THIN: u32 = 2;
/// An arc is so many straight pieces.
const STEPS: i32 = 24;

/// Draws the questions in their order, and the arcs between them.
///
/// # Errors
/// The picture could not be drawn.
pub fn flow_graph(alternative: &Alternative, names: &Names, nodes: &[Node], arcs: &[Arc]) -> Result<String> {
    let legend = [
        (Ink::Blue, names.onward.as_str()),
        (Ink::SkyLines, names.elsewhere.as_str()),
        (Ink::Vermillion, names.left.as_str()),
        (Ink::OpenHatch, names.open.as_str()),
    ];
    let head = legend_height(&legend.map(|(_, name)| name)) + 10;
    let visits = |node: &Node| node.onward + node.elsewhere + node.left + node.open;
    let largest = nodes.iter().map(visits).fold(0.0, f64::max);
    let top = |place: usize| head + rows(place) * PITCH + 24;
    let at = |value: f64| FROM + along(value, largest, TO - FROM);
    draw(head + rows(nodes.len()) * PITCH, alternative, |canvas| {
        canvas.legend(0, &legend)?;
        for (place, node) in nodes.iter().enumerate() {
            if place + 1 < nodes.len() && node.onward > 0.0 {
                let (right, above, below) = (at(node.onward).max(FROM + 1), top(place) + BAR, top(place + 1));
                canvas.band(Ink::Blue, vec![(FROM, above), (right, above), (right, below), (FROM, below)])?;
            }
            drain(
                canvas,
                (at(node.onward + node.elsewhere), at(node.onward + node.elsewhere + node.left)),
                top(place) + BAR,
            )?;
        }
        let most = arcs.iter().map(|arc| arc.count).fold(0.0, f64::max);
        let mut labels = Vec::new();
        for arc in arcs {
            let ends = [arc.from, arc.to].map(|place| nodes.get(place).map(|node| (at(visits(node)), top(place))));
            let [Some(from), Some(to)] = ends else { continue };
            let (at, room) = draw_arc(canvas, arc, most, from, to)?;
            let label = fit(&arc.label, SMALL, room);
            let (right, y) = (at.0 + width(&label, SMALL), at.1);
            // Where arcs crowd, the table beside the picture has their counts.
            let is_free = labels
                .iter()
                .all(|&(left, end, line): &(i32, i32, i32)| at.0 > end || right < left || (y - line).abs() >= 16);
            if is_free && room >= width("0", SMALL) {
                canvas.text(Ink::Quiet, SMALL, Align::Left, at, &label)?;
                labels.push((at.0, right, y));
            }
        }
        for (place, node) in nodes.iter().enumerate() {
            let above = top(place);
            canvas.mark((FROM, above - 24), (TO, above + BAR), &format!("{}\n{}", node.name, node.detail));
            let mut sum = 0.0;
            let parts = [node.onward, node.elsewhere, node.left, node.open];
            for ((ink, _), part) in legend.iter().zip(parts) {
                canvas.rect(*ink, (at(sum), above), (at(sum + part), above + BAR))?;
                sum += part;
            }
            let detail = fit(&node.detail, SMALL, (TO - FROM) * 2 / 3);
            let name = fit(&node.name, LABEL, TO - FROM - width(&detail, SMALL) - 12);
            canvas.bold(Ink::Text, LABEL, Align::Left, (FROM, above - 12), &name)?;
            canvas.text(Ink::Quiet, SMALL, Align::Right, (TO, above - 12), &detail)?;
        }
        Ok(())
    })
}

/// Those who left run off below their part of the bar.
fn drain(canvas: &Canvas<'_>, (left, right): (i32, i32), top: i32) -> Result<()> {
    if right <= left {
        return Ok(());
    }
    canvas.band(Ink::Vermillion, vec![(left, top), (right, top), (i32::midpoint(left, right), top + 22)])
}

/// An arc from the end of one bar to that of another, right of the bars for those who skip questions and left for those who go
/// back. Returns where its label may begin, and how wide it may be.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "pixels between 2 and 14, and inside the picture"
)]
fn draw_arc(canvas: &Canvas<'_>, arc: &Arc, most: f64, from: (i32, i32), to: (i32, i32)) -> Result<((i32, i32), i32)> {
    let is_back = arc.to <= arc.from;
    let thickness = if most > 0.0 { (arc.count / most * THICK).round().max(f64::from(THIN)) as u32 } else { THIN };
    let distance = rows(arc.from.abs_diff(arc.to));
    let (start, end) = (from.1 + BAR / 2, to.1 + BAR / 2 + if arc.from == arc.to { BAR } else { 0 });
    let (from, to, bulge) = if is_back {
        (FROM - 2, FROM - 2, (FROM - 34 - 8 * distance).max(10))
    } else {
        (from.0 + 2, to.0 + 2, (from.0.max(to.0) + 18 + 10 * distance).min(WIDTH - 60))
    };
    let bulge = if is_back { bulge } else { bulge.max(from + 8).max(to + 8) };
    // Half an ellipse, whose ends are where the bars end.
    let point = |step: i32| {
        let angle = f64::from(step) / f64::from(STEPS) * std::f64::consts::PI;
        let (along, out) = ((1.0 - angle.cos()) / 2.0, angle.sin());
        let base = f64::from(from) + f64::from(to - from) * along;
        let x = base + (f64::from(bulge) - base) * out;
        (x.round() as i32, (f64::from(start) + f64::from(end - start) * along).round() as i32)
    };
    canvas.line(if is_back { Ink::Orange } else { Ink::Blue }, thickness, (0..=STEPS).map(point).collect())?;
    let inwards = if is_back { -1 } else { 1 };
    let head = 3 + thickness.cast_signed() / 2;
    let ink = if is_back { Ink::Orange } else { Ink::Blue };
    canvas.wedge(
        ink,
        [(to - 2 * inwards, end), (to + (head + 3) * inwards, end - head), (to + (head + 3) * inwards, end + head)],
    )?;
    let (x, y) = point(STEPS / 2);
    let beside = x + thickness.cast_signed() / 2 + 4;
    Ok(((beside, y), if is_back { FROM - 6 - beside } else { WIDTH - 4 - beside }))
}
