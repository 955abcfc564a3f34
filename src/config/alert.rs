//! `[[alert]]` and `[alerts]`: what somebody is woken for, and how they are told.
//!
//! Knows which keys go together, not which metrics or columns there are: that is looked up where alerts are judged.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Percent, Window};
use crate::event::SECOND;

/// `[[alert]]`: something that is watched.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Written")]
pub struct Alert {
    /// What it is called; no other alert is called so.
    pub name: String,
    /// The columns by which it is broken down: each of their values is watched for itself.
    pub by: Vec<String>,
    /// Only where these columns have these values.
    pub only: BTreeMap<String, String>,
    /// When it is raised.
    pub condition: Condition,
}

/// When an alert is raised.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// A rate is above or below a limit.
    Limit {
        /// The rate.
        rate: Watched,
        /// The side on which it alarms.
        side: Side,
        /// The limit, a share.
        limit: f64,
        /// Whether the whole interval must lie beyond, not the observed share alone.
        certain: bool,
    },
    /// A rate differs from the same weekday of the weeks before.
    Change {
        /// The rate.
        rate: Watched,
        /// In which direction it alarms; `None` is both.
        side: Option<Side>,
        /// How many weeks are looked at.
        weeks: u32,
        /// How far it must differ at least, as a share of what was to be expected.
        least: f64,
    },
    /// Events fail to come that used to.
    Silent {
        /// For how long.
        window: Window,
        /// How many weeks are looked at.
        weeks: u32,
        /// How much fewer there must be at least, as a share of what was to be expected.
        least: f64,
    },
    /// Too many records were rejected.
    Rejects(Rejects),
    /// A message broke a rule of permission.
    Violations,
}

/// A rate that is watched.
#[derive(Clone, Debug, PartialEq)]
pub struct Watched {
    /// Id of a metric, or the path of a SQL file.
    pub metric: String,
    /// Over which time it is counted.
    pub period: Period,
    /// Below how many observations it is not judged. Default: `[report] minimum`.
    pub minimum: Option<u64>,
    /// How long after its end a period is judged. Default: until nothing in it is undecided.
    pub wait: Option<Window>,
}

/// A side of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// More.
    Above,
    /// Less.
    Below,
}

/// A length of time over which a rate is counted, in the zone of reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// A day.
    #[default]
    Day,
    /// A week, from Monday.
    Week,
}

/// How many rejected records are too many.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(untagged, expecting = "write a share such as \"1%\" or a count such as 100")]
pub enum Rejects {
    /// A share of all distinct records.
    Share(Percent),
    /// A number of distinct records.
    Count(u64),
}

/// Weeks of history that a change is judged by, unless others are named.
const WEEKS: u32 = 8;
/// By how much a rate must differ at least, as a share of what was to be expected, unless another is named.
const LEAST_CHANGE: f64 = 0.10;
/// How much fewer events there must be at least, unless another share is named.
const LEAST_SILENCE: f64 = 0.50;
/// A week in microseconds.
const WEEK: i64 = 7 * 86_400 * SECOND;

/// An alert as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    metric: Option<String>,
    #[serde(default)]
    by: Vec<String>,
    #[serde(default, rename = "where")]
    only: BTreeMap<String, String>,
    period: Option<Period>,
    above: Option<Percent>,
    below: Option<Percent>,
    change: Option<Direction>,
    silent: Option<Window>,
    rejects: Option<Rejects>,
    violations: Option<bool>,
    minimum: Option<u64>,
    wait: Option<Window>,
    certain: Option<bool>,
    weeks: Option<u32>,
    least: Option<Percent>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Direction {
    Any,
    Up,
    Down,
}

impl TryFrom<Written> for Alert {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let name = written.name.trim();
        if name.is_empty() || name.chars().any(char::is_control) {
            return Err("an alert has a name, without line breaks".into());
        }
        let alert = |what: &str| format!("alert '{name}' {what}");
        let is_violations = written.violations == Some(true);
        let kinds = [
            ("above", written.above.is_some()),
            ("below", written.below.is_some()),
            ("change", written.change.is_some()),
            ("silent", written.silent.is_some()),
            ("rejects", written.rejects.is_some()),
            ("violations", is_violations),
        ];
        let given: Vec<&str> = kinds.iter().filter(|(_, is_given)| *is_given).map(|(key, _)| *key).collect();
        let [kind] = given.as_slice() else {
            let known = kinds.map(|(key, _)| key).join(", ");
            return Err(match given.len() {
                0 => alert(&format!("is never raised: say when with one of {known}")),
                _ => alert(&format!("has {}; write an alert of its own for each", given.join(" and "))),
            });
        };
        // What would be read over is refused: whoever wrote it believes that it counts.
        let is_rate = ["above", "below", "change"].contains(kind);
        let has_history = ["change", "silent"].contains(kind);
        for (key, is_given, fits) in [
            ("metric", written.metric.is_some(), is_rate),
            ("period", written.period.is_some(), is_rate),
            ("minimum", written.minimum.is_some(), is_rate),
            ("wait", written.wait.is_some(), is_rate),
            ("certain", written.certain.is_some(), is_rate && *kind != "change"),
            ("weeks", written.weeks.is_some(), has_history),
            ("least", written.least.is_some(), has_history),
            ("by", !written.by.is_empty(), *kind != "rejects"),
            ("where", !written.only.is_empty(), *kind != "rejects"),
        ] {
            if is_given && !fits {
                return Err(alert(&format!("has '{key}', which does not go with '{kind}'")));
            }
        }
        if let Some(column) = written.by.iter().find(|column| written.only.contains_key(*column)) {
            return Err(alert(&format!("has '{column}' both in 'by' and in 'where'")));
        }
        let weeks = written.weeks.unwrap_or(WEEKS);
        if !(4..=52).contains(&weeks) {
            return Err(alert(&format!("looks at {weeks} weeks; it takes 4 to 52 to know what is usual")));
        }
        let rate = || {
            let metric = written.metric.clone().ok_or_else(|| alert("watches no metric: name it with 'metric'"))?;
            let (minimum, wait) = (written.minimum, written.wait);
            Ok::<_, String>(Watched { metric, period: written.period.unwrap_or_default(), minimum, wait })
        };
        let least = |usual: f64| written.least.map_or(usual, |Percent(least)| least);
        let limit = |side, Percent(limit): Percent| {
            Ok::<_, String>(Condition::Limit { rate: rate()?, side, limit, certain: written.certain.unwrap_or(true) })
        };
        let condition = match &written {
            Written { above: Some(above), .. } => limit(Side::Above, *above)?,
            Written { below: Some(below), .. } => limit(Side::Below, *below)?,
            Written { change: Some(direction), .. } => Condition::Change {
                rate: rate()?,
                side: match direction {
                    Direction::Any => None,
                    Direction::Up => Some(Side::Above),
                    Direction::Down => Some(Side::Below),
                },
                weeks,
                least: least(LEAST_CHANGE),
            },
            Written { silent: Some(window), .. } if window.0 > WEEK => {
                return Err(alert("waits longer than 7d for events to come: by then it is no alert"));
            }
            Written { silent: Some(window), .. } => {
                Condition::Silent { window: *window, weeks, least: least(LEAST_SILENCE) }
            }
            Written { rejects: Some(rejects), .. } => Condition::Rejects(*rejects),
            _ => Condition::Violations,
        };
        Ok(Self { name: name.to_owned(), by: written.by, only: written.only, condition })
    }
}

impl Alert {
    /// The metric that it watches, if it watches one.
    pub(super) fn metric_mut(&mut self) -> Option<&mut String> {
        match &mut self.condition {
            Condition::Limit { rate, .. } | Condition::Change { rate, .. } => Some(&mut rate.metric),
            _ => None,
        }
    }
}

/// `[alerts]`: how often an alarm may be false, and who is told.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Alerts {
    /// In what share of nights without any change one of all alerts on changes and silence may be raised. Default 1 %.
    pub false_alarms: Percent,
    /// Whom to tell by HTTP.
    pub webhook: Option<Webhook>,
    /// Whom to tell by e-mail.
    pub mail: Option<Mail>,
}

impl Default for Alerts {
    fn default() -> Self {
        Self { false_alarms: Percent(0.01), webhook: None, mail: None }
    }
}

/// Where a secret is kept: never in this file itself, which is copied beside stores and shown to colleagues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Secret {
    /// In a variable of the environment.
    Env(String),
    /// In a file, whose last line break does not count.
    File(PathBuf),
}

impl Secret {
    fn of(key: &str, env: Option<String>, file: Option<PathBuf>) -> Result<Option<Self>, String> {
        match (env, file) {
            (Some(_), Some(_)) => Err(format!("'{key}_env' and '{key}_file' both tell the same; keep one of them")),
            (Some(env), None) => Ok(Some(Self::Env(env))),
            (None, file) => Ok(file.map(Self::File)),
        }
    }

    fn place(&mut self, folder: &Path) {
        if let Self::File(path) = self {
            *path = folder.join(&*path);
        }
    }
}

/// `[alerts.webhook]`: an address that takes alerts as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "WrittenWebhook")]
pub struct Webhook {
    /// The address. Many have a secret in them.
    pub url: Url,
    /// What is shown as `Authorization: Bearer …`.
    pub token: Option<Secret>,
    /// Certificates of authorities, as PEM, in the place of those that the system trusts.
    pub ca_file: Option<PathBuf>,
    /// How long one try may take. Default 10 s.
    pub timeout: Window,
}

/// An address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Url {
    /// As it stands in the configuration.
    Plain(String),
    /// Kept elsewhere.
    Secret(Secret),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenWebhook {
    url: Option<String>,
    url_env: Option<String>,
    url_file: Option<PathBuf>,
    token_env: Option<String>,
    token_file: Option<PathBuf>,
    ca_file: Option<PathBuf>,
    timeout: Option<Window>,
}

/// How long one try may take by default.
const TIMEOUT: Window = Window(10 * SECOND);

impl TryFrom<WrittenWebhook> for Webhook {
    type Error = String;

    fn try_from(written: WrittenWebhook) -> Result<Self, String> {
        let url = match (written.url, Secret::of("url", written.url_env, written.url_file)?) {
            (Some(url), None) => Url::Plain(url),
            (None, Some(secret)) => Url::Secret(secret),
            (None, None) => return Err("a webhook has an address: name it with url, url_env or url_file".into()),
            (Some(_), Some(_)) => return Err("the webhook's address is told twice; keep one of them".into()),
        };
        let token = Secret::of("token", written.token_env, written.token_file)?;
        Ok(Self { url, token, ca_file: written.ca_file, timeout: written.timeout.unwrap_or(TIMEOUT) })
    }
}

/// `[alerts.mail]`: people who are told by e-mail, through an SMTP server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "WrittenMail")]
pub struct Mail {
    /// Name of the server.
    pub server: String,
    /// Its port. Default: 587, 465 with `tls = "wrapped"`, 25 without TLS.
    pub port: u16,
    /// How the connection is kept from listeners.
    pub tls: Tls,
    /// Name to log in with, and its password.
    pub login: Option<(String, Secret)>,
    /// Who it is from.
    pub from: String,
    /// Who is told.
    pub to: Vec<String>,
    /// Certificates of authorities, as PEM, in the place of those that the system trusts.
    pub ca_file: Option<PathBuf>,
    /// How long the server may take for one answer. Default 10 s.
    pub timeout: Window,
}

/// How the connection to a mail server is kept from listeners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tls {
    /// It begins in the open and must go over to TLS before anything is said (RFC 3207).
    #[default]
    Starttls,
    /// TLS from the first byte (RFC 8314).
    Wrapped,
    /// Not at all: for a relay on the same machine.
    None,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenMail {
    server: String,
    port: Option<u16>,
    #[serde(default)]
    tls: Tls,
    login: Option<String>,
    password_env: Option<String>,
    password_file: Option<PathBuf>,
    from: String,
    to: Vec<String>,
    ca_file: Option<PathBuf>,
    timeout: Option<Window>,
}

impl TryFrom<WrittenMail> for Mail {
    type Error = String;

    fn try_from(written: WrittenMail) -> Result<Self, String> {
        let password = Secret::of("password", written.password_env, written.password_file)?;
        let login = match (written.login, password) {
            (Some(_), Some(_)) if written.tls == Tls::None => {
                return Err("a password without TLS can be read by whoever listens; write tls = \"starttls\"".into());
            }
            (Some(login), Some(password)) => Some((login, password)),
            (None, None) => None,
            (Some(_), None) => return Err("a login has a password: name it with password_env or password_file".into()),
            (None, Some(_)) => return Err("a password belongs to a login: name it with login".into()),
        };
        if written.to.is_empty() {
            return Err("e-mail goes to somebody: write to = [\"name@example.org\"]".into());
        }
        let port = written.port.unwrap_or(match written.tls {
            Tls::Starttls => 587,
            Tls::Wrapped => 465,
            Tls::None => 25,
        });
        Ok(Self {
            server: written.server,
            port,
            tls: written.tls,
            login,
            from: written.from,
            to: written.to,
            ca_file: written.ca_file,
            timeout: written.timeout.unwrap_or(TIMEOUT),
        })
    }
}

impl Alerts {
    /// Relative paths begin in the configuration's folder.
    pub(super) fn place(&mut self, folder: &Path) {
        if let Some(webhook) = &mut self.webhook {
            webhook.ca_file.iter_mut().for_each(|path| *path = folder.join(&*path));
            webhook.token.iter_mut().for_each(|secret| secret.place(folder));
            if let Url::Secret(secret) = &mut webhook.url {
                secret.place(folder);
            }
        }
        if let Some(mail) = &mut self.mail {
            mail.ca_file.iter_mut().for_each(|path| *path = folder.join(&*path));
            mail.login.iter_mut().for_each(|(_, secret)| secret.place(folder));
        }
    }
}

/// Metrics in files begin in the configuration's folder, as other paths do.
pub(super) fn place(alerts: &mut [Alert], folder: &Path) {
    let metrics = alerts.iter_mut().filter_map(Alert::metric_mut);
    let files = metrics.filter(|metric| Path::new(metric.as_str()).extension().is_some_and(|end| end == "sql"));
    files.for_each(|metric| *metric = folder.join(&*metric).to_string_lossy().into_owned());
}

/// What contradicts itself, in words: two alerts of one name could not be told apart.
pub(super) fn contradiction(alerts: &[Alert]) -> Option<String> {
    let mut names = BTreeSet::new();
    let twice = alerts.iter().find(|alert| !names.insert(&alert.name))?;
    Some(format!("there are two alerts '{}'; give each a name of its own", twice.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn error(text: &str) -> String {
        Config::parse(text, Path::new("conf/trichter.toml")).unwrap_err().to_string()
    }

    fn parse(text: &str) -> Config {
        Config::parse(text, Path::new("conf/trichter.toml")).unwrap()
    }

    #[test]
    fn each_kind_of_alert_is_read_with_what_is_usual() {
        let config = parse(
            "[[alert]]\nname = \"a\"\nmetric = \"click_rate\"\nbelow = \"3%\"\nwhere = { channel = \"whatsapp\" }\n\
             [[alert]]\nname = \"b\"\nmetric = \"mine.sql\"\nchange = \"down\"\nby = [\"channel\"]\nperiod = \"week\"\n\
             [[alert]]\nname = \"c\"\nsilent = \"6h\"\nby = [\"channel\", \"account\"]\n\
             [[alert]]\nname = \"d\"\nrejects = 100\n[[alert]]\nname = \"e\"\nrejects = \"0.5%\"\n\
             [[alert]]\nname = \"f\"\nviolations = true\n",
        );
        let [limit, change, silent, count, share, rules] = config.alert.as_slice() else {
            panic!("{:?}", config.alert)
        };
        assert!(matches!(&limit.condition, Condition::Limit { side: Side::Below, certain: true, .. }), "{limit:?}");
        let Condition::Change { rate, weeks: 8, side: Some(Side::Below), least } = &change.condition else {
            panic!("{change:?}")
        };
        assert!((rate.metric.as_str(), rate.period, *least) == ("conf/mine.sql", Period::Week, 0.1), "{rate:?}");
        assert!(matches!(silent.condition, Condition::Silent { weeks: 8, .. }), "{silent:?}");
        assert_eq!(count.condition, Condition::Rejects(Rejects::Count(100)));
        assert_eq!(share.condition, Condition::Rejects(Rejects::Share(Percent(0.005))));
        assert_eq!(rules.condition, Condition::Violations);
    }

    #[test]
    fn what_contradicts_itself_is_refused_with_its_line() {
        for (text, expected) in [
            ("[[alert]]\nname = \"a\"\n", ":1: alert 'a' is never raised"),
            ("[[alert]]\nname = \"a\"\nbelow = \"3%\"\n", ":1: alert 'a' watches no metric"),
            (
                "[[alert]]\nname = \"a\"\nmetric = \"m\"\nbelow = \"3%\"\nabove = \"5%\"\n",
                ":1: alert 'a' has above and below",
            ),
            (
                "[[alert]]\nname = \"a\"\nsilent = \"1d\"\nmetric = \"m\"\n",
                ":1: alert 'a' has 'metric', which does not go",
            ),
            ("[[alert]]\nname = \"a\"\nsilent = \"8d\"\n", ":1: alert 'a' waits longer than 7d"),
            ("[[alert]]\nname = \"a\"\nsilent = \"1d\"\nweeks = 2\n", ":1: alert 'a' looks at 2 weeks"),
            ("[[alert]]\nname = \"a\"\nbelov = \"3%\"\n", ":3: unknown field `belov`; did you mean 'below'?"),
            ("[[alert]]\nname = \"a\"\nmetric = \"m\"\nbelow = 3\n", ":4: invalid type"),
            ("[alerts]\nfalse_alarm = \"1%\"\n", ":2: unknown field `false_alarm`; did you mean 'false_alarms'?"),
            ("[alerts.webhook]\ntimeout = \"1s\"\n", ":1: a webhook has an address"),
            ("[alerts.webhook]\nurl = \"http://x\"\ntoken = \"s\"\n", ":3: unknown field `token`"),
            (
                "[alerts.mail]\nserver = \"s\"\nfrom = \"a@b\"\nto = [\"a@b\"]\nlogin = \"l\"\npassword_env = \"P\"\ntls = \"none\"\n",
                ":1: a password without TLS",
            ),
            ("[alert]\nname = \"a\"\n", ":1: each alert stands under [[alert]]"),
        ] {
            let message = error(text);
            assert!(message.starts_with(&format!("conf/trichter.toml{expected}")), "{text}{message}");
        }
        let twice = "[[alert]]\nname = \"a\"\nviolations = true\n".repeat(2);
        assert!(error(&twice).contains("two alerts 'a'"), "{}", error(&twice));
    }

    #[test]
    fn secrets_are_named_and_never_written_down() {
        let config = parse(
            "[alerts.webhook]\nurl_env = \"HOOK\"\ntoken_file = \"token\"\n[alerts.mail]\nserver = \"s\"\nfrom = \"a@b.example\"\n\
             to = [\"c@d.example\"]\nlogin = \"l\"\npassword_file = \"/secret\"\n",
        );
        let (webhook, mail) = (config.alerts.webhook.unwrap(), config.alerts.mail.unwrap());
        assert_eq!(webhook.url, Url::Secret(Secret::Env("HOOK".into())));
        assert_eq!(webhook.token, Some(Secret::File("conf/token".into())));
        assert_eq!(mail.login, Some(("l".into(), Secret::File("/secret".into()))));
        assert_eq!((mail.port, mail.tls), (587, Tls::Starttls));
    }
}
