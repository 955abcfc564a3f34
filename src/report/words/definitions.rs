//! What metrics and measures mean, in the words of a language.

use crate::measures::{self, Measure};
use crate::metrics::Metric;
use crate::report::model::Definition;
use crate::report::text::Language;

impl Definition {
    /// That of a metric, as its header has it; where the header lacks the language, in English.
    #[must_use]
    pub fn of_metric(metric: &Metric, language: Language) -> Self {
        let words = metric.words(language.code());
        Self {
            id: metric.id.clone(),
            title: words.name.to_owned(),
            meaning: words.meaning.to_owned(),
            formula: metric.sql.trim().to_owned(),
            unit: words.unit.to_owned(),
            source: words.follows.to_owned(),
            caveat: words.caveat.to_owned(),
        }
    }

    /// That of a measure.
    #[must_use]
    pub fn of_measure(measure: &Measure, language: Language) -> Self {
        let said = |what: &str| language.say(&format!("measure-{}{what}", measure.id));
        Self {
            id: measure.id.to_owned(),
            title: said(""),
            meaning: said(".meaning"),
            formula: said(".formula"),
            unit: said(".unit"),
            source: said(".follows"),
            caveat: said(".caveat"),
        }
    }
}

/// The part of `queries/README.md` that is about measures.
#[must_use]
pub fn readme() -> String {
    let mut text = String::from(
        "\n# Measures\n\n\
         What is computed from the counts of several metrics. `trichter query ID` answers with its tables.\n\n\
         | id | name | meaning | formula | unit | follows | caveat |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for measure in measures::every() {
        let Definition { id, title, meaning, formula, unit, source, caveat } =
            Definition::of_measure(measure, Language::En);
        let cells = [title, meaning, formula, unit, source, caveat].map(|cell| cell.replace('|', "\\|"));
        text.extend(["| `", &id, "` | ", &cells.join(" | "), " |\n"]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_measure_is_fully_described_in_every_language() {
        for (measure, language) in
            measures::every().flat_map(|measure| Language::ALL.map(|language| (measure, language)))
        {
            let Definition { id, title, meaning, formula, unit, source, caveat } =
                Definition::of_measure(measure, language);
            for text in [title, meaning, formula, unit, source, caveat] {
                assert!(!text.is_empty() && !text.starts_with("measure-"), "{id} in {language:?}: {text}");
            }
        }
    }
}
