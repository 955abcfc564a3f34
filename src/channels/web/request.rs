//! A request as web servers log it: a line of text or a JSON object. It does not know what a click is.

use jiff::Timestamp;

use super::{address, bots};
use crate::channels::{Reason, Record, Value, json};
use crate::event::Time;

/// What a log tells of a request.
pub(super) struct Request<'a> {
    /// When it was made, or answered.
    pub(super) at: Result<Time, Reason>,
    /// `GET` where the log does not say.
    method: &'a str,
    /// Path and query, or the whole address; empty where the client sent no request that could be read.
    pub(super) target: &'a str,
    status: Result<u16, Reason>,
    /// The client's name for itself; `None` where the log has none of anybody.
    agent: Option<&'a str>,
    is_prefetch: bool,
    /// Where the server sent the client.
    pub(super) redirect: Option<&'a str>,
}

/// Kinds of requests with which the lines of a load balancer begin.
const BALANCER: [&str; 6] = ["http", "https", "h2", "ws", "wss", "grpcs"];

// Keys of JSON logs; a dot leads into an object.
const TIME: &[&str] = &["time_iso8601", "@timestamp", "time", "ts", "timestamp", "msec", "time_local"];
const LINE: &[&str] = &["request", "request_line"];
const TARGET: &[&str] =
    &["request_uri", "uri", "url", "path", "request.uri", "request.url", "url.original", "url.path", "target"];
const QUERY: &[&str] = &["args", "query_string", "query", "url.query"];
const METHOD: &[&str] = &["request_method", "method", "request.method", "http.request.method", "http_method"];
const STATUS: &[&str] = &["status", "status_code", "http.response.status_code"];
const AGENT: &[&str] =
    &["http_user_agent", "user_agent", "agent", "userAgent", "user_agent.original", "request.headers.User-Agent"];
const CLIENT: &[&str] = &["remote_addr", "remote_ip", "client_ip", "client", "ip", "request.remote_ip", "source.ip"];
const REDIRECT: &[&str] = &["sent_http_location", "location", "redirect_url", "target_url"];
const PURPOSE: &[&str] = &["http_sec_purpose", "sec_purpose", "http_purpose", "purpose", "http_x_moz"];
/// Keys of objects that carry something else: the body of a webhook, or what a called interface answered.
const CARRIED: [&str; 5] = ["body", "payload", "data", "request_body", "response"];

impl<'a> Request<'a> {
    /// Whether a record is a request in an access log.
    pub(super) fn is_logged_in(body: &Value<'_>) -> bool {
        line(body).is_some_and(|line| balanced(line).is_some() || bracketed(line).is_some()) || is_object(body)
    }

    /// Reads a record.
    ///
    /// # Errors
    /// It is no request. A time that cannot be read is told with the request: it matters only if that is a click.
    pub(super) fn read(record: &Record<'a>) -> Result<Self, Reason> {
        match line(record.body) {
            Some(line) => Self::balanced(line).or_else(|| Self::bracketed(line)).unwrap_or(Err(Reason::NotJson)),
            None if is_object(record.body) => Ok(Self::object(record)),
            None => Err(Reason::UnknownShape),
        }
    }

    /// A line in common or combined format, with anything before the time and after the user agent.
    fn bracketed(line: &'a str) -> Option<Result<Self, Reason>> {
        let (time, rest) = bracketed(line)?;
        let mut words = Words(rest);
        let (method, target) = method_and_target(words.next()?);
        let Some(status) = words.next() else { return Some(Err(Reason::Truncated)) };
        // Size, referrer, user agent.
        let agent = words.nth(2);
        let (status, at) = (code(status), local(time));
        Some(Ok(Self { at, method, target, status, agent, is_prefetch: false, redirect: None }))
    }

    /// A line of an application load balancer, which tells the end of a request in UTC.
    fn balanced(line: &'a str) -> Option<Result<Self, Reason>> {
        let time = balanced(line)?;
        let words: Vec<&str> = Words(line).collect();
        let (Some(status), Some(request), Some(agent)) = (words.get(8), words.get(12), words.get(13)) else {
            return Some(Err(Reason::Truncated));
        };
        let (method, target) = method_and_target(request);
        Some(Ok(Self {
            at: Time::parse(time, None).ok_or(Reason::BadTime("time")),
            method,
            target,
            status: code(status),
            agent: Some(agent),
            is_prefetch: false,
            redirect: words.get(23).copied().filter(|address| address.contains("://")),
        }))
    }

    fn object(record: &Record<'a>) -> Self {
        let body = record.body;
        let (method, target) = match text(body, LINE) {
            Some(line) => method_and_target(line),
            None => (text(body, METHOD).unwrap_or("GET"), text(body, TARGET).unwrap_or_default()),
        };
        let target = match text(body, QUERY).filter(|query| !query.is_empty() && !target.contains('?')) {
            Some(query) => record.arena.keep(&format!("{target}?{}", query.trim_start_matches('?'))),
            None => target,
        };
        let at = match first(body, TIME) {
            Some(Value::Str(time)) if time.as_bytes().get(2) == Some(&b'/') => local(time),
            Some(time) => json::time(time, "time", record.reading.zone()),
            None => Err(Reason::MissingField("time")),
        };
        let status = json::required(first(body, STATUS).unwrap_or(&Value::Null), "status");
        let status = status.and_then(|status| code(&status));
        Self {
            at,
            method,
            target,
            status,
            agent: first(body, AGENT).map(|agent| agent.as_str().unwrap_or_default()),
            is_prefetch: text(body, PURPOSE).is_some_and(|purpose| {
                let purpose = purpose.to_ascii_lowercase();
                ["prefetch", "prerender", "preview"].iter().any(|word| purpose.contains(word))
            }),
            redirect: text(body, REDIRECT).filter(|address| !address.trim().is_empty() && *address != "-"),
        }
    }

    /// What the request for a tracked link is, if no person was led anywhere by it.
    ///
    /// # Errors
    /// The log does not say how the server answered, or not in numbers.
    pub(super) fn is_no_click(&self, more_bots: &[String]) -> Result<Option<&'static str>, Reason> {
        let status = self.status?;
        let itself =
            |to: &str| to.contains("://") && address::path_and_query(to) == address::path_and_query(self.target);
        let is_no_person = self.agent.and_then(|agent| bots::name(agent, more_bots));
        Ok(if !(200..400).contains(&status) {
            Some("failed_request")
        } else if is_no_person.is_some() {
            is_no_person
        } else if self.method != "GET" {
            Some("not_a_get")
        } else if self.is_prefetch {
            Some("prefetch")
        } else if self.redirect.is_some_and(itself) {
            // From http to https: the click is the request that follows.
            Some("redirect_to_itself")
        } else {
            None
        })
    }
}

/// The line of text that a record is, or that a collector of logs put into an object.
fn line<'a>(body: &'a Value<'a>) -> Option<&'a str> {
    match body {
        Value::Str(line) => Some(*line),
        Value::Object(object) => ["message", "log"]
            .into_iter()
            .find_map(|key| object.get(key)?.as_str())
            .map(str::trim_end)
            .filter(|line| balanced(line).is_some() || bracketed(line).is_some()),
        _ => None,
    }
    .filter(|line| !line.contains('\n'))
}

/// The time `02/Mar/2026:08:15:22 +0100` that stands in brackets before a quoted request, and the text after it.
fn bracketed(line: &str) -> Option<(&str, &str)> {
    let mut rest = line;
    while let Some((_, after)) = rest.split_once('[') {
        if let Some((time, after)) = after.split_once("] \"")
            && let [_, _, b'/', _, _, _, b'/', _, _, _, _, b':', ..] = time.as_bytes()
        {
            // The quote belongs to the request.
            let after = rest.get(rest.len() - after.len() - 1..)?;
            return Some((time, after));
        }
        rest = after;
    }
    None
}

/// The time of a load balancer's line.
fn balanced(line: &str) -> Option<&str> {
    let mut words = line.split(' ');
    let time = words.next().filter(|kind| BALANCER.contains(kind)).and(words.next())?;
    let is_time = matches!(time.as_bytes(), [_, _, _, _, b'-', _, _, b'-', _, _, b'T', .., b'Z']);
    (is_time && words.next().is_some()).then_some(time)
}

/// The fields of an access log are there, and nothing that a webhook's log would carry.
fn is_object(body: &Value<'_>) -> bool {
    body.is_object()
        && !CARRIED.iter().any(|key| json::has(body, key))
        && first(body, STATUS).is_some_and(|status| matches!(status, Value::Number(_) | Value::Str(_)))
        && (text(body, LINE).is_some() || text(body, TARGET).is_some())
        && first(body, TIME).is_some()
        && [METHOD, AGENT, CLIENT].iter().any(|keys| first(body, keys).is_some())
}

/// Method and target of `GET /r/abc HTTP/1.1`; empty if it is not of this form.
fn method_and_target(request: &str) -> (&str, &str) {
    let mut words = request.split(' ');
    match (words.next(), words.next()) {
        (Some(method), Some(target)) if !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase()) => {
            (method, target)
        }
        _ => ("", ""),
    }
}

/// The status with which a request was answered.
fn code(status: &str) -> Result<u16, Reason> {
    status.trim().parse().map_err(|_| Reason::BadValue("status"))
}

fn local(time: &str) -> Result<Time, Reason> {
    let stamp = Timestamp::strptime("%d/%b/%Y:%H:%M:%S %z", time).map_err(|_| Reason::BadTime("time"))?;
    Time::from_unix(stamp.as_second()).ok_or(Reason::BadTime("time"))
}

/// Words of a line: up to a blank, or in quotes, in which `\` goes before a quote that does not end it.
struct Words<'a>(&'a str);

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.0.trim_start_matches(' ');
        if rest.is_empty() {
            return None;
        }
        let Some(inside) = rest.strip_prefix('"') else {
            let (word, rest) = rest.split_once(' ').unwrap_or((rest, ""));
            self.0 = rest;
            return Some(word);
        };
        let mut is_escaped = false;
        let end = inside.find(|letter| {
            let is_end = letter == '"' && !is_escaped;
            is_escaped = letter == '\\' && !is_escaped;
            is_end
        });
        let end = end.unwrap_or(inside.len());
        self.0 = inside.get(end + 1..).unwrap_or_default();
        inside.get(..end)
    }
}

/// The first of the keys that has a value.
fn first<'a>(body: &'a Value<'a>, keys: &[&str]) -> Option<&'a Value<'a>> {
    keys.iter().find_map(|key| {
        let plain = body.get(key);
        let found = if plain.is_null() { key.split('.').fold(body, |value, part| value.get(part)) } else { plain };
        match found {
            Value::Null | Value::Object(_) => None,
            // Caddy lists the values of a header.
            Value::Array(values) => values.first(),
            found => Some(found),
        }
    })
}

fn text<'a>(body: &'a Value<'a>, keys: &[&str]) -> Option<&'a str> {
    first(body, keys).and_then(Value::as_str)
}
