//! The log of Bot API calls, the only place where a bot's sends are seen. The record is described in `telegram`.
//!
//! It knows nothing of kinds of updates; those that a call returned go back to `telegram`.

use std::borrow::Cow;

use super::{NAME, Reader, content, ignored, private_chat, qualified, written};
use crate::channels::{Out, Reason, Value, json};
use crate::event::{Event, Kind, Text, Time, TimeBasis};

/// Whether the record is a call with its response. Other interfaces log a method too, so Telegram's own fields must be there.
pub(super) fn is_call(body: &Value<'_>) -> bool {
    body.get("method").as_str().is_some()
        && response(body).is_object()
        && (json::has(response(body), "ok") || json::has(request(body), "chat_id"))
}

/// Whether the record is a bare response of the Bot API.
pub(super) fn is_response(body: &Value<'_>) -> bool {
    let result = body.get("result");
    matches!(body.get("ok"), Value::Bool(_))
        && (json::has(result, "message_id")
            || result.as_array().is_some_and(|updates| updates.iter().all(|update| json::has(update, "update_id"))))
}

fn request<'a>(body: &'a Value<'a>) -> &'a Value<'a> {
    if json::has(body, "request") { body.get("request") } else { body.get("params") }
}

fn response<'a>(body: &'a Value<'a>) -> &'a Value<'a> {
    if json::has(body, "response") { body.get("response") } else { body.get("result") }
}

impl<'a> Reader<'a> {
    /// A record of the call log.
    pub(super) fn call(&self, body: &'a Value<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
        let response = response(body);
        match json::flag(response.get("ok")) {
            Some(true) if is_send(body) || is_updates(response.get("result")) => {
                self.results(response.get("result"), body, out);
                Ok(())
            }
            Some(true) => ignored("other_call", out),
            Some(false) => self.refused(body, response, out),
            // The answer may have been logged without its wrapping.
            None if is_send(body) && json::has(response, "message_id") => self.sent(response, body, out),
            None => Err(Reason::MissingField("ok")),
        }
    }

    /// What a call returned: updates, a message, or the messages of an album.
    pub(super) fn results(&self, result: &'a Value<'a>, call: &'a Value<'a>, out: &mut Out<'_>) {
        let results = match result {
            Value::Array(results) => results,
            result => std::slice::from_ref(result),
        };
        if results.is_empty() {
            out.ignore("no_updates");
        }
        for result in results {
            // One bad element does not keep the others from being read.
            let read = if json::has(result, "update_id") {
                self.update(result, out)
            } else if call.is_null() && json::flag(result.get("from").get("is_bot")) != Some(true) {
                ignored("not_a_send", out)
            } else {
                self.sent(result, call, out)
            };
            if let Err(reason) = read {
                out.reject(reason);
            }
        }
    }

    /// A message that the business sent. Copies return the id alone; the rest is in the call, if there is one.
    pub(super) fn sent(&self, message: &'a Value<'a>, call: &'a Value<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
        let request = request(call);
        let contact = match addressee(message, request)? {
            Ok(contact) => contact,
            Err(what) => return ignored(what, out),
        };
        let (at, time_basis) = match message.get("date") {
            Value::Null => self.called_at(call)?,
            date => (self.date(date)?, TimeBasis::Event),
        };
        let message_id = qualified(&contact, message)?;
        let mut event = Event::new(Kind::MessageSent, at, NAME, contact.clone(), message_id.clone());
        event.time_basis = time_basis;
        event.message_id = Some(Cow::Owned(message_id));
        event.reply_to = qualified(&contact, message.get("reply_to_message")).ok().map(Cow::Owned);
        self.describe(&mut event, message, call);
        out.event(event);
        Ok(())
    }

    /// A call that Telegram refused. A send gets an id of its own from its time and content, the same in every copy.
    fn refused(&self, body: &'a Value<'a>, response: &'a Value<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
        let code = json::required(response.get("error_code"), "error_code")?;
        let description = response.get("description").as_str().unwrap_or_default().to_ascii_lowercase();
        let is_blocked = code == "403" && description.contains("blocked by the user");
        if !is_send(body) && !is_blocked {
            return ignored("other_call", out);
        }
        let request = request(body);
        let contact = match addressee(&Value::Null, request)? {
            Ok(contact) => contact,
            Err(what) => return ignored(what, out),
        };
        let (at, time_basis) = self.called_at(body)?;
        let hash = blake3::hash(request.sorted().as_bytes()).to_hex();
        let message_id = format!("{contact}:failed:{}:{}", at.0, hash.get(..16).unwrap_or_default());
        if is_send(body) {
            let kind = if code == "429" { Kind::MessageSuppressed } else { Kind::MessageFailed };
            let mut event = Event::new(kind, at, NAME, contact.clone(), message_id.clone());
            event.time_basis = time_basis;
            event.message_id = Some(Cow::Owned(message_id.clone()));
            event.error_code = Some(code);
            self.describe(&mut event, &Value::Null, body);
            out.event(event);
        }
        if is_blocked {
            let mut event = self.event(Kind::OptedOutHard, at, &contact, "blocked");
            event.time_basis = time_basis;
            event.account = json::text(request.get("business_connection_id")).or(event.account);
            out.event(event);
        }
        Ok(())
    }

    /// When the log says that a call was made.
    fn called_at(&self, call: &Value<'_>) -> Result<(Time, TimeBasis), Reason> {
        match (call.get("at"), self.record.received_at) {
            (Value::Null, Some(received_at)) => Ok((received_at, TimeBasis::Received)),
            (at, _) => json::time(at, "at", self.record.reading.zone()).map(|at| (at, TimeBasis::Event)),
        }
    }

    /// What an outbound message says and who sent it.
    fn describe(&self, event: &mut Event<'a>, message: &'a Value<'a>, call: &'a Value<'a>) {
        let request = request(call);
        let connection = [message, request].into_iter().find_map(|from| json::text(from.get("business_connection_id")));
        // In a business account's chats a message is the owner's, unless the bot is named as its sender.
        let by_owner = call.is_null()
            && json::flag(message.get("from").get("is_bot")) != Some(true)
            && !message.get("sender_business_bot").is_object();
        event.account = connection.or_else(|| self.bot.clone());
        event.agent = Some(Cow::Borrowed(if by_owner { "human" } else { "bot" }));
        event.text = written(message).or_else(|| written(request));
        event.tag = json::text(call.get("tag"));
        let content = content(message).or_else(|| content(request));
        let keyboard = [message, request].into_iter().find_map(|from| keyboard(from.get("reply_markup")));
        event.message_type = match (content, keyboard) {
            (Some("text") | None, Some(keyboard)) => Some(Cow::Borrowed(keyboard)),
            (content, _) => content.map(Cow::Borrowed),
        };
    }
}

/// Whom the business wrote to: the sent message's chat, else the call's `chat_id`.
fn addressee<'a>(message: &'a Value<'a>, request: &'a Value<'a>) -> Result<Result<Text<'a>, &'static str>, Reason> {
    if message.get("chat").is_object() {
        return private_chat(message.get("chat"));
    }
    let id = json::required(request.get("chat_id"), "chat_id")?;
    Ok(if id.bytes().all(|byte| byte.is_ascii_digit()) { Ok(id) } else { Err("group_chat") })
}

/// The kind of keyboard under a message; calls often hold it as JSON in a string.
fn keyboard(markup: &Value<'_>) -> Option<&'static str> {
    let holds = |key: &str| match markup {
        Value::Str(text) => text.contains(&format!("\"{key}\"")),
        markup => json::has(markup, key),
    };
    ["inline_keyboard", "keyboard"].into_iter().find(|key| holds(key))
}

/// Whether a call sends a message.
fn is_send(call: &Value<'_>) -> bool {
    let method = call.get("method").as_str().unwrap_or_default().to_ascii_lowercase();
    (method.starts_with("send") && method != "sendchataction")
        || method.starts_with("copymessage")
        || method.starts_with("forwardmessage")
}

/// Whether a call returned updates.
fn is_updates(result: &Value<'_>) -> bool {
    result.as_array().is_some_and(|updates| updates.first().is_some_and(|update| json::has(update, "update_id")))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, lines, message};

    #[test]
    fn sends_and_replies_of_one_chat_have_the_same_account() {
        let send = r#"{"method":"sendMessage","tag":"spring","request":{"chat_id":7,"text":"Hallo",
            "reply_markup":"{\"keyboard\":[[\"Ja\"]]}"},"response":{"ok":true,"result":{"message_id":4,"date":1700000000,
            "from":{"id":99,"is_bot":true},"chat":{"id":7,"type":"private"},"text":"Hallo"}}}"#;
        let rest = "id=7:4 type=keyboard agent=bot text=Hallo tag=spring";
        check(send, &[&format!("1700000000 message_sent 7 {rest}")]);
        let named = send.replacen('{', r#"{"bot_id":99,"#, 1);
        check(&named, &[&format!("1700000000 message_sent 7 account=99 {rest}")]);
        let reply = message(r#""text":"Ja""#);
        check(&reply, &["1700000000 message_received 7 id=7:3 type=text text=Ja"]);
        let named = reply.replacen('{', r#"{"bot":{"id":99},"#, 1);
        check(&named, &["1700000000 message_received 7 account=99 id=7:3 type=text text=Ja"]);
    }

    #[test]
    fn a_copy_returns_only_an_id_and_takes_the_rest_from_its_call() {
        check(
            r#"{"method":"copyMessage","at":1700000000,"params":{"chat_id":"7","caption":"Neu","photo":"x"},
            "response":{"ok":true,"result":{"message_id":4}}}"#,
            &["1700000000 message_sent 7 id=7:4 type=photo agent=bot text=Neu"],
        );
    }

    #[test]
    fn an_album_is_a_message_per_picture() {
        let picture = |id: u8| {
            format!(r#"{{"message_id":{id},"date":1700000000,"chat":{{"id":7,"type":"private"}},"photo":[]}}"#)
        };
        let album = format!(
            r#"{{"method":"sendMediaGroup","request":{{"chat_id":7}},"response":{{"ok":true,"result":[{},{}]}}}}"#,
            picture(4),
            picture(5)
        );
        check(
            &album,
            &[
                "1700000000 message_sent 7 id=7:4 type=photo agent=bot",
                "1700000000 message_sent 7 id=7:5 type=photo agent=bot",
            ],
        );
    }

    #[test]
    fn a_send_to_someone_who_blocked_the_bot_fails_and_opts_out() {
        let refused = |method: &str, code: u16, description: &str| {
            let call = format!(
                r#"{{"method":"{method}","at":1700000000,"request":{{"chat_id":7,"text":"Hallo"}},
                "response":{{"ok":false,"error_code":{code},"description":"{description}"}}}}"#
            );
            let found = lines(&call, None);
            assert_eq!(found, lines(&call, None), "the made-up id differs between copies");
            found
                .iter()
                .map(|line| {
                    line.split(' ').skip(1).filter(|word| !word.starts_with("id=")).collect::<Vec<_>>().join(" ")
                })
                .collect::<Vec<_>>()
        };
        let rest = "type=text agent=bot text=Hallo";
        let blocked = "Forbidden: bot was blocked by the user";
        assert_eq!(
            refused("sendMessage", 403, blocked),
            [format!("message_failed 7 {rest} error=403"), "opted_out_hard 7".to_owned()]
        );
        assert_eq!(refused("sendChatAction", 403, blocked), ["opted_out_hard 7"]);
        assert_eq!(
            refused("sendMessage", 403, "Forbidden: user is deactivated"),
            [format!("message_failed 7 {rest} error=403")]
        );
        assert_eq!(
            refused("sendMessage", 429, "Too Many Requests"),
            [format!("message_suppressed 7 {rest} error=429")]
        );
    }
}
