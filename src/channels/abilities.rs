//! How well a platform's logs tell what is measured. What a log of it really holds is found out by the facts.

use super::{ALL, Channel, Kind};

/// How well one thing can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ability {
    /// Every time it happens.
    Yes,
    /// Not every time, so numbers are lower bounds.
    LowerBound,
    /// Only if the business adds its own log of what it sent.
    NeedsSendLog,
    /// Never: it is n/a, not zero.
    Never,
}

impl Ability {
    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::LowerBound => "lower bound",
            Self::NeedsSendLog => "needs send log",
            Self::Never => "never",
        }
    }
}

/// What a platform's logs tell, and how well.
#[derive(Clone, Copy, Debug)]
pub struct Abilities {
    /// That the business sent a message.
    pub sent: Ability,
    /// That it reached the contact.
    pub delivered: Ability,
    /// That it was read.
    pub opened: Ability,
    /// Taps and clicks.
    pub clicked: Ability,
    /// What the contact wrote.
    pub replied: Ability,
    /// That the contact agreed to receive messages.
    pub opted_in: Ability,
    /// That the contact said stop.
    pub opted_out_soft: Ability,
    /// That the contact blocked or left.
    pub opted_out_hard: Ability,
    /// Which question was asked.
    pub asked: Ability,
    /// That a person took over from the bot.
    pub handed_over: Ability,
    /// Payments.
    pub paid: Ability,
}

impl Abilities {
    /// What is measured, in the order of the columns of the matrix.
    pub const NAMES: [&'static str; 11] = [
        "sent",
        "delivered",
        "opened",
        "clicks",
        "replies",
        "opt-in",
        "soft opt-out",
        "hard opt-out",
        "questions",
        "hand-over",
        "payment",
    ];

    /// In the order of [`Abilities::NAMES`].
    #[must_use]
    pub fn all(&self) -> [Ability; 11] {
        [
            self.sent,
            self.delivered,
            self.opened,
            self.clicked,
            self.replied,
            self.opted_in,
            self.opted_out_soft,
            self.opted_out_hard,
            self.asked,
            self.handed_over,
            self.paid,
        ]
    }
}

/// Of each ability, the kinds of events that show it.
const SHOWN_BY: [&[Kind]; 11] = [
    &[Kind::MessageSent],
    &[Kind::MessageDelivered, Kind::DeliveredUpTo],
    &[Kind::MessageOpened, Kind::OpenedUpTo],
    &[Kind::ButtonClicked, Kind::LinkClicked],
    &[Kind::MessageReceived],
    &[Kind::OptedIn],
    &[Kind::OptedOutSoft],
    &[Kind::OptedOutHard],
    &[Kind::QuestionAsked],
    &[Kind::HandoverToHuman],
    &[Kind::Payment],
];

impl Channel {
    /// Where what the channel says of its abilities contradicts the kinds of events that it says it can tell; empty if
    /// nowhere.
    #[must_use]
    pub fn contradictions(&self) -> Vec<&'static str> {
        let shown = SHOWN_BY.iter().map(|kinds| kinds.iter().any(|kind| self.reports(*kind)));
        Abilities::NAMES
            .into_iter()
            .zip(self.abilities.all())
            .zip(shown)
            .filter(|((_, ability), shown)| match ability {
                Ability::Yes | Ability::LowerBound => !shown,
                Ability::Never => *shown,
                // What was sent may tell it, by rules.
                Ability::NeedsSendLog => false,
            })
            .map(|((name, _), _)| name)
            .collect()
    }
}

/// The matrix of all channels and abilities as a Markdown table.
#[must_use]
pub fn markdown() -> String {
    let mut text = format!("| channel | {} |\n|---|", Abilities::NAMES.join(" | "));
    text.push_str(&"---|".repeat(Abilities::NAMES.len()));
    text.push('\n');
    for channel in ALL.iter().filter(|channel| !channel.is_any_platform()) {
        let cells = channel.abilities.all().map(Ability::words);
        text.extend(["| `", channel.name, "` | ", &cells.join(" | "), " |\n"]);
    }
    text
}

#[cfg(test)]
mod tests {
    use crate::channels::ALL;

    #[test]
    fn abilities_agree_with_the_kinds_of_events_that_a_channel_can_tell() {
        for channel in ALL {
            assert_eq!(channel.contradictions(), [""; 0], "{}", channel.name);
        }
    }
}
