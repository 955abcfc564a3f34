//! `[report]`: how reports count days, what is too few to show as usual, and what a report looks like.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer};

use super::{Percent, Zone};

/// `[report]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Report {
    /// Name of the time zone in which days begin. Default UTC.
    pub zone: Zone,
    /// Language of reports. Default English.
    pub lang: Lang,
    /// Shares of fewer observations are shown pale. Default 30.
    pub minimum: u64,
    /// Share that should go on from each question. Default: that of the flow's median question.
    pub target: Option<Percent>,
    /// Heading of the report. Default: the language's own.
    pub title: Option<String>,
    /// A picture beside the heading: PNG, JPEG, WebP or SVG. Relative to the configuration's folder.
    pub logo: Option<PathBuf>,
    /// Colour of lines that mark chapters.
    pub accent: Option<Colour>,
    /// What stands at the end of the page, such as who answers questions about it.
    pub footer: Option<String>,
    /// Chapters in the order in which they stand, by what their links are called. Default: all.
    pub sections: Option<Vec<String>>,
    /// Folder of metrics of one's own, relative to the configuration's folder. Default: `queries` there, if it is there.
    pub queries: Option<PathBuf>,
}

impl Default for Report {
    fn default() -> Self {
        Self {
            zone: Zone::default(),
            lang: Lang::default(),
            minimum: 30,
            target: None,
            title: None,
            logo: None,
            accent: None,
            footer: None,
            sections: None,
            queries: None,
        }
    }
}

/// A language of reports, written `en` or `de`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// German.
    De,
}

impl std::str::FromStr for Lang {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "en" => Ok(Self::En),
            "de" => Ok(Self::De),
            _ => Err(format!("there is no report in '{text}'; write en or de")),
        }
    }
}

/// A colour as style sheets write it: `#d55e00`. Nothing else gets into a page's style.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Colour(String);

impl Colour {
    /// Reads `#rrggbb` or `#rgb`.
    ///
    /// # Errors
    /// It is something else.
    pub fn parse(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix('#').filter(|digits| matches!(digits.len(), 3 | 6));
        match digits.filter(|digits| digits.chars().all(|c| c.is_ascii_hexdigit())) {
            Some(digits) => Ok(Self(format!("#{}", digits.to_ascii_lowercase()))),
            None => Err(format!("'{text}' is not a colour; write #d55e00")),
        }
    }

    /// As style sheets write it.
    #[must_use]
    pub fn css(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Colour {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_a_number_and_no_style() {
        assert_eq!(Colour::parse("#D55E00").unwrap().css(), "#d55e00");
        assert_eq!(Colour::parse("#abc").unwrap().css(), "#abc");
        for text in ["red", "d55e00", "#d55e0", "#d55e00;}", "#ggg", "url(x)", ""] {
            assert!(Colour::parse(text).is_err(), "{text}");
        }
    }
}
