//! Shares, as people write them: `80%`.

use serde::{Deserialize, Deserializer};

/// A share above 0 and of at most 1, written `80%` or `62.5 %`. Without the sign nobody could tell 1 % from all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Percent(pub f64);

impl Percent {
    /// Reads `80%`.
    ///
    /// # Errors
    /// The text is no number with a sign of percent behind it, or not above 0 and at most 100.
    pub fn parse(text: &str) -> Result<Self, String> {
        let number = text.trim().strip_suffix('%').and_then(|number| number.trim_end().parse::<f64>().ok());
        match number {
            Some(number) if number > 0.0 && number <= 100.0 => Ok(Self(number / 100.0)),
            Some(_) => Err(format!("'{text}' is not above 0% and at most 100%")),
            None => Err(format!("'{text}' is not a percentage; write 80%")),
        }
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_has_its_sign_and_its_bounds() {
        assert_eq!(Percent::parse("80%"), Ok(Percent(0.8)));
        assert_eq!(Percent::parse(" 62.5 % "), Ok(Percent(0.625)));
        assert_eq!(Percent::parse("100%"), Ok(Percent(1.0)));
        for text in ["80", "0.8", "0%", "-5%", "101%", "NaN%", "inf%", "%", ""] {
            assert!(Percent::parse(text).is_err(), "{text}");
        }
    }
}
