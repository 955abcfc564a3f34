//! RingCentral Engage Digital: the webhooks of its inbox, whatever messenger stands behind it.
//!
//! Knows the events of contents, interventions and identities. Format: RingCentral's guide "Engage Digital webhooks, event
//! types".
//!
//! A body has `domain_id` and `events`; an event has a type, a time and a resource with metadata.
//!
//! Decisions
//! - *Contact.* An identity. A content that was imported is its author's; a reply of the business names the contact as
//!   `in_reply_to_author_id`, an intervention as `identity_id`.
//! - *Imported* is everything that comes from the source, also its own welcome messages. The contact's contents are those
//!   that wait to be dealt with, or were: `status` is new, assigned, replied or ignored, and no user created them.
//! - *Sent.* A reply counts from `content.replied` on; `content.exported` tells whether it left.
//! - *Hand-over.* An intervention is a person's dealing with a contact: opened is to a human, closed is to the bot.

use super::delivery::{Message, Moment, told_by};
use super::{Abilities, Ability, Channel, Out, Reason, Record, Value, json};
use crate::event::{Event, Kind, Text, TimeBasis};

const NAME: &str = "ringcentral";

pub(super) static CHANNEL: Channel = Channel {
    name: NAME,
    title: "RingCentral Engage",
    knows_numbers: false,
    kinds: &[
        Kind::IdentityLinked,
        Kind::MessageReceived,
        Kind::OptedOutSoft,
        Kind::HandoverToHuman,
        Kind::HandoverToBot,
        Kind::MessageSent,
        Kind::MessageFailed,
    ],
    abilities: Abilities {
        sent: Ability::LowerBound,
        delivered: Ability::Never,
        opened: Ability::Never,
        clicked: Ability::Never,
        replied: Ability::Yes,
        opted_in: Ability::NeedsSendLog,
        opted_out_soft: Ability::LowerBound,
        opted_out_hard: Ability::Never,
        asked: Ability::NeedsSendLog,
        handed_over: Ability::Yes,
        paid: Ability::Never,
    },
    caveats: &[
        "Neither deliveries nor reads are reported: the inbox knows whether a reply left, not whether it arrived.",
        "Sent messages are replies; a discussion that the business began does not name its contact and is left out.",
        "Soft opt-outs are known only from what contacts write.",
        "Taps are contents like any other: they count as replies, not as clicks.",
        "An intervention counts as handed over to a person, also if a bot works as a user of the inbox.",
        "Contents that came from the source but are not the contact's, such as automatic welcome messages, are left out.",
        "A person is an identity: the same person on two sources is two contacts, also after the inbox merges them, because a \
         merge is told of one identity and a group, not of the other identity.",
    ],
    recognises,
    parse,
};

fn recognises(record: &Record<'_>) -> bool {
    json::has(record.body, "domain_id") && json::has(record.body, "events")
}

fn parse(record: &Record<'_>, out: &mut Out<'_>) {
    if !record.body.get("events").is_array() {
        return out.reject(Reason::BadValue("events"));
    }
    for event in json::elements(record.body.get("events")) {
        if let Err(reason) = read(event, record, out) {
            out.reject(reason);
        }
    }
}

fn read<'a>(event: &'a Value<'a>, record: &Record<'_>, out: &mut Out<'_>) -> Result<(), Reason> {
    let kind = json::required(event.get("type"), "type")?;
    let Some((resource, action)) = kind.split_once('.') else { return Err(Reason::BadValue("type")) };
    let at = || json::time(event.get("issued_at"), "issued_at", record.reading.zone());
    match (resource, action) {
        ("content", "imported") => imported(event, (at()?, TimeBasis::Event), out),
        ("content", "replied" | "exported") => replied(event, action, (at()?, TimeBasis::Event), out),
        ("content", "discussion_initiated") => {
            out.ignore("discussion_initiated");
            Ok(())
        }
        ("intervention", "opened" | "reopened") => handed(event, Kind::HandoverToHuman, at()?, out),
        ("intervention", "closed" | "canceled") => handed(event, Kind::HandoverToBot, at()?, out),
        ("identity", "merged") => {
            let identity = json::required(event.get("resource").get("id"), "resource.id")?;
            let key = json::required(event.get("id"), "id")?;
            out.event(Event::new(Kind::IdentityLinked, at()?, NAME, identity, key));
            Ok(())
        }
        _ => {
            const OTHERS: [&str; 6] = ["content", "intervention", "identity", "task", "push_agent", "survey_response"];
            out.ignore(OTHERS.into_iter().find(|other| *other == resource).unwrap_or("unknown_event"));
            Ok(())
        }
    }
}

/// The content of an event, whose contact is an identity that the metadata name.
fn content<'a>(event: &'a Value<'a>, contact: &'a Value<'a>) -> Result<Message<'a>, Reason> {
    let resource = event.get("resource");
    Ok(Message {
        channel: NAME,
        account: json::text(resource.get("metadata").get("source_id")),
        contact: json::required(contact, "author_id")?,
        id: json::required(resource.get("id"), "resource.id")?,
    })
}

fn with_content<'a>(event: Event<'a>, metadata: &'a Value<'a>) -> Event<'a> {
    let text = json::text(metadata.get("body"));
    let is_attachment = text.is_none() && json::flag(metadata.get("has_attachment")) == Some(true);
    Event {
        reply_to: json::text(metadata.get("in_reply_to_id")),
        language: json::text(metadata.get("language")),
        message_type: is_attachment.then(|| "attachment".into()),
        text,
        ..event
    }
}

/// A content from the source.
fn imported<'a>(event: &'a Value<'a>, at: Moment, out: &mut Out<'_>) -> Result<(), Reason> {
    let metadata = event.get("resource").get("metadata");
    let is_dealt_with =
        matches!(metadata.get("status").as_str(), None | Some("new" | "assigned" | "replied" | "ignored"));
    if !is_dealt_with || json::text(metadata.get("creator_id")).is_some() {
        out.ignore("content_of_the_source");
        return Ok(());
    }
    let message = content(event, metadata.get("author_id"))?;
    out.event(with_content(message.event(Kind::MessageReceived, at), metadata));
    Ok(())
}

/// A reply of the business, when it was written and when it left or failed to.
fn replied<'a>(event: &'a Value<'a>, action: &str, at: Moment, out: &mut Out<'_>) -> Result<(), Reason> {
    let metadata = event.get("resource").get("metadata");
    if json::text(metadata.get("in_reply_to_author_id")).is_none() {
        out.ignore("content_without_contact");
        return Ok(());
    }
    let message = content(event, metadata.get("in_reply_to_author_id"))?;
    let has_failed = metadata.get("synchronization_status").as_str() == Some("unsuccessful");
    let kind = if has_failed { Kind::MessageFailed } else { Kind::MessageSent };
    let agent = json::text(metadata.get("creator_id")).or_else(|| json::text(event.get("user_id")));
    out.event(told_by(action, Event { agent, ..with_content(message.event(kind, at), metadata) }));
    Ok(())
}

/// An intervention that begins or ends.
fn handed<'a>(event: &'a Value<'a>, kind: Kind, at: crate::event::Time, out: &mut Out<'_>) -> Result<(), Reason> {
    let metadata = event.get("resource").get("metadata");
    let contact = json::required(metadata.get("identity_id"), "identity_id")?;
    let key = json::required(event.get("id"), "id")?;
    let agent: Option<Text<'a>> = json::text(metadata.get("user_id")).or_else(|| json::text(event.get("user_id")));
    let account = json::text(metadata.get("source_id"));
    out.event(Event { account, agent, ..Event::new(kind, at, NAME, contact, key) });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::reading;
    use super::*;

    #[track_caller]
    fn check(kind: &str, metadata: &str, expected: &[&str]) {
        let json = format!(
            r#"{{"id":"r1","domain_id":"d1","events":[{{"type":"{kind}","id":"e1","issued_at":"2026-03-02T08:00:00.250Z","user_id":"u9","resource":{{"type":"whats_app/message","id":"c1","metadata":{{"source_id":"s1",{metadata}}}}}}}]}}"#
        );
        reading::check(&CHANNEL, &json, expected);
    }

    #[test]
    fn an_imported_content_is_its_authors_message() {
        check(
            "content.imported",
            r#""author_id":"a1","body":"Hallo","status":"new","creator_id":null,"language":"de","in_reply_to_id":"c0""#,
            &["1772438400 message_received a1 account=s1 id=c1 re=c0 language=de text=Hallo"],
        );
        check(
            "content.imported",
            r#""author_id":"a1","body":"","has_attachment":true,"status":"new""#,
            &["1772438400 message_received a1 account=s1 id=c1 type=attachment"],
        );
    }

    #[test]
    fn what_the_source_itself_says_is_nobodys_message() {
        check(
            "content.imported",
            r#""author_id":"a0","body":"Willkommen","status":"published""#,
            &["ignored content_of_the_source"],
        );
        check(
            "content.imported",
            r#""author_id":"a0","body":"Gern","status":"new","creator_id":"u9""#,
            &["ignored content_of_the_source"],
        );
    }

    #[test]
    fn a_reply_is_sent_to_the_author_it_answers() {
        let reply =
            r#""author_id":"a0","creator_id":"u9","body":"Gern","in_reply_to_id":"c0","in_reply_to_author_id":"a1""#;
        let sent = ["1772438400 message_sent a1 account=s1 id=c1 re=c0 agent=u9 text=Gern"];
        check("content.replied", reply, &sent);
        check("content.exported", &format!(r#"{reply},"synchronization_status":"successful""#), &sent);
        check(
            "content.exported",
            &format!(r#"{reply},"synchronization_status":"unsuccessful""#),
            &["1772438400 message_failed a1 account=s1 id=c1 re=c0 agent=u9 text=Gern"],
        );
        check("content.replied", r#""author_id":"a0","body":"Gern""#, &["ignored content_without_contact"]);
    }

    #[test]
    fn an_intervention_is_in_the_hands_of_a_person() {
        let intervention = r#""identity_id":"a1","user_id":"u9","thread_id":"t1""#;
        for (action, kind) in [
            ("opened", "handover_to_human"),
            ("reopened", "handover_to_human"),
            ("closed", "handover_to_bot"),
            ("canceled", "handover_to_bot"),
        ] {
            check(
                &format!("intervention.{action}"),
                intervention,
                &[&format!("1772438400 {kind} a1 account=s1 agent=u9")],
            );
        }
        check("intervention.recategorized", intervention, &["ignored intervention"]);
    }

    #[test]
    fn a_merge_names_one_identity_only_and_the_rest_is_ignored_by_name() {
        check("identity.merged", r#""new_identity_group_id":"g1""#, &["1772438400 identity_linked c1"]);
        check("identity.unmerged", r#""new_identity_group_id":"g1""#, &["ignored identity"]);
        check("task.taken", r#""queue":"x""#, &["ignored task"]);
        check("push_agent.connected", r#""x":1"#, &["ignored push_agent"]);
        check("survey_response.imported", r#""x":1"#, &["ignored survey_response"]);
        check("content.discussion_initiated", r#""x":1"#, &["ignored discussion_initiated"]);
        check("weather.changed", r#""x":1"#, &["ignored unknown_event"]);
    }

    #[test]
    fn the_broken_sample_is_refused_for_these_reasons() {
        let broken = include_str!("../../sample-data/ringcentral/broken.ndjson");
        assert_eq!(
            reading::outcomes(&CHANNEL, broken),
            [
                "bad_value:events",
                "missing_field:type",
                "bad_value:type",
                "missing_field:issued_at",
                "bad_time:issued_at",
                "no_zone:issued_at",
                "missing_field:author_id",
                "missing_field:resource.id",
                "missing_field:identity_id",
                "missing_field:id",
                "ignored unknown_event",
                "not json",
                "not json",
                "missing_field:type",
            ]
        );
    }
}
