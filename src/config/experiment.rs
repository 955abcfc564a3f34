//! `[experiment.NAME]`: in which shares contacts were meant to come into the variants of an experiment.

use std::collections::BTreeMap;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// `[experiment.NAME]`: the variants of an experiment. Where none is declared, all variants were meant to be equal.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// The campaign whose variants these are. Without it they are the variants of these names, whatever the campaign.
    pub campaign: Option<String>,
    /// Each variant's weight.
    pub shares: Shares,
}

/// Weights of variants, such as `{ control = 90, new = 10 }`; only their ratios matter.
#[derive(Clone, Debug, PartialEq)]
pub struct Shares(pub BTreeMap<String, f64>);

impl<'de> Deserialize<'de> for Shares {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let shares = BTreeMap::<String, f64>::deserialize(deserializer)?;
        if let Some((name, share)) = shares.iter().find(|(_, share)| !(share.is_finite() && **share > 0.0)) {
            return Err(D::Error::custom(format!(
                "variant '{name}' has a share of {share}; a share is more than zero, and a variant that nobody gets is left out"
            )));
        }
        if shares.len() < 2 {
            return Err(D::Error::custom(
                "an experiment has at least two variants; write shares = { control = 90, new = 10 }",
            ));
        }
        Ok(Self(shares))
    }
}

/// What contradicts itself, in words: a variant of which two experiments say how many contacts it was to get.
pub(super) fn contradiction(experiments: &BTreeMap<String, Experiment>) -> Option<String> {
    for (place, (name, experiment)) in experiments.iter().enumerate() {
        for (other_name, other) in
            experiments.iter().take(place).filter(|(_, other)| other.campaign == experiment.campaign)
        {
            let shared = experiment.shares.0.keys().find(|variant| other.shares.0.contains_key(*variant));
            if let (None, Some(variant)) = (&experiment.campaign, shared) {
                return Some(format!(
                    "[experiment.{other_name}] and [experiment.{name}] both have the variant '{variant}'; \
                     name the campaign of each"
                ));
            }
            if let Some(campaign) = &experiment.campaign {
                return Some(format!(
                    "[experiment.{other_name}] and [experiment.{name}] are both of the campaign '{campaign}'; \
                     write all its variants into one"
                ));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::Config;

    fn error(text: &str) -> String {
        Config::parse(text, Path::new("trichter.toml")).unwrap_err().to_string()
    }

    #[test]
    fn weights_are_whole_or_not_and_stand_in_any_order() {
        let text = "[experiment.tone]\ncampaign = \"may\"\nshares = { new = 0.5, control = 9 }\n";
        let config = Config::parse(text, Path::new("trichter.toml")).unwrap();
        let experiment = &config.experiment["tone"];
        assert_eq!(experiment.campaign.as_deref(), Some("may"));
        let shares: Vec<(&str, f64)> =
            experiment.shares.0.iter().map(|(name, share)| (name.as_str(), *share)).collect();
        assert_eq!(shares, [("control", 9.0), ("new", 0.5)]);
    }

    #[test]
    fn what_is_no_share_is_refused_with_its_line() {
        for (text, expected) in [
            ("[experiment.a]\nshare = { a = 1, b = 1 }\n", ":2: unknown field `share`; did you mean 'shares'?"),
            ("[experiment.a]\nshares = { a = 1 }\n", ":2: an experiment has at least two variants"),
            (
                "[experiment.a]\nshares = { a = 1, b = 0 }\n",
                ":2: variant 'b' has a share of 0; a share is more than zero",
            ),
            ("[experiment.a]\nshares = { a = 1, b = \"2\" }\n", ":2: invalid type: string \"2\""),
            ("[experiment.a]\ncampaign = \"x\"\n", ":1: missing field `shares`"),
            (
                "[experiments.a]\nshares = { a = 1, b = 1 }\n",
                ":1: unknown field `experiments`; did you mean 'experiment'?",
            ),
        ] {
            let message = error(text);
            assert!(message.starts_with(&format!("trichter.toml{expected}")), "{text}{message}");
        }
    }

    #[test]
    fn a_variant_of_two_experiments_is_refused() {
        let pair = |first: &str, second: &str| {
            format!(
                "[experiment.one]\n{first}shares = {{ control = 1, x = 1 }}\n[experiment.two]\n{second}shares = {{ control = 1, y = 1 }}\n"
            )
        };
        assert!(error(&pair("", "")).contains("both have the variant 'control'; name the campaign of each"));
        let [may, june] = ["campaign = \"may\"\n", "campaign = \"june\"\n"];
        assert!(error(&pair(may, may)).contains("are both of the campaign 'may'"));
        assert!(Config::parse(&pair(may, june), Path::new("trichter.toml")).is_ok());
    }
}
