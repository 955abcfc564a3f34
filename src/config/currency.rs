//! Amounts of money as text holds them: exact, in millionths, of a currency that exists.

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

use crate::error::nearest;

/// Currencies in use, by their letters in ISO 4217; XTS is the one for tests.
const CURRENCIES: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN \
    BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD \
    HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD \
    MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON \
    RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX \
    USD UYU UZS VES VND VUV WST XAF XCD XCG XOF XPF XTS YER ZAR ZMW ZWG";
/// One price is less than this. More is a slip of the pen, and sums of it would not fit.
const MOST: i64 = 1_000_000;
/// Digits after the point that are kept.
const DIGITS: usize = 6;

/// The currency of a price.
pub(super) struct Currency(pub(super) String);

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let known: Vec<String> = CURRENCIES.split_ascii_whitespace().map(str::to_owned).collect();
        if known.contains(&text) {
            return Ok(Self(text));
        }
        Err(D::Error::custom(match nearest(&text, &known) {
            Some(near) => format!("no currency '{text}'; did you mean '{near}'?"),
            None => format!("no currency '{text}'; write its three letters of ISO 4217, as in \"EUR\""),
        }))
    }
}

/// A price in millionths, written as text: numbers of TOML are not exact.
pub(super) struct Amount(pub(super) i64);

impl Amount {
    fn parse(text: &str) -> Result<Self, String> {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if text.starts_with('-') && are_digits(whole.trim_start_matches('-')) && are_digits(part) {
            return Err(format!("'{text}' is less than nothing; a price is not"));
        }
        if whole.is_empty() || text.ends_with('.') || !are_digits(whole) || !are_digits(part) {
            let point = text.replacen(',', ".", 1);
            let hint = match Self::parse_point(&point) {
                Some(_) if point != text => format!("did you mean \"{point}\"?"),
                _ => "write it as in \"0.07\"".to_owned(),
            };
            return Err(format!("'{text}' is not a price; {hint}"));
        }
        if part.len() > DIGITS {
            return Err(format!("'{text}' has more than {DIGITS} digits after the point"));
        }
        let amount = Self::parse_point(text).filter(|amount| amount.0 < MOST * 1_000_000);
        amount.ok_or_else(|| format!("'{text}' is no price of one message; it must be less than {MOST}"))
    }

    /// Digits with or without a point.
    fn parse_point(text: &str) -> Option<Self> {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let number: i64 = format!("{whole}{part:0<DIGITS$}").parse().ok()?;
        Some(Self(number))
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Amount;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a price in quotes, as in \"0.07\", because that is exact")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Amount, E> {
                Amount::parse(text).map_err(E::custom)
            }
        }

        deserializer.deserialize_any(Text)
    }
}
