//! The words of reports: every sentence, heading and column title stands in a Fluent file, one set for each language.
//!
//! Turns keys and arguments into text. Which number is said and how it is written is not decided here: counts are
//! written by `text`, everything else comes as text.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use super::text::Language;

mod definitions;
mod tables;

pub use definitions::readme;

/// What is filled into a sentence: a count, which also chooses the plural, or text.
pub(super) type Argument = FluentValue<'static>;

const ENGLISH: [&str; 2] = [include_str!("words/en.ftl"), include_str!("words/en-measures.ftl")];
const GERMAN: [&str; 2] = [include_str!("words/de.ftl"), include_str!("words/de-measures.ftl")];

type Bundle = FluentBundle<FluentResource>;

static EN: LazyLock<Bundle> = LazyLock::new(|| {
    let mut bundle = bundle(Language::En, &ENGLISH);
    bundle.set_formatter(Some(|value, _| written(Language::En, value)));
    bundle
});
static DE: LazyLock<Bundle> = LazyLock::new(|| {
    let mut bundle = bundle(Language::De, &GERMAN);
    bundle.set_formatter(Some(|value, _| written(Language::De, value)));
    bundle
});

impl Language {
    /// Every language there is.
    pub const ALL: [Self; 2] = [Self::En, Self::De];

    /// Its ISO 639-1 code, which is its name on the command line and in the configuration.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
        }
    }

    /// What stands under this key. `KEY.ATTRIBUTE` is an attribute of a message.
    #[must_use]
    pub fn say(self, key: &str) -> String {
        self.say_with(key, &[])
    }

    /// What stands under this key, with these arguments filled in.
    #[must_use]
    pub fn say_with(self, key: &str, arguments: &[(&'static str, Argument)]) -> String {
        // A test holds that every key is known; should one not be, it says at least what was meant.
        self.find(key, arguments).unwrap_or_else(|| key.to_owned())
    }

    /// What a column of tables is called: its own title, or its name made readable.
    #[must_use]
    pub fn column(self, name: &str) -> String {
        self.find(&format!("column-{name}"), &[]).unwrap_or_else(|| capitalised(name))
    }

    /// The same for keys that are made of ids, which need not stand for anything.
    fn find(self, key: &str, arguments: &[(&'static str, Argument)]) -> Option<String> {
        let bundle: &Bundle = match self {
            Self::En => &EN,
            Self::De => &DE,
        };
        let (id, attribute) = key.split_once('.').map_or((key, None), |(id, attribute)| (id, Some(attribute)));
        let message = bundle.get_message(id)?;
        let pattern = match attribute {
            Some(attribute) => message.get_attribute(attribute)?.value(),
            None => message.value()?,
        };
        let arguments: FluentArgs<'_> = arguments.iter().map(|(name, value)| (*name, value.clone())).collect();
        Some(bundle.format_pattern(pattern, Some(&arguments), &mut Vec::new()).into_owned())
    }
}

/// A name as a title: `lead_qualification` is `Lead qualification`.
#[must_use]
pub(super) fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect::<String>().replace('_', " ")
}

fn bundle(language: Language, files: &[&str]) -> Bundle {
    let identifier: LanguageIdentifier = language.code().parse().unwrap_or_default();
    let mut bundle = Bundle::new_concurrent(vec![identifier]);
    // Marks around names would stand in Markdown and JSON too; pages isolate names by markup.
    bundle.set_use_isolating(false);
    for file in files {
        // Both halves of a broken file and of a doubled key are refused by tests.
        let resource = FluentResource::try_new((*file).to_owned()).unwrap_or_else(|(resource, _)| resource);
        let _doubled = bundle.add_resource(resource);
    }
    bundle
}

/// Counts as `text` writes them.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts are whole and not negative")]
fn written(language: Language, value: &FluentValue<'_>) -> Option<String> {
    match value {
        FluentValue::Number(number) => Some(language.count(number.value as u64)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
