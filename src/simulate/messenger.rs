//! Writes a life as Facebook Messenger webhooks; what the business sent stands in the log as echoes.
//!
//! Knows nothing of how lines get into files.

use std::io::{self, Write};

use super::life::{Act, Life, Millis, Purpose, Step};
use super::log::{Block, Json, Post};
use super::rules::{tag, words};

const PAGE: &str = "100900800700600";
const APP: u64 = 900_100_200_300;

/// How likely a receipt is followed by one with an older watermark, which changes nothing.
const OLDER_WATERMARK: f64 = 0.02;
const LISTS_MIDS: f64 = 0.3;

pub(super) fn write(life: &Life, block: &mut Block) -> io::Result<()> {
    let contact = format!("{}", 4_000_000_000_000_000 + life.contact);
    let mut n_inbound = 0;
    for step in &life.steps {
        let mid = format!("m_out{contact}x{:04}", step.message.unwrap_or_default());
        match &step.act {
            Act::Sent => echo(life, step, &contact, &mid, block)?,
            Act::Delivered | Act::Opened => receipt(life, step, &contact, &mid, block)?,
            Act::Tapped(..) | Act::Wrote { .. } | Act::Reacted => {
                n_inbound += 1;
                inbound(life, step, &contact, &mid, n_inbound, block)?;
            }
            // Not reported by this platform, and not drawn for it.
            Act::Failed(_) | Act::Linked | Act::Stopped | Act::Blocked | Act::Resumed => {}
        }
    }
    Ok(())
}

fn envelope(body: &mut Vec<u8>, from: &str, to: &str, at: Millis) -> io::Result<()> {
    write!(
        body,
        r#"{{"object":"page","entry":[{{"id":"{PAGE}","time":{at},"messaging":[{{"sender":{{"id":"{from}"}},"recipient":{{"id":"{to}"}},"timestamp":{at},"#
    )
}

const END: &[u8] = b"}]}]}";

fn echo(life: &Life, step: &Step, contact: &str, mid: &str, block: &mut Block) -> io::Result<()> {
    let Some(message) = step.message.and_then(|number| life.messages.get(number)) else { return Ok(()) };
    let body = block.body();
    envelope(body, PAGE, contact, step.at)?;
    write!(
        body,
        r#""message":{{"is_echo":true,"app_id":{APP},"metadata":"{}","mid":"{mid}","text":{}}}"#,
        tag(message),
        Json(words(message)),
    )?;
    body.extend_from_slice(END);
    block.post(step.at, Post::Webhook)
}

fn receipt(life: &Life, step: &Step, contact: &str, mid: &str, block: &mut Block) -> io::Result<()> {
    let sent_at = |number: usize| life.messages.get(number).map(|message| message.at);
    let Some((number, watermark)) = step.message.and_then(|number| Some((number, sent_at(number)?))) else {
        return Ok(());
    };
    let delivered = step.act == Act::Delivered;
    let mids = delivered && block.noise.chance(LISTS_MIDS);
    let older = block.noise.chance(OLDER_WATERMARK);
    let body = block.body();
    envelope(body, contact, PAGE, step.at)?;
    match (delivered, mids) {
        (true, true) => write!(body, r#""delivery":{{"mids":["{mid}"],"watermark":{watermark}}}"#)?,
        (true, false) => write!(body, r#""delivery":{{"watermark":{watermark}}}"#)?,
        (false, _) => write!(body, r#""read":{{"watermark":{watermark}}}"#)?,
    }
    body.extend_from_slice(END);
    block.post(step.at, Post::Receipt)?;
    // The same state of things once more, with what was sent before as its mark.
    if let Some(watermark) = number.checked_sub(1).and_then(sent_at).filter(|_| older) {
        let body = block.body();
        envelope(body, contact, PAGE, step.at)?;
        let name = if delivered { "delivery" } else { "read" };
        write!(body, r#""{name}":{{"watermark":{watermark}}}"#)?;
        body.extend_from_slice(END);
        block.post(step.at, Post::Receipt)?;
    }
    Ok(())
}

fn inbound(life: &Life, step: &Step, contact: &str, answered: &str, number: u32, block: &mut Block) -> io::Result<()> {
    let mid = format!("m_in{contact}x{number:04}");
    let body = block.body();
    envelope(body, contact, PAGE, step.at)?;
    match &step.act {
        Act::Tapped(payload, title) => {
            let purpose = step.message.and_then(|number| life.messages.get(number)).map(|message| message.purpose);
            if matches!(purpose, Some(Purpose::Question(_))) {
                write!(
                    body,
                    r#""message":{{"mid":"{mid}","text":"{title}","quick_reply":{{"payload":"{payload}"}}}}"#
                )?;
            } else {
                write!(body, r#""postback":{{"mid":"{mid}","title":"{title}","payload":"{payload}"}}"#)?;
            }
        }
        Act::Reacted => {
            write!(body, r#""reaction":{{"reaction":"love","emoji":"❤","action":"react","mid":"{answered}"}}"#)?;
        }
        Act::Wrote { text, .. } => write!(body, r#""message":{{"mid":"{mid}","text":{}}}"#, Json(text))?,
        _ => {}
    }
    body.extend_from_slice(END);
    block.post(step.at, Post::Webhook)
}
