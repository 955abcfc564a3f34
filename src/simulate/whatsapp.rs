//! Writes a life as WhatsApp Business Cloud API logs: webhooks, and the business's log of its sends.
//!
//! Knows nothing of how lines get into files.

use std::io::{self, Write};

use super::life::{Act, Failure, Life, Purpose, Step};
use super::log::{Block, Iso, Json, Post, unix};
use super::model::Channel;
use super::rules::{tag, template, words};

const WABA: &str = "102030405060708";
const ACCOUNT: &str = "106540352242922";
const PHONE: &str = "493012345678";

/// How likely WhatsApp's own gaps are.
const NO_SEND_LOG: f64 = 0.1;
const NO_SENT_STATUS: f64 = 0.3;
const READ_WITHOUT_DELIVERED: f64 = 0.2;
const TAP_WITHOUT_CONTEXT: f64 = 0.1;

pub(super) fn write(life: &Life, block: &mut Block) -> io::Result<()> {
    let contact = format!("49151{:08}", life.contact);
    let mut n_inbound = 0;
    for step in &life.steps {
        let message = step.message.unwrap_or_default();
        let id = format!("wamid.HBgN{contact}FQIAERgS{message:04}A==");
        match &step.act {
            Act::Sent => sent(life, step, &contact, &id, block)?,
            Act::Delivered => {
                let opened = life.steps.iter().any(|other| other.message == step.message && other.act == Act::Opened);
                if !(opened && block.noise.chance(READ_WITHOUT_DELIVERED)) {
                    status(life, step, &contact, &id, "delivered", block)?;
                }
            }
            Act::Opened => status(life, step, &contact, &id, "read", block)?,
            Act::Failed(_) => status(life, step, &contact, &id, "failed", block)?,
            Act::Stopped => preference(step, &contact, "stop", block)?,
            Act::Resumed => preference(step, &contact, "resume", block)?,
            Act::Tapped(..) | Act::Wrote { .. } | Act::Reacted => {
                n_inbound += 1;
                inbound(life, step, &contact, &id, n_inbound, block)?;
            }
            // Not reported by this platform, and not drawn for it.
            Act::Linked | Act::Blocked => {}
        }
    }
    Ok(())
}

fn sent(life: &Life, step: &Step, contact: &str, id: &str, block: &mut Block) -> io::Result<()> {
    let Some(message) = step.message.and_then(|number| life.messages.get(number)) else { return Ok(()) };
    // At least one of the two tells that the message was sent.
    let (own_log, told) = match block.noise.which(&[NO_SEND_LOG, NO_SENT_STATUS]) {
        Some(0) => (false, true),
        Some(_) => (true, false),
        None => (true, true),
    };
    // A message that fails is never reported as sent, so the log of sends must have it.
    let fails = life.steps.iter().any(|other| other.message == step.message && matches!(other.act, Act::Failed(_)));
    if own_log || fails {
        let body = block.body();
        write!(body, r#"{{"request":{{"messaging_product":"whatsapp","to":"{contact}","#)?;
        match template(Channel::WhatsApp, message) {
            Some(name) => {
                write!(body, r#""type":"template","template":{{"name":"{name}","language":{{"code":"de"}}}}"#)?;
            }
            None => write!(body, r#""type":"text","text":{{"body":{}}}"#, Json(words(message)))?,
        }
        write!(
            body,
            r#","biz_opaque_callback_data":"{}"}},"response":{{"messaging_product":"whatsapp","contacts":[{{"input":"{contact}","wa_id":"{contact}"}}],"messages":[{{"id":"{id}"}}]}},"phone_number_id":"{ACCOUNT}","at":"{}"}}"#,
            tag(message),
            Iso(step.at),
        )?;
        block.post(step.at, Post::OwnLog)?;
    }
    if told && !fails {
        status(life, step, contact, id, "sent", block)?;
    }
    Ok(())
}

/// The beginning of a webhook up to the value's own fields.
fn envelope(body: &mut Vec<u8>, field: &str) -> io::Result<()> {
    write!(
        body,
        r#"{{"object":"whatsapp_business_account","entry":[{{"id":"{WABA}","changes":[{{"field":"{field}","value":{{"messaging_product":"whatsapp","metadata":{{"display_phone_number":"{PHONE}","phone_number_id":"{ACCOUNT}"}},"#
    )
}

const END: &[u8] = b"}}]}]}";

fn status(life: &Life, step: &Step, contact: &str, id: &str, status: &str, block: &mut Block) -> io::Result<()> {
    let Some(message) = step.message.and_then(|number| life.messages.get(number)) else { return Ok(()) };
    let body = block.body();
    envelope(body, "messages")?;
    write!(
        body,
        r#""statuses":[{{"id":"{id}","status":"{status}","timestamp":"{}","recipient_id":"{contact}","biz_opaque_callback_data":"{}""#,
        unix(step.at),
        tag(message),
    )?;
    if let Act::Failed(failure) = step.act {
        let (code, title) = match failure {
            Failure::Undeliverable => (131_026, "Message undeliverable"),
            Failure::Capped => (131_049, "Not delivered to maintain healthy ecosystem engagement"),
            Failure::Refused => (131_050, "User has stopped marketing messages"),
        };
        write!(body, r#","errors":[{{"code":{code},"title":"{title}","message":"{title}"}}]"#)?;
    } else if status != "read" {
        let (category, free) = match message.purpose {
            Purpose::First | Purpose::Reminder => ("marketing", "regular"),
            _ => ("service", "free_customer_service"),
        };
        let billable = category == "marketing";
        write!(
            body,
            r#","pricing":{{"billable":{billable},"pricing_model":"PMP","type":"{free}","category":"{category}"}}"#
        )?;
    }
    body.extend_from_slice(b"}]");
    body.extend_from_slice(END);
    block.post(step.at, Post::Receipt)
}

fn inbound(life: &Life, step: &Step, contact: &str, answered: &str, number: u32, block: &mut Block) -> io::Result<()> {
    let no_context = block.noise.chance(TAP_WITHOUT_CONTEXT);
    let body = block.body();
    envelope(body, "messages")?;
    write!(
        body,
        r#""contacts":[{{"profile":{{"name":"Kunde {contact}"}},"wa_id":"{contact}"}}],"messages":[{{"from":"{contact}","id":"wamid.HBgN{contact}FQIAEhgU{number:04}A==","timestamp":"{}","#,
        unix(step.at),
    )?;
    match &step.act {
        Act::Tapped(payload, title) => {
            if !no_context {
                write!(body, r#""context":{{"from":"{PHONE}","id":"{answered}"}},"#)?;
            }
            let purpose = step.message.and_then(|number| life.messages.get(number)).map(|message| message.purpose);
            if matches!(purpose, Some(Purpose::Question(_))) {
                let kind = if title.len() > 6 { "list_reply" } else { "button_reply" };
                write!(
                    body,
                    r#""type":"interactive","interactive":{{"type":"{kind}","{kind}":{{"id":"{payload}","title":"{title}"}}}}"#
                )?;
            } else {
                write!(body, r#""type":"button","button":{{"payload":"{payload}","text":"{title}"}}"#)?;
            }
        }
        Act::Reacted => {
            write!(body, r#""type":"reaction","reaction":{{"message_id":"{answered}","emoji":"👍"}}"#)?;
        }
        Act::Wrote { text, .. } => write!(body, r#""type":"text","text":{{"body":{}}}"#, Json(text))?,
        _ => {}
    }
    body.extend_from_slice(b"}]");
    body.extend_from_slice(END);
    block.post(step.at, Post::Webhook)
}

fn preference(step: &Step, contact: &str, value: &str, block: &mut Block) -> io::Result<()> {
    let body = block.body();
    envelope(body, "user_preferences")?;
    write!(
        body,
        r#""contacts":[{{"profile":{{"name":"Kunde {contact}"}},"wa_id":"{contact}"}}],"user_preferences":[{{"wa_id":"{contact}","detail":"User requested to {value} marketing messages","category":"marketing_messages","value":"{value}","timestamp":{}}}]"#,
        unix(step.at),
    )?;
    body.extend_from_slice(END);
    block.post(step.at, Post::Webhook)
}
