//! What messages cost, through the program: a log and a price card of which the bill is known.

use serde_json::{Value, json};

use crate::case::Case;

const CARD: &str = r#"
note = "What we agreed on."

[[rule]]
channel = "whatsapp"
from = "2025-07-01"
per = "delivered"
free_in_service_window = ["utility"]

[[price]]
channel = "whatsapp"
country = "DE"
category = "marketing"
from = "2025-07-01"
price = "0.10"
currency = "EUR"

[[price]]
channel = "whatsapp"
country = "DE"
category = "marketing"
from = "2025-07-01"
above = 200
price = "0.08"
currency = "EUR"

[[price]]
channel = "whatsapp"
country = "DE"
category = "utility"
from = "2025-07-01"
price = "0.05"
currency = "EUR"
"#;

/// 250 marketing messages to Germany, the first just after midnight of July in Berlin: 150 of campaign a, 100 of b. 20
/// utility messages to contacts who wrote an hour before, 5 to France. 4 whose cost the platform told.
fn planted(case: &Case) {
    let mut lines = vec![line("whatsapp", "first", "message_received", "2025-06-20T10:00:00Z", json!({}))];
    let mut tell = |channel: &str, contact: &str, kind: &str, at: &str, more: Value| {
        lines.push(line(channel, contact, kind, at, more));
    };
    for n in 0..250 {
        let campaign = if n < 150 { "a" } else { "b" };
        let (contact, at) = (format!("m{n}"), if n == 0 { "2025-06-30T22:00:00Z" } else { "2025-07-10T10:00:00Z" });
        let more = json!({ "message_id": contact, "campaign": campaign, "category": "marketing", "country": "DE",
                           "message_type": "template" });
        tell("whatsapp", &contact, "message_sent", at, more);
        tell("whatsapp", &contact, "message_delivered", "2025-07-10T10:00:05Z", json!({ "message_id": contact }));
        if n < 60 {
            tell("whatsapp", &contact, "message_opened", "2025-07-10T10:30:00Z", json!({ "message_id": contact }));
        }
    }
    for n in 0..25 {
        let contact = format!("u{n}");
        let country = if n < 20 { "DE" } else { "FR" };
        if n < 20 {
            tell("whatsapp", &contact, "message_received", "2025-07-11T09:00:00Z", json!({}));
        }
        let more =
            json!({ "message_id": contact, "category": "utility", "country": country, "message_type": "template" });
        tell("whatsapp", &contact, "message_sent", "2025-07-11T10:00:00Z", more);
        tell("whatsapp", &contact, "message_delivered", "2025-07-11T10:00:05Z", json!({ "message_id": contact }));
    }
    for n in 0..4 {
        let more = json!({ "message_id": format!("s{n}"), "cost": "0.09", "currency": "EUR" });
        tell("sms", &format!("s{n}"), "message_sent", "2025-07-12T10:00:00Z", more);
    }
    case.write("log.ndjson", lines.join("\n"));
    case.write("cost.toml", CARD);
    case.write("trichter.toml", "[report]\nzone = \"Europe/Berlin\"\n");
    case.ask(&["ingest", "log.ndjson", "--config", "trichter.toml", "--store", "store", "--quiet"]);
}

fn line(channel: &str, contact: &str, kind: &str, at: &str, mut more: Value) -> String {
    let account = if channel == "sms" { "x" } else { "a" };
    for (name, value) in [("channel", channel), ("contact", contact), ("kind", kind), ("at", at), ("account", account)]
    {
        more[name] = value.into();
    }
    more.to_string()
}

fn query(case: &Case, arguments: &[&str]) -> Value {
    let ask = [&["query"], arguments, &["--store", "store", "--config", "trichter.toml", "--format", "json"]].concat();
    serde_json::from_str(&case.ask(&ask)).unwrap()
}

/// The rows of a table, as the values of these columns; of money, the amount.
fn rows(measured: &Value, table: &str, columns: &[&str]) -> Vec<Vec<String>> {
    let tables = measured["tables"].as_array().unwrap();
    let found = tables.iter().find(|found| found["id"] == table).unwrap();
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Object(money) => money["amount"].as_str().unwrap().to_owned(),
        value => value.to_string(),
    };
    let row = |row: &Value| columns.iter().map(|column| text(&row[*column])).collect();
    found["rows"].as_array().unwrap().iter().map(row).collect()
}

#[test]
fn a_planted_bill_comes_out_to_the_cent_and_what_has_no_price_is_named() {
    let case = Case::new();
    planted(&case);
    let cost = query(&case, &["cost", "--cost", "cost.toml"]);
    // 200 × 0.10 + 50 × 0.08 = 24.00 for the marketing messages, 4 × 0.09 as reported.
    let counts = ["month", "currency", "messages", "charged", "free", "not_charged", "unknown", "cost", "per_opened"];
    assert_eq!(rows(&cost, "months", &counts), [["2025-07", "EUR", "279", "254", "20", "0", "5", "24.36", "24.36"]]);
    let month = &cost["tables"][0]["rows"][0];
    assert_eq!(month["cost"], json!({ "amount": "24.36", "currency": "EUR", "lower_bound": true }));
    let opened = json!({ "value": "0.406", "amount": "24.36", "count": 60, "currency": "EUR", "lower_bound": true });
    assert_eq!(month["per_opened"], opened);
    // Campaign a sent the first of July, 0.10, and 149 of the 249 of 10 July, which cost 199 × 0.10 + 50 × 0.08 = 23.90.
    let campaigns = rows(&cost, "campaigns", &["campaign", "charged", "cost", "unknown"]);
    assert_eq!(campaigns, [["a", "150", "14.401606", "0"], ["b", "100", "9.598394", "0"], ["null", "4", "0.36", "5"]]);
    let unknown = rows(&cost, "unknown", &["channel", "country", "category", "messages", "why"]);
    assert_eq!(unknown, [["whatsapp", "FR", "utility", "5", "the card has no price"]]);
    assert_eq!(cost["tables"][0]["note"], "What we agreed on.");

    let savings = query(&case, &["savings", "--cost", "cost.toml"]);
    assert_eq!(rows(&savings, "months", &["month", "free", "priced", "saved"]), [["2025-07", "20", "20", "1.00"]]);
    let openers = rows(&savings, "openers", &["service_window", "free", "saved"]);
    assert_eq!(openers, [["message_received", "20", "1.00"]]);
}

#[test]
fn a_card_beside_the_store_is_found_and_none_tells_only_what_was_reported() {
    let case = Case::new();
    planted(&case);
    let without = query(&case, &["cost"]);
    let counts = ["charged", "free", "unknown", "cost"];
    assert_eq!(rows(&without, "months", &counts), [["4", "0", "275", "0.36"]]);
    case.write("store/cost.toml", CARD);
    assert_eq!(rows(&query(&case, &["cost"]), "months", &counts), [["254", "20", "5", "24.36"]]);
    let by_channel = query(&case, &["cost", "--by", "channel,template"]);
    let found = rows(&by_channel, "months", &["channel", "month", "cost"]);
    assert_eq!(found, [["sms", "2025-07", "0.36"], ["whatsapp", "2025-07", "24.00"]]);
    case.ask(&["report", "--store", "store", "--config", "trichter.toml", "--out", "out", "--quiet"]);
    let report = std::fs::read_to_string(case.path("out/report.md")).unwrap().replace('\u{202f}', " ");
    assert!(report.contains("≥ 24.36 EUR"), "{report}");
}

#[test]
fn a_card_with_a_price_that_changes_inside_a_month_is_priced_by_day() {
    let case = Case::new();
    planted(&case);
    // The 249 messages of 10 July cost 0.20, the one of 1 July 0.10.
    let later = CARD.replace("above = 200\n", "").replacen(
        "from = \"2025-07-01\"\nprice = \"0.08\"",
        "from = \"2025-07-10\"\nprice = \"0.20\"",
        1,
    );
    case.write("cost.toml", later);
    let cost = query(&case, &["cost", "--cost", "cost.toml"]);
    assert_eq!(rows(&cost, "months", &["month", "cost"]), [["2025-07", "50.26"]]);
}

#[test]
fn a_broken_card_is_refused_with_its_line() {
    let case = Case::new();
    planted(&case);
    case.write("cost.toml", CARD.replace("\"0.05\"", "\"0,05\""));
    let ran = case.run(&["query", "cost", "--store", "store", "--cost", "cost.toml"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("cost.toml:32: '0,05' is not a price; did you mean \"0.05\"?"), "{}", ran.stderr);
}

#[test]
fn the_example_card_is_a_valid_one() {
    let case = Case::new();
    planted(&case);
    let path = crate::case::root().join("sample-data/cost.toml");
    let cost = query(&case, &["cost", "--cost", &path.to_string_lossy()]);
    // A price of a region is for its countries: none for France.
    let prices = rows(&cost, "prices", &["channel", "country", "category", "charged", "free", "unknown"]);
    assert!(
        prices.contains(&["whatsapp", "DE", "marketing", "250", "0", "0"].map(str::to_owned).to_vec()),
        "{prices:?}"
    );
    assert!(prices.contains(&["whatsapp", "FR", "utility", "0", "0", "5"].map(str::to_owned).to_vec()), "{prices:?}");
}

/// Ten free service messages a month, of which half the contacts are in a country where one costs twenty times as much.
#[test]
fn free_messages_come_to_the_same_sum_whatever_the_table_is_broken_down_by() {
    let case = Case::new();
    let mut lines = Vec::new();
    for n in 0..24 {
        let (contact, country) = (format!("c{n}"), if n % 2 == 0 { "DE" } else { "FR" });
        let (day, hour) = (3 + n / 6, 8 + n % 6);
        let at = |minute: u32| format!("2025-07-{day:02}T{hour:02}:{minute:02}:00Z");
        let more = json!({ "message_id": contact, "category": "service", "country": country, "campaign": n % 5,
                           "message_type": "text" });
        lines.push(line("whatsapp", &contact, "message_received", &at(0), json!({})));
        lines.push(line("whatsapp", &contact, "message_sent", &at(1), more));
        lines.push(line("whatsapp", &contact, "message_delivered", &at(2), json!({ "message_id": contact })));
    }
    let price = |country: &str, price: &str| {
        format!(
            "[[price]]\nchannel = \"whatsapp\"\ncountry = \"{country}\"\nfrom = \"2025-07-01\"\nprice = \"{price}\"\ncurrency = \"EUR\"\n"
        )
    };
    let rule = "[[rule]]\nchannel = \"whatsapp\"\nfrom = \"2025-07-01\"\nper = \"delivered\"\nfree_per_account_and_month = { service = 10 }\n";
    case.write("log.ndjson", lines.join("\n"));
    case.write("cost.toml", format!("{rule}{}{}", price("DE", "0.05"), price("FR", "1")));
    case.write("trichter.toml", "");
    case.ask(&["ingest", "log.ndjson", "--store", "store", "--quiet"]);
    // On 3 July 3 to each country, on the 4th 2 of 3 to each: of the other 14, 7 × 0.05 + 7 × 1.
    for by in ["channel", "weekday", "hour", "country", "day", "campaign", "weekday,hour,country"] {
        let cost = query(&case, &["cost", "--cost", "cost.toml", "--by", by]);
        let rows = rows(&cost, "months", &["free", "cost"]);
        let sum = |place: usize| rows.iter().filter_map(|row| row[place].parse::<f64>().ok()).sum::<f64>();
        assert!((sum(1) - 7.35).abs() < 1e-9 && (sum(0) - 10.0).abs() < 1e-9, "{by}: {rows:?}");
    }
    // Who looks at the month from its middle on cannot know how many were free before.
    let cost = query(&case, &["cost", "--cost", "cost.toml", "--since", "2025-07-05"]);
    assert_eq!(rows(&cost, "months", &["free", "charged", "unknown", "cost"]), [["0", "0", "12", "n/a"]]);
    let why = rows(&cost, "unknown", &["messages", "why"]);
    assert!(why.iter().all(|row| row[1].contains("--since lies inside it")), "{why:?}");
}

#[test]
fn one_table_of_several_goes_into_csv_and_weekdays_have_names() {
    let case = Case::new();
    planted(&case);
    let base = ["query", "cost", "--store", "store", "--cost", "cost.toml"];
    let ask = |more: &[&str]| case.run(&[&base[..], more].concat());
    let several = ask(&["--format", "csv"]);
    assert_eq!(several.code, Some(2));
    assert!(
        several.stderr.contains("name one of them with --table: months, campaigns, prices, unknown"),
        "{}",
        several.stderr
    );
    let campaigns = ask(&["--format", "csv", "--table", "campaigns"]);
    assert!(campaigns.stdout.starts_with("campaign,currency,messages,"), "{}", campaigns.stdout);
    let slip = ask(&["--table", "campagns"]);
    assert!(
        slip.stderr.contains("no table 'campagns'") && slip.stderr.contains("did you mean 'campaigns'?"),
        "{}",
        slip.stderr
    );
    let days = ask(&["--by", "weekday", "--table", "months"]).stdout;
    // 10 and 11 July 2025 were a Thursday and a Friday.
    assert!(days.contains("Thursday") && days.contains("Friday") && !days.contains("Cost by campaign"), "{days}");
    let metric = case.run(&["query", "open_rate", "--by", "weekday", "--store", "store"]).stdout;
    assert!(metric.contains("Thursday"), "{metric}");
    let table = case.run(&["query", "open_rate", "--table", "months", "--store", "store"]);
    assert!(table.stderr.contains("only measures have tables"), "{}", table.stderr);
}

#[test]
fn a_measure_is_not_compared_and_says_what_is() {
    let case = Case::new();
    planted(&case);
    let ran = case.run(&["query", "leaving", "--compare", "previous", "--store", "store"]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("'leaving' is a measure") && ran.stderr.contains("only rates are compared"),
        "{}",
        ran.stderr
    );
}
