//! WeChat official accounts: the callbacks of subscription and service accounts.
//!
//! It knows what only WeChat sends: subscriptions, reports of template messages, customer service, shop. What WeCom sends
//! alike is in `weixin`. Format: WeChat's references of messages, events, template messages and subscription notices.
//!
//! The contact is the open id, which a person has per account; the account is its original id (`gh_…`). Answers that a
//! server gives in its HTTP response are no callbacks: where a log holds them, they are told by the account as sender.

use std::borrow::Cow;

use super::weixin::{self, Callback, items};
use super::{Abilities, Ability, Channel, Out, Reason, Record, Value, json};
use crate::event::{Event, Kind};

const NAME: &str = "wechat";

pub(super) static CHANNEL: Channel = Channel {
    name: NAME,
    title: "WeChat",
    kinds: &[
        Kind::Referral,
        Kind::OptedIn,
        Kind::LinkClicked,
        Kind::ButtonClicked,
        Kind::MessageReceived,
        Kind::OptedOutSoft,
        Kind::OptedOutHard,
        Kind::HandoverToHuman,
        Kind::HandoverToBot,
        Kind::Payment,
        Kind::MessageFailed,
        Kind::MessageDelivered,
    ],
    abilities: Abilities {
        sent: Ability::NeedsSendLog,
        delivered: Ability::LowerBound,
        opened: Ability::Never,
        clicked: Ability::LowerBound,
        replied: Ability::Yes,
        opted_in: Ability::Yes,
        opted_out_soft: Ability::LowerBound,
        opted_out_hard: Ability::Yes,
        asked: Ability::NeedsSendLog,
        handed_over: Ability::Yes,
        paid: Ability::LowerBound,
    },
    caveats: &[
        "WeChat reports no reads, so open rates do not exist; how often articles were opened is known only as totals elsewhere.",
        "Of messages sent, only template messages and subscription notices are reported, and only once WeChat has passed them on or failed to; answers given in the HTTP response are left out.",
        "Delivered means that WeChat handed a message to its client service, not that a device showed it.",
        "Mass messages are reported as totals without contacts (MASSSENDJOBFINISH), so they are in no rate.",
        "Clicks are those on the account's menu and on menu messages; links inside of messages are not reported.",
        "Of links that were opened, the address is kept without its query, which may name the person.",
        "A template message that fails because the contact refuses messages of the account (failed:user block) counts as a hard opt-out.",
        "Declining an offer of notices ends nothing, so it is no opt-out; switching notices off later is a soft one, for its template.",
        "Scanning the account's QR code counts as a referral, as it says where a person came from and nothing about a message.",
        "Locations that phones report by themselves are no engagement and are left out.",
        "Times are whole seconds, and a person has another open id at every account.",
    ],
    recognises,
    parse,
};

fn recognises(record: &Record<'_>) -> bool {
    weixin::is_callback(record.body, false)
}

fn parse(record: &Record<'_>, out: &mut Out<'_>) {
    if let Err(reason) = Callback::read(record, NAME).and_then(|callback| read(&callback, out)) {
        out.reject(reason);
    }
}

fn read(callback: &Callback<'_>, out: &mut Out<'_>) -> Result<(), Reason> {
    // Original ids of accounts begin like this, and no open id does.
    if callback.sender.starts_with("gh_") && !callback.receiver.starts_with("gh_") {
        out.ignore("passive_reply");
        return Ok(());
    }
    let account = &callback.receiver;
    if callback.message_type != "event" {
        return callback.message(account, out);
    }
    if callback.menu(account, out) {
        return Ok(());
    }
    match &*callback.event {
        "" => return Err(Reason::MissingField("Event")),
        "subscribe" => subscribed(callback, out),
        "unsubscribe" => out.event(callback.event(Kind::OptedOutHard, account, "")),
        "scan" => {
            let scene = callback.word("EventKey");
            let mut event = callback.event(Kind::Referral, account, scene.as_deref().unwrap_or_default());
            event.tag.clone_from(&scene);
            event.topic = scene;
            event.message_type = Some(Cow::Borrowed("scan"));
            out.event(event);
        }
        "templatesendjobfinish" => template_sent(callback, out)?,
        "subscribe_msg_popup_event" => each(callback, "SubscribeMsgPopupEvent", permission, out)?,
        "subscribe_msg_change_event" => each(callback, "SubscribeMsgChangeEvent", permission, out)?,
        "subscribe_msg_sent_event" => each(callback, "SubscribeMsgSentEvent", notice_sent, out)?,
        "kf_create_session" => handed_over(callback, Kind::HandoverToHuman, "KfAccount", out),
        "kf_switch_session" => handed_over(callback, Kind::HandoverToHuman, "ToKfAccount", out),
        "kf_close_session" => handed_over(callback, Kind::HandoverToBot, "KfAccount", out),
        "merchant_order" => ordered(callback, out)?,
        "user_pay_from_pay_cell" => paid(callback, out)?,
        "location" => out.ignore("location"),
        "masssendjobfinish" => out.ignore("MASSSENDJOBFINISH"),
        "publishjobfinish" => out.ignore("PUBLISHJOBFINISH"),
        "shakearoundusershake" => out.ignore("ShakearoundUserShake"),
        "wificonnected" => out.ignore("WifiConnected"),
        "poi_check_notify" => out.ignore("poi_check_notify"),
        "annual_renew" => out.ignore("annual_renew"),
        "verify_expired" => out.ignore("verify_expired"),
        "naming_verify_success" | "naming_verify_fail" => out.ignore("naming_verify"),
        "qualification_verify_success" | "qualification_verify_fail" => out.ignore("qualification_verify"),
        card if is_about_a_card(card) => out.ignore("card"),
        _ => out.ignore("unknown_event"),
    }
    Ok(())
}

fn is_about_a_card(event: &str) -> bool {
    event.starts_with("card_")
        || event.ends_with("_card")
        || event.starts_with("user_view_card")
        || event.starts_with("user_enter_session_from_card")
}

/// `subscribe`: the contact follows the account. Where they came from stands in the key, with what it is before it.
fn subscribed(callback: &Callback<'_>, out: &mut Out<'_>) {
    let key = callback.fields.get("EventKey").as_str().unwrap_or_default().trim();
    let source = match key.strip_prefix("qrscene_") {
        Some(scene) => scene,
        // Who paid through WeChat may follow at once; the number of the trade is that person's own.
        None if key.starts_with("last_trade_no_") => "last_trade_no",
        None => key,
    };
    let referral = (!source.is_empty()).then_some(Kind::Referral);
    for kind in [Some(Kind::OptedIn), referral].into_iter().flatten() {
        let mut event = callback.event(kind, &callback.receiver, key);
        event.topic = referral.map(|_| Cow::Borrowed(source));
        event.tag.clone_from(&event.topic);
        out.event(event);
    }
}

/// `TEMPLATESENDJOBFINISH`: what became of a template message.
fn template_sent<'a>(callback: &Callback<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
    let id = callback.message_id()?;
    let status = json::required(callback.fields.get("Status"), "Status")?.trim().to_ascii_lowercase();
    // `failed:user block`, `failed: system failed`, and both with the blank the other way.
    let failure = match (&*status, status.strip_prefix("failed")) {
        ("success", _) => None,
        (_, Some(why)) => Some(why.trim_start_matches([':', ' ']).to_owned()),
        _ => return Err(Reason::BadValue("Status")),
    };
    report(callback, id, failure.as_deref(), None, 0, out);
    if failure.is_some_and(|why| why.contains("block")) {
        out.event(callback.event(Kind::OptedOutHard, &callback.receiver, "user block"));
    }
    Ok(())
}

/// A message that was passed on, or that failed for a reason.
fn report<'a>(
    callback: &Callback<'a>,
    id: Cow<'a, str>,
    failure: Option<&str>,
    template: Option<Cow<'a, str>>,
    sequence: u16,
    out: &mut Out<'_>,
) {
    let kind = if failure.is_some() { Kind::MessageFailed } else { Kind::MessageDelivered };
    let mut event = callback.event(kind, &callback.receiver, &id);
    event.message_id = Some(id);
    event.template = template;
    event.error_code = failure.map(|why| Cow::Owned(why.to_owned()));
    event.sequence = sequence;
    out.event(event);
}

/// Hands each entry of a list to `read`. XML writes the list inside of an element named after the event, JSON without.
fn each<'a>(
    callback: &Callback<'a>,
    inside: &str,
    read: fn(&Callback<'a>, &'a Value<'a>, u16, &mut Out<'_>) -> Result<(), Reason>,
    out: &mut Out<'_>,
) -> Result<(), Reason> {
    let inside = callback.fields.get(inside);
    let list = if inside.is_object() { inside.get("List") } else { callback.fields.get("List") };
    if items(list).is_empty() {
        return Err(Reason::MissingField("List"));
    }
    for (item, sequence) in items(list).iter().zip(0..) {
        if let Err(reason) = read(callback, item, sequence, out) {
            out.reject(reason);
        }
    }
    Ok(())
}

/// One template for which the contact allowed, declined or ended notices.
fn permission<'a>(
    callback: &Callback<'a>,
    item: &'a Value<'a>,
    sequence: u16,
    out: &mut Out<'_>,
) -> Result<(), Reason> {
    let template = json::required(item.get("TemplateId"), "TemplateId")?;
    let is_offer = callback.event == "subscribe_msg_popup_event";
    let kind = match json::required(item.get("SubscribeStatusString"), "SubscribeStatusString")?.trim() {
        "accept" => Kind::OptedIn,
        // Who declines an offer had nothing that could end.
        "reject" if is_offer => {
            out.ignore("offer_declined");
            return Ok(());
        }
        "reject" => Kind::OptedOutSoft,
        _ => return Err(Reason::BadValue("SubscribeStatusString")),
    };
    let mut event = callback.event(kind, &callback.receiver, &template);
    event.topic = Some(template);
    event.sequence = sequence;
    out.event(event);
    Ok(())
}

/// What became of a subscription notice.
fn notice_sent<'a>(
    callback: &Callback<'a>,
    item: &'a Value<'a>,
    sequence: u16,
    out: &mut Out<'_>,
) -> Result<(), Reason> {
    let id = weixin::message_id(item)?;
    let code = json::required(item.get("ErrorCode"), "ErrorCode")?;
    report(callback, id, Some(&*code).filter(|code| *code != "0"), json::text(item.get("TemplateId")), sequence, out);
    Ok(())
}

/// A session of the customer service began, moved to somebody else, or ended.
fn handed_over(callback: &Callback<'_>, kind: Kind, whose: &str, out: &mut Out<'_>) {
    let agent = callback.word(whose);
    let mut event: Event<'_> = callback.event(kind, &callback.receiver, agent.as_deref().unwrap_or_default());
    event.agent = agent;
    out.event(event);
}

/// `merchant_order`: an order of the account's shop was paid.
fn ordered(callback: &Callback<'_>, out: &mut Out<'_>) -> Result<(), Reason> {
    let order = json::required(callback.fields.get("OrderId"), "OrderId")?;
    let mut event = callback.event(Kind::Payment, &callback.receiver, &order);
    event.answer = Some(Cow::Borrowed("successful"));
    out.event(event);
    Ok(())
}

/// `user_pay_from_pay_cell`: a bill was paid from a member card. The fee is in hundredths of a yuan.
fn paid(callback: &Callback<'_>, out: &mut Out<'_>) -> Result<(), Reason> {
    let id = json::required(callback.fields.get("TransId"), "TransId")?;
    let mut event = callback.event(Kind::Payment, &callback.receiver, &id);
    event.answer = Some(Cow::Borrowed("successful"));
    if let Some(fee) = callback.word("Fee") {
        let fee: u64 = fee.trim().parse().map_err(|_| Reason::BadValue("Fee"))?;
        event.cost = Some(Cow::Owned(format!("{}.{:02}", fee / 100, fee % 100)));
        event.currency = Some(Cow::Borrowed("CNY"));
    }
    out.event(event);
    Ok(())
}
