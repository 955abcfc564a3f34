//! A contact's life: what really happens between one contact and the business, drawn from the model.
//!
//! Every step says which message and which conversation it belongs to, because the one who draws knows; the truth is
//! counted from that, while the engine has to find it out. Knows nothing of wire formats.

use super::dice::{Dice, Purpose as For};
use super::model::{CAMPAIGNS, Calendar, Campaign, Channel, FLOW, HABITS, QUESTIONS, Question, STOP_WORDS};

/// An instant in milliseconds since 1970, or a length of time in milliseconds.
pub(super) type Millis = i64;

pub(super) const SECOND: Millis = 1_000;
pub(super) const MINUTE: Millis = 60 * SECOND;
pub(super) const HOUR: Millis = 60 * MINUTE;
pub(super) const DAY: Millis = 24 * HOUR;

/// A conversation is over this long after its first message, so that 24 hours of quiet always part it from the next.
const LONGEST: Millis = 20 * HOUR;
/// How long the contact takes at least, and at most, to do something.
const QUICKEST: Millis = 4 * SECOND;
const SLOWEST: Millis = 11 * HOUR;
/// How long the bot takes to say the next thing.
const BOT: Millis = 3 * SECOND;

/// What an outbound message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The campaign's first message.
    First,
    /// The same again to those who did nothing.
    Reminder,
    /// An answer to what the contact wrote about the campaign.
    Info,
    /// A prompt of the question with this number.
    Question(usize),
    /// "I did not understand."
    Fallback,
    /// The end of the flow.
    Done,
    /// A person takes over.
    Handover,
    /// "You will not hear from us again."
    Stopped,
    /// An answer to a contact who wrote unasked.
    Service,
}

/// An outbound message.
pub(super) struct Message {
    pub(super) purpose: Purpose,
    pub(super) at: Millis,
    /// Number in `CAMPAIGNS`.
    pub(super) campaign: Option<usize>,
    /// The visit to a question during which it was sent.
    pub(super) visit: Option<usize>,
}

/// Why a message did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// It could not be delivered.
    Undeliverable,
    /// The platform held it back; nobody's act.
    Capped,
    /// The contact had stopped such messages.
    Refused,
}

/// What happens in a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Sent,
    Delivered,
    Opened,
    Failed(Failure),
    /// An in-chat button: payload and title.
    Tapped(String, &'static str),
    Linked,
    /// A message in words. `stops` if the words ask for no more messages.
    Wrote {
        text: &'static str,
        stops: bool,
    },
    Reacted,
    /// Stop by the platform's own means.
    Stopped,
    Blocked,
    Resumed,
}

/// One thing that happens.
pub(super) struct Step {
    pub(super) at: Millis,
    pub(super) act: Act,
    /// Number of the conversation in the life.
    pub(super) conversation: usize,
    /// The outbound message that the step is about, or that it answers.
    pub(super) message: Option<usize>,
}

/// What happened with one contact until the log ends, in time order.
pub(super) struct Life {
    pub(super) contact: u64,
    pub(super) channel: Channel,
    pub(super) messages: Vec<Message>,
    pub(super) steps: Vec<Step>,
    pub(super) n_conversations: usize,
    /// The question of each visit.
    pub(super) visits: Vec<usize>,
}

impl Life {
    fn new(contact: u64, channel: Channel) -> Self {
        Self { contact, channel, messages: Vec::new(), steps: Vec::new(), n_conversations: 0, visits: Vec::new() }
    }

    /// The contact whose only message is the last event of the logs: it makes the horizon a known instant.
    pub(super) fn last_word(contact: u64, channel: Channel, at: Millis) -> Self {
        let mut life = Self::new(contact, channel);
        life.n_conversations = 1;
        let act = Act::Wrote { text: "Hallo, ist jemand da?", stops: false };
        life.steps.push(Step { at, act, conversation: 0, message: None });
        life
    }

    /// Draws a contact's life.
    pub(super) fn draw(seed: u64, contact: u64, channel: Channel, calendar: Calendar) -> Self {
        let mut dice = Dice::new(seed, contact, For::Life);
        let has_receipts = channel.has_receipts();
        let opens = has_receipts && !dice.chance(channel.odds().receipts_off);
        // Sent in the day time of the campaign's first or second day; always the same for a contact.
        let slot = DAY * Millis::from(dice.below(2)) + dice.seconds(0, 12 * 3_600 - 1);
        // Messenger counts milliseconds: every contact has its own, so that differences are whole seconds all the same.
        let fraction =
            if channel == Channel::Messenger { Millis::try_from(contact % 1_000).unwrap_or_default() } else { 0 };
        let mut drawing = Drawing {
            dice,
            life: Self::new(contact, channel),
            end: calendar.end(),
            deadline: 0,
            campaign: None,
            opens,
            unwilling: false,
        };
        for (number, begin) in calendar.campaigns() {
            let Some(campaign) = CAMPAIGNS.get(number) else { break };
            let at = begin + slot + fraction;
            if drawing.unwilling || at >= drawing.end {
                break;
            }
            drawing.run_campaign(number, campaign, at);
        }
        let mut life = drawing.life;
        life.steps.sort_by_key(|step| step.at);
        life
    }
}

struct Drawing {
    dice: Dice,
    life: Life,
    end: Millis,
    /// When the running conversation is over at the latest.
    deadline: Millis,
    /// Of the messages being sent.
    campaign: Option<usize>,
    /// Whether reading can be seen.
    opens: bool,
    /// The contact stopped or blocked, and the business holds to it.
    unwilling: bool,
}

impl Drawing {
    /// Notes a step of the running conversation, unless the log has ended.
    fn step(&mut self, at: Millis, message: Option<usize>, act: Act) {
        if at < self.end {
            let conversation = self.life.n_conversations.saturating_sub(1);
            self.life.steps.push(Step { at, act, conversation, message });
        }
    }

    fn send(&mut self, purpose: Purpose, visit: Option<usize>, at: Millis) -> usize {
        let message = self.life.messages.len();
        self.life.messages.push(Message { purpose, at, campaign: self.campaign, visit });
        self.step(at, Some(message), Act::Sent);
        message
    }

    fn delivered(&mut self, message: usize, at: Millis) {
        if self.life.channel.has_receipts() {
            self.step(at, Some(message), Act::Delivered);
        }
    }

    fn opened(&mut self, message: usize, at: Millis) {
        if self.opens {
            self.step(at, Some(message), Act::Opened);
        }
    }

    /// Sends a message that arrives, inside a dialogue. It is read with a probability, a little later.
    fn say(&mut self, purpose: Purpose, visit: Option<usize>, at: Millis) -> usize {
        let message = self.send(purpose, visit, at);
        self.delivered(message, at + SECOND);
        if self.dice.chance(HABITS.reads_in_dialogue) {
            self.opened(message, at + 2 * SECOND);
        }
        message
    }

    /// How long the contact takes, from `now`; never so long that the conversation would outlast its deadline.
    fn hesitate(&mut self, now: Millis, median_s: u32) -> Millis {
        let wait = self.dice.wait(median_s).min(SLOWEST);
        self.within_deadline(now, wait)
    }

    fn within_deadline(&self, now: Millis, wait: Millis) -> Millis {
        // Half of what is left leaves room for what follows. Whole seconds keep differences whole.
        let room = (self.deadline - now) / (2 * SECOND) * SECOND;
        wait.min(room).max(QUICKEST)
    }

    fn run_campaign(&mut self, number: usize, campaign: &Campaign, at: Millis) {
        let channel = self.life.channel;
        let odds = channel.odds();
        self.life.n_conversations += 1;
        self.deadline = at + LONGEST;
        self.campaign = Some(number);
        let message = self.send(Purpose::First, None, at);
        let failures = [odds.refused, odds.suppressed, odds.failed];
        let arrives = match self.dice.which(&failures) {
            Some(which) => {
                let failure = match which {
                    0 => Failure::Refused,
                    1 => Failure::Capped,
                    _ => Failure::Undeliverable,
                };
                self.step(at + 2 * SECOND, Some(message), Act::Failed(failure));
                self.unwilling = failure == Failure::Refused;
                return;
            }
            None => self.dice.chance(odds.delivered),
        };
        if arrives {
            let wait = if self.dice.chance(0.05) { self.dice.seconds(60, 3 * 3_600) } else { self.dice.seconds(1, 30) };
            self.arrive(number, campaign, message, at + wait);
        }
        if !self.unwilling && self.dice.chance(HABITS.writes_unasked) {
            self.write_unasked(at + 50 * HOUR);
        }
    }

    /// What the contact does with the campaign's first message once it is there.
    fn arrive(&mut self, number: usize, campaign: &Campaign, message: usize, at: Millis) {
        let channel = self.life.channel;
        self.delivered(message, at);
        if self.dice.chance(channel.odds().failed_late) {
            self.step(at + 5 * SECOND, Some(message), Act::Failed(Failure::Undeliverable));
        }
        let mut reaction = None;
        if self.dice.chance(campaign.opened(channel)) {
            let read = at + self.dice.wait(600).clamp(SECOND, 4 * HOUR);
            self.opened(message, read);
            let now = read + self.dice.wait(40).clamp(QUICKEST, 20 * MINUTE);
            reaction = self.dice.which(&campaign.reactions(channel));
            match reaction {
                Some(0) => {
                    self.step(now, Some(message), Act::Tapped("start".into(), "Ja, gern"));
                    self.flow(now);
                }
                Some(1) => {
                    let text =
                        self.dice.pick(&["Was kostet das?", "Interesting, tell me more", "Gibt es das auch in rot?"]);
                    self.step(now, Some(message), Act::Wrote { text, stops: false });
                    self.say(Purpose::Info, None, now + BOT);
                }
                Some(2) => self.step(now, Some(message), Act::Reacted),
                Some(3) => self.step(now, Some(message), Act::Linked),
                Some(4) => self.stop(message, now, true),
                Some(5) => self.block(message, now),
                _ => {}
            }
        }
        if reaction.is_none() && campaign.reminds {
            // Later than any reaction to the first message could have been.
            let sent = self.life.messages.get(message).map_or(at, |message| message.at) + 8 * HOUR;
            self.campaign = Some(number);
            self.remind(sent);
        }
    }

    fn remind(&mut self, at: Millis) {
        let message = self.send(Purpose::Reminder, None, at);
        self.delivered(message, at + 2 * SECOND);
        if self.dice.chance(HABITS.reads_reminder) {
            let read = at + self.dice.wait(600).clamp(3 * SECOND, 2 * HOUR);
            self.opened(message, read);
            if self.dice.chance(HABITS.starts_after_reminder) {
                let now = read + self.dice.seconds(5, 120);
                self.step(now, Some(message), Act::Tapped("start".into(), "Ja, gern"));
                self.flow(now);
            }
        }
    }

    /// A conversation that the contact begins.
    fn write_unasked(&mut self, at: Millis) {
        self.life.n_conversations += 1;
        self.campaign = None;
        let text = self.dice.pick(&["Wie sind Ihre Öffnungszeiten?", "Where is my order?"]);
        self.step(at, None, Act::Wrote { text, stops: false });
        self.say(Purpose::Service, None, at + BOT);
    }

    /// The scripted dialogue, after the contact has started it.
    fn flow(&mut self, started: Millis) {
        let mut now = started;
        for (number, question) in QUESTIONS.iter().enumerate() {
            match self.visit(number, question, now + BOT) {
                Some(then) => now = then,
                None => return,
            }
        }
        let message = self.say(Purpose::Done, None, now + BOT);
        if self.dice.chance(HABITS.thanks) {
            let text = self.dice.pick(&["Danke!", "Thank you", "Super, bis dann"]);
            let at = now + BOT + self.dice.seconds(5, 60);
            self.step(at, Some(message), Act::Wrote { text, stops: false });
        }
    }

    /// One visit to a question. Returns when the next question can be asked; `None` if the dialogue ends here.
    fn visit(&mut self, number: usize, question: &Question, asked: Millis) -> Option<Millis> {
        let channel = self.life.channel;
        let visit = Some(self.life.visits.len());
        self.life.visits.push(number);
        let purpose = Purpose::Question(number);
        let mut now = asked;
        let mut prompt = self.send(purpose, visit, now);
        if self.dice.chance(channel.odds().prompt_failed) {
            self.step(now + 2 * SECOND, Some(prompt), Act::Failed(Failure::Undeliverable));
            return None;
        }
        self.delivered(prompt, now + SECOND);
        if self.dice.chance(question.wrong) {
            let wait = self.hesitate(now, question.median_s);
            self.opened(prompt, now + wait - SECOND);
            now += wait;
            let text = self.dice.pick(&["Wie meinen Sie das?", "Can you explain?", "hm, 42?"]);
            self.step(now, Some(prompt), Act::Wrote { text, stops: false });
            if self.dice.chance(HABITS.says_not_understood) {
                now += 2 * SECOND;
                self.say(Purpose::Fallback, visit, now);
            }
            now += BOT;
            prompt = self.send(purpose, visit, now);
            self.delivered(prompt, now + SECOND);
        }
        let ending = self.dice.which(&question.endings(channel));
        let wait = self.hesitate(now, question.median_s);
        // Who acts has read the prompt; who does not may have.
        if !matches!(ending, Some(0 | 2 | 4)) || self.dice.chance(HABITS.reads_in_dialogue) {
            self.opened(prompt, now + wait - SECOND);
        }
        match ending {
            None => {
                let act = if question.options.is_empty() {
                    Act::Wrote { text: self.dice.pick(question.texts), stops: false }
                } else {
                    let option = self.dice.pick(question.options);
                    Act::Tapped(format!("{FLOW}:{}:{option}", question.name), option)
                };
                self.step(now + wait, Some(prompt), act);
                return Some(now + wait);
            }
            Some(1) => self.stop(prompt, now + wait, false),
            Some(2) => {
                let wait = self.dice.seconds(1_200, 7_200);
                let wait = self.within_deadline(now, wait);
                self.say(Purpose::Handover, visit, now + wait);
            }
            Some(3) => self.block(prompt, now + wait),
            Some(4) => return Some(now + self.within_deadline(now, 30 * MINUTE)),
            // Silent.
            _ => {}
        }
        None
    }

    /// The contact asks for no more messages. A second time only where no question is pending, for whether a repeated
    /// stop answers a question is nobody's concern here.
    fn stop(&mut self, message: usize, at: Millis, may_repeat: bool) {
        let odds = self.life.channel.odds();
        self.unwilling = true;
        if self.dice.chance(odds.stops_by_platform) {
            self.step(at, Some(message), Act::Stopped);
            self.come_back(at);
            return;
        }
        let text = self.dice.pick(&STOP_WORDS);
        self.step(at, Some(message), Act::Wrote { text, stops: true });
        let confirmation = self.say(Purpose::Stopped, None, at + BOT);
        if may_repeat && self.dice.chance(HABITS.stops_twice) {
            let again = at + BOT + self.dice.seconds(10, 60);
            self.step(again, Some(confirmation), Act::Wrote { text, stops: true });
        }
        if self.dice.chance(odds.blocks_too) {
            let wait = self.dice.seconds(120, 900);
            self.block(confirmation, at + wait);
        }
    }

    fn block(&mut self, message: usize, at: Millis) {
        self.unwilling = true;
        self.step(at, Some(message), Act::Blocked);
        self.come_back(at);
    }

    fn come_back(&mut self, from: Millis) {
        if self.dice.chance(self.life.channel.odds().resumed) {
            let at = from + self.dice.seconds(26 * 3_600, 40 * 3_600);
            self.step(at, None, Act::Resumed);
            self.unwilling = false;
        }
    }
}
