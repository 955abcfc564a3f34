//! Form-encoded text, `a=1&b=x%20y`, as a [`Value`]: an object of text. Of a name that comes twice the first counts.

use std::borrow::Cow;

use super::{Arena, Object, Value};

/// Whether text looks like a form: no blanks, and every part between `&` has a plain name and `=`.
#[must_use]
pub fn is_form(text: &str) -> bool {
    let is_part = |part: &str| {
        let name = part.split_once('=').map(|(name, _)| name);
        name.is_some_and(|name| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.[]%".contains(&byte))
        })
    };
    text.contains('=') && !text.bytes().any(|byte| byte.is_ascii_whitespace()) && text.split('&').all(is_part)
}

/// Reads a form. What is not UTF-8 after decoding becomes the replacement character.
pub fn parse<'a>(text: &str, arena: &'a Arena) -> Value<'a> {
    let keep = |text: Cow<'_, str>| arena.keep(&text);
    let fields: Vec<(&str, Value<'a>)> = form_urlencoded::parse(text.trim().as_bytes())
        .map(|(name, value)| (keep(name), Value::Str(keep(value))))
        .collect();
    Value::Object(Object(arena.fields(&fields)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_an_object_of_text() {
        let arena = Arena::default();
        let value = parse("From=whatsapp%3A%2B49151&Body=ja+gern&Empty=", &arena);
        let json = serde_json::to_string(&value).unwrap();
        assert_eq!(json, r#"{"From":"whatsapp:+49151","Body":"ja gern","Empty":""}"#);
    }

    #[test]
    fn only_what_consists_of_names_and_values_looks_like_a_form() {
        for (text, expected) in [
            ("a=1", true),
            ("MessageSid=SM1&Body=a%20b&x[0]=", true),
            ("a=1&b", false),
            ("a = 1", false),
            ("oops", false),
            ("https://shop.example/?a=1", false),
            ("=1", false),
        ] {
            assert_eq!(is_form(text), expected, "{text}");
        }
    }
}
