//! Writes a life as the engine's own event lines, one event per line.
//!
//! Knows nothing of how lines get into files.

use std::io::{self, Write};

use super::life::{Act, Life, Purpose, Step};
use super::log::{Block, Iso, Post};
use super::model::{CAMPAIGNS, Channel, FLOW, QUESTIONS};
use super::rules::template;

const ACCOUNT: &str = "web";

pub(super) fn write(life: &Life, block: &mut Block) -> io::Result<()> {
    let contact = format!("visitor-{}", life.contact);
    for (number, step) in life.steps.iter().enumerate() {
        let about = step.message.map(|message| format!("{contact}-out-{message}"));
        let (kind, receipt) = match &step.act {
            Act::Sent => {
                sent(life, step, number, &contact, block)?;
                continue;
            }
            Act::Delivered => ("message_delivered", true),
            Act::Opened => ("message_opened", true),
            Act::Failed(_) => ("message_failed", true),
            Act::Tapped(..) => ("button_clicked", false),
            Act::Linked => ("link_clicked", false),
            Act::Wrote { .. } => ("message_received", false),
            Act::Reacted => ("reaction_received", false),
            Act::Stopped => ("opted_out_soft", false),
            Act::Blocked => ("opted_out_hard", false),
            Act::Resumed => ("opted_in", false),
        };
        let body = block.body();
        begin(body, kind, step, number, &contact)?;
        match (&step.act, about) {
            (Act::Failed(_), Some(id)) => write!(body, r#","message_id":"{id}","error_code":"bounced""#)?,
            (_, Some(id)) if receipt => write!(body, r#","message_id":"{id}""#)?,
            (Act::Tapped(payload, _), Some(id)) => {
                write!(body, r#","message_id":"{contact}-in-{number}","reply_to":"{id}","answer":"{payload}""#)?;
            }
            (Act::Linked | Act::Reacted, Some(id)) => write!(body, r#","reply_to":"{id}""#)?,
            (Act::Wrote { .. }, _) => write!(body, r#","message_id":"{contact}-in-{number}""#)?,
            _ => {}
        }
        body.push(b'}');
        block.post(step.at, if receipt { Post::Receipt } else { Post::Webhook })?;
    }
    Ok(())
}

fn begin(body: &mut Vec<u8>, kind: &str, step: &Step, number: usize, contact: &str) -> io::Result<()> {
    write!(
        body,
        r#"{{"kind":"{kind}","at":"{}","channel":"{}","account":"{ACCOUNT}","contact_id":"{contact}","event_id":"{contact}-{number}-{kind}""#,
        Iso(step.at),
        Channel::Generic.name(),
    )
}

fn sent(life: &Life, step: &Step, number: usize, contact: &str, block: &mut Block) -> io::Result<()> {
    let Some((id, message)) = step.message.and_then(|id| Some((id, life.messages.get(id)?))) else { return Ok(()) };
    let body = block.body();
    begin(body, "message_sent", step, number, contact)?;
    write!(body, r#","message_id":"{contact}-out-{id}""#)?;
    if let Some(campaign) = message.campaign.and_then(|number| CAMPAIGNS.get(number)) {
        write!(body, r#","campaign":"{}""#, campaign.name)?;
    }
    if let Some(template) = template(Channel::Generic, message) {
        write!(body, r#","template":"{template}""#)?;
    }
    if let Purpose::Question(question) = message.purpose
        && let Some(question) = QUESTIONS.get(question)
    {
        write!(body, r#","flow":"{FLOW}","question":"{}""#, question.name)?;
    }
    body.push(b'}');
    block.post(step.at, Post::Webhook)?;
    // What other channels tell by a tag has a line of its own here.
    let kind = match message.purpose {
        Purpose::Done => "flow_ended",
        Purpose::Fallback => "fallback",
        Purpose::Handover => "handover_to_human",
        _ => return Ok(()),
    };
    let body = block.body();
    begin(body, kind, step, number, contact)?;
    if message.purpose == Purpose::Done {
        write!(body, r#","flow":"{FLOW}""#)?;
    }
    body.push(b'}');
    block.post(step.at, Post::Webhook)
}
