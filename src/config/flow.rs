//! `[[flow]]`: scripted dialogues, as their authors know them and no log tells them.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use toml::Spanned;

/// `[[flow]]`: a scripted dialogue whose questions are known in order. Answering the last one completes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// Name, as it stands in the `flow` column.
    pub name: String,
    /// Edition; absent means every edition.
    pub version: Option<String>,
    /// Questions from the first to the last.
    pub questions: Vec<String>,
    /// What can be chosen at a question, as it stands in the `answer` column. Logs hold what was chosen, not what was offered.
    #[serde(default)]
    pub options: BTreeMap<String, Vec<String>>,
    /// Where it begins in the file, in bytes.
    #[serde(skip)]
    begins_at: usize,
}

/// Reads flows with their places in the file.
pub(super) fn placed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Flow>, D::Error> {
    let flows: Vec<Spanned<Flow>> = Vec::deserialize(deserializer)?;
    Ok(flows.into_iter().map(|flow| Flow { begins_at: flow.span().start, ..flow.into_inner() }).collect())
}

/// What contradicts itself in flows, and where.
pub(super) fn contradiction(flows: &[Flow]) -> Option<(usize, String)> {
    flows.iter().enumerate().find_map(|(place, flow)| {
        let is_twin = |other: &&Flow| (&other.name, &other.version) == (&flow.name, &flow.version);
        let twin = || flows.iter().take(place).find(is_twin).map(|_| flow.is_there_twice());
        Some((flow.begins_at, flow.contradiction().or_else(twin)?))
    })
}

impl Flow {
    /// The same, wherever it stands in the file.
    pub(super) fn unplaced(&self) -> Self {
        Self { begins_at: 0, ..self.clone() }
    }

    fn is_there_twice(&self) -> String {
        let edition =
            self.version.as_ref().map_or_else(|| "every edition".to_owned(), |version| format!("edition '{version}'"));
        format!("there is another [[flow]] '{}' of {edition}; write one of them", self.name)
    }

    /// What contradicts itself in it.
    fn contradiction(&self) -> Option<String> {
        let name = &self.name;
        if let Some(twice) = twice(&self.questions) {
            return Some(format!("[[flow]] '{name}' has the question '{twice}' twice"));
        }
        self.options.iter().find_map(|(question, options)| {
            if !self.questions.contains(question) {
                return Some(format!("[[flow]] '{name}' has options of '{question}', which is none of its questions"));
            }
            twice(options).map(|twice| format!("[[flow]] '{name}' has the option '{twice}' of '{question}' twice"))
        })
    }
}

fn twice(names: &[String]) -> Option<&String> {
    names
        .iter()
        .enumerate()
        .find(|(place, name)| names.iter().take(*place).any(|other| other == *name))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::Config;

    #[test]
    fn a_flow_that_contradicts_itself_is_refused() {
        for (rest, expected) in [
            ("questions = [\"a\", \"b\", \"a\"]", "has the question 'a' twice"),
            ("questions = [\"a\"]\noptions = { b = [\"x\"] }", "has options of 'b', which is none of its questions"),
            ("questions = [\"a\"]\noptions = { a = [\"x\", \"x\"] }", "has the option 'x' of 'a' twice"),
        ] {
            let text = format!("[[flow]]\nname = \"f\"\n{rest}\n");
            let error = Config::parse(&text, Path::new("trichter.toml")).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_flow_that_is_declared_twice_is_refused_with_its_line() {
        let flow = |version: &str| format!("[[flow]]\nname = \"f\"\nquestions = [\"a\"]\n{version}\n");
        let parse = |versions: [&str; 2]| Config::parse(&versions.map(flow).concat(), Path::new("trichter.toml"));
        let error = |versions: [&str; 2]| parse(versions).unwrap_err().to_string();
        assert_eq!(
            error(["", ""]),
            "trichter.toml:5: there is another [[flow]] 'f' of every edition; write one of them"
        );
        let twice = ["version = \"2\""; 2];
        assert_eq!(error(twice), "trichter.toml:5: there is another [[flow]] 'f' of edition '2'; write one of them");
        assert!(parse(["", "version = \"2\""]).is_ok());
    }
}
