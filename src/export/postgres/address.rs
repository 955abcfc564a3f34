//! Where a server is and who asks: addresses as libpq writes them, passwords from where libpq looks for them.
//!
//! Parameters of a connection and how they are written: PostgreSQL's manual, "Connection URIs" and "The Password File". Passwords
//! go into the client's configuration and nowhere else.

use std::fs;
use std::path::Path;
use std::time::Duration;

use postgres::Config;
use postgres::config::{Host, SslMode};
use url::form_urlencoded;

use super::super::target::Login;
use super::tls::{Roots, Trust};
use crate::error::{Error, Result};

/// The schema that tables go to if the address names none.
const SCHEMA: &str = "trichter";
/// Bytes of the longest name that a server keeps whole.
const LONGEST_NAME: usize = 63;
/// How long to wait for a server that does not answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a connection may say nothing before it is asked whether it lives.
const SILENCE: Duration = Duration::from_secs(30);
/// How long what was sent may stay without an answer. A busy disk makes a server slow to take rows.
const DEAF: Duration = Duration::from_mins(5);

/// A server, a schema in it, and whom to trust.
pub(super) struct Address {
    pub(super) config: Config,
    /// As messages may show it: without the password.
    pub(super) shown: String,
    pub(super) schema: String,
    pub(super) trust: Trust,
}

impl Address {
    /// Reads `postgres://USER@HOST:PORT/DATABASE?schema=NAME&sslmode=MODE&…`.
    pub(super) fn parse(text: &str, login: &Login) -> Result<Self> {
        let shown = redacted(text);
        let wrong = |what: &str| Error::Target {
            message: format!("'{shown}' is no address of a server: {what}"),
            remedy: "write postgres://USER@HOST:PORT/DATABASE?schema=NAME&sslmode=verify-full",
        };
        let (base, query) = text.split_once('?').unwrap_or((text, ""));
        let (mut schema, mut mode, mut roots) = (SCHEMA.to_owned(), "prefer".to_owned(), None);
        let mut others = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let Some((key, value)) = form_urlencoded::parse(pair.as_bytes()).next() else { continue };
            match &*key {
                "schema" => schema = value.into_owned(),
                "sslmode" => mode = value.into_owned(),
                "sslrootcert" => roots = Some(value.into_owned()),
                _ => others.push((key.into_owned(), pair)),
            }
        }
        let rest: Vec<&str> = others.iter().map(|(_, pair)| *pair).collect();
        let mut config: Config =
            format!("{base}?{}", rest.join("&")).parse().map_err(|error| wrong(&super::failure::words(&error)))?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(wrong("it names no host"));
        }
        if config.get_user().is_none() {
            config.user(login.user.as_deref().ok_or_else(|| wrong("it names no user"))?);
        }
        if config.get_password().is_none()
            && let Some(password) = login.password.clone().or_else(|| kept(&config, login))
        {
            config.password(password);
        }
        if schema.is_empty() || schema.len() > LONGEST_NAME || schema.contains('\0') || schema.starts_with("pg_") {
            return Err(wrong("no schema can be called so"));
        }
        let trust = trust(&mut config, &mode, roots.as_deref())
            .ok_or_else(|| wrong("sslmode is one of disable, prefer, require, verify-ca, verify-full"))?;
        let says = |name: &str| others.iter().any(|(key, _)| key == name);
        if !says("connect_timeout") {
            config.connect_timeout(PATIENCE);
        }
        if !says("keepalives_idle") {
            config.keepalives_idle(SILENCE);
        }
        if !says("tcp_user_timeout") {
            config.tcp_user_timeout(DEAF);
        }
        if config.get_application_name().is_none() {
            config.application_name("trichter");
        }
        Ok(Self { config, shown, schema, trust })
    }
}

/// How far a server has to show who it is. As with libpq, a file of authorities makes `require` ask for them.
fn trust(config: &mut Config, mode: &str, roots: Option<&str>) -> Option<Trust> {
    let authorities = match roots {
        None | Some("system") => Roots::System,
        Some(path) => Roots::File(path.into()),
    };
    let (tls, trust) = match mode {
        "disable" => (SslMode::Disable, Trust::Anybody),
        "prefer" => (SslMode::Prefer, Trust::Anybody),
        "require" if roots.is_none() => (SslMode::Require, Trust::Anybody),
        "require" | "verify-ca" => (SslMode::Require, Trust::Authority(authorities)),
        "verify-full" => (SslMode::Require, Trust::Server(authorities)),
        _ => return None,
    };
    config.ssl_mode(tls);
    Some(trust)
}

/// An address without its password: what stands between the name and the last `@`, and the value of `password=`.
pub(in crate::export) fn redacted(text: &str) -> String {
    let hide = |text: &str| match text.split_once("://") {
        Some((scheme, rest)) => match rest.rsplit_once('@') {
            Some((login, place)) => match login.split_once(':') {
                Some((user, _)) => format!("{scheme}://{user}:***@{place}"),
                None => text.to_owned(),
            },
            None => text.to_owned(),
        },
        None => text.to_owned(),
    };
    let text = hide(text);
    let Some((base, query)) = text.split_once('?') else { return text };
    let hide = |pair: &str| {
        let key = form_urlencoded::parse(pair.as_bytes()).next().map(|(key, _)| key.into_owned());
        if key.as_deref() == Some("password") { "password=***".to_owned() } else { pair.to_owned() }
    };
    format!("{base}?{}", query.split('&').map(hide).collect::<Vec<_>>().join("&"))
}

/// The password that the password file has for this server. As with libpq, a file that others may read is as good as none.
fn kept(config: &Config, login: &Login) -> Option<String> {
    let path = login.password_file.as_deref().filter(|path| is_private(path))?;
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(host)) => host.clone(),
        #[cfg(unix)]
        Some(Host::Unix(_)) => "localhost".to_owned(),
        _ => config.get_hostaddrs().first()?.to_string(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432).to_string();
    let user = config.get_user().unwrap_or_default();
    let database = config.get_dbname().unwrap_or(user);
    let asked = [host.as_str(), &port, database, user];
    fs::read_to_string(path).ok()?.lines().find_map(|line| entry(line, asked))
}

#[cfg(unix)]
fn is_private(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() % 0o100 == 0)
}

#[cfg(not(unix))]
fn is_private(path: &Path) -> bool {
    path.is_file()
}

/// The password of a line `host:port:database:user:password` if it is for what is asked; a star is for everything.
fn entry(line: &str, asked: [&str; 4]) -> Option<String> {
    if line.starts_with('#') {
        return None;
    }
    let mut parts = vec![String::new()];
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        let part = parts.last_mut()?;
        match letter {
            '\\' => part.extend(letters.next()),
            ':' => parts.push(String::new()),
            other => part.push(other),
        }
    }
    let [host, port, database, user, password] = <[String; 5]>::try_from(parts).ok()?;
    let fits = [host, port, database, user].iter().zip(asked).all(|(part, asked)| part == "*" || part == asked);
    fits.then_some(password)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Address> {
        Address::parse(text, &Login { user: Some("me".into()), ..Login::default() })
    }

    #[test]
    fn an_address_is_read_as_libpq_reads_it() {
        let address = parse("postgresql://ana:s%40fe@db.example:6432/bi?schema=bot&sslmode=require").unwrap();
        assert_eq!(address.config.get_user(), Some("ana"));
        assert_eq!(address.config.get_password(), Some(&b"s@fe"[..]));
        assert_eq!((address.config.get_dbname(), address.config.get_ports()), (Some("bi"), &[6432][..]));
        assert_eq!((address.schema.as_str(), address.config.get_ssl_mode()), ("bot", SslMode::Require));
        let address = parse("postgres://db.example/bi?application_name=nightly").unwrap();
        assert_eq!((address.schema.as_str(), address.config.get_user()), ("trichter", Some("me")));
        assert_eq!(address.config.get_application_name(), Some("nightly"));
        for wrong in ["postgres:///bi", "postgres://h/bi?sslmode=maybe", "postgres://h/bi?schema=", "postgres://h:x/bi"]
        {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn no_password_is_shown() {
        for text in [
            "postgres://ana:geheim@db/bi?schema=x",
            "postgres://ana:ge/h@eim@db/bi",
            "postgres://db/bi?password=geheim&user=ana",
            "postgres://ana:geheim@db:port/bi",
        ] {
            let shown = redacted(text);
            assert!(!shown.contains("geh") && !shown.contains("eim") && shown.contains("***"), "{shown}");
            if let Err(error) = parse(text) {
                assert!(!error.to_string().contains("geheim"), "{error}");
            }
        }
        assert_eq!(redacted("postgres://ana@db/bi?schema=x"), "postgres://ana@db/bi?schema=x");
    }

    #[test]
    fn the_password_file_has_the_password_of_the_first_line_that_fits() {
        let asked = ["db.example", "5432", "bi", "ana"];
        assert_eq!(entry("db.example:5432:bi:ana:one", asked).as_deref(), Some("one"));
        assert_eq!(entry("*:*:*:ana:with\\:colon\\\\", asked).as_deref(), Some("with:colon\\"));
        for other in ["db.example:5433:bi:ana:x", "#*:*:*:*:x", "*:*:*:x", ""] {
            assert_eq!(entry(other, asked), None, "{other}");
        }
    }
}
