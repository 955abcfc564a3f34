//! Declared flows in the codes of a shard: where a question stands in its flow, and what can be chosen there.

use super::visits::Visit;
use crate::config::Flow;
use crate::store::Shard;

/// Where a visit's question stands in its flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The flow has no declared order.
    Undeclared,
    /// It has one, in which this question is missing.
    Unlisted,
    /// The how-manieth question it is, from 0.
    At(usize),
}

/// A declared flow. Words that the shard lacks are `None`.
struct Declared {
    flow: u32,
    version: Option<u32>,
    questions: Vec<Option<u32>>,
    options: Vec<(u32, Vec<u32>)>,
}

/// The declared flows of which a shard tells.
pub(super) struct Flows(Vec<Declared>);

impl Flows {
    pub(super) fn of(shard: &Shard, flows: &[Flow]) -> Self {
        let find = |name: &str, word: &str| shard.words(name).1.find(word);
        let declared = flows.iter().filter_map(|flow| {
            let version = match &flow.version {
                Some(version) => Some(find("flow_version", version)?),
                None => None,
            };
            let codes = |options: &[String]| options.iter().filter_map(|option| find("answer", option)).collect();
            let options = flow.options.iter();
            Some(Declared {
                flow: find("flow", &flow.name)?,
                version,
                questions: flow.questions.iter().map(|question| find("question", question)).collect(),
                options: options
                    .filter_map(|(question, options)| Some((find("question", question)?, codes(options))))
                    .collect(),
            })
        });
        Self(declared.collect())
    }

    /// The declaration of the visit's edition; without one, that of every edition.
    fn declared(&self, visit: &Visit) -> Option<&Declared> {
        let of_edition = |declared: &&Declared| declared.is_of(visit) && declared.version.is_some();
        let of_all = |declared: &&Declared| declared.is_of(visit);
        self.0.iter().find(of_edition).or_else(|| self.0.iter().find(of_all))
    }

    pub(super) fn place(&self, visit: &Visit) -> Place {
        let Some(declared) = self.declared(visit) else { return Place::Undeclared };
        let place = declared.questions.iter().position(|question| *question == Some(visit.question));
        place.map_or(Place::Unlisted, Place::At)
    }

    /// What can be chosen at the visit's question, if that is declared.
    pub(super) fn options(&self, visit: &Visit) -> Option<&[u32]> {
        let options = &self.declared(visit)?.options;
        options.iter().find(|(question, _)| *question == visit.question).map(|(_, options)| options.as_slice())
    }

    /// Whether the visit is to the last question of its edition of a declared flow.
    pub(super) fn end_with(&self, visit: &Visit) -> bool {
        self.declared(visit).is_some_and(|declared| declared.questions.last() == Some(&Some(visit.question)))
    }
}

impl Declared {
    fn is_of(&self, visit: &Visit) -> bool {
        self.flow == visit.flow && self.version.is_none_or(|version| version == visit.flow_version)
    }
}
