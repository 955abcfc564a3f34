//! Envelopes: finds the platform's body inside what a web server, a gateway or a queue wrote around it.
//!
//! It knows the habits of logs, not a platform: whether a value is a platform's own record is asked of the caller.

use jiff::tz::TimeZone;

use crate::channels::{Arena, Reason, Value, form, json, parse, xml};
use crate::config::Input;
use crate::event::Time;

/// Keys that hold the body in a log's own envelope.
const BODY: &[&str] = &["body", "payload"];
/// Keys that may hold it, but that platforms use as well: they count only if what they hold is a platform's.
const PERHAPS_BODY: &[&str] = &["data", "message"];
/// Keys under which logs keep the time of receipt, the clearest first.
const RECEIVED: &[&str] = &["received_at", "receivedAt", "received", "timestamp", "time", "@timestamp", "date", "ts"];
/// Envelopes inside envelopes: a gateway's inside a queue's. More is not a log.
const MOST: u32 = 2;

/// Takes a body and the time at which it was received.
type Each<'e> = dyn FnMut(Result<&Value<'_>, Reason>, Option<Time>) + 'e;

/// Where the body and the time of receipt stand.
#[derive(Clone, Debug, Default)]
pub struct Unwrapping {
    body: Option<String>,
    received_at: Option<String>,
    zone: Option<TimeZone>,
}

impl Unwrapping {
    /// What `[input]` of the configuration says.
    #[must_use]
    pub fn new(input: &Input) -> Self {
        let zone = input.zone.as_ref().map(|zone| zone.0.clone());
        Self { body: input.body.clone(), received_at: input.received_at.clone(), zone }
    }

    /// Hands the body, or each body of an array, to `each`, with the time at which the log says that it received it.
    ///
    /// A configured pointer wins; where it points to nothing, and without one, an object without a platform's shape whose
    /// `body` or `payload` is an object, an array, or text that holds JSON, XML or a form (base64 where the envelope says
    /// so) is an envelope. `data` and `message` are looked into too, but only believed if `is_known` knows what is inside. Records
    /// of a send log (`request`, `response`, a `method` that is not HTTP's) are no envelopes. What has no envelope is
    /// handed on as it is; a body that is broken is handed on as a reason.
    ///
    /// `is_known` says whether a value is a platform's record. It is asked only about values that could be envelopes.
    /// `arena` keeps what is parsed on the way.
    pub fn bodies<F>(&self, value: &Value<'_>, arena: &Arena, is_known: &dyn Fn(&Value<'_>) -> bool, mut each: F)
    where
        F: FnMut(Result<&Value<'_>, Reason>, Option<Time>),
    {
        let received_at = self.received_at.as_deref().and_then(|at| self.time(pointer(value, at)?));
        if let Some(body) = self.body.as_deref().and_then(|at| pointer(value, at)) {
            let received_at = received_at.or_else(|| self.received(value));
            match body_of(body, value, arena) {
                Some(Ok(body)) => spread(&body, received_at, &mut each),
                Some(Err(reason)) => each(Err(reason), received_at),
                None => each(Err(Reason::BadValue("body")), received_at),
            }
            return;
        }
        let look = Look { arena, is_known };
        self.guess(value, received_at, &look, MOST, &mut each);
    }

    fn guess(&self, value: &Value<'_>, received_at: Option<Time>, look: &Look<'_>, left: u32, each: &mut Each<'_>) {
        let envelope = if left == 0 { None } else { look.body(value) };
        match envelope {
            None => each(Ok(value), received_at),
            Some(Err(reason)) => each(Err(reason), received_at.or_else(|| self.received(value))),
            Some(Ok(body)) => {
                let received_at = received_at.or_else(|| self.received(value));
                match &body {
                    Value::Array(bodies) => {
                        for body in *bodies {
                            self.guess(body, received_at, look, left - 1, each);
                        }
                    }
                    body => self.guess(body, received_at, look, left - 1, each),
                }
            }
        }
    }

    /// The time of receipt that an envelope tells.
    fn received(&self, envelope: &Value<'_>) -> Option<Time> {
        let object = envelope.as_object()?;
        let context = |key| pointer(envelope, "/requestContext").and_then(|context| context.as_object()?.get(key));
        RECEIVED
            .iter()
            .filter_map(|key| object.get(key))
            .chain(["timeEpoch", "requestTimeEpoch"].into_iter().filter_map(context))
            .find_map(|value| self.time(value))
    }

    fn time(&self, value: &Value<'_>) -> Option<Time> {
        // Whoever logs without a zone has set the server's clock to UTC, or says so.
        json::time(value, "received_at", Some(self.zone.as_ref().unwrap_or(&TimeZone::UTC))).ok()
    }
}

fn spread(body: &Value<'_>, received_at: Option<Time>, each: &mut Each<'_>) {
    match body {
        Value::Array(bodies) => bodies.iter().for_each(|body| each(Ok(body), received_at)),
        body => each(Ok(body), received_at),
    }
}

/// What it takes to tell an envelope.
struct Look<'l> {
    arena: &'l Arena,
    is_known: &'l dyn Fn(&Value<'_>) -> bool,
}

impl Look<'_> {
    /// The body of an envelope; `None` if the value is no envelope.
    fn body<'v>(&'v self, value: &Value<'v>) -> Option<Result<Value<'v>, Reason>> {
        let object = value.as_object()?;
        let has_body = BODY.iter().chain(PERHAPS_BODY).any(|key| object.get(key).is_some());
        if !has_body || is_send_log(value) || (self.is_known)(value) {
            return None;
        }
        let find = |key: &&str| object.get(key).and_then(|inner| body_of(inner, value, self.arena));
        BODY.iter().find_map(find).or_else(|| {
            PERHAPS_BODY.iter().filter_map(find).find(|body| match body {
                Ok(Value::Array(bodies)) => bodies.iter().any(|body| self.leads_to_known(body)),
                Ok(body) => self.leads_to_known(body),
                Err(_) => false,
            })
        })
    }

    /// Whether a value is a platform's record or an envelope around one.
    fn leads_to_known(&self, value: &Value<'_>) -> bool {
        (self.is_known)(value)
            || self.body(value).is_some_and(|body| match body {
                Ok(Value::Array(bodies)) => bodies.iter().any(self.is_known),
                Ok(body) => (self.is_known)(&body),
                Err(_) => false,
            })
    }
}

/// `inner` as a body, if it is an object, an array, or text that begins like one.
fn body_of<'v>(inner: &Value<'v>, envelope: &Value<'_>, arena: &'v Arena) -> Option<Result<Value<'v>, Reason>> {
    let text = match inner {
        Value::Object(_) | Value::Array(_) => return Some(Ok(*inner)),
        Value::Str(text) => text,
        _ => return None,
    };
    let is_base64 = pointer(envelope, "/isBase64Encoded").and_then(json::flag).unwrap_or(false);
    if is_base64 {
        return Some(decode(text, arena));
    }
    as_body(text, arena)
}

/// The body that a text is: JSON, XML or a form.
fn as_body<'a>(text: &'a str, arena: &'a Arena) -> Option<Result<Value<'a>, Reason>> {
    match text.trim_start().as_bytes().first()? {
        b'{' | b'[' => Some(parse(text, arena)),
        b'<' => Some(xml::parse(text, arena)),
        _ => form::is_form(text).then(|| Ok(form::parse(text, arena))),
    }
}

/// Whether a record tells what the business called and what came back. `method` alone is no sign of it: web servers log
/// `POST` under that name.
fn is_send_log(value: &Value<'_>) -> bool {
    let is_verb = |method: &Value<'_>| matches!(method.as_str(), Some("GET" | "POST" | "PUT" | "PATCH" | "DELETE"));
    value.as_object().is_some_and(|object| {
        object.get("request").is_some()
            || object.get("response").is_some()
            || object.get("method").is_some_and(|method| !is_verb(method))
    })
}

/// The value at an RFC 6901 pointer; a pointer without its leading slash is understood.
fn pointer<'v>(value: &'v Value<'v>, pointer: &str) -> Option<&'v Value<'v>> {
    let path = pointer.strip_prefix('/').unwrap_or(pointer);
    if path.is_empty() {
        return Some(value);
    }
    path.split('/').try_fold(value, |value, part| match value {
        Value::Object(object) if part.contains('~') => object.get(&part.replace("~1", "/").replace("~0", "~")),
        Value::Object(object) => object.get(part),
        Value::Array(elements) => elements.get(part.parse::<usize>().ok()?),
        _ => None,
    })
}

/// A body that a gateway wrote as base64.
fn decode<'a>(text: &str, arena: &'a Arena) -> Result<Value<'a>, Reason> {
    let bytes = base64(text).ok_or(Reason::BadValue("body"))?;
    let text = arena.keep(str::from_utf8(&bytes).map_err(|_| Reason::NotUtf8)?);
    as_body(text, arena).unwrap_or(Err(Reason::NotJson))
}

/// Bytes of standard or URL-safe base64, with or without padding.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut n_bits) = (0_u32, 0);
    for byte in text.trim().trim_end_matches('=').bytes() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'\r' | b'\n' => continue,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(six)) & 0xffff;
        n_bits += 6;
        if n_bits >= 8 {
            n_bits -= 8;
            bytes.push(u8::try_from(bits >> n_bits & 0xff).ok()?);
        }
    }
    (n_bits < 6).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes out, a line per body: the time of receipt if known, then the body or the reason.
    fn check_with(how: &Unwrapping, record: &str, expected: &[&str]) {
        let arena = Arena::default();
        let value = parse(record, &arena).unwrap();
        let is_known = |value: &Value<'_>| value.as_object().is_some_and(|object| object.get("update_id").is_some());
        let mut found = Vec::new();
        how.bodies(&value, &arena, &is_known, |body, received_at| {
            let at = received_at.map(|at| format!("{at} ")).unwrap_or_default();
            found.push(match body {
                Ok(body) => format!("{at}{}", serde_json::to_string(body).unwrap()),
                Err(reason) => format!("{at}{}", reason.code()),
            });
        });
        assert_eq!(found, expected, "{record}");
    }

    fn check(record: &str, expected: &[&str]) {
        check_with(&Unwrapping::default(), record, expected);
    }

    #[test]
    fn what_has_no_envelope_is_handed_on_as_it_is() {
        check(r#"{"object":"page","timestamp":1700000000}"#, &[r#"{"object":"page","timestamp":1700000000}"#]);
        check("7", &["7"]);
        check(r#"{"update_id":1,"message":{"text":"hi"}}"#, &[r#"{"update_id":1,"message":{"text":"hi"}}"#]);
        check(r#"{"update_id":1,"body":{"a":1}}"#, &[r#"{"update_id":1,"body":{"a":1}}"#]);
        check(r#"{"body":"hello {name}"}"#, &[r#"{"body":"hello {name}"}"#]);
    }

    #[test]
    fn a_body_is_found_as_object_array_and_text() {
        check(
            r#"{"received_at":"2024-01-01T00:00:00Z","headers":{},"body":{"a":1}}"#,
            &[r#"2024-01-01T00:00:00Z {"a":1}"#],
        );
        check(r#"{"ts":1704067200,"payload":"{\"a\":1}"}"#, &[r#"2024-01-01T00:00:00Z {"a":1}"#]);
        check(r#"{"body":[{"a":1},{"a":2}]}"#, &[r#"{"a":1}"#, r#"{"a":2}"#]);
        check(r#"{"body":"[{\"a\":1},{\"a\":2}]"}"#, &[r#"{"a":1}"#, r#"{"a":2}"#]);
        check(r#"{"body":[]}"#, &[]);
    }

    #[test]
    fn a_broken_body_is_a_reason() {
        check(r#"{"body":"{\"a\":"}"#, &["truncated"]);
        check(r#"{"time":"2024-01-01 00:00:00","body":"{oops}"}"#, &["2024-01-01T00:00:00Z not_json"]);
    }

    #[test]
    fn a_gateway_may_have_written_base64() {
        check(
            r#"{"body":"eyJhIjoxfQ==","isBase64Encoded":true,"requestContext":{"timeEpoch":1704067200000}}"#,
            &[r#"2024-01-01T00:00:00Z {"a":1}"#],
        );
        check(r#"{"body":"{\"a\":1}","isBase64Encoded":false}"#, &[r#"{"a":1}"#]);
        check(r#"{"body":"!!","isBase64Encoded":"true"}"#, &["bad_value:body"]);
        check(r#"{"body":"/w==","isBase64Encoded":true}"#, &["not_utf8"]);
    }

    #[test]
    fn keys_that_platforms_use_too_are_believed_only_around_a_platforms_record() {
        check(r#"{"data":{"a":1}}"#, &[r#"{"data":{"a":1}}"#]);
        check(r#"{"data":{"update_id":1}}"#, &[r#"{"update_id":1}"#]);
        check(
            r#"{"@timestamp":"2024-01-01T00:00:00Z","message":"{\"update_id\":1}"}"#,
            &[r#"2024-01-01T00:00:00Z {"update_id":1}"#],
        );
        check(r#"{"message":{"body":{"update_id":1}}}"#, &[r#"{"update_id":1}"#]);
    }

    #[test]
    fn a_send_log_is_no_envelope_but_a_web_servers_log_is() {
        let sent = r#"{"method":"sendMessage","body":{"text":"hi"}}"#;
        check(sent, &[sent]);
        let called = r#"{"request":{},"body":{"ok":true}}"#;
        check(called, &[called]);
        check(r#"{"method":"POST","path":"/hook","body":{"a":1}}"#, &[r#"{"a":1}"#]);
    }

    #[test]
    fn two_envelopes_are_opened_and_a_third_is_not() {
        check(
            r#"{"ts":"junk","time":1704067200,"body":{"ts":1,"payload":{"a":1}}}"#,
            &[r#"2024-01-01T00:00:00Z {"a":1}"#],
        );
        check(r#"{"body":{"body":{"body":{"a":1}}}}"#, &[r#"{"body":{"a":1}}"#]);
    }

    #[test]
    fn configured_pointers_win_over_guessing() {
        let how = |body: &str, at: &str| Unwrapping {
            body: Some(body.into()),
            received_at: Some(at.into()),
            zone: Some(TimeZone::UTC),
        };
        let record = r#"{"req":{"raw/text":"{\"a\":1}"},"body":{"b":2},"seen":["2024-01-01"],"ts":1600000000}"#;
        check_with(&how("/req/raw~1text", "/seen/0"), record, &[r#"2024-01-01T00:00:00Z {"a":1}"#]);
        check_with(&how("/nothing", "/seen/0"), record, &[r#"2024-01-01T00:00:00Z {"b":2}"#]);
        check_with(&how("/ts", "/nothing"), record, &["2020-09-13T12:26:40Z bad_value:body"]);
        check_with(
            &how("", "/seen/0"),
            r#"{"seen":["2024-01-01"]}"#,
            &[r#"2024-01-01T00:00:00Z {"seen":["2024-01-01"]}"#],
        );
    }
}
