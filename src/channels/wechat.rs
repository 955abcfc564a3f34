//! WeChat official accounts: the callbacks of subscription and service accounts, and the log of calls that send.
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

mod calls;

const NAME: &str = "wechat";

pub(super) static CHANNEL: Channel = Channel {
    name: NAME,
    title: "WeChat",
    knows_numbers: false,
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
        Kind::MessageSent,
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
        "Sent messages are seen in a log of the calls that send; without it only template messages and subscription notices are known, once WeChat reports that it passed them on or failed to.",
        "Customer service messages get no report, so in a log of calls they are sent but never delivered, which lowers the delivery rate; answers given in the HTTP response are left out.",
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
    weixin::is_callback(record.body, false) || calls::is_call(record.body)
}

fn parse(record: &Record<'_>, out: &mut Out<'_>) {
    let read = if calls::is_call(record.body) {
        calls::read(record, out)
    } else {
        Callback::read(record, NAME).and_then(|callback| read(&callback, out))
    };
    if let Err(reason) = read {
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
fn template_sent(callback: &Callback<'_>, out: &mut Out<'_>) -> Result<(), Reason> {
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

#[cfg(test)]
mod tests {
    use super::super::weixin::tests::{check, ends, seen, seen_whole};
    use super::*;

    fn kinds(fields: &str) -> Vec<String> {
        seen(&CHANNEL, fields).into_iter().map(|line| line.split(' ').nth(1).unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn messages_of_every_type_are_replies_and_their_text_is_what_was_said() {
        for (rest, told) in [
            ("<MsgType>text</MsgType><Content><![CDATA[a < b]]></Content>", "type=text text=a < b"),
            ("<MsgType>voice</MsgType><Recognition>Tee</Recognition>", "type=voice text=Tee"),
            ("<MsgType>image</MsgType><PicUrl>u</PicUrl>", "type=image"),
            ("<MsgType>shortvideo</MsgType>", "type=shortvideo"),
            ("<MsgType>location</MsgType><Label>Hamburg</Label>", "type=location"),
            ("<MsgType>link</MsgType><Title>t</Title>", "type=link"),
        ] {
            let line = format!("1700000000 message_received o7 account=gh_1 id=9007199254740993 {told}");
            check(&CHANNEL, &format!("{rest}<MsgId>9007199254740993</MsgId>"), &[&line]);
            check(&CHANNEL, &format!("{rest}<MsgID>9007199254740993</MsgID>"), &[&line]);
        }
    }

    #[test]
    fn an_entry_of_a_menu_message_is_tapped_although_it_comes_as_text() {
        check(
            &CHANNEL,
            "<MsgType>text</MsgType><Content>Gut</Content><MsgId>5</MsgId><bizmsgmenuid>101</bizmsgmenuid>",
            &["1700000000 button_clicked o7 account=gh_1 id=5 type=menu answer=101 text=Gut"],
        );
    }

    #[test]
    fn following_is_an_opt_in_that_knows_its_source_and_leaving_is_a_hard_opt_out() {
        for (key, source) in [("qrscene_plakat", "plakat"), ("last_trade_no_40080720012", "last_trade_no")] {
            check(
                &CHANNEL,
                &format!("<Event>subscribe</Event><EventKey>{key}</EventKey>"),
                &[
                    &format!("1700000000 opted_in o7 account=gh_1 topic={source} tag={source}"),
                    &format!("1700000000 referral o7 account=gh_1 topic={source} tag={source}"),
                ],
            );
        }
        check(&CHANNEL, "<Event>subscribe</Event><EventKey/>", &["1700000000 opted_in o7 account=gh_1"]);
        check(&CHANNEL, "<Event>unsubscribe</Event>", &["1700000000 opted_out_hard o7 account=gh_1"]);
    }

    #[test]
    fn the_menu_is_tapped_and_pages_are_opened_in_any_case_of_the_events_name() {
        for name in ["CLICK", "click", "Click"] {
            check(
                &CHANNEL,
                &format!("<Event>{name}</Event><EventKey>tea</EventKey>"),
                &["1700000000 button_clicked o7 account=gh_1 type=click answer=tea"],
            );
        }
        check(
            &CHANNEL,
            "<Event>VIEW</Event><EventKey><![CDATA[https://shop.example/a?openid=o7&x=1]]></EventKey>",
            &["1700000000 link_clicked o7 account=gh_1 type=view answer=https://shop.example/a"],
        );
        for name in ["scancode_push", "pic_sysphoto", "location_select"] {
            let line = format!("1700000000 button_clicked o7 account=gh_1 type={name} answer=6");
            check(&CHANNEL, &format!("<Event>{name}</Event><EventKey>6</EventKey>"), &[&line]);
        }
    }

    #[test]
    fn a_scanned_code_tells_where_from_and_is_no_answer_to_a_message() {
        check(
            &CHANNEL,
            "<Event>SCAN</Event><EventKey>regal-3</EventKey><Ticket>t</Ticket>",
            &["1700000000 referral o7 account=gh_1 topic=regal-3 type=scan tag=regal-3"],
        );
    }

    #[test]
    fn template_messages_arrive_fail_or_meet_a_block_with_and_without_the_blank() {
        let status = |status: &str| {
            format!("<Event>TEMPLATESENDJOBFINISH</Event><MsgID>200163836</MsgID><Status>{status}</Status>")
        };
        check(&CHANNEL, &status("success"), &["1700000000 message_delivered o7 account=gh_1 id=200163836"]);
        for text in ["failed:user block", "failed: user block"] {
            check(
                &CHANNEL,
                &status(text),
                &[
                    "1700000000 message_failed o7 account=gh_1 id=200163836 error=user block",
                    "1700000000 opted_out_hard o7 account=gh_1",
                ],
            );
        }
        for text in ["failed: system failed", "failed:system failed"] {
            let line = "1700000000 message_failed o7 account=gh_1 id=200163836 error=system failed";
            check(&CHANNEL, &status(text), &[line]);
        }
        check(&CHANNEL, &status("perhaps"), &["rejected bad_value:Status"]);
    }

    #[test]
    fn notices_are_allowed_ended_and_reported_per_template_but_declining_an_offer_ends_nothing() {
        let list = |event: &str, inside: &str, statuses: &[&str]| {
            let entries: Vec<String> = statuses
                .iter()
                .enumerate()
                .map(|(n, status)| {
                    format!("<List><TemplateId>t{n}</TemplateId><SubscribeStatusString>{status}</SubscribeStatusString></List>")
                })
                .collect();
            format!("<Event>{event}</Event><{inside}>{}</{inside}>", entries.concat())
        };
        check(
            &CHANNEL,
            &list("subscribe_msg_popup_event", "SubscribeMsgPopupEvent", &["accept", "reject", "accept"]),
            &["1700000000 opted_in o7 account=gh_1 topic=t0", "1700000000 opted_in o7 account=gh_1 topic=t2"],
        );
        check(
            &CHANNEL,
            &list("subscribe_msg_popup_event", "SubscribeMsgPopupEvent", &["reject"]),
            &["ignored offer_declined"],
        );
        check(
            &CHANNEL,
            &list("subscribe_msg_change_event", "SubscribeMsgChangeEvent", &["reject"]),
            &["1700000000 opted_out_soft o7 account=gh_1 topic=t0"],
        );
        let sent = |code: &str| {
            format!(
                "<Event>subscribe_msg_sent_event</Event><SubscribeMsgSentEvent><List><TemplateId>t0</TemplateId>
                <MsgID>7</MsgID><ErrorCode>{code}</ErrorCode></List></SubscribeMsgSentEvent>"
            )
        };
        check(&CHANNEL, &sent("0"), &["1700000000 message_delivered o7 account=gh_1 id=7 template=t0"]);
        check(&CHANNEL, &sent("43101"), &["1700000000 message_failed o7 account=gh_1 id=7 template=t0 error=43101"]);
    }

    #[test]
    fn the_same_fields_are_read_as_json_whose_list_stands_alone() {
        let json = r#"{"ToUserName":"gh_1","FromUserName":"o7","CreateTime":1700000000000,"MsgType":"event",
            "Event":"subscribe_msg_popup_event","List":[{"TemplateId":"t0","SubscribeStatusString":"accept"}]}"#;
        assert_eq!(seen_whole(&CHANNEL, json), ["1700000000 opted_in o7 account=gh_1 topic=t0"]);
    }

    #[test]
    fn the_customer_service_takes_over_and_hands_back() {
        for (fields, told) in [
            (
                "<Event>kf_create_session</Event><KfAccount>a@b</KfAccount>",
                "handover_to_human o7 account=gh_1 agent=a@b",
            ),
            (
                "<Event>kf_switch_session</Event><FromKfAccount>a@b</FromKfAccount><ToKfAccount>c@b</ToKfAccount>",
                "handover_to_human o7 account=gh_1 agent=c@b",
            ),
            ("<Event>kf_close_session</Event><KfAccount>c@b</KfAccount>", "handover_to_bot o7 account=gh_1 agent=c@b"),
        ] {
            check(&CHANNEL, fields, &[&format!("1700000000 {told}")]);
        }
    }

    #[test]
    fn payments_are_told_with_what_is_known_of_their_amount() {
        check(
            &CHANNEL,
            "<Event>merchant_order</Event><OrderId>8</OrderId><OrderStatus>2</OrderStatus>",
            &["1700000000 payment o7 account=gh_1 answer=successful"],
        );
        check(
            &CHANNEL,
            "<Event>user_pay_from_pay_cell</Event><TransId>9</TransId><Fee>1005</Fee>",
            &["1700000000 payment o7 account=gh_1 answer=successful cost=10.05 currency=CNY"],
        );
    }

    #[test]
    fn what_says_nothing_about_a_conversation_is_ignored_by_its_name() {
        for (fields, what) in [
            ("<Event>LOCATION</Event><Latitude>1.5</Latitude>", "location"),
            ("<Event>MASSSENDJOBFINISH</Event><SentCount>9</SentCount>", "MASSSENDJOBFINISH"),
            ("<Event>annual_renew</Event>", "annual_renew"),
            ("<Event>user_get_card</Event>", "card"),
            ("<Event>brand_new</Event>", "unknown_event"),
            ("<MsgType>device_text</MsgType><MsgId>1</MsgId>", "device_message"),
            ("<MsgType>notsure</MsgType><MsgId>1</MsgId>", "unknown_message"),
            ("<FromUserName>gh_1</FromUserName><ToUserName>o7</ToUserName><MsgType>text</MsgType>", "passive_reply"),
        ] {
            check(&CHANNEL, fields, &[&format!("ignored {what}")]);
        }
    }

    #[test]
    fn events_of_one_second_are_told_apart_by_what_they_are_about() {
        let mut keys = Vec::new();
        for key in ["<EventKey>a</EventKey>", "<EventKey>b</EventKey>", "<EventKey>a</EventKey>"] {
            let arena = super::super::Arena::default();
            let xml = format!(
                "<xml><ToUserName>g</ToUserName><FromUserName>o</FromUserName><CreateTime>1700000000</CreateTime>
                <MsgType>event</MsgType><Event>CLICK</Event>{key}</xml>"
            );
            let body = super::super::xml::parse(&xml, &arena).unwrap();
            let reading = super::super::Reading::default();
            let record = Record { body: &body, received_at: None, source: "", reading: &reading, arena: &arena };
            let mut emit = |event: Event<'_>| keys.push(event.dedup.into_owned());
            parse(&record, &mut Out::new(&mut emit));
        }
        assert_eq!(keys, ["o:click:a", "o:click:b", "o:click:a"]);
    }

    #[test]
    fn encrypted_bodies_are_refused_unless_they_say_the_same_in_the_open() {
        let encrypted = "<xml><ToUserName>gh_1</ToUserName><Encrypt>AAAA</Encrypt></xml>";
        assert_eq!(seen_whole(&CHANNEL, encrypted), ["rejected encrypted"]);
        assert_eq!(kinds("<Event>unsubscribe</Event><Encrypt>AAAA</Encrypt>"), ["opted_out_hard"]);
    }

    #[test]
    fn broken_bodies_are_refused_for_what_is_wrong_with_them() {
        assert_eq!(
            ends(&CHANNEL, include_str!("../../sample-data/wechat/broken.ndjson")),
            [
                "rejected bad_time:CreateTime",
                "rejected bad_time:CreateTime",
                "rejected missing_field:CreateTime",
                "rejected missing_field:FromUserName",
                "rejected missing_field:ToUserName",
                "rejected missing_field:MsgId",
                "rejected missing_field:Event",
                "ignored unknown_message",
                "ignored unknown_event",
                "rejected missing_field:MsgId",
                "rejected missing_field:Status",
                "rejected bad_value:Status",
                "rejected missing_field:List",
                "rejected missing_field:TemplateId",
                "rejected missing_field:ErrorCode",
                "rejected missing_field:OrderId",
                "rejected bad_value:Fee",
                "rejected encrypted",
                "rejected missing_field:FromUserName",
                "not recognised",
                "rejected not_xml",
                "rejected not_xml",
                "rejected not_xml",
                "rejected not_xml",
            ]
        );
    }
}
