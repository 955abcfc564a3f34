//! The log of calls that send messages, the only place where an account's sends and their words are seen.
//!
//! A record is a call of one of the interfaces that send to one follower (template messages, subscription notices,
//! customer service) with its response; `at` is the time of the call, `account` the account's original id:
//!
//! ```json
//! {"at": "2026-03-02T08:00:00Z", "account": "gh_7c1f09e4a2b3", "tag": "spring",
//!  "request": {"touser": "oTe3a5…", "template_id": "ngqIpbwh8bUfcSsECmogfXcV14J0tQlEpBO27izEYtY", "data": {}},
//!  "response": {"errcode": 0, "errmsg": "ok", "msgid": 3487542469355618001}}
//! ```
//!
//! Template messages have the id of their report. Customer service messages get none, so time and content name them. It
//! knows nothing of callbacks.

use std::borrow::Cow;

use super::NAME;
use crate::channels::{Out, Reason, Record, Value, json};
use crate::event::{Event, Kind, Text, TimeBasis};

/// Whether the record is a call that sends, with its response. WeCom's calls name an app.
pub(super) fn is_call(body: &Value<'_>) -> bool {
    let request = body.get("request");
    json::has(request, "touser") && !json::has(request, "agentid") && json::has(body.get("response"), "errcode")
}

/// Reads a call.
pub(super) fn read(record: &Record<'_>, out: &mut Out<'_>) -> Result<(), Reason> {
    let body = record.body;
    let (request, response) = (body.get("request"), body.get("response"));
    let (at, time_basis) = match (body.get("at"), record.received_at) {
        (Value::Null, Some(received_at)) => (received_at, TimeBasis::Received),
        (at, _) => (json::time(at, "at", record.reading.zone())?, TimeBasis::Event),
    };
    let contact = json::required(request.get("touser"), "touser")?;
    let code = json::required(response.get("errcode"), "errcode")?;
    let is_sent = code == "0";
    let given = ["msgid", "msg_id"].into_iter().find_map(|key| json::text(response.get(key)));
    let message_id: Text<'_> = given.filter(|_| is_sent).unwrap_or_else(|| {
        let hash = blake3::hash(request.sorted().as_bytes()).to_hex();
        let state = if is_sent { "sent" } else { "failed" };
        Cow::Owned(format!("{state}:{}:{}", at.0, hash.get(..16).unwrap_or_default()))
    });
    let kind = if is_sent { Kind::MessageSent } else { Kind::MessageFailed };
    let mut event = Event::new(kind, at, NAME, contact, format!("send:{message_id}"));
    event.time_basis = time_basis;
    event.account = json::text(body.get("account"));
    event.message_id = Some(message_id);
    event.template = json::text(request.get("template_id"));
    event.message_type =
        json::text(request.get("msgtype")).or_else(|| event.template.as_ref().map(|_| Cow::Borrowed("template")));
    event.text = json::text(request.get("text").get("content"));
    event.tag = json::text(body.get("tag"));
    // Who writes for the customer service is named in the call.
    event.agent = json::text(request.get("customservice").get("kf_account")).or(Some(Cow::Borrowed("bot")));
    event.error_code = (!is_sent).then_some(code);
    out.event(event);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::CHANNEL;
    use crate::channels::reading::{check, lines};

    fn call(request: &str, response: &str) -> String {
        format!(
            r#"{{"at":1700000000,"account":"gh_1","tag":"spring","request":{{"touser":"o7",{request}}},"response":{{{response}}}}}"#
        )
    }

    #[test]
    fn a_template_message_has_the_id_of_its_report() {
        check(
            &CHANNEL,
            &call(r#""template_id":"t0","data":{}"#, r#""errcode":0,"errmsg":"ok","msgid":3487542469355618001"#),
            &[
                "1700000000 message_sent o7 account=gh_1 id=3487542469355618001 template=t0 type=template agent=bot tag=spring",
            ],
        );
    }

    #[test]
    fn a_customer_service_message_gets_an_id_that_every_copy_has() {
        let send = call(
            r#""msgtype":"text","text":{"content":"Hallo"},"customservice":{"kf_account":"a@b"}"#,
            r#""errcode":0,"errmsg":"ok""#,
        );
        let found = lines(&CHANNEL, &send, None);
        assert_eq!(found, lines(&CHANNEL, &send, None));
        assert_ne!(found, lines(&CHANNEL, &send.replace("Hallo", "Hallo!"), None));
        assert!(
            found[0].starts_with("1700000000 message_sent o7 account=gh_1 id=sent:1700000000000000:"),
            "{found:#?}"
        );
        assert!(found[0].ends_with("type=text agent=a@b text=Hallo tag=spring"), "{found:#?}");
    }

    #[test]
    fn a_refused_call_is_a_failure_and_no_opt_out() {
        let found = lines(&CHANNEL, &call(r#""template_id":"t0""#, r#""errcode":43101"#), None);
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(found[0].starts_with("1700000000 message_failed o7 account=gh_1 id=failed:"), "{found:#?}");
        assert!(found[0].ends_with("error=43101"), "{found:#?}");
        check(
            &CHANNEL,
            &call(r#""template_id":"t0""#, r#""errcode":0"#).replace(r#""at":1700000000,"#, ""),
            &["rejected missing_field:at"],
        );
    }
}
