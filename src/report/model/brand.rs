//! What a report looks like to those who know the business: its logo, a colour, a line at the end, and which chapters it has.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::error::{Error, Result};
use crate::measures;

/// Bytes above which a logo would weigh more than the report.
const LARGEST_LOGO: usize = 256 * 1024;

/// Chapters that are no measures, in their order.
const CHAPTERS: [&str; 12] = [
    "campaign-funnel",
    "questions",
    "funnels",
    "answer-times",
    "channels",
    "campaigns",
    "trend",
    "opt-outs",
    "breakdown",
    "own",
    "comparison",
    "quality",
];

/// The looks of a report. What is not named is as the program brings it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brand {
    /// A picture with its type, as pages hold it.
    pub(in crate::report) logo: Option<String>,
    /// A colour, as style sheets write it.
    pub accent: Option<String>,
    /// What stands at the end.
    pub footer: Option<String>,
    /// Ids of the chapters, in their order; all if absent.
    sections: Option<Vec<String>>,
}

impl Brand {
    /// Takes a picture for the heading.
    ///
    /// # Errors
    /// It is too big, or of a type that not every browser shows.
    pub fn with_logo(mut self, bytes: &[u8]) -> Result<Self> {
        if bytes.len() > LARGEST_LOGO {
            let size = bytes.len() / 1024;
            return Err(Error::Usage(format!("the logo has {size} KiB; a report takes one of at most 256 KiB")));
        }
        let is_text = || std::str::from_utf8(bytes).is_ok_and(|text| text.contains("<svg"));
        let kind = match bytes {
            [0x89, b'P', b'N', b'G', ..] => "png",
            [0xff, 0xd8, 0xff, ..] => "jpeg",
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "webp",
            _ if is_text() => "svg+xml",
            _ => return Err(Error::Usage("the logo is neither PNG, JPEG, WebP nor SVG".into())),
        };
        self.logo = Some(format!("data:image/{kind};base64,{}", BASE64.encode(bytes)));
        Ok(self)
    }

    /// Takes the chapters in their order.
    ///
    /// # Errors
    /// One of them does not exist or stands twice.
    pub fn with_sections(mut self, sections: &[String]) -> Result<Self> {
        let known = || CHAPTERS.into_iter().chain(measures::every().map(|measure| measure.id));
        for (place, section) in sections.iter().enumerate() {
            if !known().any(|id| id == section) {
                let known = known().map(str::to_owned).collect();
                return Err(Error::Unknown { what: "chapter", name: section.clone(), known });
            }
            if sections.iter().take(place).any(|other| other == section) {
                return Err(Error::Usage(format!("the chapter '{section}' stands twice in [report] sections")));
            }
        }
        self.sections = Some(sections.to_vec());
        Ok(self)
    }

    /// The chapters that are wanted, in the order in which they are.
    pub(in crate::report) fn order<S>(&self, sections: Vec<S>, id: impl Fn(&S) -> &str) -> Vec<S> {
        let Some(wanted) = &self.sections else { return sections };
        let mut sections: Vec<Option<S>> = sections.into_iter().map(Some).collect();
        let mut take = |wanted: &String| {
            sections.iter_mut().find(|section| section.as_ref().is_some_and(|section| id(section) == wanted))?.take()
        };
        wanted.iter().filter_map(&mut take).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;
    use crate::report::page::page;

    #[test]
    fn a_logo_is_known_by_its_bytes_and_not_by_its_name() {
        let kind = |bytes: &[u8]| Brand::default().with_logo(bytes).ok().and_then(|brand| brand.logo);
        assert!(kind(b"\x89PNG\r\n\x1a\nrest").unwrap().starts_with("data:image/png;base64,"));
        assert!(kind(b"<svg xmlns='http://www.w3.org/2000/svg'/>").unwrap().starts_with("data:image/svg+xml;base64,"));
        assert_eq!(kind(b"MZ\x90"), None);
        assert_eq!(kind(&vec![0x89; LARGEST_LOGO + 1]), None);
    }

    #[test]
    fn chapters_stand_as_they_are_wanted_and_unknown_ones_are_refused() {
        let wanted = |names: &[&str]| {
            Brand::default().with_sections(&names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>())
        };
        let mut report = fixture::awkward();
        report.context.brand = wanted(&["trend", "questions"]).unwrap();
        let ids: Vec<&str> = page(&report).sections.iter().map(|section| section.id).collect();
        assert_eq!(ids, ["trend", "questions"]);
        assert!(wanted(&["trends"]).unwrap_err().to_string().contains("trends"));
        assert!(wanted(&["trend", "trend"]).is_err());
    }

    #[test]
    fn every_chapter_of_a_report_can_be_wanted() {
        for section in page(&fixture::awkward()).sections {
            assert!(Brand::default().with_sections(&[section.id.to_owned()]).is_ok(), "{}", section.id);
        }
    }
}
