//! Custom events of a bot in Application Insights: its messages, and the steps of its waterfall dialogs.
//!
//! Reads rows of `customEvents` and of `AppEvents`, which has the same columns under other names. The properties are an
//! object, or JSON text.

use std::borrow::Cow;

use super::NAME;
use crate::channels::{Out, Reason, Record, Value, json, parse};
use crate::event::{Event, Kind, Text};

/// Whether it is a row that a bot wrote.
pub(super) fn is_row(body: &Value<'_>) -> bool {
    (json::has(body, "customDimensions") || json::has(body, "Properties"))
        && name(body).is_some_and(|name| {
            ["Waterfall", "AdaptiveDialog", "BotMessage", "LuisResult", "QnaMessage"]
                .into_iter()
                .any(|beginning| name.starts_with(beginning))
        })
}

fn name<'a>(body: &'a Value<'a>) -> Option<&'a str> {
    body.get("name").as_str().or_else(|| body.get("Name").as_str())
}

/// Reads a row.
pub(super) fn read(record: &Record<'_>, out: &mut Out<'_>) -> Result<(), Reason> {
    let body = record.body;
    let properties = first(body, &["customDimensions", "Properties"]);
    let parsed;
    let properties = match properties {
        Value::Str(text) => {
            parsed = parse(text, record.arena).map_err(|_| Reason::BadValue("customDimensions"))?;
            &parsed
        }
        properties => properties,
    };
    let row = Row { record, properties };
    let dialog = || json::required(first(properties, &["DialogId", "dialogId"]), "DialogId");
    match name(body).unwrap_or_default() {
        "BotMessageReceived" => {
            let mut event = row.event(Kind::MessageReceived, "fromId")?;
            event.message_id = json::text(properties.get("activityId"));
            event.text = json::text(properties.get("text"));
            out.event(event);
        }
        "BotMessageSend" => {
            let mut event = row.event(Kind::MessageSent, "recipientId")?;
            event.text = json::text(properties.get("text"));
            event.agent = Some(Cow::Borrowed("bot"));
            out.event(event);
        }
        "WaterfallStart" | "AdaptiveDialogStart" => out.event(row.of_flow(Kind::FlowStarted, dialog()?)?),
        "WaterfallStep" => {
            let mut event = row.of_flow(Kind::QuestionAsked, dialog()?)?;
            event.question = Some(json::required(properties.get("StepName"), "StepName")?);
            out.event(event);
        }
        "WaterfallComplete" | "AdaptiveDialogComplete" => {
            // The last step takes the last answer and asks nothing: it is passed over.
            out.event(row.of_flow(Kind::QuestionSkipped, dialog()?)?);
            out.event(row.of_flow(Kind::FlowEnded, dialog()?)?);
        }
        "WaterfallCancel" | "AdaptiveDialogCancel" => {
            // What the contact wrote last, such as "cancel", was no answer.
            for kind in [Kind::AnswerRejected, Kind::QuestionSkipped] {
                let mut event = row.of_flow(kind, dialog()?)?;
                event.question = json::text(properties.get("StepName"));
                out.event(event);
            }
        }
        _ => out.ignore("telemetry"),
    }
    Ok(())
}

struct Row<'a> {
    record: &'a Record<'a>,
    properties: &'a Value<'a>,
}

impl<'a> Row<'a> {
    /// An event of the row's user. The SDK writes the user's id with the channel before it; `party` has it bare.
    fn event(&self, kind: Kind, party: &str) -> Result<Event<'a>, Reason> {
        let body = self.record.body;
        let channel = self.properties.get("channelId").as_str().unwrap_or_default();
        let user = first(body, &["user_Id", "UserId"]);
        let contact = json::text(self.properties.get(party))
            .or_else(|| user.as_str()?.strip_prefix(channel).filter(|id| !id.is_empty()).map(Cow::Borrowed))
            .or_else(|| json::text(user))
            .ok_or(Reason::MissingField("user_Id"))?;
        let at =
            json::time(first(body, &["timestamp", "TimeGenerated", "time"]), "timestamp", self.record.reading.zone())?;
        let key = json::text(first(body, &["itemId", "_ItemId"]))
            .unwrap_or_else(|| Cow::Owned(format!("{contact}\u{1f}{}\u{1f}{}", at.0, self.properties.sorted())));
        let mut event = Event::new(kind, at, NAME, contact, key);
        event.language = json::text(self.properties.get("locale"));
        Ok(event)
    }

    fn of_flow(&self, kind: Kind, dialog: Text<'a>) -> Result<Event<'a>, Reason> {
        let mut event = self.event(kind, "fromId")?;
        event.flow = Some(dialog);
        Ok(event)
    }
}

/// The first of these fields that is there.
fn first<'a>(body: &'a Value<'a>, keys: &[&str]) -> &'a Value<'a> {
    keys.iter().map(|key| body.get(key)).find(|value| !value.is_null()).unwrap_or(&Value::Null)
}
