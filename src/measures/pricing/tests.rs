//! Pricing against sums worked out on paper, and its laws over random cells.

use std::path::Path;

use proptest::prelude::*;

use super::*;

const CARD: &str = r#"
[[rule]]
channel = "whatsapp"
from = "2022-02-01"
per = "conversation"

[[rule]]
channel = "whatsapp"
from = "2025-07-01"
per = "delivered"
free_in_service_window = ["utility"]
free_after_ad = true
free_per_account_and_month = { Service = 10 }
outside_window = { utility = "marketing" }

[[rule]]
channel = "sms"
from = "2020-01-01"
per = "sent"

[[price]]
channel = "whatsapp"
from = "2022-02-01"
price = "0.05"
currency = "EUR"

[[price]]
channel = "whatsapp"
category = "marketing"
from = "2025-07-01"
price = "0.10"
currency = "EUR"

[[price]]
channel = "whatsapp"
category = "marketing"
from = "2025-07-01"
above = 100
price = "0.07"
currency = "EUR"

[[price]]
channel = "sms"
country = "DE"
from = "2020-01-01"
price = "0.08"
currency = "USD"
"#;

fn card() -> Card {
    Card::parse(CARD, Path::new("cost.toml")).unwrap()
}

/// Delivered marketing outside the window.
fn cell(name: &str, day: &str, n: u64) -> Cell {
    Cell {
        key: vec![Some(name.to_owned())],
        channel: "whatsapp".to_owned(),
        account: Some("a".to_owned()),
        category: Some("marketing".to_owned()),
        day: day.parse().unwrap(),
        window: Some(false),
        reached: true,
        n,
        ..Cell::default()
    }
}

fn category(category: &str, cell: Cell) -> Cell {
    Cell { category: Some(category.to_owned()), ..cell }
}

/// Charged, free, not charged for, unknown, millionths.
fn counts(priced: &Priced) -> (u64, u64, u64, u64, Option<i128>) {
    (priced.charged, priced.free, priced.idle, priced.unknown, priced.sum.as_ref().map(|sum| sum.micros))
}

fn one(cell: Cell) -> (u64, u64, u64, u64, Option<i128>) {
    counts(&price(Some(&card()), &[cell], None)[0])
}

#[test]
fn a_tier_holds_for_what_lies_above_it_and_parts_of_a_month_share_it() {
    // 150 messages: 100 × 0.10 + 50 × 0.07 = 13.50. Of two cells of one month, 50 and 100, the first gets a third.
    let cells = [cell("a", "2025-07-01", 50), cell("b", "2025-07-01", 100), cell("c", "2025-08-01", 1)];
    let priced = price(Some(&card()), &cells, None);
    let micros: Vec<_> = priced.iter().map(|priced| priced.sum.clone().unwrap().micros).collect();
    assert_eq!(micros, [4_500_000, 9_000_000, 100_000]);
    // On different days the earlier comes first: 50 × 0.10, then 50 × 0.10 + 50 × 0.07.
    let cells = [cell("a", "2025-07-02", 100), cell("b", "2025-07-01", 50)];
    let micros: Vec<_> =
        price(Some(&card()), &cells, None).into_iter().map(|priced| priced.sum.unwrap().micros).collect();
    assert_eq!(micros, [8_500_000, 5_000_000]);
}

#[test]
fn the_rule_of_the_day_says_what_is_charged() {
    let conversation = Cell { opens: true, ..cell("a", "2025-06-01", 3) };
    assert_eq!(one(conversation.clone()), (3, 0, 0, 0, Some(150_000)));
    assert_eq!(one(Cell { opens: false, ..conversation.clone() }), (0, 0, 3, 0, None));
    // The platform writes that it charges on every message of a conversation; it charges once.
    assert_eq!(one(Cell { opens: false, billed: Some(true), ..conversation }), (0, 0, 3, 0, None));
    let delivered = cell("a", "2025-07-01", 3);
    assert_eq!(one(delivered.clone()), (3, 0, 0, 0, Some(300_000)));
    assert_eq!(one(Cell { reached: false, ..delivered.clone() }), (0, 0, 3, 0, None));
    assert_eq!(one(Cell { after_ad: true, ..delivered.clone() }), (0, 3, 0, 0, None));
    assert_eq!(one(Cell { billed: Some(false), ..delivered.clone() }), (0, 3, 0, 0, None));
    assert_eq!(one(Cell { after_ad: true, billed: Some(true), ..delivered.clone() }), (3, 0, 0, 0, Some(300_000)));
    let sms = Cell { channel: "sms".into(), country: Some("DE".into()), reached: false, ..delivered };
    assert_eq!(one(sms), (3, 0, 0, 0, Some(240_000)));
}

#[test]
fn what_is_not_known_is_counted_and_never_free() {
    let why = |cell: Cell| price(Some(&card()), &[cell], None)[0].why;
    let marketing = cell("a", "2025-07-01", 3);
    assert_eq!(one(category("authentication", marketing.clone())), (3, 0, 0, 0, Some(150_000)));
    assert_eq!(why(Cell { category: None, ..marketing.clone() }), Some(Why::Missing(Missing::Category)));
    assert_eq!(why(Cell { category: None, window: None, ..marketing.clone() }), Some(Why::Missing(Missing::Category)));
    assert_eq!(why(category("utility", Cell { window: None, ..marketing.clone() })), Some(Why::Window));
    assert_eq!(why(Cell { day: "2019-07-01".parse().unwrap(), ..marketing.clone() }), Some(Why::Rule));
    let sms = Cell { channel: "sms".into(), ..marketing.clone() };
    assert_eq!(why(sms.clone()), Some(Why::Missing(Missing::Country)));
    assert_eq!(one(Cell { country: Some("FR".into()), ..sms }), (0, 0, 0, 3, None));
    let without = price(None, &[marketing.clone(), Cell { billed: Some(false), ..marketing }], None);
    assert_eq!(without.iter().map(counts).collect::<Vec<_>>(), [(0, 0, 0, 3, None), (0, 3, 0, 0, None)]);
    assert_eq!(without[0].why, Some(Why::Card));
}

#[test]
fn an_open_window_saves_what_would_have_come_on_top() {
    // 90 are charged; 20 utility messages are free inside the window. As marketing they would have been the 91st to the
    // 110th: 10 × 0.10 + 10 × 0.07 = 1.70.
    let free = category("utility", Cell { window: Some(true), ..cell("b", "2025-07-01", 20) });
    let priced = price(Some(&card()), &[cell("a", "2025-07-01", 90), free.clone()], None);
    assert_eq!((priced[1].free, priced[1].in_window), (20, 20));
    assert_eq!(priced[1].saved, Some(Sum { micros: 1_700_000, currency: "EUR".into() }));
    // After an ad it would have been free anyway.
    assert_eq!(price(Some(&card()), &[Cell { after_ad: true, ..free }], None)[0].in_window, 0);
}

#[test]
fn the_first_of_a_month_are_free_for_each_account() {
    // Ten of 25 are free; the cells, of 5 and 20, share them 2 to 8. Then 15 × 0.05.
    let service = |name: &str, n| category("service", cell(name, "2025-07-01", n));
    let other = Cell { account: Some("b".into()), ..service("c", 3) };
    let priced = price(Some(&card()), &[service("a", 5), service("b", 20), other], None);
    let found: Vec<_> = priced.iter().map(counts).collect();
    assert_eq!(found, [(3, 2, 0, 0, Some(150_000)), (12, 8, 0, 0, Some(600_000)), (0, 3, 0, 0, None)]);
}

/// Three of twelve messages to two countries are free, and one to France costs twenty times as much.
#[test]
fn what_a_table_is_broken_down_by_changes_no_sum() {
    let card =
        CARD.replace("free_per_account_and_month = { Service = 10 }", "free_per_account_and_month = { service = 3 }");
    let french = "[[price]]\nchannel = \"whatsapp\"\ncountry = \"FR\"\nfrom = \"2025-07-01\"\nprice = \"1\"\ncurrency = \"EUR\"\n";
    let card = Card::parse(&format!("{card}{french}"), Path::new("cost.toml")).unwrap();
    let service = |name: &str, country: &str, n| Cell {
        country: Some(country.to_owned()),
        ..category("service", cell(name, "2025-07-01", n))
    };
    let sum = |cells: &[Cell]| {
        let priced = price(Some(&card), cells, None);
        let free: u64 = priced.iter().map(|priced| priced.free).sum();
        (free, priced.into_iter().filter_map(|priced| priced.sum).map(|sum| sum.micros).sum::<i128>())
    };
    // One and a half of the three are due to each country; the one that is left goes to the first: 4 × 0.05 + 5 × 1.
    let coarse = [service("a", "DE", 6), service("b", "FR", 6)];
    assert_eq!(sum(&coarse), (3, 5_200_000));
    let ones = ["DE", "FR"].into_iter().flat_map(|country| (0..6).map(move |n| (country, n)));
    let fine: Vec<Cell> = ones.map(|(country, n)| service(&format!("{country}{n}"), country, 1)).collect();
    assert_eq!(sum(&fine), (3, 5_200_000));
}

#[test]
fn free_messages_of_a_month_are_the_first_of_it() {
    let service = |name: &str, day, n| category("service", cell(name, day, n));
    let priced = price(Some(&card()), &[service("a", "2025-07-20", 8), service("b", "2025-07-03", 7)], None);
    assert_eq!(priced.iter().map(|priced| priced.free).collect::<Vec<_>>(), [3, 7]);
}

#[test]
fn only_what_would_be_charged_uses_up_free_messages() {
    // WhatsApp calls charged what the month has free, too; what it calls free is so for another reason.
    let service = |name: &str, billed, n| Cell { billed, ..category("service", cell(name, "2025-07-01", n)) };
    let priced = price(Some(&card()), &[service("a", Some(false), 9), service("b", Some(true), 12)], None);
    assert_eq!(priced.iter().map(counts).collect::<Vec<_>>(), [(0, 9, 0, 0, None), (2, 10, 0, 0, Some(100_000))]);
}

#[test]
fn nobody_knows_whose_free_messages_an_unknown_account_uses_up() {
    let service = |account: Option<&str>, n| Cell {
        account: account.map(str::to_owned),
        ..category("service", cell("x", "2025-07-01", n))
    };
    // Where no account is ever named there is one.
    assert_eq!(counts(&price(Some(&card()), &[service(None, 12)], None)[0]), (2, 10, 0, 0, Some(100_000)));
    let priced = price(Some(&card()), &[service(None, 12), service(Some("a"), 3)], None);
    assert_eq!(priced.iter().map(counts).collect::<Vec<_>>(), [(0, 0, 0, 12, None), (0, 3, 0, 0, None)]);
    assert_eq!(priced[0].why, Some(Why::Missing(Missing::Account)));
}

#[test]
fn a_month_without_its_beginning_has_no_tiers_and_no_free_messages() {
    let [tiered, free] = [cell("a", "2025-07-20", 3), category("service", cell("b", "2025-07-20", 3))];
    let flat = category("authentication", cell("c", "2025-07-20", 3));
    let later = cell("d", "2025-08-01", 3);
    let priced = price(Some(&card()), &[tiered, free, flat, later], Some((2025, 7)));
    let why: Vec<_> = priced.iter().map(|priced| (priced.unknown, priced.why)).collect();
    assert_eq!(why, [(3, Some(Why::Month)), (3, Some(Why::Month)), (0, None), (0, None)]);
}

#[test]
fn the_window_saves_nothing_that_is_free_for_another_reason() {
    // Marketing is not free inside the window: the platform had another reason, such as an ad.
    let marketing = Cell { billed: Some(false), window: Some(true), ..cell("a", "2025-07-01", 3) };
    let priced = price(Some(&card()), &[marketing.clone(), category("utility", marketing)], None);
    assert_eq!(priced.iter().map(|priced| (priced.free, priced.in_window)).collect::<Vec<_>>(), [(3, 0), (3, 3)]);
}

#[test]
fn a_share_is_rounded_so_that_the_parts_add_up() {
    assert_eq!(share(10, &[1, 1, 1]), [4, 3, 3]);
    assert_eq!(share(1, &[1, 2]), [0, 1]);
    assert_eq!(share(5, &[0, 0]), [0, 0]);
}

fn cells() -> impl Strategy<Value = Vec<Cell>> {
    let words = [0..4_usize, 0..3, 0..3, 0..2];
    let known = (prop::option::of(any::<bool>()), prop::option::of(any::<bool>()));
    let one = (words, known, any::<[bool; 3]>(), 0..200_u64);
    prop::collection::vec(one, 0..30).prop_map(|cells| {
        let cell = |name: usize, (words, (billed, window), flags, n): ([usize; 4], _, [bool; 3], u64)| {
            let ([category, day, account, channel], [after_ad, opens, reached]) = (words, flags);
            Cell {
                key: vec![Some(name.to_string())],
                channel: ["whatsapp", "sms"][channel].to_owned(),
                account: [Some("a"), Some("b"), None][account].map(str::to_owned),
                country: (account > 0).then(|| "DE".to_owned()),
                category: [Some("marketing"), Some("utility"), Some("service"), None][category].map(str::to_owned),
                day: ["2025-06-30", "2025-07-01", "2025-07-14"][day].parse().unwrap(),
                billed,
                window,
                after_ad,
                opens,
                reached,
                campaign: None,
                n,
            }
        };
        cells.into_iter().enumerate().map(|(name, told)| cell(name, told)).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn counts_add_up_and_no_order_of_cells_matters(cells in cells()) {
        let card = card();
        let priced = price(Some(&card), &cells, None);
        for (cell, priced) in cells.iter().zip(&priced) {
            prop_assert_eq!(priced.charged + priced.free + priced.idle + priced.unknown, cell.n);
            prop_assert!(priced.unknown == 0 || priced.why.is_some());
            prop_assert_eq!(priced.charged > 0, priced.sum.is_some());
        }
        let backwards: Vec<Cell> = cells.iter().rev().cloned().collect();
        let mut again = price(Some(&card), &backwards, None);
        again.reverse();
        prop_assert_eq!(again, priced);
    }

    #[test]
    fn finer_cells_come_to_the_same(cells in cells(), at in 0..200_u64) {
        let finer: Vec<Cell> = cells.iter().flat_map(|cell| {
            let first = cell.n.min(at);
            [("x", first), ("y", cell.n - first)].map(|(name, n)| {
                Cell { key: [cell.key.clone(), vec![Some(name.to_owned())]].concat(), n, ..cell.clone() }
            })
        }).collect();
        let total = |priced: Vec<Priced>| priced.into_iter().fold(([0; 5], [0, 0]), |([a, b, c, d, e], [sum, saved]), one| {
            let micros = |sum: &Option<Sum>| sum.as_ref().map_or(0, |sum| sum.micros);
            let counts = [a + one.charged, b + one.free, c + one.idle, d + one.unknown, e + one.in_window];
            (counts, [sum + micros(&one.sum), saved + micros(&one.saved)])
        });
        prop_assert_eq!(total(price(Some(&card()), &finer, None)), total(price(Some(&card()), &cells, None)));
    }

    #[test]
    fn parts_of_a_tiered_sum_are_the_sum(parts in prop::collection::vec(0..1_000_u64, 1..20)) {
        let cells: Vec<Cell> = (0..).zip(&parts).map(|(name, &n): (u64, _)| cell(&name.to_string(), "2025-07-01", n)).collect();
        let n: u64 = parts.iter().sum();
        let micros = price(Some(&card()), &cells, None).into_iter().filter_map(|priced| priced.sum).map(|sum| sum.micros);
        let expected = i128::from(n.min(100)) * 100_000 + i128::from(n.saturating_sub(100)) * 70_000;
        prop_assert_eq!(micros.sum::<i128>(), expected);
    }

    #[test]
    fn a_share_is_never_more_than_one_away_from_what_is_due(total in 0..10_000_i128, weights in prop::collection::vec(0..50_u64, 1..12)) {
        let all: u64 = weights.iter().sum();
        let parts = share(total, &weights);
        prop_assert_eq!(parts.iter().sum::<i128>(), if all == 0 { 0 } else { total });
        for (part, weight) in parts.iter().zip(&weights).filter(|_| all > 0) {
            let (due, all) = (total * i128::from(*weight), i128::from(all));
            prop_assert!(part * all > due - all && part * all < due + all);
        }
    }
}
