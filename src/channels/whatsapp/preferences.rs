//! What the platform says about a contact without a message: marketing preferences, link clicks, changed ids.
//!
//! Knows nothing of stop words; these signals are the platform's own.

use super::super::{Out, Reason, Value, json};
use super::{Person, Scope, digits, rows};
use crate::event::{Event, Kind, Text};

/// Field `user_preferences`: the contact stopped or resumed marketing messages in the app's own menu.
pub(super) fn read<'a>(value: &'a Value<'a>, scope: &Scope<'a>, out: &mut Out<'_>) {
    for preference in rows(value, "user_preferences", out) {
        if let Err(reason) = read_one(preference, scope, out) {
            out.reject(reason);
        }
    }
}

fn read_one<'a>(preference: &'a Value<'a>, scope: &Scope<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
    let choice = json::required(preference.get("value"), "value")?;
    let kind = match choice.as_ref() {
        "stop" => Kind::OptedOutSoft,
        "resume" | "signup" => Kind::OptedIn,
        _ => {
            out.ignore("unknown_preference");
            return Ok(());
        }
    };
    let at = json::time(preference.get("timestamp"), "timestamp", scope.zone)?;
    let Person { contact, former } = scope
        .person(json::text(preference.get("wa_id")), json::text(preference.get("user_id")))
        .ok_or(Reason::MissingField("wa_id"))?;
    let topic = json::text(preference.get("category"));
    let dedup = format!("{contact}:{}:{choice}", topic.as_deref().unwrap_or_default());
    out.event(Event { former, topic, answer: Some(choice), ..scope.event(kind, at, contact, dedup) });
    Ok(())
}

/// `user_actions[]`: a tap on a link of a marketing message. The platform names neither contact nor message, so it can
/// be joined only by the click id in the landing page's own log; where a contact is told after all, it is a click.
pub(super) fn action<'a>(action: &'a Value<'a>, scope: &Scope<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
    let Some(Person { contact, former }) =
        scope.person(json::text(action.get("wa_id")), json::text(action.get("user_id")))
    else {
        out.ignore("user_actions_without_contact");
        return Ok(());
    };
    if action.get("action_type").as_str() != Some("marketing_messages_link_click") {
        // A landing page view follows the click that it belongs to.
        out.ignore("user_actions");
        return Ok(());
    }
    let click = match action.get("marketing_messages_link_click_data") {
        data if data.is_object() => data,
        _ => action,
    };
    let at = json::time(action.get("timestamp"), "timestamp", scope.zone)?;
    let dedup = json::required(click.get("click_id"), "click_id")?;
    out.event(Event {
        former,
        answer: json::text(click.get("click_component")),
        ..scope.event(Kind::LinkClicked, at, contact, dedup)
    });
    Ok(())
}

/// Field `user_id_update`: a contact's business-scoped id changed. `entry_time` stands in where the row has no time.
pub(super) fn identities<'a>(value: &'a Value<'a>, entry_time: &Value<'_>, scope: &Scope<'a>, out: &mut Out<'_>) {
    let mut rows: Vec<&Value<'_>> = json::elements(value.get("user_id_update")).collect();
    if rows.is_empty() {
        rows.push(value);
    }
    for row in rows {
        if let Err(reason) = identity(row, entry_time, scope, out) {
            out.reject(reason);
        }
    }
}

fn identity<'a>(
    row: &'a Value<'a>,
    entry_time: &Value<'_>,
    scope: &Scope<'a>,
    out: &mut Out<'_>,
) -> Result<(), Reason> {
    let time = if row.get("timestamp").is_null() { entry_time } else { row.get("timestamp") };
    let at = json::time(time, "timestamp", scope.zone)?;
    let current = json::required(row.get("user_id").get("current"), "user_id.current")?;
    let contact = json::text(row.get("wa_id")).map_or_else(|| current.clone(), digits);
    let formers = [json::text(row.get("user_id").get("previous")), Some(current.clone())];
    linked(&contact, formers, &scope.event(Kind::IdentityLinked, at, contact.clone(), current), out);
    Ok(())
}

/// Tells that other ids are the contact's too, an event for each: `event` as it is, then the like of it. A change whose
/// old id the record does not tell is an event all the same.
pub(super) fn linked<'a>(
    contact: &Text<'a>,
    ids: impl IntoIterator<Item = Option<Text<'a>>>,
    event: &Event<'a>,
    out: &mut Out<'_>,
) {
    let mut formers: Vec<Text<'a>> = Vec::new();
    for id in ids.into_iter().flatten().map(digits) {
        if id != *contact && !formers.contains(&id) {
            formers.push(id);
        }
    }
    let mut formers = formers.into_iter();
    out.event(Event { former: formers.next(), ..event.clone() });
    for (sequence, former) in (1..).zip(formers) {
        let dedup = format!("{}:{former}", event.dedup).into();
        out.event(Event { former: Some(former), dedup, sequence, ..event.clone() });
    }
}
