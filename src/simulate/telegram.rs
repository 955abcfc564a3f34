//! Writes a life as Telegram Bot API updates, and the bot's log of its calls.
//!
//! Knows nothing of how lines get into files.

use std::io::{self, Write};

use super::life::{Act, Life, Step};
use super::log::{Block, Json, Post, unix};
use super::rules::{tag, words};

/// How likely a tap comes without the message under which the button stood.
const TAP_WITHOUT_MESSAGE: f64 = 0.1;
/// Updates and messages that one contact can have.
const ROOM: u64 = 1 << 12;

pub(super) fn write(life: &Life, block: &mut Block) -> io::Result<()> {
    let mut chat = Chat {
        id: 5_000_000_000 + life.contact,
        update: 600_000_000 + life.contact * ROOM,
        message: 0,
        sent: vec![0; life.messages.len()],
    };
    for step in &life.steps {
        match &step.act {
            Act::Sent => chat.call(life, step, block)?,
            Act::Tapped(..) | Act::Wrote { .. } | Act::Reacted | Act::Blocked | Act::Resumed => {
                chat.update(life, step, block)?;
            }
            // Not reported by this platform, and not drawn for it.
            Act::Delivered | Act::Opened | Act::Failed(_) | Act::Linked | Act::Stopped => {}
        }
    }
    Ok(())
}

/// A private chat: its ids count up, in both directions together.
struct Chat {
    id: u64,
    update: u64,
    message: u64,
    /// Id of each outbound message.
    sent: Vec<u64>,
}

impl Chat {
    fn call(&mut self, life: &Life, step: &Step, block: &mut Block) -> io::Result<()> {
        let Some((number, message)) = step.message.and_then(|number| Some((number, life.messages.get(number)?))) else {
            return Ok(());
        };
        self.message += 1;
        if let Some(id) = self.sent.get_mut(number) {
            *id = self.message;
        }
        let text = Json(words(message));
        let (chat, id) = (self.id, self.message);
        write!(
            block.body(),
            r#"{{"method":"sendMessage","request":{{"chat_id":{chat},"text":{text}}},"response":{{"ok":true,"result":{{"message_id":{id},"chat":{{"id":{chat},"type":"private","first_name":"K"}},"date":{},"text":{text}}}}},"tag":"{}"}}"#,
            unix(step.at),
            tag(message),
        )?;
        block.post(step.at, Post::OwnLog)
    }

    fn update(&mut self, life: &Life, step: &Step, block: &mut Block) -> io::Result<()> {
        self.update += 1;
        let (chat, update, date) = (self.id, self.update, unix(step.at));
        let no_message = block.noise.chance(TAP_WITHOUT_MESSAGE);
        let about = step.message.and_then(|number| Some((self.sent.get(number)?, life.messages.get(number)?)));
        let from = format!(r#"{{"id":{chat},"is_bot":false,"first_name":"K","language_code":"de"}}"#);
        let room = format!(r#"{{"id":{chat},"type":"private","first_name":"K"}}"#);
        let body = block.body();
        write!(body, r#"{{"update_id":{update},"#)?;
        let post = match &step.act {
            Act::Tapped(payload, _) => {
                write!(body, r#""callback_query":{{"id":"{update}","from":{from},"#)?;
                if let Some((id, message)) = about.filter(|_| !no_message) {
                    write!(
                        body,
                        r#""message":{{"message_id":{id},"chat":{room},"date":{},"text":{}}},"#,
                        unix(message.at),
                        Json(words(message)),
                    )?;
                }
                write!(body, r#""chat_instance":"{chat}","data":"{payload}"}}"#)?;
                Post::Stamped
            }
            Act::Reacted => {
                let id = about.map_or(0, |(id, _)| *id);
                write!(
                    body,
                    r#""message_reaction":{{"chat":{room},"message_id":{id},"user":{from},"date":{date},"old_reaction":[],"new_reaction":[{{"type":"emoji","emoji":"👍"}}]}}"#
                )?;
                Post::Webhook
            }
            Act::Blocked | Act::Resumed => {
                let (old, new) = if step.act == Act::Blocked { ("member", "kicked") } else { ("kicked", "member") };
                let until = if step.act == Act::Blocked { r#","until_date":0"# } else { "" };
                write!(
                    body,
                    r#""my_chat_member":{{"chat":{room},"from":{from},"date":{date},"old_chat_member":{{"status":"{old}"}},"new_chat_member":{{"status":"{new}"{until}}}}}"#
                )?;
                Post::Webhook
            }
            Act::Wrote { text, .. } => {
                self.message += 1;
                write!(
                    body,
                    r#""message":{{"message_id":{},"from":{from},"chat":{room},"date":{date},"text":{}}}"#,
                    self.message,
                    Json(text),
                )?;
                Post::Webhook
            }
            _ => return Ok(()),
        };
        body.push(b'}');
        block.post(step.at, post)
    }
}
