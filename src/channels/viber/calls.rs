//! The log of calls that send messages, the only place where a bot's sends and their words are seen.
//!
//! A record is a call of `send_message` or `broadcast_message` with its response; `at` is the time of the call:
//!
//! ```json
//! {"at": "2026-03-02T08:00:00Z", "tag": "spring",
//!  "request": {"receiver": "AbC=", "type": "text", "text": "Hallo!", "tracking_data": "spring"},
//!  "response": {"status": 0, "status_message": "ok", "message_token": 5741311803571721087}}
//! ```
//!
//! A broadcast has a `broadcast_list` of contacts in the place of `receiver`, one token for all of them, and a
//! `failed_list` of those whom it did not go to. It knows nothing of callbacks.

use std::borrow::Cow;

use super::{NAME, bot};
use crate::channels::{Out, Reason, Record, Value, json};
use crate::event::{Event, Kind, Text, Time, TimeBasis};

/// Too many requests: bots wait and repeat them.
const TOO_MANY: &str = "12";

/// Whether the record is a call that sends, with its response.
pub(super) fn is_call(body: &Value<'_>) -> bool {
    let (request, response) = (body.get("request"), body.get("response"));
    (json::has(request, "receiver") || json::has(request, "broadcast_list"))
        && (json::has(response, "status") || json::has(response, "message_token"))
}

/// Reads a call: an event for everybody it addressed.
pub(super) fn read(record: &Record<'_>, out: &mut Out<'_>) -> Result<(), Reason> {
    let (request, response) = (record.body.get("request"), record.body.get("response"));
    let call = Call { body: record.body, request, at: called_at(record)? };
    let status = match response.get("status") {
        // The response may have been logged without it; a token is given only to what was taken.
        Value::Null if json::has(response, "message_token") => Cow::Borrowed("0"),
        status => json::required(status, "status")?,
    };
    if json::has(request, "receiver") {
        call.outcome(request.get("receiver"), &status, response, out)
    } else {
        let failed = |contact: &Value<'_>| {
            json::elements(response.get("failed_list")).find(|failed| failed.get("receiver") == contact)
        };
        for contact in json::elements(request.get("broadcast_list")) {
            let status = match failed(contact) {
                Some(failed) => json::text(failed.get("status")).unwrap_or(Cow::Borrowed("failed")),
                None => status.clone(),
            };
            // One bad element does not keep the others from being read.
            if let Err(reason) = call.outcome(contact, &status, response, out) {
                out.reject(reason);
            }
        }
        Ok(())
    }
}

/// When the log says that a call was made.
fn called_at(record: &Record<'_>) -> Result<(Time, TimeBasis), Reason> {
    match (record.body.get("at"), record.received_at) {
        (Value::Null, Some(received_at)) => Ok((received_at, TimeBasis::Received)),
        (at, _) => json::time(at, "at", record.reading.zone()).map(|at| (at, TimeBasis::Event)),
    }
}

/// A call, and what is the same for everybody it addressed.
struct Call<'a> {
    body: &'a Value<'a>,
    request: &'a Value<'a>,
    at: (Time, TimeBasis),
}

impl<'a> Call<'a> {
    /// What became of the message to one contact.
    fn outcome(
        &self,
        contact: &'a Value<'a>,
        status: &str,
        response: &'a Value<'a>,
        out: &mut Out<'_>,
    ) -> Result<(), Reason> {
        let contact = json::required(contact, "receiver")?;
        let (at, time_basis) = self.at;
        let (kind, message_id): (_, Text<'a>) = if status == "0" {
            (Kind::MessageSent, json::required(response.get("message_token"), "message_token")?)
        } else {
            // A refused send has no token. Its time and content tell it from others and are the same in every copy.
            let hash = blake3::hash(self.request.sorted().as_bytes()).to_hex();
            let id = format!("failed:{}:{}", at.0, hash.get(..16).unwrap_or_default());
            (if status == TOO_MANY { Kind::MessageSuppressed } else { Kind::MessageFailed }, Cow::Owned(id))
        };
        let mut event = Event::new(kind, at, NAME, contact.clone(), format!("send:{message_id}:{contact}"));
        event.time_basis = time_basis;
        event.account = bot(self.body);
        event.message_id = Some(message_id);
        event.error_code = (status != "0").then(|| Cow::Owned(status.to_owned()));
        event.message_type = match json::text(self.request.get("type")) {
            Some(text) if text == "text" && self.request.get("keyboard").is_object() => Some(Cow::Borrowed("keyboard")),
            message_type => message_type,
        };
        event.text = json::text(self.request.get("text"));
        event.tag = json::text(self.body.get("tag")).or_else(|| json::text(self.request.get("tracking_data")));
        event.agent = Some(Cow::Borrowed("bot"));
        out.event(event);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::CHANNEL;
    use super::super::tests::check;
    use crate::channels::reading::lines;
    use crate::event::Time;

    fn call(request: &str, response: &str) -> String {
        format!(r#"{{"at":1700000000,"request":{{{request}}},"response":{{{response}}}}}"#)
    }

    #[test]
    fn a_send_has_the_token_of_its_receipts_and_its_tracking_data_as_tag() {
        let send = call(
            r#""receiver":"A=","type":"text","text":"Hallo","tracking_data":"spring","keyboard":{"Buttons":[]}"#,
            r#""status":0,"message_token":4912661846655238145"#,
        );
        let line = "message_sent A= id=4912661846655238145 type=keyboard agent=bot text=Hallo tag=spring";
        check(&send, &[&format!("1700000000 {line}")]);
        let received_at = Some(Time(1_700_000_009_000_000));
        let without_time = send.replace(r#""at":1700000000,"#, "");
        assert_eq!(lines(&CHANNEL, &without_time, received_at), [format!("~1700000009 {line}")]);
    }

    #[test]
    fn a_broadcast_is_a_message_to_each_and_fails_for_those_who_are_listed() {
        let broadcast = call(
            r#""broadcast_list":["A=","B="],"type":"text","text":"Neu""#,
            r#""status":0,"message_token":7,"failed_list":[{"receiver":"B=","status":6}]"#,
        );
        let found = lines(&CHANNEL, &broadcast, None);
        assert_eq!(found.len(), 2, "{found:#?}");
        assert_eq!(found[0], "1700000000 message_sent A= id=7 type=text agent=bot text=Neu");
        assert!(found[1].starts_with("1700000000 message_failed B= id=failed:") && found[1].ends_with("error=6"));
    }

    #[test]
    fn a_refused_send_fails_is_no_opt_out_and_has_the_same_id_in_every_copy() {
        for (status, kind) in [("6", "message_failed"), ("7", "message_failed"), ("12", "message_suppressed")] {
            let refused = call(r#""receiver":"A=","type":"text","text":"Hallo""#, &format!(r#""status":{status}"#));
            let found = lines(&CHANNEL, &refused, None);
            assert_eq!(found, lines(&CHANNEL, &refused, None));
            assert_eq!(found.len(), 1, "{found:#?}");
            assert!(found[0].starts_with(&format!("1700000000 {kind} A= id=failed:")), "{found:#?}");
            assert!(found[0].ends_with(&format!("error={status}")), "{found:#?}");
            assert_ne!(found, lines(&CHANNEL, &refused.replace("Hallo", "Hallo!"), None));
        }
    }
}
