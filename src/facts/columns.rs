//! The columns of a shard that facts are found by. One that was not read counts as null throughout.

use super::beginnings::Began;
use super::billing::Categories;
use super::compliance::Rules;
use super::declared::Flows;
use super::messages::WORDS;
use super::service::Agents;
use super::{Observable, Settings};
use crate::store::Shard;

/// What is found of a contact beyond the walk: each takes time, so it is done only if somebody asks for it.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is asked for by itself")]
pub(super) struct Wants {
    /// How messages stand against the rules of permission.
    pub(super) permission: bool,
    /// What decides what a message costs.
    pub(super) billing: bool,
    /// How many messages came before each.
    pub(super) doses: bool,
    /// What the contact's clock said.
    pub(super) local: bool,
    /// Ways through flows.
    pub(super) ways: bool,
    /// How contacts were served.
    pub(super) service: bool,
}

/// Columns of codes, by name, and what settings say in these codes.
pub(super) struct Columns<'s> {
    pub(super) channel: &'s [u32],
    pub(super) account: &'s [u32],
    pub(super) flow: &'s [u32],
    pub(super) flow_version: &'s [u32],
    pub(super) question: &'s [u32],
    pub(super) topic: &'s [u32],
    pub(super) country: &'s [u32],
    pub(super) language: &'s [u32],
    pub(super) error_code: &'s [u32],
    pub(super) currency: &'s [u32],
    /// Those of [`WORDS`] that messages take, each with its place there.
    pub(super) of_messages: Vec<(usize, &'s [u32])>,
    pub(super) answer: &'s [u32],
    pub(super) flows: Flows,
    /// The rules that messages are held against, in the codes of the shard; none if nobody asks.
    pub(super) rules: Option<Rules<'s>>,
    /// Categories as they are charged; none if nobody asks what decides a cost.
    pub(super) categories: Option<Categories>,
    /// Who is the bot among the agents; none if nobody asks how contacts were served.
    pub(super) agents: Option<Agents>,
    /// Since when the logs tell anything; none if nobody asks.
    pub(super) began: Option<Began>,
    /// What is found beyond the walk.
    pub(super) wants: Wants,
    observable: Vec<Observable>,
}

impl<'s> Columns<'s> {
    /// `nulls` are at least as many as the shard has rows; `of_messages` names those of [`WORDS`] that messages should take;
    /// `wants` says what is to be found beyond the walk.
    pub(super) fn of(
        shard: &'s Shard,
        settings: &'s Settings,
        of_messages: &[&str],
        wants: Wants,
        nulls: &'s [u32],
    ) -> Self {
        let codes = |name| match shard.words(name).0 {
            [] => nulls,
            codes => codes,
        };
        let channels = shard.words("channel").1.list().iter();
        Self {
            channel: codes("channel"),
            account: codes("account"),
            flow: codes("flow"),
            flow_version: codes("flow_version"),
            question: codes("question"),
            topic: codes("topic"),
            country: codes("country"),
            language: codes("language"),
            error_code: codes("error_code"),
            currency: codes("currency"),
            of_messages: WORDS
                .iter()
                .enumerate()
                .filter(|(_, name)| of_messages.contains(name))
                .map(|(place, name)| (place, codes(name)))
                .collect(),
            answer: codes("answer"),
            flows: Flows::of(shard, &settings.flows),
            rules: wants.permission.then(|| Rules::new(shard, settings)),
            categories: wants.billing.then(|| Categories::of(shard)),
            agents: wants.service.then(|| Agents::of(shard)),
            began: (wants.permission || wants.doses).then(|| Began::new(shard, settings)),
            wants,
            observable: channels.map(|name| settings.observable.get(name).copied().unwrap_or_default()).collect(),
        }
    }

    /// The first instant of the log of a channel's account, if somebody asks.
    pub(super) fn began(&self, channel: u32, account: u32) -> i64 {
        self.began.as_ref().map_or(i64::MIN, |began| began.of(channel, account))
    }

    /// What the log of a channel can tell.
    pub(super) fn observable(&self, channel: u32) -> Observable {
        self.observable.get((channel as usize).wrapping_sub(1)).copied().unwrap_or_default()
    }
}
