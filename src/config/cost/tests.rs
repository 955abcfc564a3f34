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
    assert!(!card.tells_days_apart());
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
    assert!(card.tells_days_apart());
}

#[test]
fn a_slip_is_refused_with_its_line_and_what_was_probably_meant() {
    let regions = "[regions]\ndach = [\"DE\", \"AT\"]\nalps = [\"AT\", \"CH\"]\n";
    let plain = price("price = \"0.07\"");
    let of = |region: &str| price(&format!("price = \"0.07\"\nregion = \"{region}\""));
    for (text, expected) in [
        (price("price = \"0,07\""), ":9: '0,07' is not a price; did you mean \"0.07\"?"),
        (price("price = 0.07"), ":9: invalid type: floating point `0.07`, expected a price in quotes, as in \"0.07\""),
        (price("price = \"7 ct\""), ":9: '7 ct' is not a price; write it as in \"0.07\""),
        (price("price = \".07\""), ":9: '.07' is not a price; write it as in \"0.07\""),
        (price("price = \"-0.07\""), ":9: '-0.07' is less than nothing; a price is not"),
        (price("price = \"0.0000001\""), ":9: '0.0000001' has more than 6 digits after the point"),
        (price("price = \"7000000\""), ":9: '7000000' is no price of one message; it must be less than 1000000"),
        (price("prices = \"0.07\""), ":9: unknown field `prices`; did you mean 'price'?"),
        (price("price = \"0.07\"\ncountry = \"de\""), ":10: no country 'de'; did you mean 'DE'?"),
        (price("price = \"0.07\"\ncountry = \"Germany\""), ":10: no country 'Germany'; write its two letters"),
        (of("dch") + regions, ":5: no region 'dch'; did you mean 'dach'?"),
        (of("nordics"), ":5: no region 'nordics'; write its countries under [regions]"),
        (of("dach\"\ncountry = \"DE") + regions, ":5: a price is of a country or of a region"),
        (of("dach") + &of("alps") + regions, ":11: 'AT' is in the region 'dach' too"),
        (
            plain.clone() + &price("price = \"0.08\""),
            ":10: every category on 'whatsapp' everywhere else from 2019-08-01 has a price already",
        ),
        (
            plain.clone() + &price("price = \"0.05\"\nabove = 10").replace("EUR", "USD"),
            ":10: every category on 'whatsapp' everywhere else from 2019-08-01 has a price in EUR already",
        ),
        (
            price("price = \"0.07\"\nuntil = \"2020-01-01\"") + &plain.replace("2019-08", "2019-12"),
            ":11: every category on 'whatsapp' everywhere else from 2019-12-01 overlaps the price of the same from 2019-08-01",
        ),
        (
            price("price = \"0.07\"\nuntil = \"2019-08-01\""),
            ":5: every category on 'whatsapp' everywhere else from 2019-08-01 ends",
        ),
        (
            price("price = \"0.07\"\nabove = 10"),
            ":5: every category on 'whatsapp' everywhere else from 2019-08-01 costs something above 10",
        ),
        (plain.replace("EUR", "EURO"), ":8: no currency 'EURO'; did you mean 'EUR'?"),
        (plain.replace("EUR", "€"), ":8: no currency '€'; write its three letters of ISO 4217"),
        (plain.replace("2019-08-01", "01.08.2019"), ":7: '01.08.2019' is not a day; write it as in \"2025-07-01\""),
        (plain.replace("2019-08-01", "2018-08-01"), ":5: no [[rule]] says what 'whatsapp' charges for on 2018-08-01"),
        (RULE.to_owned(), ":5: there is another [[rule]] of 'whatsapp' from 2019-01-01"),
        (RULE.replace("whatsapp", "whatsap"), ":5: no channel 'whatsap'; did you mean 'whatsapp'?"),
        (RULE.replace("whatsapp", "WhatsApp"), ":5: no channel 'WhatsApp'; did you mean 'whatsapp'?"),
        (
            RULE.replace("2019", "2020") + "free_in_service_window = [\"utilty\"]\n",
            ":5: no category 'utilty'; did you mean 'utility'?",
        ),
        (
            RULE.replace("2019", "2020") + "outside_window = { service = \"Utilty\" }\n",
            ":5: no category 'utilty'; did you mean 'utility'?",
        ),
        (
            RULE.replace("2019", "2020") + "free_per_account_and_month = { Service = 10, service = 20 }\n",
            ":5: 'service' is there twice; categories are the same in any case of letters",
        ),
        (
            price("price = \"0.07\"\ncategory = \"marketting\""),
            ":5: no category 'marketting'; did you mean 'marketing'?",
        ),
        (plain.replace("whatsapp", "watsapp"), ":5: no channel 'watsapp'; did you mean 'whatsapp'?"),
        (RULE.replace("delivered", "deliverd"), ":8: unknown variant `deliverd`; did you mean 'delivered'?"),
    ] {
        let found = Card::parse(&format!("{RULE}{text}"), Path::new("cost.toml")).unwrap_err().to_string();
        assert!(found.starts_with(&format!("cost.toml{expected}")), "{expected}\n{found}\n{text}");
    }
}

#[test]
fn names_that_are_no_slip_of_known_ones_are_taken() {
    let own =
        "[[rule]]\nchannel = \"fax\"\nfrom = \"2019-01-01\"\nper = \"sent\"\nfree_in_service_window = [\"utilty\"]\n";
    let new = RULE.replace("2019", "2020") + "free_in_service_window = [\"Utility\", \"voice\"]\n";
    card(&format!("{own}{new}"));
    // Every channel that the program reads is known by its name, and each is far enough from the others.
    for channel in crate::channels::ALL {
        let rule = RULE.replace("whatsapp", channel.name).replace("2019", "2020");
        assert!(Card::parse(&rule, Path::new("cost.toml")).is_ok(), "{}", channel.name);
    }
}
