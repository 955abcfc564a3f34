//! From the message to the click to the purchase: a messenger's log, a web server's log and a table of orders, counted by
//! hand. Twelve contacts were written to; `sample-data/web` says what each of them did.

use serde_json::{Value, json};

use super::case::Case;

#[test]
fn a_purchase_on_the_website_is_joined_to_the_message_and_link_previews_are_left_out() {
    let case = Case::new();
    case.samples();
    let balance =
        case.ask(&["ingest", "sample-data/web", "--store", "store", "--config", "sample-data/trichter.toml", "--json"]);
    let balance: Value = serde_json::from_str(&balance).unwrap();
    // WhatsApp fetches a preview of every link that is sent; that is nobody's click.
    for (reason, n) in [("bot:whatsapp", 2), ("bot:telegram", 1), ("prefetch", 1), ("click_without_contact", 2)] {
        assert_eq!(balance["reasons"][reason], n, "{reason}");
    }
    let funnel = case.ask(&["funnel", "purchase", "--store", "store", "--format", "json"]);
    let funnel: Value = serde_json::from_str(&funnel).unwrap();
    let steps = funnel["rows"][0]["steps"].as_array().unwrap();
    let counts: Vec<Value> =
        steps.iter().map(|step| json!([step["reached"], step["converted"], step["lost"], step["open"]])).collect();
    // Sent to twelve; 1, 3, 4, 5, 7, 8 and 12 clicked; 1, 3, 7 and 8 reached the goal; 1, 4 and 7 paid.
    assert_eq!(counts, [json!([12, 7, 5, 0]), json!([7, 5, 2, 0]), json!([4, 2, 2, 0]), json!([3, 3, 0, 0])]);
    let clicks = case.ask(&["query", "click_rate", "--store", "store", "--by", "campaign", "--format", "json"]);
    let clicks: Value = serde_json::from_str(&clicks).unwrap();
    let of = |key: &str| &clicks["rows"][0][key];
    assert_eq!((of("numerator"), of("denominator")), (&json!(7), &json!(11)));
}
