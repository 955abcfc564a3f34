//! Typebot: the results of a bot, as the API lists them and as the CSV export writes them.
//!
//! It knows results, not what a bot is made of: an answer names its block (API) or its column (CSV), and what was asked
//! in it is not told. Format: Typebot's API reference of results, the result tables of its database, and its CSV export.
//!
//! **API and database**: `{"results": […]}`, `{"result": {…}}`, a result alone, or a row of the answer table. A bot asks
//! the next question as soon as it has the answer to the one before, so a question is asked at the time of the answer
//! before it. A result that is not completed stands at a question that has no name here, because nothing names it.
//!
//! **CSV**: `Submitted at`, which is when the result began, then a column per question or variable in the order of the
//! bot; empty cells were not answered. Filled columns were asked and answered; an empty one before a filled one lay on
//! another way through the bot; the first empty one after the last filled one is where the person stopped. A row has one
//! time, so its events follow each other by a microsecond: the order is right, and no answer has an answer time.
//!
//! The contact is the result, so one visitor, unless a column or variable `contact_id` (or `contact`) names them. Rows of
//! the CSV name no result; their contact is a hash of the row.

use std::borrow::Cow;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::{Abilities, Ability, Channel, Out, Reason, Record, Value, json};
use crate::event::{Event, Kind, Text, Time};

const NAME: &str = "typebot";
/// The first column of the CSV export.
const SUBMITTED_AT: &str = "Submitted at";
/// Columns or variables that name the contact.
const CONTACT: &[&str] = &["contact_id", "contact"];
/// Between a question and its answer where one time stands for both, in microseconds.
const TICK: i64 = 1;

pub(super) static CHANNEL: Channel = Channel {
    name: NAME,
    title: "Typebot",
    knows_numbers: false,
    kinds: &[Kind::FlowStarted, Kind::QuestionAnswered, Kind::FlowEnded, Kind::QuestionAsked],
    abilities: Abilities {
        sent: Ability::Never,
        delivered: Ability::Never,
        opened: Ability::Never,
        clicked: Ability::Never,
        replied: Ability::Never,
        opted_in: Ability::Never,
        opted_out_soft: Ability::Never,
        opted_out_hard: Ability::Never,
        asked: Ability::LowerBound,
        handed_over: Ability::Never,
        paid: Ability::Never,
    },
    caveats: &[
        "Results hold questions and answers, no messages: there is nothing to deliver, open or opt out of.",
        "A result is a contact of its own, so people who come back are not recognised, unless a variable contact_id names them.",
        "Typebot's CSV export has one time per result, that of its beginning: all answers have it, so there are no answer times.",
        "The CSV export does not tell questions from variables, nor who finished: an empty variable after the last answer looks like the question at which somebody stopped.",
        "The CSV export writes times as Typebot shows them, without a zone, and without a year in the year of the export; rows without a year are refused. Results from the API have whole times.",
        "The API does not name the question at which a result stopped; such visits have no question name.",
        "Where the API leaves out the times of answers, they follow the beginning of the result at once, so they have no answer times.",
        "Questions have the ids of their blocks in results from the API and the names of their columns in the CSV export: use one of the two.",
        "Rows of the CSV export name no result: two that are the same in every cell are one contact, and a row that has grown by the next export is another.",
        "Answers count as free text, as Typebot does not tell choices from what was written.",
    ],
    recognises,
    parse,
};

fn recognises(record: &Record<'_>) -> bool {
    let body = record.body;
    is_row(body)
        || is_result(body)
        || is_result(body.get("result"))
        || is_page(body)
        || is_answer(body)
        || is_edge(body)
}

/// A row of the CSV export.
fn is_row(body: &Value<'_>) -> bool {
    body.as_object().is_some_and(|row| row.keys().next() == Some(SUBMITTED_AT))
}

/// A result of the API or the database.
fn is_result(body: &Value<'_>) -> bool {
    json::has(body, "typebotId") && ["hasStarted", "isCompleted", "answers"].iter().any(|field| json::has(body, field))
}

/// A page of results.
fn is_page(body: &Value<'_>) -> bool {
    body.get("results").as_array().is_some_and(|results| match results.first() {
        Some(first) => is_result(first),
        None => json::has(body, "nextCursor"),
    })
}

/// A row of the answer table.
fn is_answer(body: &Value<'_>) -> bool {
    ["resultId", "blockId", "content"].iter().all(|field| json::has(body, field))
}

/// A row of the table of ways between blocks.
fn is_edge(body: &Value<'_>) -> bool {
    ["resultId", "edgeId", "index"].iter().all(|field| json::has(body, field))
}

fn parse(record: &Record<'_>, out: &mut Out<'_>) {
    let (body, zone) = (record.body, record.reading.zone());
    let read = if is_row(body) {
        row(body, zone, out)
    } else if is_page(body) {
        page(body, zone, out);
        Ok(())
    } else if is_answer(body) {
        answer_row(body, zone, out)
    } else if is_edge(body) {
        // An edge names no block, so it says nothing that answers do not.
        out.ignore("visited_edge");
        Ok(())
    } else if is_result(body) {
        result(body, zone, out)
    } else {
        result(body.get("result"), zone, out)
    };
    if let Err(reason) = read {
        out.reject(reason);
    }
}

/// One person's way through a bot, as it is told event by event.
struct Way<'a> {
    contact: Text<'a>,
    /// What tells this way from others, in every copy of it.
    key: Text<'a>,
    flow: Option<Text<'a>>,
    n_told: u16,
}

impl<'a> Way<'a> {
    fn tell(&mut self, kind: Kind, at: Time, question: Option<Text<'a>>, text: Option<Text<'a>>, out: &mut Out<'_>) {
        let dedup = format!("{}:{}", self.key, question.as_deref().unwrap_or_default());
        let mut event = Event::new(kind, at, NAME, self.contact.clone(), dedup);
        event.flow.clone_from(&self.flow);
        event.question = question;
        event.text = text;
        event.sequence = self.n_told;
        self.n_told = self.n_told.saturating_add(1);
        out.event(event);
    }
}

/// A little later, for what happened next at the same known time.
fn next(at: Time) -> Time {
    Time(at.0.saturating_add(TICK))
}

fn page(body: &Value<'_>, zone: Option<&TimeZone>, out: &mut Out<'_>) {
    let results = body.get("results").as_array().unwrap_or_default();
    if results.is_empty() {
        out.ignore("no_results");
    }
    for element in results {
        // One bad element does not keep the others from being read.
        if let Err(reason) = result(element, zone, out) {
            out.reject(reason);
        }
    }
}

/// One answer of a result.
struct Answer<'a> {
    block: Text<'a>,
    content: Option<Text<'a>>,
    at: Option<Time>,
}

impl<'a> Answer<'a> {
    fn read(answer: &'a Value<'a>, zone: Option<&TimeZone>) -> Result<Self, Reason> {
        Ok(Self {
            block: json::required(answer.get("blockId"), "blockId")?,
            content: json::text(answer.get("content")),
            at: match answer.get("createdAt") {
                Value::Null => None,
                at => Some(json::time(at, "createdAt", zone)?),
            },
        })
    }
}

/// A result with its answers.
fn result<'a>(result: &'a Value<'a>, zone: Option<&TimeZone>, out: &mut Out<'_>) -> Result<(), Reason> {
    let id = json::required(result.get("id"), "id")?;
    let began_at = json::time(result.get("createdAt"), "createdAt", zone)?;
    if json::flag(result.get("isArchived")) == Some(true) {
        out.ignore("archived_result");
        return Ok(());
    }
    let mut answers = Vec::new();
    for answer in json::elements(result.get("answers")) {
        match Answer::read(answer, zone) {
            Ok(answer) => answers.push(answer),
            Err(reason) => out.reject(reason),
        }
    }
    // Without times the order in the list is all there is; the sort is stable.
    if answers.iter().all(|answer| answer.at.is_some()) {
        answers.sort_by_key(|answer| answer.at);
    }
    let named = json::elements(result.get("variables"))
        .filter(|variable| variable.get("name").as_str().is_some_and(names_contact))
        .find_map(|variable| json::text(variable.get("value")));
    let mut way = Way {
        contact: named.unwrap_or_else(|| id.clone()),
        key: id,
        flow: json::text(result.get("typebotId")),
        n_told: 0,
    };
    way.tell(Kind::FlowStarted, began_at, None, None, out);
    let mut asked_at = began_at;
    for answer in answers {
        let answered_at = answer.at.filter(|at| *at > asked_at).unwrap_or(next(asked_at));
        way.tell(Kind::QuestionAsked, asked_at, Some(answer.block.clone()), None, out);
        way.tell(Kind::QuestionAnswered, answered_at, Some(answer.block), answer.content, out);
        asked_at = answered_at;
    }
    match json::flag(result.get("isCompleted")) {
        Some(true) => way.tell(Kind::FlowEnded, asked_at, None, None, out),
        Some(false) => way.tell(Kind::QuestionAsked, asked_at, None, None, out),
        None => {}
    }
    Ok(())
}

/// A row of the answer table: it alone tells neither when its question was asked nor what came before.
fn answer_row<'a>(body: &'a Value<'a>, zone: Option<&TimeZone>, out: &mut Out<'_>) -> Result<(), Reason> {
    let contact = json::required(body.get("resultId"), "resultId")?;
    let answer = Answer::read(body, zone)?;
    let at = answer.at.ok_or(Reason::MissingField("createdAt"))?;
    let mut way = Way { contact: contact.clone(), key: contact, flow: None, n_told: 0 };
    way.tell(Kind::QuestionAsked, at, Some(answer.block.clone()), None, out);
    way.tell(Kind::QuestionAnswered, next(at), Some(answer.block), answer.content, out);
    Ok(())
}

/// A row of the CSV export.
fn row<'a>(body: &'a Value<'a>, zone: Option<&TimeZone>, out: &mut Out<'_>) -> Result<(), Reason> {
    let mut at = submitted_at(body.get(SUBMITTED_AT), zone)?;
    let columns = || body.as_object().into_iter().flat_map(|row| row.iter().skip(1));
    let named = columns().filter(|(name, _)| names_contact(name)).find_map(|(_, cell)| json::text(cell));
    let hash = blake3::hash(body.sorted().as_bytes()).to_hex();
    let key: Text<'a> = Cow::Owned(format!("row:{}", hash.get(..32).unwrap_or_default()));
    let mut way = Way { contact: named.unwrap_or_else(|| key.clone()), key, flow: None, n_told: 0 };
    way.tell(Kind::FlowStarted, at, None, None, out);
    let questions: Vec<_> = columns().filter(|(name, _)| !names_contact(name)).collect();
    let n_reached = questions.iter().rposition(|(_, cell)| json::text(cell).is_some()).map_or(0, |last| last + 1);
    for (place, (name, cell)) in questions.iter().enumerate() {
        let answer = json::text(cell);
        if answer.is_some() || place == n_reached {
            at = next(at);
            way.tell(Kind::QuestionAsked, at, Some(Cow::Borrowed(name)), None, out);
        }
        if answer.is_some() {
            at = next(at);
            way.tell(Kind::QuestionAnswered, at, Some(Cow::Borrowed(name)), answer, out);
        }
    }
    Ok(())
}

fn names_contact(name: &str) -> bool {
    CONTACT.iter().any(|contact| name.trim().eq_ignore_ascii_case(contact))
}

/// `Submitted at` as ISO-8601, or as the export writes it in English: `Mar 2, 2026, 09:15 AM`.
fn submitted_at(cell: &Value<'_>, zone: Option<&TimeZone>) -> Result<Time, Reason> {
    let iso = json::time(cell, SUBMITTED_AT, zone);
    let (Err(Reason::BadTime(_)), Some(text)) = (iso, cell.as_str()) else { return iso };
    // Newer runtimes put a narrow blank before AM and PM.
    let text = text.replace(['\u{202f}', '\u{a0}'], " ");
    ["%b %d, %Y, %I:%M %p", "%d %b %Y, %H:%M", "%b %d, %Y, %H:%M"]
        .iter()
        .find_map(|format| DateTime::strptime(format, text.trim()).ok())
        .map_or(iso, |civil| {
            let zone = zone.ok_or(Reason::NoZone(SUBMITTED_AT))?;
            Time::from_civil(civil, zone).ok_or(Reason::BadTime(SUBMITTED_AT))
        })
}

#[cfg(test)]
mod tests {
    use super::super::reading::{check, ends, lines, lines_of};
    use super::super::{Arena, Reading, parse as parse_json};
    use super::*;

    /// What becomes of a row, with the zone of Berlin if `zoned`.
    fn row_lines(row: &str, zoned: bool) -> Vec<String> {
        let arena = Arena::default();
        let body = parse_json(row, &arena).unwrap();
        let zone = zoned.then(|| TimeZone::get("Europe/Berlin").unwrap());
        let reading = Reading { zone, ..Reading::default() };
        let lines = lines_of(
            &CHANNEL,
            &Record { body: &body, received_at: None, source: "", reading: &reading, arena: &arena },
        );
        // A row's contact is a hash.
        lines.iter().map(|line| line.replace(contact(line), "ROW")).collect()
    }

    fn contact(line: &str) -> &str {
        line.split(' ').nth(2).filter(|word| word.starts_with("row:")).unwrap_or("no row")
    }

    /// The instants of a record's events in microseconds after its first, with kind and question.
    fn order(json: &str) -> Vec<(i64, Kind, String)> {
        let arena = Arena::default();
        let body = parse_json(json, &arena).unwrap();
        let reading = Reading::default();
        let record = Record { body: &body, received_at: None, source: "", reading: &reading, arena: &arena };
        let mut found = Vec::new();
        let mut emit = |event: Event<'_>| {
            found.push((
                (event.at.0, event.kind.position(event.sequence)),
                event.kind,
                event.question.map(Text::into_owned),
            ));
        };
        parse(&record, &mut Out::new(&mut emit));
        found.sort_by_key(|(place, ..)| *place);
        let first = found.first().map_or(0, |((at, _), ..)| *at);
        found.into_iter().map(|((at, _), kind, question)| (at - first, kind, question.unwrap_or_default())).collect()
    }

    const RESULT: &str = r#"{"id":"r1","createdAt":"2023-11-14T22:13:20.000Z","typebotId":"b1","hasStarted":true,
        "isCompleted":true,"variables":[],"answers":[
        {"createdAt":"2023-11-14T22:13:50Z","blockId":"q2","content":"Grün"},
        {"createdAt":"2023-11-14T22:13:30Z","blockId":"q1","content":"Jule"}]}"#;

    #[test]
    fn a_question_is_asked_when_the_one_before_it_was_answered() {
        check(
            &CHANNEL,
            RESULT,
            &[
                "1700000000 flow_started r1 flow=b1",
                "1700000000 question_asked r1 flow=b1 question=q1",
                "1700000010 question_answered r1 flow=b1 question=q1 text=Jule",
                "1700000010 question_asked r1 flow=b1 question=q2",
                "1700000030 question_answered r1 flow=b1 question=q2 text=Grün",
                "1700000030 flow_ended r1 flow=b1",
            ],
        );
    }

    #[test]
    fn a_result_that_is_not_completed_stands_at_a_question_without_a_name() {
        let found = lines(&CHANNEL, &RESULT.replace(r#""isCompleted":true"#, r#""isCompleted":false"#), None);
        assert_eq!(found.last().unwrap(), "1700000030 question_asked r1 flow=b1");
        let unstarted = r#"{"id":"r1","createdAt":1700000000,"typebotId":"b1","hasStarted":false,"isCompleted":false}"#;
        check(&CHANNEL, unstarted, &["1700000000 flow_started r1 flow=b1", "1700000000 question_asked r1 flow=b1"]);
    }

    #[test]
    fn results_come_in_pages_singly_and_as_rows_of_the_database() {
        let alone = lines(&CHANNEL, RESULT, None);
        assert_eq!(lines(&CHANNEL, &format!(r#"{{"results":[{RESULT}],"nextCursor":5}}"#), None), alone);
        assert_eq!(lines(&CHANNEL, &format!(r#"{{"result":{RESULT}}}"#), None), alone);
        check(
            &CHANNEL,
            r#"{"id":41,"createdAt":"2023-11-14T22:13:20Z","blockId":"q1","content":"Mia","resultId":"r7"}"#,
            &["1700000000 question_asked r7 question=q1", "1700000000 question_answered r7 question=q1 text=Mia"],
        );
        check(&CHANNEL, r#"{"resultId":"r7","edgeId":"e1","index":0}"#, &["ignored visited_edge"]);
        check(&CHANNEL, r#"{"results":[],"nextCursor":null}"#, &["ignored no_results"]);
    }

    #[test]
    fn a_variable_may_name_the_contact_and_archived_results_are_left_out() {
        let named = RESULT.replace("[],", r#"[{"id":"v","name":"Contact_ID","value":"k7"}],"#);
        assert!(lines(&CHANNEL, &named, None).iter().all(|line| line.contains(" k7 ")));
        check(&CHANNEL, &RESULT.replace(r#""hasStarted":true"#, r#""isArchived":true"#), &["ignored archived_result"]);
    }

    #[test]
    fn a_row_was_asked_what_it_answered_and_then_the_first_column_it_did_not() {
        for (cells, expected) in [
            (r#""Name":"Jule","Sorte":"Grün","Menge":"1""#, vec!["+Name", "+Sorte", "+Menge"]),
            (r#""Name":"Jule","Sorte":null,"Menge":null"#, vec!["+Name", "-Sorte"]),
            (r#""Name":null,"Sorte":null,"Menge":null"#, vec!["-Name"]),
            (r#""Name":"Jule","Sorte":null,"Menge":"1""#, vec!["+Name", "+Menge"]),
            (r#""Name":"Jule","Sorte":"","Menge":" ""#, vec!["+Name", "-Sorte"]),
        ] {
            let expected: Vec<String> = std::iter::once("flow_started ".to_owned())
                .chain(expected.iter().flat_map(|column| {
                    let (answered, name) = column.split_at(1);
                    let answer = (answered == "+").then(|| format!("question_answered {name}"));
                    std::iter::once(format!("question_asked {name}")).chain(answer)
                }))
                .collect();
            let row = format!(r#"{{"Submitted at":"2023-11-14T22:13:20.000Z",{cells}}}"#);
            let found = order(&row);
            let told: Vec<String> = found.iter().map(|(_, kind, question)| format!("{kind} {question}")).collect();
            assert_eq!(told, expected, "{cells}");
            assert!(found.iter().all(|(at, ..)| *at < 1_000_000), "{found:?}");
            assert!(found.is_sorted_by(|one, other| one.0 <= other.0), "{found:?}");
        }
    }

    #[test]
    fn every_answer_stands_after_its_question_in_the_order_of_the_store_even_where_one_time_is_all_that_is_known() {
        let untimed = r#"{"id":"r1","createdAt":1700000000,"typebotId":"b1","isCompleted":true,
            "answers":[{"blockId":"q1","content":"a"},{"blockId":"q2","content":"b"}]}"#;
        let kinds: Vec<Kind> = order(untimed).into_iter().map(|(_, kind, _)| kind).collect();
        let (asked, answered) = (Kind::QuestionAsked, Kind::QuestionAnswered);
        assert_eq!(kinds, [Kind::FlowStarted, asked, answered, asked, answered, Kind::FlowEnded]);
    }

    #[test]
    fn times_as_typebot_shows_them_need_a_zone_and_a_year() {
        let row = |at: &str| format!(r#"{{"Submitted at":"{at}","Name":"Jule"}}"#);
        let started = |at: &str, zoned| row_lines(&row(at), zoned).first().cloned().unwrap_or_default();
        for at in
            ["Nov 14, 2023, 11:13 PM", "Nov 14, 2023, 11:13\u{202f}PM", "14 Nov 2023, 23:13", "2023-11-14 23:13:00"]
        {
            assert_eq!(started(at, true), "1699999980 flow_started ROW", "{at}");
            assert_eq!(started(at, false), "rejected no_zone:Submitted at", "{at}");
        }
        for at in ["Nov 14, 11:13 PM", "gestern", "0"] {
            assert_eq!(started(at, true), "rejected bad_time:Submitted at", "{at}");
        }
    }

    #[test]
    fn rows_are_told_apart_by_their_cells_unless_a_column_names_the_contact() {
        let row = |rest: &str| {
            let row = format!(r#"{{"Submitted at":"2023-11-14T22:13:20Z",{rest}}}"#);
            contact(&lines(&CHANNEL, &row, None)[0]).to_owned()
        };
        assert_eq!(row(r#""Name":"Jule""#), row(r#""Name":"Jule""#));
        assert_ne!(row(r#""Name":"Jule""#), row(r#""Name":"Ole""#));
        check(
            &CHANNEL,
            r#"{"Submitted at":"2023-11-14T22:13:20Z","contact":"k7","Name":"Jule"}"#,
            &[
                "1700000000 flow_started k7",
                "1700000000 question_asked k7 question=Name",
                "1700000000 question_answered k7 question=Name text=Jule",
            ],
        );
    }

    #[test]
    fn broken_records_are_refused_for_what_is_wrong_with_them() {
        assert_eq!(
            ends(&CHANNEL, include_str!("../../sample-data/typebot/broken.ndjson")),
            [
                "rejected missing_field:id",
                "rejected missing_field:createdAt",
                "rejected bad_time:createdAt",
                "rejected bad_time:createdAt",
                "rejected missing_field:id",
                "1772439600 flow_started r6 flow=b1",
                "rejected missing_field:blockId",
                "rejected bad_time:createdAt",
                "rejected no_zone:createdAt",
                "rejected missing_field:createdAt",
                "rejected missing_field:resultId",
                "rejected missing_field:blockId",
                "rejected missing_field:id",
            ]
        );
    }
}
