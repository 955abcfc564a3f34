//! Charts as pixels: for slides and documents that take no SVG. The only place with resvg.
//!
//! Reads no file and looks for no font: it brings one along for Latin, Greek and Cyrillic letters, and is handed others for
//! what that one lacks. Text within the own font becomes the same bytes everywhere.

use std::collections::BTreeSet;
use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb::Database};
use skrifa::{FontRef, MetadataProvider};

use crate::error::{Error, Result};

const REGULAR: &[u8] = include_bytes!("fonts/TrichterSans-Regular.ttf");
const BOLD: &[u8] = include_bytes!("fonts/TrichterSans-Bold.ttf");
const FAMILY: &str = "Trichter Sans";

/// The fonts that texts are written in.
#[derive(Clone, Debug)]
pub struct Fonts(Arc<Database>);

impl Default for Fonts {
    /// The own font alone.
    fn default() -> Self {
        let mut fonts = Database::new();
        for font in [REGULAR, BOLD] {
            fonts.load_font_data(font.to_vec());
        }
        fonts.set_sans_serif_family(FAMILY);
        // What a text without a family is written in.
        fonts.set_serif_family(FAMILY);
        Self(Arc::new(fonts))
    }
}

impl Fonts {
    /// The characters of a chart's texts that the own font lacks.
    #[must_use]
    pub fn lacks(svg: &str) -> BTreeSet<char> {
        let texts = svg.split("<text ").skip(1).filter_map(|piece| piece.split_once('>')?.1.split('<').next());
        let mut wanted: BTreeSet<char> = texts.flat_map(str::chars).filter(|c| !c.is_control()).collect();
        remove_known(REGULAR, &mut wanted);
        wanted
    }

    /// Takes in a font if it has any of these characters, which are then no longer wanted. Bytes that are no font are left
    /// alone.
    pub fn add(&mut self, font: Vec<u8>, wanted: &mut BTreeSet<char>) {
        let before = wanted.len();
        remove_known(&font, wanted);
        if wanted.len() < before {
            Arc::make_mut(&mut self.0).load_font_data(font);
        }
    }
}

/// Removes the characters that a font has: a file of several fonts has those of its first.
fn remove_known(font: &[u8], wanted: &mut BTreeSet<char>) {
    if let Ok(font) = FontRef::from_index(font, 0) {
        let known = font.charmap();
        wanted.retain(|&c| known.map(c).is_none());
    }
}

/// A chart that stands alone as PNG, with so many pixels to one of its own. Characters that no font has become boxes.
///
/// # Errors
/// The chart is no picture, or too large for one.
pub fn png(svg: &str, scale: u8, fonts: &Fonts) -> Result<Vec<u8>> {
    let options = Options { fontdb: Arc::clone(&fonts.0), ..Options::default() };
    let tree = Tree::from_str(svg, &options).map_err(|error| Error::Layout(error.to_string()))?;
    let size = tree.size().to_int_size();
    let scaled = |length: u32| length.saturating_mul(scale.into());
    let mut pixels = Pixmap::new(scaled(size.width()), scaled(size.height()))
        .ok_or_else(|| Error::Layout(format!("a picture of {} x {} pixels", size.width(), size.height())))?;
    let scale = f32::from(scale);
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| Error::Layout(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::super::theme::{Align, Alternative, Ink, LABEL, draw};
    use super::super::{Alone, alone};
    use super::*;

    fn chart(label: &str) -> Alone {
        let alternative = Alternative { id: "chart-a".into(), title: "A & b".into(), description: "c".into() };
        let svg = draw(100, &alternative, |canvas| {
            canvas.rect(Ink::Blue, (0, 50), (360, 100))?;
            canvas.text(Ink::Text, LABEL, Align::Left, (0, 20), label)
        });
        alone(&svg.unwrap()).unwrap()
    }

    /// The share of pixels that are not white.
    fn ink(png: &[u8]) -> (u32, u32, f64) {
        let pixels = Pixmap::decode_png(png).unwrap();
        let dark = pixels.pixels().iter().filter(|pixel| pixel.red() < 250 || pixel.blue() < 250).count();
        let all = f64::from(pixels.width() * pixels.height());
        (pixels.width(), pixels.height(), f64::from(u32::try_from(dark).unwrap()) / all)
    }

    #[test]
    fn a_picture_has_the_size_that_was_asked_for_and_what_was_drawn() {
        let chart = chart("Öffnungsrate ≥ 31 % – Доля – Μερίδιο");
        for scale in [1, 2, 3] {
            let (width, height, ink) = ink(&png(&chart.svg, scale, &Fonts::default()).unwrap());
            let scale = u32::from(scale);
            assert_eq!((width, height), (752 * scale, 132 * scale));
            // The rectangle is 360 x 50 of 752 x 132; the text adds a little.
            assert!((0.182..0.2).contains(&ink), "{ink}");
        }
    }

    #[test]
    fn text_is_drawn_and_in_the_same_bytes_each_time() {
        let drawn = |label: &str| png(&chart(label).svg, 2, &Fonts::default()).unwrap();
        assert_eq!(drawn("Spring"), drawn("Spring"));
        let [none, some] = ["", "Spring sale, 48 310 messages"].map(|label| ink(&drawn(label)).2);
        assert!(some > none + 0.005, "{none} {some}");
    }

    #[test]
    fn the_own_font_has_the_letters_of_europe_and_every_sign_that_reports_use() {
        let lacks = |label: &str| Fonts::lacks(&chart(label).svg).into_iter().collect::<String>();
        assert_eq!(lacks("ÄÖÜäöüß àéîõçñ ŠšŽžĄęłŐű Ğışİ ΑΩλσς АЯбёїў ≥≤–−·…“”„→×<€\u{202f}%\u{a0}\u{2011}"), "");
        assert_eq!(lacks("春 a م"), "م春");
    }

    #[test]
    fn a_font_is_taken_in_only_for_what_is_wanted() {
        let mut fonts = Fonts::default();
        let n = |fonts: &Fonts| fonts.0.faces().count();
        let mut wanted = BTreeSet::from(['a', '春']);
        fonts.add(b"no font".to_vec(), &mut wanted);
        assert_eq!((n(&fonts), wanted.len()), (2, 2));
        fonts.add(BOLD.to_vec(), &mut wanted);
        assert_eq!((n(&fonts), wanted), (3, BTreeSet::from(['春'])));
    }

    #[test]
    fn what_is_no_picture_is_an_error() {
        assert!(png("<svg", 2, &Fonts::default()).is_err());
    }
}
