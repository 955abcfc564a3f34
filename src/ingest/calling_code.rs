//! Calling codes: which country a telephone number is of.
//!
//! It is asked of the ids of contacts on channels that know people by their number, before these become pseudonyms; only the
//! country is kept. Which beginning belongs to which country is data, in `calling_codes.tsv`.

use std::sync::LazyLock;

use hashbrown::HashMap;

static TABLE: &str = include_str!("calling_codes.tsv");

/// Digits of a number with its calling code. Shorter ids are dialled inside a country or are no numbers; E.164 allows 15, which
/// no plan uses and ids of other platforms have.
const LENGTH: std::ops::RangeInclusive<usize> = 9..=14;
/// Digits of a number of the North American plan.
const NORTH_AMERICAN: usize = 11;

/// Countries by the beginnings of their numbers; no country where several share a beginning.
struct Codes {
    countries: HashMap<&'static str, Option<&'static str>>,
    longest: usize,
}

static CODES: LazyLock<Codes> = LazyLock::new(|| {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('\t'));
    let countries: HashMap<_, _> = lines
        .flat_map(|(country, codes)| codes.split(' ').map(move |code| (code, (country != "-").then_some(country))))
        .collect();
    let longest = countries.keys().map(|code| code.len()).max().unwrap_or_default();
    Codes { countries, longest }
});

/// The country (ISO 3166-1 alpha-2) of a number in digits with its calling code, as `4915112345678`. `None` if it is no such
/// number, or if several countries have numbers that begin so.
pub(super) fn country(number: &str) -> Option<&'static str> {
    let is_number = LENGTH.contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number || (number.starts_with('1') && number.len() != NORTH_AMERICAN) {
        return None;
    }
    let longest = (1..=CODES.longest).rev().find_map(|length| CODES.countries.get(number.get(..length)?));
    longest.copied().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_of_the_country_of_its_code_and_of_none_if_others_have_it_too() {
        for (number, expected) in [
            ("4915112345678", Some("DE")),
            ("436641234567", Some("AT")),
            ("971555500032", Some("AE")),
            ("5511912345678", Some("BR")),
            ("79161234567", Some("RU")),
            ("77011234567", Some("KZ")),
            ("79401234567", None),
            ("447400123456", Some("GB")),
            // Jersey has some of 7797, as Britain does.
            ("447797123456", None),
            ("441534960001", Some("JE")),
            ("12125550123", Some("US")),
            ("14165550123", Some("CA")),
            ("18765550123", Some("JM")),
            // No area code; and one digit too few.
            ("19995550123", None),
            ("1212555012", None),
            ("3906698123456", None),
            ("393331234567", Some("IT")),
            ("590690001234", None),
            ("262692123456", Some("RE")),
            // A service, no country.
            ("870773111632", None),
        ] {
            assert_eq!(country(number), expected, "{number}");
        }
    }

    #[test]
    fn what_is_no_number_is_of_no_country() {
        for id in [
            "",
            "ada",
            "+4915112345678",
            "49151",
            "US.13491208655302741918",
            "0151123456789",
            "491511234567890",
            "４９151123456",
        ] {
            assert_eq!(country(id), None, "{id}");
        }
    }

    #[test]
    fn the_table_has_each_beginning_once_under_two_letters() {
        let lines: Vec<_> = TABLE.lines().filter(|line| !line.starts_with('#')).collect();
        let mut codes: Vec<&str> = Vec::new();
        for line in &lines {
            let (country, of_country) = line.split_once('\t').unwrap();
            assert!(country == "-" || (country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase())));
            codes.extend(of_country.split(' '));
        }
        assert!(codes.iter().all(|code| !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit())));
        let n_codes = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!((codes.len(), CODES.countries.len()), (n_codes, n_codes));
        assert!(lines.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
