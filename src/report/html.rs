//! Writes the report as one page that needs nothing else: no script, no font, no network.
//!
//! Layout and style are in `page.html`; all data is escaped by the template engine, charts escape their own.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, context};

use super::model::Report;
use super::{draw, page};
use crate::error::{Error, Result};

/// Writes the page.
pub(super) fn write(report: &Report) -> Result<String> {
    let language = report.context.language;
    let mut page = page::page(report);
    for section in &mut page.sections {
        for (index, part) in section.parts.iter_mut().enumerate() {
            part.charts = draw::charts(report, section.id, index, part.id)?;
            if section.id == "campaigns" && report.campaigns.rows.len() > draw::MOST_ROWS {
                part.note = language.say_with("section-campaigns.cut", &[("n", draw::MOST_ROWS.into())]);
            }
        }
    }
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().map_err(fault)?;
    environment.set_syntax(syntax);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_function("say", move |key: &str| language.say(key));
    environment.add_template("page.html", include_str!("page.html")).map_err(fault)?;
    environment
        .get_template("page.html")
        .and_then(|template| template.render(context! { page => Value::from(Serde(&page)), lang => language.code() }))
        .map_err(fault)
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
fn fault(error: minijinja::Error) -> Error {
    Error::Layout(format!("{error:#}"))
}

#[cfg(test)]
mod tests {
    use super::write;
    use crate::report::build::build;
    use crate::report::{draw, fixture, page};

    const SECTIONS: [&str; 12] = [
        "in-short",
        "glance",
        "campaign-funnel",
        "questions",
        "funnels",
        "answer-times",
        "channels",
        "campaigns",
        "trend",
        "opt-outs",
        "quality",
        "glossary",
    ];

    #[test]
    fn hostile_names_stay_text() {
        let html = write(&fixture::awkward()).unwrap();
        assert!(!html.contains("<script"));
        assert!(html.contains("&lt;script&gt;alert(1)"));
        assert!(html.contains("Content-Security-Policy"));
        for (index, _) in html.match_indices('<') {
            let rest = html.get(index..).unwrap();
            let tag = rest.split_once('>').unwrap().0;
            assert!(!tag.contains(" on") && !tag.contains("javascript:"), "{tag}");
        }
    }

    #[test]
    fn the_page_needs_no_network() {
        let html = write(&fixture::ordinary()).unwrap();
        for reference in ["http://", "https://", "src=", "@import", "<link"] {
            assert!(!html.contains(reference), "{reference}");
        }
        let awkward = write(&fixture::awkward()).unwrap();
        for attribute in ["src=", "href=\"h", "url(h", "@import", "<link"] {
            assert!(!awkward.contains(attribute), "{attribute}");
        }
    }

    #[test]
    fn every_section_is_there_even_without_rows() {
        let empty = build(fixture::context(), &[], &[], &[]);
        for report in [fixture::awkward(), fixture::small(), empty] {
            let html = write(&report).unwrap();
            for id in SECTIONS {
                assert!(html.contains(&format!("<section id=\"{id}\">")), "{id}");
                assert!(html.contains(&format!("href=\"#{id}\"")), "{id}");
            }
        }
        assert!(
            write(&build(fixture::context(), &[], &[], &[])).unwrap().contains("No messages were sent in this range.")
        );
    }

    #[test]
    fn every_link_has_a_target_and_every_id_is_unique() {
        let html = write(&fixture::awkward()).unwrap();
        let ids: Vec<&str> = html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        for (index, id) in ids.iter().enumerate() {
            assert!(!ids.iter().skip(index + 1).any(|other| other == id), "{id} twice");
        }
        for target in html.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(ids.contains(&target), "{target}");
        }
    }

    #[test]
    fn charts_are_well_formed_and_inside_their_frame() {
        for report in [fixture::awkward(), fixture::small(), fixture::ordinary()] {
            let mut n_charts = 0;
            for section in page::page(&report).sections {
                for (index, part) in section.parts.iter().enumerate() {
                    for svg in draw::charts(&report, section.id, index, &part.heading).unwrap() {
                        check_svg(&svg);
                        n_charts += 1;
                    }
                }
            }
            assert!(n_charts >= 6, "{n_charts}");
        }
    }

    /// Tags are balanced, attributes quoted and unique, entities known, texts at places inside the picture.
    fn check_svg(svg: &str) {
        let mut open = Vec::new();
        let mut frame = (0.0, 0.0);
        for piece in svg.split('<').skip(1) {
            let (tag, text) = piece.split_once('>').unwrap();
            for entity in text.split('&').skip(1) {
                assert!(
                    ["lt;", "gt;", "amp;", "quot;", "apos;"].iter().any(|known| entity.starts_with(known)),
                    "{entity}"
                );
            }
            if let Some(name) = tag.strip_prefix('/') {
                assert_eq!(open.pop().as_deref(), Some(name));
                continue;
            }
            let name = tag.split([' ', '/']).next().unwrap().to_owned();
            let mut names: Vec<&str> =
                tag.split('"').step_by(2).filter_map(|part| part.trim().strip_suffix('=')).collect();
            let values: Vec<&str> = tag.split('"').skip(1).step_by(2).collect();
            let value = |wanted: &str| {
                let at = tag.split('"').step_by(2).position(|part| part.trim().ends_with(&format!("{wanted}=")))?;
                values.get(at).and_then(|value| value.parse::<f64>().ok())
            };
            if name == "svg" {
                frame = (value("width").unwrap(), value("height").unwrap());
            }
            if name == "text" {
                let (x, y) = (value(" x").or_else(|| value("x")).unwrap(), value("y").unwrap());
                assert!((0.0..=frame.0).contains(&x) && (0.0..=frame.1).contains(&y), "{tag}");
            }
            let n_names = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), n_names, "{tag}");
            if !tag.ends_with('/') {
                open.push(name);
            }
        }
        assert!(open.is_empty(), "{open:?}");
    }
}
