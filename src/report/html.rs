//! Writes the report as one page that needs nothing else: no font, no network, and to be read no script.
//!
//! Layout is in `page.html`, style in `page.css`; `page.js` sorts, filters, switches views and shows what charts tell. All data
//! is escaped by the template engine, charts escape their own. The page's policy allows that one script and that one style,
//! by their hashes, and nothing else.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, context};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::changes::{self, Change};
use super::model::Report;
use super::page::{self, Card, Page, Part, Words};
use super::text::{LONGEST_NAME, Language};
use super::{draw, sections, text, views};
use crate::error::{Error, Result};

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Names in lists of choices are known by themselves up to this length, longer ones by their place.
const LONGEST_KEY: usize = 40;

/// The chapters whose pictures have to be explained.
const DRAWN: [&str; 4] = ["campaign-funnel", "questions", "funnels", "answer-times"];

/// Where chapters have columns of names of metrics, which link to their definitions.
const METRIC_COLUMNS: [(&str, usize); 3] = [("campaign-funnel", 3), ("channels", 0), ("comparison", 0)];

/// The views by one column.
#[derive(Serialize)]
struct Group {
    /// What the values are.
    title: String,
    views: Vec<View>,
    /// What is said of the values without a view, if there are any.
    more: Option<String>,
}

/// A view, laid out.
#[derive(Serialize)]
struct View {
    /// What the page's address calls it.
    key: String,
    name: String,
    cards: Vec<Card>,
    campaign_funnel: Vec<Part>,
    questions: Vec<Part>,
}

/// A flow that can be chosen.
#[derive(Serialize)]
struct Choice {
    key: String,
    name: String,
}

/// Writes the page.
pub(super) fn write(report: &Report) -> Result<String> {
    let language = report.context.language;
    let mut page = page::page(report).for_people();
    for section in &mut page.sections {
        illustrate(report, section.id, &mut section.parts)?;
        let is_drawn = section.parts.iter().any(|part| !part.charts.is_empty());
        if is_drawn && DRAWN.contains(&section.id) {
            let told = language.say(&format!("section-{}.drawn", section.id));
            section.lead = format!("{} {told}", section.lead);
        }
    }
    let words = Words::new(report);
    let changes: Vec<Vec<Change>> =
        report.headlines.iter().map(|headline| changes::of(report, &headline.metric, language)).collect();
    let flows = flows(report);
    let flow_keys: BTreeMap<&str, &str> = flows.iter().map(|flow| (flow.name.as_str(), flow.key.as_str())).collect();
    let metrics: BTreeMap<&str, &str> =
        page.definitions.iter().map(|entry| (entry.title.as_str(), entry.anchor.as_str())).collect();
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().map_err(fault)?;
    environment.set_syntax(syntax);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_function("say", move |key: &str| language.say(key));
    environment
        .add_filter("cut", |name: &str, longest: Option<usize>| text::cut(name, longest.unwrap_or(LONGEST_NAME)));
    environment.add_template("page.html", TEMPLATE).map_err(fault)?;
    // A colour has been read as one, so that it can stand in a style sheet.
    let accent = report.context.brand.accent.as_ref().map(|accent| format!(":root {{ --accent: {accent}; }}\n"));
    let style = format!("{STYLE}{}", accent.unwrap_or_default());
    let context = context! {
        lang => language.code(),
        script_words => Value::from(Serde(&script_words(language))),
        changes => Value::from(Serde(&changes)),
        definitions => Value::from(Serde(&definition_of_sections(&page, &words))),
        groups => Value::from(Serde(&groups(report, &words)?)),
        flows => Value::from(Serde(&flows)),
        flow_keys => Value::from(Serde(&flow_keys)),
        metrics => Value::from(Serde(&metrics)),
        metric_columns => Value::from(Serde(&METRIC_COLUMNS.iter().copied().collect::<BTreeMap<_, _>>())),
        page => Value::from(Serde(&page)),
        logo => report.context.brand.logo.clone(),
        style_hash => Value::from_safe_string(hash(&style)),
        style => Value::from_safe_string(style),
        script => Value::from_safe_string(SCRIPT.to_owned()),
        script_hash => Value::from_safe_string(hash(SCRIPT)),
    };
    environment.get_template("page.html").and_then(|template| template.render(context)).map_err(fault)
}

/// Draws the charts of a chapter's parts.
fn illustrate(report: &Report, section: &str, parts: &mut [Part]) -> Result<()> {
    for (index, part) in parts.iter_mut().enumerate() {
        part.charts = draw::charts(report, section, index, part.id)?;
        if section == "campaigns" && report.campaigns.rows.len() > draw::MOST_ROWS {
            let n = draw::MOST_ROWS.into();
            part.note = report.context.language.say_with("section-campaigns.cut", &[("n", n)]);
        }
        let n_rows = part.table.as_ref().map_or(0, |table| table.rows.len());
        if section == "own" && !part.charts.is_empty() && n_rows > draw::MOST_ROWS && part.note.is_empty() {
            part.note = report.context.language.say_with("section-own.cut", &[("n", draw::MOST_ROWS.into())]);
        }
    }
    Ok(())
}

/// The views of every column, drawn.
fn groups(report: &Report, words: &Words<'_>) -> Result<Vec<Group>> {
    let language = words.language;
    let title = |by: &str| language.say(if by == views::COLUMNS[0] { "page-channels" } else { "page-campaigns" });
    let group = |by: &super::model::Views| {
        let view = |(place, view): (usize, &super::model::View)| -> Result<View> {
            let alone = view.report(report);
            let mut campaign_funnel = sections::campaign_funnel(&alone, words).parts;
            let mut questions = sections::questions(&alone, words).parts;
            illustrate(&alone, "campaign-funnel", &mut campaign_funnel)?;
            illustrate(&alone, "questions", &mut questions)?;
            let name = language.name(view.value.as_deref());
            Ok(View {
                key: format!("{}:{}", by.by, key(view.value.as_deref(), place)),
                cards: view.headlines.iter().map(|headline| words.card(headline)).collect(),
                name: text::cut(&name, LONGEST_NAME),
                campaign_funnel,
                questions,
            })
        };
        let views = by.views.iter().enumerate().map(view).collect::<Result<_>>()?;
        let more = (by.n_more > 0).then(|| language.say_with("page-more", &[("n", by.n_more.into())]));
        Ok(Group { title: title(&by.by), views, more })
    };
    report.views.iter().map(group).collect()
}

/// The flows of the report, in its order.
fn flows(report: &Report) -> Vec<Choice> {
    let choice = |(place, flow): (usize, &super::model::Flow)| Choice {
        key: key(flow.flow.as_deref(), place),
        name: sections::flow_heading(flow.flow.as_deref(), report.context.language),
    };
    report.flows.iter().enumerate().map(choice).collect()
}

/// What the script says, by the name that it knows it by. It fills in what stands between braces.
fn script_words(language: Language) -> BTreeMap<&'static str, String> {
    let say = |key: &'static str, names: &[&'static str]| {
        let arguments: Vec<_> = names.iter().map(|name| (*name, format!("{{{name}}}").into())).collect();
        language.say_with(key, &arguments)
    };
    [
        ("sort", say("page-sort", &["column"])),
        ("filter", say("page-filter", &[])),
        ("rows", say("page-rows", &["shown", "all"])),
        ("all", say("page-all-rows", &["all"])),
        ("fewer", say("page-fewer-rows", &[])),
        ("only", say("page-only", &["name"])),
        ("now", say("page-now", &["name"])),
    ]
    .into()
}

/// What an address calls a value: its name, or its place where the name is unknown, long, or looks like a place.
fn key(value: Option<&str>, place: usize) -> String {
    match value {
        Some(name) if !name.is_empty() && name.len() <= LONGEST_KEY && !name.starts_with('~') => name.to_owned(),
        _ => format!("~{place}"),
    }
}

/// For each chapter the anchor of its own definition, empty if it has none: measures are chapters.
fn definition_of_sections(page: &Page, words: &Words<'_>) -> Vec<String> {
    page.sections.iter().map(|section| words.anchor(section.id)).collect()
}

/// The source that a policy allows by this text.
fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64.encode(Sha256::digest(text)))
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
        assert_eq!(html.matches("<script").count(), 1);
        let html = html.replace(super::SCRIPT, "").replace(super::STYLE, "");
        assert!(html.contains("&lt;script&gt;alert(1)"));
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
        // The ids of a view are in the page only while it is shown, and what it stands in for is not.
        let pieces: Vec<&str> = html.split("<template class=\"view\"").collect();
        let ids = |piece: &str| -> Vec<String> {
            piece.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
        };
        for piece in &pieces {
            let ids = ids(piece.split("</template>").next().unwrap());
            for (index, id) in ids.iter().enumerate() {
                assert!(!ids.iter().skip(index + 1).any(|other| other == id), "{id} twice");
            }
        }
        let ids = ids(&html);
        for target in html.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(ids.iter().any(|id| id == target), "{target}");
        }
    }

    #[test]
    fn the_policy_allows_the_script_and_the_style_of_the_page_and_nothing_else() {
        let html = write(&fixture::small()).unwrap();
        let between = |from: &str, to: &str| html.split_once(from).unwrap().1.split_once(to).unwrap().0;
        let policy = between("Content-Security-Policy\" content=\"", "\">");
        let [script, style] = [between("<script>", "</script>"), between("<style>", "</style>")].map(super::hash);
        let parts = ["default-src 'none'", "base-uri 'none'", "form-action 'none'"].map(str::to_owned);
        let own = [format!("script-src '{script}'"), format!("style-src '{style}'")];
        let mut found: Vec<&str> = policy.split("; ").collect();
        let mut expected: Vec<&str> = parts.iter().chain(&own).map(String::as_str).collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected);
        // Of the empty text, as `openssl dgst -sha256 -binary | base64` says.
        assert_eq!(super::hash(""), "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }

    #[test]
    fn the_template_has_no_words_of_its_own() {
        let without = |text: &str, from: &str, to: &str| -> String {
            let mut pieces = text.split(from);
            let head = pieces.next().unwrap_or_default().to_owned();
            pieces.map(|piece| piece.split_once(to).unwrap().1).fold(head, |kept, rest| kept + rest)
        };
        let bare = [("{%", "%}"), ("{{", "}}"), ("<", ">")];
        let bare = bare.iter().fold(super::TEMPLATE.to_owned(), |text, (from, to)| without(&text, from, to));
        assert!(!bare.contains(char::is_alphabetic), "{}", bare.split_whitespace().collect::<Vec<_>>().join(" "));
    }

    #[test]
    fn channels_and_campaigns_have_views_and_large_ones_come_first() {
        let report = fixture::ordinary();
        let html = write(&report).unwrap();
        for name in ["channel:whatsapp", "channel:telegram", "campaign:spring_sale"] {
            assert!(html.contains(&format!("<option value=\"{name}\"")), "{name}");
            assert!(html.contains(&format!("<template class=\"view\" data-key=\"{name}\"")), "{name}");
        }
        assert!(html.find("channel:whatsapp") < html.find("channel:telegram"));
        let hostile = write(&fixture::awkward()).unwrap();
        // Names that are long, empty or unknown are known by their place.
        assert!(hostile.contains("<option value=\"campaign:~0\">") && !hostile.contains("value=\"campaign:\""));
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
