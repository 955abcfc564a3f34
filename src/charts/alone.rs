//! A chart by itself: a file that any program shows as the page does, with room around it and white paper below.
//!
//! Knows how `theme` dresses charts, and nothing of what they show.

use super::theme::WIDTH;

/// Room on each side.
const MARGIN: i32 = 16;

/// A chart that stands alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alone {
    /// What its page calls it: lower-case letters, digits, hyphens and underscores.
    pub id: String,
    /// What is shown.
    pub title: String,
    /// What is to be seen.
    pub description: String,
    /// The whole file.
    pub svg: String,
}

/// A chart as it stands in a page, made to stand alone. `None` if it is no chart.
#[must_use]
pub fn alone(chart: &str) -> Option<Alone> {
    let (head, body) = chart.split_once('>')?;
    let height: i32 = head.split(" height=\"").nth(1)?.split('"').next()?.parse().ok()?;
    let (id, title) = body.split_once("<title id=\"")?.1.split_once("-title\">")?;
    let description = body.split_once("<desc id=\"")?.1.split_once('>')?.1.split("</desc>").next()?;
    let (wide, high) = (WIDTH + 2 * MARGIN, height + 2 * MARGIN);
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"-{MARGIN} -{MARGIN} {wide} {high}\" width=\"{wide}\" \
         height=\"{high}\" font-family=\"sans-serif\">\n\
         <rect x=\"-{MARGIN}\" y=\"-{MARGIN}\" width=\"{wide}\" height=\"{high}\" fill=\"#FFFFFF\"/>{body}"
    );
    Some(Alone {
        // Metrics may be called whatever files are called.
        id: id.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect(),
        title: unescaped(title.split("</title>").next()?),
        description: unescaped(description),
        svg,
    })
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::super::theme::{Alternative, Ink, draw};
    use super::*;

    #[test]
    fn a_chart_keeps_its_words_and_needs_no_page() {
        let alternative =
            Alternative { id: "chart-own-a/../b_c".into(), title: "<A> & b".into(), description: "c > d".into() };
        let chart = draw(40, &alternative, |canvas| canvas.rect(Ink::Blue, (0, 0), (40, 40))).unwrap();
        let alone = alone(&chart).unwrap();
        assert_eq!((alone.id.as_str(), alone.title.as_str()), ("chart-own-a----b_c", "<A> & b"));
        assert_eq!(alone.description, "c > d");
        assert!(alone.svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"-16 -16 752 72\""));
        assert!(alone.svg.contains("fill=\"#0072B2\"") && alone.svg.trim_end().ends_with("</svg>"));
        assert!(!alone.svg.contains("var(") && !alone.svg.contains("<style"), "colours are in the file");
    }

    #[test]
    fn what_is_no_chart_is_none() {
        assert_eq!(alone("<p>no chart</p>"), None);
    }
}
