//! Price cards: what is looked up, and what is refused in which words.

use super::*;

const RULE: &str = "[[rule]]\nchannel = \"whatsapp\"\nfrom = \"2019-01-01\"\nper = \"delivered\"\n";

fn price(more: &str) -> String {
    format!("[[price]]\nchannel = \"whatsapp\"\nfrom = \"2019-08-01\"\ncurrency = \"EUR\"\n{more}\n")
}

fn card(text: &str) -> Card {
    Card::parse(&format!("{RULE}{text}"), Path::new("cost.toml")).unwrap()
}

fn found(card: &Card, country: Option<&str>, category: Option<&str>, day: &str) -> std::result::Result<i64, Missing> {
    let item = Item { channel: "whatsapp", account: Some("a"), country, category };
    card.price(item, day.parse().unwrap()).map(|(_, ladder)| ladder.tiers[0].1)
}

#[test]
fn the_price_that_says_most_holds_from_its_day_on() {
    let text = [
        "[regions]\ndach = [\"DE\", \"AT\", \"CH\"]\n",
        &price("price = \"0.05\""),
        &price("price = \"0.06\"\nregion = \"dach\""),
        &price("price = \"0.07\"\ncountry = \"DE\""),
        &price("price = \"0.08\"\ncountry = \"DE\"\ncategory = \"marketing\""),
        &price("price = \"0.09\"\ncountry = \"DE\"\naccount = \"other\""),
        &price("price = \"0.1\"\ncountry = \"DE\"").replace("2019-08-01", "2021-01-01"),
    ]
    .concat();
    let card = card(&text);
    assert_eq!(found(&card, Some("FR"), Some("utility"), "2020-01-01"), Ok(50_000));
    assert_eq!(found(&card, Some("AT"), Some("utility"), "2020-01-01"), Ok(60_000));
    assert_eq!(found(&card, Some("DE"), Some("utility"), "2020-12-31"), Ok(70_000));
    assert_eq!(found(&card, Some("DE"), Some("utility"), "2021-01-01"), Ok(100_000));
    assert_eq!(found(&card, Some("DE"), Some("Marketing"), "2022-01-01"), Ok(80_000));
    assert_eq!(found(&card, Some("DE"), Some("utility"), "2019-07-31"), Err(Missing::Price));
    assert!(!card.changes_inside_months());
}

#[test]
fn what_is_unknown_has_no_price_where_the_card_tells_it_apart() {
    let flat = card(&price("price = \"0.07\""));
    assert_eq!(found(&flat, None, None, "2020-01-01"), Ok(70_000));
    let by_country = card(&[price("price = \"0.07\""), price("price = \"0.08\"\ncountry = \"FR\"")].concat());
    assert_eq!(found(&by_country, None, None, "2020-01-01"), Err(Missing::Country));
    let by_category = card(&price("price = \"0.07\"\ncategory = \"marketing\""));
    assert_eq!(found(&by_category, Some("DE"), None, "2020-01-01"), Err(Missing::Category));
    assert_eq!(found(&by_category, Some("DE"), Some("utility"), "2020-01-01"), Err(Missing::Price));
}

#[test]
fn tiers_stand_in_order_and_rules_are_dated() {
    let text = [
        &price("price = \"0.05\"\nabove = 1000"),
        &price("price = \"0.07\""),
        "[[rule]]\nchannel = \"whatsapp\"\nfrom = \"2025-07-15\"\nper = \"sent\"\n",
    ];
    let card = card(&text.concat());
    let item = Item { channel: "whatsapp", account: None, country: None, category: None };
    let day = |text: &str| text.parse::<Date>().unwrap();
    assert_eq!(card.price(item, day("2020-01-01")).unwrap().1.tiers, [(0, 70_000), (1000, 50_000)]);
    assert_eq!(card.rule("whatsapp", day("2025-07-14")).unwrap().per, Per::Delivered);
    assert_eq!(card.rule("whatsapp", day("2025-07-15")).unwrap().per, Per::Sent);
    assert!(card.rule("whatsapp", day("2018-12-31")).is_none());
    assert!(card.changes_inside_months());
}

#[test]
fn a_slip_is_refused_with_its_line_and_what_was_probably_meant() {
    let region = "[regions]\ndach = [\"DE\", \"AT\"]\nalps = [\"AT\", \"CH\"]\n";
    let texts = [
        price("price = \"0,07\""),
        price("price = 0.07"),
        price("price = \"7 ct\""),
        price("price = \"-0.07\""),
        price("price = \"0.0000001\""),
        price("price = \"7000000\""),
        price("price = \".07\""),
        price("pirce = \"0.07\""),
        price("price = \"0.07\"\ncountry = \"de\""),
        price("price = \"0.07\"\ncountry = \"Germany\""),
        price("price = \"0.07\"\nregion = \"dch\"") + region,
        price("price = \"0.07\"\nregion = \"nordics\""),
        price("price = \"0.07\"\ncountry = \"DE\"\nregion = \"dach\"") + region,
        price("price = \"0.07\"\nregion = \"dach\"") + &price("price = \"0.07\"\nregion = \"alps\"") + region,
        price("price = \"0.07\"") + &price("price = \"0.08\""),
        price("price = \"0.07\"") + &price("price = \"0.05\"\nabove = 10").replace("EUR", "USD"),
        price("price = \"0.07\"\nabove = 10"),
        price("price = \"0.07\"").replace("EUR", "EURO"),
        price("price = \"0.07\"").replace("EUR", "€"),
        price("price = \"0.07\"").replace("2019-08-01", "01.08.2019"),
        price("price = \"0.07\"").replace("2019-08-01", "2018-08-01"),
        price("price = \"0.07\"").replace("whatsapp", "viber"),
        RULE.to_owned(),
        RULE.replace("delivered", "deliverd").replace("2019", "2020"),
        RULE.replace("per =", "free_in_servce_window = []\nper =").replace("2019", "2020"),
    ];
    let told = texts.iter().map(|text| {
        let error = Card::parse(&format!("{RULE}{text}"), Path::new("cost.toml")).unwrap_err();
        error.to_string().lines().next().unwrap_or_default().to_owned()
    });
    insta::assert_snapshot!(told.collect::<Vec<_>>().join("\n"));
}
