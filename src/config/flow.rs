//! `[[flow]]`: scripted dialogues, as their authors know them and no log tells them.

use std::collections::BTreeMap;

use serde::Deserialize;

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
}

impl Flow {
    /// What contradicts itself in it.
    pub(super) fn contradiction(&self) -> Option<String> {
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
}
