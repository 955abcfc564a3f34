//! The tables of the measure, of answers written by hand.

use std::path::Path;

use super::*;
use crate::config::{Card, Config};
use crate::facts::Settings;
use crate::metrics::{Answer, Bound, Counts, Distribution, Rate};

const CARD: &str = r#"
[[rule]]
channel = "whatsapp"
from = "2025-07-01"
per = "delivered"

[[price]]
channel = "whatsapp"
category = "marketing"
from = "2025-07-01"
price = "0.10"
currency = "EUR"
"#;

fn row(ask: &Ask, values: &[(&str, &str)], counts: Counts) -> Counted {
    let value = |column: &String| values.iter().find(|(name, _)| name == column).map(|(_, value)| (*value).to_owned());
    Counted {
        segment: ask.by.iter().map(value).collect(),
        counts,
        measurable: true,
        bound: Bound::Exact,
        moments: None,
    }
}

fn rate(numerator: u64, denominator: u64) -> Counts {
    Counts::Rate(Rate { numerator, denominator })
}

/// The tables of 10 messages of July with a reported cost of 8 × 0.07 and 2 × 0 EUR, 5 on the card and 3 of no price; 4
/// were opened.
fn tables_of(card: Option<&str>) -> Vec<Table> {
    let cost = card.map(|text| Card::parse(text, Path::new("cost.toml")).unwrap());
    let config = Config { cost, ..Config::default() };
    let settings = Settings::default();
    let setting = Setting { by: &[], config: &config, settings: &settings };
    let [sent, reported] = cells(&setting);
    let month = ("month", "2025-07");
    let told = [("channel", "infobip"), month, ("currency", "EUR")];
    let whatsapp = |category| [("channel", "whatsapp"), month, ("category", category), ("reached", "true")];
    let answer = |ask: &Ask, rows| Answer { metric: ask.metric.clone(), by: ask.by.clone(), rows, n_shared: 0 };
    let opened = setting.ask("open_rate", &["month"]);
    let answers = [
        answer(
            &sent,
            vec![
                row(&sent, &told, rate(10, 10)),
                row(&sent, &whatsapp("marketing"), rate(0, 5)),
                row(&sent, &whatsapp("utility"), rate(0, 3)),
            ],
        ),
        answer(
            &reported,
            vec![row(&reported, &told, Counts::Distribution(Distribution([(70_000, 8), (0, 2)].into())))],
        ),
        answer(&opened, vec![row(&opened, &[month], rate(4, 18))]),
    ];
    tables(&setting, &Answers::new(&answers)).unwrap()
}

#[test]
fn reported_costs_and_prices_add_up_and_what_is_unknown_is_named() {
    let tables = tables_of(Some(CARD));
    let months = serde_json::to_value(&tables[0]).unwrap();
    // 8 × 0.07 + 5 × 0.10
    assert_eq!(months["rows"][0]["cost"]["amount"], "1.06");
    assert_eq!(months["rows"][0]["cost"]["lower_bound"], true);
    let counts = ["messages", "charged", "free", "not_charged", "unknown"].map(|name| months["rows"][0][name].as_u64());
    assert_eq!(counts, [18, 13, 2, 0, 3].map(Some));
    assert_eq!(months["rows"][0]["per_opened"]["value"], "0.265");
    assert_eq!(months["rows"][0]["per_opened"]["count"], 4);
    assert_eq!(months["rows"][0]["per_goal"]["value"], serde_json::Value::Null);
    let unknown = serde_json::to_value(&tables[3]).unwrap();
    assert_eq!(unknown["rows"][0]["category"], "utility");
    assert_eq!(unknown["rows"][0]["messages"], 3);
    assert_eq!(unknown["rows"][0]["why"], "why-no-price");
}

#[test]
fn without_a_card_only_reported_costs_are_told() {
    let months = serde_json::to_value(&tables_of(None)[0]).unwrap();
    assert_eq!(months["rows"][0]["cost"]["amount"], "0.56");
    assert_eq!(months["rows"][0]["unknown"], 8);
}

#[test]
fn currencies_are_never_added() {
    let tables = tables_of(Some(&CARD.replace("EUR", "USD")));
    let months = serde_json::to_value(&tables[0]).unwrap();
    let rows = months["rows"].as_array().unwrap();
    let costs: Vec<_> = rows.iter().map(|row| (row["currency"].clone(), row["cost"]["amount"].clone())).collect();
    assert_eq!(costs, [("EUR".into(), "0.56".into()), ("USD".into(), "0.50".into())]);
    assert!(rows.iter().all(|row| row["per_opened"].is_null()), "nobody knows what an opened message was paid in");
}

#[test]
fn by_category_units_are_found_where_the_form_stands_for_the_category() {
    let config = Config { cost: Some(Card::parse(CARD, Path::new("cost.toml")).unwrap()), ..Config::default() };
    let (settings, by) = (Settings::default(), ["category".to_owned()]);
    let setting = Setting { by: &by, config: &config, settings: &settings };
    let [sent, reported] = cells(&setting);
    let opened = of_unit(&setting, "open_rate", "messages", "month").unwrap();
    let form = [("channel", "infobip"), ("month", "2025-07"), ("currency", "EUR"), ("form", "template")];
    let answer = |ask: &Ask, counts| Answer {
        metric: ask.metric.clone(),
        by: ask.by.clone(),
        rows: vec![row(ask, &form, counts)],
        n_shared: 0,
    };
    let costs = Counts::Distribution(Distribution([(70_000, 8)].into()));
    let answers = [answer(&sent, rate(8, 8)), answer(&reported, costs), answer(&opened, rate(4, 8))];
    let months = serde_json::to_value(&tables(&setting, &Answers::new(&answers)).unwrap()[0]).unwrap();
    assert_eq!(months["rows"][0]["category"], "template");
    assert_eq!(months["rows"][0]["per_opened"]["value"], "0.14");
}
