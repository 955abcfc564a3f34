//! Service, by the naive facts: waits for bot and people, resolution, call-backs and repeated replies. Each conversation
//! becomes a list of who said what, and each question is asked of that list anew.

use trichter::event::{Kind, SECOND};

use super::contact::{Around, Conversation, DAY, Facts, Message};
use super::counts::{Place, Tally, Tells};
use super::sides::is_outbound;
use crate::pipeline::Event;

const HOUR: i64 = 3_600 * SECOND;

/// What is known besides the contact's facts.
pub(super) struct Told<'a> {
    pub(super) tells: &'a Tells,
    pub(super) around: &'a Around<'a>,
    pub(super) events: &'a [Event],
    pub(super) has_hours: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum What {
    Request,
    /// By the bot, a person, or nobody knows whom.
    Sent(&'static str),
    /// What the bot said can be told by.
    Said(Vec<Option<String>>),
    ToHuman,
    ToBot,
    Completed,
}

/// What was done, and when, in order.
type Course = Vec<(i64, What)>;

/// Business hours of the messy logs, told anew: Berlin is an hour ahead of UTC in winter. Sunday the first of March to
/// Wednesday the fourth; the third is a holiday.
fn business(from: i64, to: i64) -> i64 {
    let sunday = super::messy::START - HOUR;
    // In half hours since the beginning of Sunday.
    let hours = [(1, 4), (20, 48), (64, 73), (75, 82), (144, 192)];
    let mut sum = 0;
    for week in 0..2 {
        for (opens, closes) in hours {
            let at = |half: i64| sunday + week * 7 * DAY + half * HOUR / 2;
            sum += (to.min(at(closes)) - from.max(at(opens))).max(0);
        }
    }
    sum
}

fn up(micros: i64) -> i64 {
    (micros + SECOND - 1).div_euclid(SECOND)
}

impl Told<'_> {
    fn is_stop(&self, event: &Event) -> bool {
        let is_same = |other: &&Event| other.kind == Kind::OptedOutSoft && other.message == event.message;
        event.message.is_some() && self.events.iter().any(|other| is_same(&other))
    }

    /// The first word that any event of the message tells.
    fn word(&self, message: &Message, read: fn(&Event) -> &Option<String>) -> Option<String> {
        let begun = &self.events[message.begun];
        let is_own = |event: &&Event| message.id.is_some() && event.message == message.id && is_outbound(event.kind);
        let mut own = self.events.iter().filter(is_own);
        if message.id.is_none() { read(begun).clone() } else { own.find_map(|event| read(event).clone()) }
    }

    fn is_in_campaign(&self, message: &Message) -> bool {
        let is_own = |event: &&Event| event.message == message.id && is_outbound(event.kind);
        let begun = &self.events[message.begun];
        begun.in_campaign || (message.id.is_some() && self.events.iter().filter(is_own).any(|event| event.in_campaign))
    }

    fn author(&self, message: &Message, held_since: Option<i64>) -> &'static str {
        match self.word(message, |event| &event.agent).as_deref() {
            Some("bot") => "bot",
            Some(_) => "human",
            None if message.question.is_some() || self.is_in_campaign(message) => "bot",
            None if held_since.is_some_and(|at| at < message.sent_at) => "human",
            None if self.tells.handovers => "bot",
            None => "unknown",
        }
    }

    /// The courses of one account's conversations, and since when a person of an earlier one is awaited in each.
    fn courses(&self, facts: &Facts, conversations: &[&Conversation]) -> Vec<(Option<i64>, Course)> {
        let mut courses: Vec<(Option<i64>, Course)> = Vec::new();
        let (mut held_since, mut is_awaited) = (None, false);
        for conversation in conversations {
            held_since = held_since.filter(|_| is_awaited);
            let mut course = Course::new();
            let begun_held = held_since;
            for &act in &conversation.acts {
                let event = &self.events[act];
                if let Some(message) = facts.messages.iter().find(|message| message.begun == act)
                    && message.may_have_arrived()
                {
                    let author = self.author(message, held_since);
                    is_awaited &= author != "human";
                    course.push((message.sent_at, What::Sent(author)));
                    let template = self.word(message, |event| &event.template);
                    let said = match (&message.question, template) {
                        (Some(question), _) => Some(vec![message.flow.clone(), Some(question.clone())]),
                        (None, Some(template)) => Some(vec![Some(template)]),
                        (None, None) => None,
                    };
                    course.extend(said.filter(|_| author == "bot").map(|said| (event.at, What::Said(said))));
                }
                match event.kind {
                    Kind::MessageReceived | Kind::ButtonClicked if !self.is_stop(event) => {
                        course.push((event.at, What::Request));
                    }
                    Kind::HandoverToHuman => {
                        is_awaited = !person_is_there(&course);
                        held_since = Some(event.at);
                        course.push((event.at, What::ToHuman));
                    }
                    Kind::HandoverToBot => {
                        held_since = None;
                        course.push((event.at, What::ToBot));
                    }
                    Kind::FlowEnded | Kind::GoalReached => course.push((event.at, What::Completed)),
                    Kind::QuestionAsked if event.question.is_some() => {
                        let own = |message: &&Message| message.id.is_some() && message.id == event.message;
                        let message = facts.messages.iter().find(own);
                        let by_bot = message.is_none_or(|message| {
                            message.may_have_arrived() && self.author(message, held_since) != "human"
                        });
                        if by_bot {
                            let said = vec![event.flow.clone(), event.question.clone()];
                            course.push((event.at, What::Said(said)));
                        }
                    }
                    _ => {}
                }
            }
            courses.push((begun_held, course));
        }
        courses
    }
}

/// The first request that nobody has answered.
fn unanswered(course: &[(i64, What)]) -> Option<i64> {
    let sent = course.iter().rposition(|(_, what)| matches!(what, What::Sent(_)));
    let rest = &course[sent.map_or(0, |sent| sent + 1)..];
    rest.iter().find(|(_, what)| *what == What::Request).map(|(at, _)| *at)
}

fn last_author(course: &[(i64, What)]) -> Option<&'static str> {
    course.iter().rev().find_map(|(_, what)| if let What::Sent(author) = what { Some(*author) } else { None })
}

fn person_is_there(course: &[(i64, What)]) -> bool {
    unanswered(course).is_none() && last_author(course) == Some("human")
}

/// From when the contact waited, and until when.
type Wait = Option<(i64, Option<i64>)>;

/// The waits for the bot and for a person.
fn waits(courses: &[(Option<i64>, Course)], number: usize) -> [Wait; 2] {
    let (begun_held, course) = &courses[number];
    let is_human = |what: &What| *what == What::Sent("human");
    let later = || courses[number + 1..].iter().flat_map(|(_, course)| course);
    let request = course.iter().position(|(_, what)| *what == What::Request);
    let reply =
        request.and_then(|request| (request..course.len()).find(|&place| matches!(course[place].1, What::Sent(_))));
    // Whether a person holds the conversation just before a place.
    let is_held = |place: usize| {
        let last = course[..place].iter().rev().find(|(_, what)| matches!(what, What::ToHuman | What::ToBot));
        last.map_or(begun_held.is_some(), |(_, what)| *what == What::ToHuman)
    };
    let passed_on = request.is_some_and(|request| {
        let until = reply.unwrap_or(course.len());
        is_held(request) || course[request..until].iter().any(|(_, what)| *what == What::ToHuman)
    });

    let starts = (0..course.len()).filter_map(|place| {
        let (before, (at, what)) = (&course[..place], &course[place]);
        match what {
            What::ToHuman if !person_is_there(before) => Some((place, unanswered(before).unwrap_or(*at))),
            What::Request if Some(place) == request && is_held(place) => Some((place, *at)),
            what if is_human(what) => unanswered(before).map(|from| (place, from)),
            _ => None,
        }
    });
    let mut human = starts.min_by_key(|(place, _)| *place);
    let mut bot = None;
    if let Some(request) = request.filter(|_| !passed_on) {
        let asked_at = course[request].0;
        match reply.map(|reply| &course[reply]) {
            Some((at, What::Sent("bot"))) => bot = Some((asked_at, Some(*at))),
            Some(_) => {}
            None => {
                let next =
                    later().find_map(|(_, what)| if let What::Sent(author) = what { Some(*author) } else { None });
                if next == Some("human") || last_author(course) == Some("human") {
                    let from = human.map_or(asked_at, |(_, from)| from.min(asked_at));
                    human = Some((human.map_or(course.len(), |(place, _)| place), from));
                } else {
                    bot = Some((asked_at, None));
                }
            }
        }
    }
    let human = human.map(|(place, from)| {
        let own = course[place.min(course.len())..].iter();
        (from, own.chain(later()).find(|(_, what)| is_human(what)).map(|(at, _)| *at))
    });
    [bot, human]
}

/// Replies of the bot that can be compared with the one before, and those that repeat some of it.
fn repeats(course: &Course) -> (u64, u64) {
    let mut replies: Vec<Vec<&Vec<Option<String>>>> = Vec::new();
    let mut is_new = true;
    for (_, what) in course {
        match what {
            What::Request => is_new = true,
            What::Sent(_) | What::Said(_) => {
                if std::mem::take(&mut is_new) {
                    replies.push(Vec::new());
                }
                if let (What::Said(said), Some(reply)) = (what, replies.last_mut()) {
                    reply.push(said);
                }
            }
            _ => {}
        }
    }
    let pairs = replies.windows(2).filter(|pair| pair.iter().all(|reply| !reply.is_empty()));
    let repeated = pairs.clone().filter(|pair| pair[1].iter().any(|said| pair[0].contains(said)));
    (pairs.count() as u64, repeated.count() as u64)
}

pub(super) fn count(
    tally: &mut Tally<'_>,
    facts: &Facts,
    told: &Told<'_>,
    channel: &str,
    in_scope: &dyn Fn(i64) -> bool,
) {
    let mut accounts: Vec<&Option<String>> = facts.conversations.iter().map(|known| &known.account).collect();
    accounts.sort();
    accounts.dedup();
    for account in accounts {
        let of_account = |number: &usize| facts.conversations[*number].account == *account;
        let numbers: Vec<usize> = (0..facts.conversations.len()).filter(of_account).collect();
        let conversations: Vec<&Conversation> = numbers.iter().map(|&number| &facts.conversations[number]).collect();
        let courses = told.courses(facts, &conversations);
        for (place, &number) in numbers.iter().enumerate() {
            if in_scope(conversations[place].started_at) {
                one(tally, facts, told, channel, number, &conversations[place..], &courses, place);
            }
        }
    }
}

/// Counts the first of these conversations, which has this number among all and this place among the courses.
#[expect(clippy::too_many_arguments, clippy::too_many_lines, reason = "one list of definitions")]
fn one(
    tally: &mut Tally<'_>,
    facts: &Facts,
    told: &Told<'_>,
    channel: &str,
    number: usize,
    conversations: &[&Conversation],
    courses: &[(Option<i64>, Course)],
    place: usize,
) {
    let (conversation, horizon) = (conversations[0], told.around.horizon);
    let segment =
        &Place { channel, campaign: &conversation.campaign, flow: &conversation.flow, question: &None, ending: None };
    let course = &courses[place].1;
    let ended_at = told.events[conversation.acts[conversation.acts.len() - 1]].at;
    let is_over = ended_at + DAY <= horizon;
    let authors: Vec<&str> = course
        .iter()
        .filter_map(|(_, what)| if let What::Sent(author) = what { Some(*author) } else { None })
        .collect();
    // What another conversation with the account tells of its messages holds here too, if there are none.
    let is_told = |course: &Course| {
        let mut authors =
            course.iter().filter_map(|(_, what)| if let What::Sent(author) = what { Some(author) } else { None });
        authors.clone().count() > 0 && authors.all(|author| *author != "unknown")
    };
    let elsewhere = told.tells.handovers || courses.iter().any(|(_, course)| is_told(course));
    let authors_known = !authors.contains(&"unknown") && (!authors.is_empty() || elsewhere);

    if authors_known {
        let [bot, human] = waits(courses, place);
        if let Some((from, at)) = bot {
            let response = at.map(|at| up(at - from));
            tally.value("bot_response_seconds", segment, response);
            let waiting = (horizon - from).div_euclid(SECOND);
            tally.value("bot_waiting_seconds", segment, Some(waiting).filter(|_| at.is_none()));
            for (metric, limit) in [
                ("bot_response_rate", 86_400),
                ("bot_response_rate@1h", 3_600),
                ("bot_response_rate@5m", 300),
                ("bot_response_rate@1m", 60),
            ] {
                if waiting >= limit {
                    tally.count(metric, segment, response.is_some_and(|response| response <= limit));
                }
            }
        }
        if let Some((from, at)) = human {
            for (metric, waits_for, length, limits) in [
                (
                    "human_response_seconds",
                    "human_waiting_seconds",
                    (|from, to| to - from) as fn(i64, i64) -> i64,
                    [
                        ("human_response_rate", 86_400),
                        ("human_response_rate@1h", 3_600),
                        ("human_response_rate@5m", 300),
                        ("human_response_rate@1m", 60),
                    ]
                    .as_slice(),
                ),
                (
                    "human_response_seconds@business",
                    "human_waiting_seconds@business",
                    business,
                    &[
                        ("human_response_rate@business_1h", 3_600),
                        ("human_response_rate@business_5m", 300),
                        ("human_response_rate@business_1m", 60),
                    ],
                ),
            ] {
                if metric.ends_with("@business") && !told.has_hours {
                    continue;
                }
                let response = at.map(|at| up(length(from, at)));
                let waiting = length(from, horizon).div_euclid(SECOND);
                tally.value(metric, segment, response);
                tally.value(waits_for, segment, Some(waiting).filter(|_| at.is_none()));
                for &(metric, limit) in limits {
                    if waiting >= limit {
                        tally.count(metric, segment, response.is_some_and(|response| response <= limit));
                    }
                }
            }
        }
        let (compared, repeated) = repeats(course);
        tally.add("bot_repeat_rate@replies", segment, repeated, compared);
        if compared > 0 {
            tally.count("bot_repeat_rate", segment, repeated > 0);
        }
    }

    let request = course.iter().find(|(_, what)| *what == What::Request).map(|(at, _)| *at);
    if let Some(from) = request {
        let first_visit: usize = facts.n_visits[..number].iter().sum();
        let visits = &facts.visits[first_visit..first_visit + facts.n_visits[number]];
        let answers = visits.iter().filter(|visit| {
            told.around.flows.iter().any(|flow| {
                visit.flow.as_ref() == Some(&flow.name)
                    && visit.question.as_ref() == flow.questions.last()
                    && flow.version.as_ref().is_none_or(|version| visit.flow_version.as_ref() == Some(version))
            })
        });
        let ends = course.iter().filter(|(_, what)| *what == What::Completed).map(|(at, _)| *at);
        let ends = ends.chain(answers.filter_map(|visit| visit.answered_at));
        let resolved_at = ends.filter(|&at| at >= from).min();
        let is_measurable = conversation.in_flow || conversation.outcome == "completed" || told.tells.goals;
        for (metric, other, length) in [
            ("resolution_seconds", "unresolved_seconds", (|from, to| to - from) as fn(i64, i64) -> i64),
            ("resolution_seconds@business", "unresolved_seconds@business", business),
        ] {
            if !is_measurable || (metric.ends_with("@business") && !told.has_hours) {
                continue;
            }
            tally.value(metric, segment, resolved_at.map(|at| up(length(from, at))));
            let age = length(from, horizon).div_euclid(SECOND);
            tally.value(other, segment, Some(age).filter(|_| resolved_at.is_none() && !is_over));
        }
        if is_over {
            if is_measurable {
                tally.count("resolution_rate", segment, resolved_at.is_some());
            }
            let after = course.iter().position(|(_, what)| *what == What::Request).unwrap_or_default();
            let was_answered = course[after..].iter().any(|(_, what)| matches!(what, What::Sent(_)));
            let has_opted_out = conversation.opted_out;
            let quietly = was_answered && unanswered(course).is_none() && !has_opted_out;
            tally.count("resolution_rate@implied", segment, resolved_at.is_some() || quietly);
        }
    }

    if !told.tells.handovers {
        return;
    }
    let has_person = conversation.handed_over || authors.contains(&"human");
    tally.count("containment_rate@all", segment, !has_person);
    if conversation.n_inbound > 0 {
        tally.count("containment_rate", segment, !has_person);
        if conversation.outcome != "open" {
            tally.count("abandonment_rate", segment, !has_person && conversation.outcome != "completed");
        }
    }
    if conversation.n_inbound > 0 && ended_at + 3 * DAY <= horizon {
        let came_back = conversations[1..].iter().zip(&courses[place + 1..]).find_map(|(later, (_, course))| {
            let asked = course.iter().find(|(_, what)| *what == What::Request)?;
            (!later.by_business).then_some(asked.0)
        });
        let called_back = came_back.is_some_and(|at| at - ended_at <= 3 * DAY);
        tally.count("containment_rate@no_callback", segment, !has_person && !called_back);
    }
}
