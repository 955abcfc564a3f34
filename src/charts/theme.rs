//! Palette, type sizes, text widths and the canvas that all charts draw on.
//!
//! Colours follow Okabe & Ito (jfly.uni-koeln.de/color, read 2026), which people with every common form of colour
//! blindness tell apart; fills that stand next to each other differ in pattern as well. Each ink is drawn in a colour
//! of its own and then given a class, so that a page can repaint it for the dark while the file alone still looks right.
//!
//! The picture as a whole has a text alternative. Before it lie marks: invisible rectangles, each with the text that belongs
//! to what is under it. Alone, a chart shows them as tool tips; a page may show them better, and walk them by keyboard.

use std::borrow::Cow;
use std::cell::RefCell;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::pattern::Pattern;
use crate::error::{Error, Result};

/// Width of every chart; heights differ.
pub(super) const WIDTH: i32 = 720;
/// What a mark is at least wide.
const LEAST: i32 = 10;
/// How much of its colour a patterned ink has between its strokes.
const GROUND: f64 = 0.28;
/// Size of labels.
pub(super) const LABEL: f64 = 14.0;
/// Size of what stands beside labels.
pub(super) const SMALL: f64 = 12.0;

/// What a chart says to those who cannot see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alternative {
    /// Unique on the page; lower-case letters, digits and hyphens.
    pub id: String,
    /// What is shown.
    pub title: String,
    /// What is to be seen.
    pub description: String,
}

/// Everything that is drawn has one of these roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    Text,
    Quiet,
    Grid,
    Track,
    OnFill,
    Whisker,
    Blue,
    Orange,
    Green,
    Vermillion,
    Slate,
    Purple,
    SkyLines,
    PurpleHatch,
    PurpleGrid,
    GreenBars,
    VermillionHatch,
    SlateCross,
    OrangeDots,
    OpenHatch,
    Pale,
}

impl Ink {
    const ALL: [Self; 21] = [
        Self::Text,
        Self::Quiet,
        Self::Grid,
        Self::Track,
        Self::OnFill,
        Self::Whisker,
        Self::Blue,
        Self::Orange,
        Self::Green,
        Self::Vermillion,
        Self::Slate,
        Self::Purple,
        Self::SkyLines,
        Self::PurpleHatch,
        Self::PurpleGrid,
        Self::GreenBars,
        Self::VermillionHatch,
        Self::SlateCross,
        Self::OrangeDots,
        Self::OpenHatch,
        Self::Pale,
    ];

    /// Its colour on white paper. No two are equal, for the colour is what the class is found by.
    const fn colour(self) -> RGBColor {
        match self {
            Self::Text => RGBColor(0x1d, 0x23, 0x2b),
            Self::Quiet => RGBColor(0x5c, 0x66, 0x70),
            Self::Grid => RGBColor(0xd5, 0xda, 0xdf),
            Self::Track => RGBColor(0xea, 0xee, 0xf1),
            Self::OnFill => RGBColor(0xff, 0xff, 0xff),
            Self::Whisker => RGBColor(0x2b, 0x32, 0x3b),
            Self::Blue => RGBColor(0x00, 0x72, 0xb2),
            Self::Orange => RGBColor(0xe6, 0x9f, 0x00),
            Self::Green => RGBColor(0x00, 0x9e, 0x73),
            Self::Vermillion => RGBColor(0xd5, 0x5e, 0x00),
            Self::Slate => RGBColor(0x4a, 0x53, 0x5e),
            Self::Purple => RGBColor(0xcc, 0x79, 0xa7),
            Self::SkyLines => RGBColor(0x56, 0xb4, 0xe9),
            Self::PurpleHatch => RGBColor(0xcc, 0x79, 0xa8),
            Self::PurpleGrid => RGBColor(0xcc, 0x79, 0xa9),
            Self::GreenBars => RGBColor(0x00, 0x9e, 0x74),
            Self::VermillionHatch => RGBColor(0xd5, 0x5e, 0x01),
            Self::SlateCross => RGBColor(0x4a, 0x53, 0x5f),
            Self::OrangeDots => RGBColor(0xe6, 0x9f, 0x01),
            Self::OpenHatch => RGBColor(0x8a, 0x94, 0x9e),
            Self::Pale => RGBColor(0xa9, 0xb4, 0xbe),
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Quiet => "quiet",
            Self::Grid => "grid",
            Self::Track => "track",
            Self::OnFill => "on-fill",
            Self::Whisker => "whisker",
            Self::Blue => "blue",
            Self::Orange | Self::OrangeDots => "orange",
            Self::Green | Self::GreenBars => "green",
            Self::Vermillion | Self::VermillionHatch => "vermillion",
            Self::Slate | Self::SlateCross => "slate",
            Self::Purple | Self::PurpleHatch | Self::PurpleGrid => "purple",
            Self::SkyLines => "sky",
            Self::OpenHatch => "open",
            Self::Pale => "pale",
        }
    }

    /// What it fills rectangles with, if it is not plain.
    const fn pattern(self) -> Option<Pattern> {
        match self {
            Self::SkyLines => Some(Pattern::Lines),
            Self::PurpleHatch => Some(Pattern::Back),
            Self::PurpleGrid => Some(Pattern::Grid),
            Self::GreenBars => Some(Pattern::Bars),
            Self::VermillionHatch | Self::OpenHatch => Some(Pattern::Forth),
            Self::SlateCross => Some(Pattern::Cross),
            Self::OrangeDots => Some(Pattern::Dots),
            _ => None,
        }
    }

    /// Its colour as the backend writes it.
    fn hex(self) -> String {
        let RGBColor(red, green, blue) = self.colour();
        format!("#{red:02X}{green:02X}{blue:02X}")
    }
}

/// Where a text begins, relative to its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Centre,
    Right,
}

/// A drawing surface in whole pixels, with its origin at the top left.
pub(super) struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
    marks: RefCell<Vec<String>>,
    hatches: RefCell<Vec<Hatch>>,
}

/// The strokes of a rectangle in a patterned ink.
struct Hatch {
    ink: Ink,
    pattern: Pattern,
    strokes: String,
}

impl Canvas<'_> {
    /// Tells of everything between two corners: a name, and below it lines of `label: value`. Without a text there is no mark.
    pub(super) fn mark(&self, (left, top): (i32, i32), (right, bottom): (i32, i32), told: &str) {
        // Narrow bars are hard to hit.
        let spare = (LEAST - (right - left)).max(0) / 2;
        let (left, width) = (left - spare, right - left + 2 * spare);
        if told.is_empty() || bottom <= top {
            return;
        }
        let height = bottom - top;
        self.marks.borrow_mut().push(format!(
            "<rect class=\"mark\" x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" fill=\"none\" \
             pointer-events=\"all\" role=\"img\"><title>{}</title></rect>\n",
            escaped(told)
        ));
    }

    /// A filled rectangle. Without an extent it is not drawn.
    pub(super) fn rect(&self, ink: Ink, (left, top): (i32, i32), (right, bottom): (i32, i32)) -> Result<()> {
        if right <= left || bottom <= top {
            return Ok(());
        }
        let mut colour = ink.colour().to_rgba();
        if let Some(pattern) = ink.pattern() {
            let strokes = pattern.strokes((left, top), (right, bottom));
            // Where no stroke has room, the ink is plain: pale slivers could not be seen.
            if !strokes.is_empty() {
                self.hatches.borrow_mut().push(Hatch { ink, pattern, strokes });
                colour = colour.mix(GROUND);
            }
        }
        self.area.draw(&Rectangle::new([(left, top), (right, bottom)], colour.filled())).map_err(fault)
    }

    /// A rectangle whose blue is the stronger the more, from 0 to 1: never so pale that it is taken for none, nor so strong
    /// that text on it cannot be read.
    pub(super) fn shade(&self, strength: f64, from: (i32, i32), to: (i32, i32)) -> Result<()> {
        let colour = Ink::Blue.colour().mix(0.08 + 0.52 * strength.clamp(0.0, 1.0));
        self.area.draw(&Rectangle::new([from, to], colour.filled())).map_err(fault)
    }

    /// A line through all points.
    pub(super) fn line(&self, ink: Ink, width: u32, points: Vec<(i32, i32)>) -> Result<()> {
        self.area.draw(&PathElement::new(points, ink.colour().stroke_width(width))).map_err(fault)
    }

    /// A filled outline that lets what is beneath shine through.
    pub(super) fn band(&self, ink: Ink, points: Vec<(i32, i32)>) -> Result<()> {
        self.area.draw(&Polygon::new(points, ink.colour().mix(0.18).filled())).map_err(fault)
    }

    /// A filled triangle.
    pub(super) fn wedge(&self, ink: Ink, corners: [(i32, i32); 3]) -> Result<()> {
        self.area.draw(&Polygon::new(corners, ink.colour().filled())).map_err(fault)
    }

    /// A filled dot.
    pub(super) fn dot(&self, ink: Ink, at: (i32, i32), radius: i32) -> Result<()> {
        self.area.draw(&Circle::new(at, radius, ink.colour().filled())).map_err(fault)
    }

    /// An interval across a horizontal bar: a line with a stroke at each end.
    pub(super) fn whisker(&self, y: i32, left: i32, right: i32) -> Result<()> {
        self.line(Ink::OnFill, 3, vec![(left, y), (right, y)])?;
        self.line(Ink::Whisker, 1, vec![(left, y), (right, y)])?;
        self.line(Ink::Whisker, 1, vec![(left, y - 4), (left, y + 4)])?;
        self.line(Ink::Whisker, 1, vec![(right, y - 4), (right, y + 4)])
    }

    /// Text, centred vertically on its point.
    pub(super) fn text(&self, ink: Ink, size: f64, align: Align, at: (i32, i32), text: &str) -> Result<()> {
        self.write(ink, size, FontStyle::Normal, align, at, text)
    }

    /// Text in bold.
    pub(super) fn bold(&self, ink: Ink, size: f64, align: Align, at: (i32, i32), text: &str) -> Result<()> {
        self.write(ink, size, FontStyle::Bold, align, at, text)
    }

    fn write(&self, ink: Ink, size: f64, style: FontStyle, align: Align, at: (i32, i32), text: &str) -> Result<()> {
        let h_pos = match align {
            Align::Left => HPos::Left,
            Align::Centre => HPos::Center,
            Align::Right => HPos::Right,
        };
        // The backend divides font sizes by 1.24.
        let font = FontDesc::new(FontFamily::SansSerif, size * 1.24, style).color(&ink.colour());
        let style = font.pos(Pos::new(h_pos, VPos::Center));
        self.area.draw(&Text::new(text.to_owned(), at, style)).map_err(fault)
    }

    /// Names of fills in rows below each other. Returns the height used.
    pub(super) fn legend(&self, top: i32, entries: &[(Ink, &str)]) -> Result<i32> {
        let (mut x, mut y) = (0, top + 8);
        for (ink, name) in entries {
            let needed = 20 + width(name, SMALL) + 18;
            if x > 0 && x + needed > WIDTH {
                (x, y) = (0, y + 20);
            }
            self.rect(*ink, (x, y - 6), (x + 14, y + 6))?;
            self.text(Ink::Quiet, SMALL, Align::Left, (x + 20, y), name)?;
            x += needed;
        }
        Ok(y + 12 - top)
    }
}

/// The height that [`Canvas::legend`] will use.
pub(super) fn legend_height(names: &[&str]) -> i32 {
    let (mut x, mut height) = (0, 20);
    for name in names {
        let needed = 20 + width(name, SMALL) + 18;
        if x > 0 && x + needed > WIDTH {
            (x, height) = (0, height + 20);
        }
        x += needed;
    }
    height
}

/// Draws a chart of the given height and makes it fit to stand in a page.
pub(super) fn draw(
    height: i32,
    alternative: &Alternative,
    paint: impl FnOnce(&Canvas<'_>) -> Result<()>,
) -> Result<String> {
    let mut svg = String::new();
    let (marks, hatches);
    {
        let size = (WIDTH.unsigned_abs(), height.unsigned_abs());
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let canvas = Canvas { area, marks: RefCell::default(), hatches: RefCell::default() };
        paint(&canvas)?;
        canvas.area.present().map_err(fault)?;
        (marks, hatches) = (canvas.marks.take().concat(), canvas.hatches.take());
    }
    Ok(dress(&hatched(&svg, &hatches), &marks, height, alternative))
}

/// Lays the strokes of patterned rectangles on them and below whatever was drawn later. The backend writes a line for each
/// thing, in the order of drawing.
fn hatched(svg: &str, hatches: &[Hatch]) -> String {
    let mut hatches = hatches.iter().peekable();
    let mut body = String::with_capacity(svg.len());
    for line in svg.split_inclusive('\n') {
        body.push_str(line);
        let ground = |hatch: &&Hatch| line.contains(&format!("opacity=\"{GROUND}\" fill=\"{}\"", hatch.ink.hex()));
        if let Some(Hatch { ink, pattern, strokes }) = hatches.next_if(ground) {
            let dashes = pattern.dashes().map(|dashes| format!(" stroke-dasharray=\"{dashes}\"")).unwrap_or_default();
            let hex = ink.hex();
            let path = format!(
                "<path d=\"{strokes}\" fill=\"none\" stroke=\"{hex}\" stroke-width=\"2.4\" stroke-linecap=\"round\"{dashes}/>\n"
            );
            body.push_str(&path);
        }
    }
    body
}

/// Gives inks their classes, and the picture its name. Attributes can be found as text because the backend escapes quotation
/// marks in labels.
fn dress(svg: &str, marks: &str, height: i32, alternative: &Alternative) -> String {
    let id = &alternative.id;
    let body = svg.split_once('>').map_or("", |(_, body)| body);
    let body = body.rsplit_once("</svg>").map_or(body, |(body, _)| body);
    let mut body = body.to_owned();
    for ink in Ink::ALL {
        let (hex, class) = (ink.hex(), ink.class());
        body = body.replace(&format!("fill=\"{hex}\""), &format!("class=\"f-{class}\" fill=\"{hex}\""));
        body = body.replace(&format!("stroke=\"{hex}\""), &format!("class=\"l-{class}\" stroke=\"{hex}\""));
    }
    let body = body.replace(" opacity=\"1\"", "").replace(" stroke=\"none\"", "");
    let marks = if marks.is_empty() { String::new() } else { format!("<g class=\"marks\">\n{marks}</g>\n") };
    // What can be focused may not stand inside an image, so the image is a part of the picture beside the marks.
    format!(
        "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\">\n\
         <g role=\"img\" aria-labelledby=\"{id}-title\" aria-describedby=\"{id}-desc\">\n\
         <title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-desc\">{}</desc>\n{body}</g>\n{marks}</svg>\n",
        escaped(&alternative.title),
        escaped(&alternative.description),
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Drawing into a string fails only if plotters is at odds with itself; it is reported all the same.
#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
fn fault<E: std::error::Error + Send + Sync>(error: DrawingAreaErrorKind<E>) -> Error {
    Error::Layout(error.to_string())
}

/// How many pixels the text takes at most, whatever font the reader has: too much is a gap, too little an overlap.
#[expect(clippy::cast_possible_truncation, reason = "labels are far shorter than 2^31 pixels")]
pub(super) fn width(text: &str, size: f64) -> i32 {
    (text.chars().map(em).sum::<f64>() * size).ceil() as i32
}

/// A character's width in ems, rather too wide than too narrow.
fn em(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '|' | '!' | '\'' | '\u{202f}' => 0.34,
        ' ' | 'f' | 't' | 'r' | '(' | ')' | '-' => 0.42,
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 0.95,
        'A'..='Z' => 0.74,
        ' '..='~' => 0.6,
        // Combining marks and joiners stand on their neighbours.
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' | '\u{fe00}'..='\u{fe0f}' => 0.0,
        // Hangul, CJK, kana, full-width forms and emoji fill the square.
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{1f000}'..='\u{3ffff}' => 1.02,
        _ => 0.72,
    }
}

/// The text if it fits into so many pixels, or its beginning and an ellipsis. The full text is in the table beneath.
pub(super) fn fit(text: &str, size: f64, available: i32) -> Cow<'_, str> {
    if width(text, size) <= available {
        return Cow::Borrowed(text);
    }
    let mut short = String::new();
    let mut used = size;
    for c in text.chars() {
        used += em(c) * size;
        if used > f64::from(available) {
            break;
        }
        short.push(c);
    }
    Cow::Owned(format!("{}…", short.trim_end()))
}

/// A linear scale from zero: the pixels that a share of the largest value takes.
#[expect(clippy::cast_possible_truncation, reason = "clamped to the length, which is an i32")]
pub(super) fn along(value: f64, largest: f64, length: i32) -> i32 {
    if largest > 0.0 && value.is_finite() {
        (value / largest * f64::from(length)).round().clamp(0.0, f64::from(length)) as i32
    } else {
        0
    }
}

/// The number of rows as pixels' type.
pub(super) fn rows(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX / 4096)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ink_has_a_colour_of_its_own() {
        for (index, ink) in Ink::ALL.iter().enumerate() {
            assert!(Ink::ALL.iter().skip(index + 1).all(|other| other.colour() != ink.colour()), "{ink:?}");
        }
    }

    #[test]
    fn strokes_lie_on_their_rectangle_and_below_what_comes_later() {
        let alternative = Alternative { id: "a".to_owned(), ..Alternative::default() };
        let svg = draw(40, &alternative, |canvas| {
            canvas.rect(Ink::OpenHatch, (0, 0), (2, 20))?;
            canvas.rect(Ink::OpenHatch, (2, 0), (40, 20))?;
            canvas.rect(Ink::Slate, (40, 0), (60, 20))?;
            canvas.rect(Ink::OrangeDots, (60, 0), (90, 20))
        });
        let svg = svg.unwrap();
        let drawn: Vec<&str> =
            svg.lines().filter(|line| line.starts_with("<rect") || line.starts_with("<path")).collect();
        let [sliver, ground, strokes, slate, dotted, dots] = drawn.as_slice() else { panic!("{drawn:?}") };
        assert!(sliver.contains("class=\"f-open\"") && !sliver.contains("opacity"), "{sliver}");
        assert!(ground.contains("opacity=\"0.28\"") && ground.contains("class=\"f-open\""), "{ground}");
        assert!(strokes.contains("class=\"l-open\"") && strokes.contains("fill=\"none\""), "{strokes}");
        assert!(slate.contains("f-slate") && dotted.contains("f-orange") && dots.contains("stroke-dasharray"));
    }

    #[test]
    fn a_label_is_shortened_only_where_it_does_not_fit() {
        assert_eq!(fit("Spring sale", LABEL, 400), "Spring sale");
        let short = fit("春节促销活动春节促销活动春节促销活动", LABEL, 100);
        assert!(short.ends_with('…') && width(&short, LABEL) <= 100 + 14, "{short}");
    }

    #[test]
    fn forty_characters_of_any_script_fit_beside_a_count() {
        let count = width("48 310 messages", SMALL) + 10;
        for c in ['春', 'م', 'w', 'Ж', '한'] {
            let name: String = std::iter::repeat_n(c, 40).collect();
            assert_eq!(fit(&name, LABEL, WIDTH - count), name);
        }
    }

    #[test]
    fn scales_begin_at_zero_and_end_at_the_edge() {
        for (value, largest, expected) in [(0.0, 10.0, 0), (5.0, 10.0, 50), (20.0, 10.0, 100), (1.0, 0.0, 0)] {
            assert_eq!(along(value, largest, 100), expected);
        }
    }
}
