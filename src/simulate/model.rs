//! The model's constants: who is sent what, and how likely each thing is. Knows nothing of logs or of how it is counted.
//!
//! The figures are invented, of the size that messaging campaigns report. They are written to `truth.json` as they stand.

use serde::Serialize;

use super::life::{DAY, HOUR, Millis, SECOND};

/// The platforms that can be simulated, in alphabetical order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Channel {
    /// The engine's own event lines.
    Generic,
    /// Facebook Messenger.
    Messenger,
    /// Telegram Bot API.
    Telegram,
    /// WhatsApp Business Cloud API.
    WhatsApp,
}

impl Channel {
    pub(super) const ALL: [Self; 4] = [Self::Generic, Self::Messenger, Self::Telegram, Self::WhatsApp];

    /// The value of the `channel` column.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Generic => "generic",
            Self::Messenger => "messenger",
            Self::Telegram => "telegram",
            Self::WhatsApp => "whatsapp",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.name() == name)
    }

    /// Whether deliveries and opens are reported. Telegram tells neither.
    pub(super) fn has_receipts(self) -> bool {
        self != Self::Telegram
    }

    /// Whether its log tells when a contact blocks the business.
    pub(super) fn tells_blocks(self) -> bool {
        self == Self::Telegram
    }

    /// Whether its log names the bot where the bot wrote.
    pub(super) fn names_the_bot(self) -> bool {
        matches!(self, Self::Messenger | Self::Telegram)
    }

    /// Whether a receipt speaks for every message sent until then.
    pub(super) fn has_watermarks(self) -> bool {
        self == Self::Messenger
    }

    pub(super) fn odds(self) -> &'static ChannelOdds {
        match self {
            Self::Generic => &GENERIC,
            Self::Messenger => &MESSENGER,
            Self::Telegram => &TELEGRAM,
            Self::WhatsApp => &WHATSAPP,
        }
    }
}

/// What the platform does to a message. All are probabilities between 0 and 1.
#[derive(Serialize)]
pub(super) struct ChannelOdds {
    /// The campaign's first message fails.
    pub(super) failed: f64,
    /// The platform holds the first message back (WhatsApp 131049).
    pub(super) suppressed: f64,
    /// The platform refuses it because the contact stopped these messages elsewhere (WhatsApp 131050).
    pub(super) refused: f64,
    /// It is delivered, given none of the above.
    pub(super) delivered: f64,
    /// A delivered first message is reported as failed afterwards, by a second device. It stays delivered.
    pub(super) failed_late: f64,
    /// The contact has switched read receipts off, for good.
    pub(super) receipts_off: f64,
    /// A question's first prompt fails.
    pub(super) prompt_failed: f64,
    /// A contact who stops does it by the platform's own means and not in words.
    pub(super) stops_by_platform: f64,
    /// A contact who stopped by the platform's own means, or blocked, comes back within two days.
    pub(super) resumed: f64,
    /// A contact who stopped in words blocks the business as well.
    pub(super) blocks_too: f64,
}

const GENERIC: ChannelOdds = ChannelOdds {
    failed: 0.02,
    suppressed: 0.0,
    refused: 0.0,
    delivered: 0.97,
    failed_late: 0.0,
    receipts_off: 0.0,
    prompt_failed: 0.003,
    stops_by_platform: 1.0,
    resumed: 0.05,
    blocks_too: 0.0,
};
// The platform tells nothing of a message that it refused to take, so none is simulated.
const MESSENGER: ChannelOdds = ChannelOdds {
    failed: 0.0,
    suppressed: 0.0,
    refused: 0.0,
    delivered: 0.96,
    failed_late: 0.0,
    receipts_off: 0.05,
    prompt_failed: 0.0,
    stops_by_platform: 0.0,
    resumed: 0.0,
    blocks_too: 0.0,
};
const TELEGRAM: ChannelOdds = ChannelOdds {
    failed: 0.0,
    suppressed: 0.0,
    refused: 0.0,
    delivered: 0.98,
    failed_late: 0.0,
    receipts_off: 1.0,
    prompt_failed: 0.0,
    stops_by_platform: 0.0,
    resumed: 0.15,
    blocks_too: 0.10,
};
const WHATSAPP: ChannelOdds = ChannelOdds {
    failed: 0.03,
    suppressed: 0.04,
    refused: 0.005,
    delivered: 0.95,
    failed_late: 0.003,
    receipts_off: 0.20,
    prompt_failed: 0.004,
    stops_by_platform: 0.5,
    resumed: 0.10,
    blocks_too: 0.0,
};

/// What contacts do with a campaign's first message.
#[derive(Serialize)]
pub(super) struct Campaign {
    /// The value of the `campaign` column.
    pub(super) name: &'static str,
    /// Template name.
    pub(super) template: &'static str,
    /// Whether those who do nothing are reminded after eight hours.
    pub(super) reminds: bool,
    /// A delivered first message is read, by channel in the order of `Channel::ALL`.
    pub(super) opened: [f64; 4],
    /// Given it is read, one of these or nothing: taps the button that starts the flow;
    pub(super) starts: f64,
    /// writes something;
    pub(super) writes: f64,
    /// reacts with an emoji;
    pub(super) reacts: f64,
    /// opens the link (only where the platform tells, that is `generic`);
    pub(super) links: f64,
    /// stops;
    pub(super) stops: f64,
    /// blocks (only where the platform tells, that is Telegram).
    pub(super) blocks: f64,
}

impl Campaign {
    /// The probability that a delivered first message is read.
    pub(super) fn opened(&self, channel: Channel) -> f64 {
        let [generic, messenger, telegram, whatsapp] = self.opened;
        match channel {
            Channel::Generic => generic,
            Channel::Messenger => messenger,
            Channel::Telegram => telegram,
            Channel::WhatsApp => whatsapp,
        }
    }

    /// What happens to a first message that is read: starts, writes, reacts, links, stops, blocks.
    pub(super) fn reactions(&self, channel: Channel) -> [f64; 6] {
        let links = if channel == Channel::Generic { self.links } else { 0.0 };
        let blocks = if channel == Channel::Telegram { self.blocks } else { 0.0 };
        [self.starts, self.writes, self.reacts, links, self.stops, blocks]
    }
}

/// The campaigns in the order of their days.
pub(super) const CAMPAIGNS: [Campaign; 5] = [
    Campaign {
        name: "new-year",
        template: "new_year_offer",
        reminds: false,
        opened: [0.62, 0.70, 0.74, 0.78],
        starts: 0.30,
        writes: 0.06,
        reacts: 0.04,
        links: 0.10,
        stops: 0.020,
        blocks: 0.015,
    },
    Campaign {
        name: "winter-sale",
        template: "winter_sale",
        reminds: true,
        opened: [0.55, 0.64, 0.68, 0.72],
        starts: 0.22,
        writes: 0.05,
        reacts: 0.03,
        links: 0.08,
        stops: 0.035,
        blocks: 0.020,
    },
    Campaign {
        name: "free-advice",
        template: "free_advice",
        reminds: false,
        opened: [0.66, 0.73, 0.77, 0.82],
        starts: 0.38,
        writes: 0.08,
        reacts: 0.05,
        links: 0.05,
        stops: 0.012,
        blocks: 0.008,
    },
    Campaign {
        name: "last-chance",
        template: "last_chance",
        reminds: true,
        opened: [0.48, 0.58, 0.61, 0.66],
        starts: 0.16,
        writes: 0.04,
        reacts: 0.02,
        links: 0.09,
        stops: 0.060,
        blocks: 0.040,
    },
    Campaign {
        name: "spring-preview",
        template: "spring_preview",
        reminds: false,
        opened: [0.60, 0.69, 0.72, 0.76],
        starts: 0.27,
        writes: 0.05,
        reacts: 0.06,
        links: 0.12,
        stops: 0.022,
        blocks: 0.014,
    },
];

/// A question of the flow and what contacts do at it. After a wrong answer the question is asked again, and the rest is
/// drawn at the second prompt. Not silent, stopped, handed over, blocked or skipped is answered.
#[derive(Serialize)]
pub(super) struct Question {
    /// The value of the `question` column.
    pub(super) name: &'static str,
    /// Options to tap; empty if the answer is written.
    pub(super) options: &'static [&'static str],
    /// Written answers.
    pub(super) texts: &'static [&'static str],
    /// Median time to answer, in seconds.
    pub(super) median_s: u32,
    /// The first answer cannot be used.
    pub(super) wrong: f64,
    /// No answer ever comes.
    pub(super) silent: f64,
    /// The contact stops.
    pub(super) stops: f64,
    /// A person takes over while the contact is silent.
    pub(super) handover: f64,
    /// The contact blocks (only Telegram).
    pub(super) blocks: f64,
    /// The bot goes on to the next question after half an hour.
    pub(super) skips: f64,
}

impl Question {
    /// What happens at the prompt instead of an answer: silent, stops, handover, blocks, skips.
    pub(super) fn endings(&self, channel: Channel) -> [f64; 5] {
        let blocks = if channel == Channel::Telegram { self.blocks } else { 0.0 };
        [self.silent, self.stops, self.handover, blocks, self.skips]
    }
}

const fn question(
    name: &'static str,
    median_s: u32,
    [wrong, silent, stops, handover, blocks, skips]: [f64; 6],
    options: &'static [&'static str],
    texts: &'static [&'static str],
) -> Question {
    Question { name, options, texts, median_s, wrong, silent, stops, handover, blocks, skips }
}

/// The name of the flow.
pub(super) const FLOW: &str = "lead";

/// The questions of the flow in their order. The last is never answered wrongly or skipped: its answer completes the flow.
pub(super) const QUESTIONS: [Question; 8] = [
    question(
        "name",
        25,
        [0.04, 0.06, 0.006, 0.002, 0.003, 0.010],
        &[],
        &["Anna Berger", "Tom", "Mehmet Y.", "Julia K."],
    ),
    question("email", 45, [0.12, 0.11, 0.015, 0.004, 0.005, 0.020], &[], &["a.berger@example.org", "tom@example.com"]),
    question("produkt", 20, [0.02, 0.04, 0.004, 0.006, 0.002, 0.010], &["garten", "dach", "balkon"], &[]),
    question("groesse", 60, [0.09, 0.07, 0.005, 0.012, 0.002, 0.030], &[], &["120 m²", "etwa 80", "3 x 4 m", "35 qm"]),
    question("budget", 120, [0.05, 0.18, 0.020, 0.015, 0.006, 0.015], &["unter_5000", "bis_10000", "darueber"], &[]),
    question(
        "termin",
        300,
        [0.08, 0.09, 0.008, 0.025, 0.003, 0.020],
        &[],
        &["Dienstag um 10 Uhr", "next week", "12.02."],
    ),
    question(
        "adresse",
        90,
        [0.06, 0.12, 0.018, 0.008, 0.004, 0.010],
        &[],
        &["Lindenweg 7, 20095 Hamburg", "Hauptstr. 3"],
    ),
    question("zustimmung", 15, [0.0, 0.05, 0.010, 0.003, 0.002, 0.0], &["ja", "nur_per_mail"], &[]),
];

/// Odds that depend on neither channel, campaign nor question.
#[derive(Serialize)]
pub(super) struct Habits {
    /// A message of the bot in a dialogue is read although no answer follows.
    pub(super) reads_in_dialogue: f64,
    /// The bot says that it did not understand before it asks again.
    pub(super) says_not_understood: f64,
    /// A reminder is read.
    pub(super) reads_reminder: f64,
    /// A reminder that is read starts the flow.
    pub(super) starts_after_reminder: f64,
    /// The contact writes a word of thanks when the flow is done.
    pub(super) thanks: f64,
    /// A contact who stopped in words at the first message repeats it.
    pub(super) stops_twice: f64,
    /// The contact writes of their own accord two days after a campaign.
    pub(super) writes_unasked: f64,
}

pub(super) const HABITS: Habits = Habits {
    reads_in_dialogue: 0.7,
    says_not_understood: 0.5,
    reads_reminder: 0.45,
    starts_after_reminder: 0.18,
    thanks: 0.2,
    stops_twice: 0.1,
    writes_unasked: 0.04,
};

/// What contacts write to stop, in whole messages.
pub(super) const STOP_WORDS: [&str; 6] =
    ["STOP", "Stopp", "Bitte keine Nachrichten mehr", "unsubscribe", "stop", "Unsubscribe"];

/// The first day: Monday, 5 January 2026, 00:00 UTC.
pub(super) const START: Millis = 1_767_571_200 * SECOND;

/// When campaigns are sent and where the log ends.
#[derive(Clone, Copy)]
pub(super) struct Calendar {
    n_campaigns: i64,
    days: i64,
}

impl Calendar {
    /// The calendar of so many days. Campaigns of one contact lie at least four days apart, so that their conversations
    /// never merge; with less than eighteen days there are fewer campaigns. `None` below two days.
    pub(super) fn new(days: u32) -> Option<Self> {
        let days = i64::from(days);
        (days >= 2).then(|| Self { n_campaigns: (1 + (days - 2) / 4).min(5), days })
    }

    /// Where the log ends. The last event of the logs happens at this instant, all others before.
    pub(super) fn end(self) -> Millis {
        START + self.days * DAY
    }

    /// The campaigns with the instant at which each begins: always 06:00 UTC, the last one 42 hours before the end.
    pub(super) fn campaigns(self) -> impl Iterator<Item = (usize, Millis)> {
        let steps = self.n_campaigns - 1;
        let day = move |place| if steps == 0 { self.days - 2 } else { (self.days - 2) * place / steps };
        (0..CAMPAIGNS.len())
            .zip(0..self.n_campaigns)
            .map(move |(number, place)| (number, START + day(place) * DAY + 6 * HOUR))
    }
}
