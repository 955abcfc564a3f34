//! Addresses of the web, of which only what names no person is kept.

use std::borrow::Cow;

/// Path and query of the target of a request, which may be a whole address. Never empty, without a fragment.
pub(super) fn path_and_query(target: &str) -> &str {
    let target = target.split('#').next().unwrap_or_default();
    let inside = match target.split_once("://") {
        // What begins with a path may have an address in its query.
        Some((scheme, rest)) if is_scheme(scheme) => {
            rest.find(['/', '?']).and_then(|at| rest.get(at..)).unwrap_or_default()
        }
        _ => target,
    };
    if inside.is_empty() { "/" } else { inside }
}

/// An address without what may name a person: query, fragment, user and password.
pub(in crate::channels) fn without_query(address: &str) -> Cow<'_, str> {
    let place = address.split(['?', '#']).next().unwrap_or_default();
    if let Some((scheme, rest)) = place.split_once("://")
        && is_scheme(scheme)
    {
        let (host, path) = rest.split_once('/').map_or((rest, None), |(host, path)| (host, Some(path)));
        if let Some((_, host)) = host.rsplit_once('@') {
            return Cow::Owned(
                path.map_or_else(|| format!("{scheme}://{host}"), |path| format!("{scheme}://{host}/{path}")),
            );
        }
    }
    Cow::Borrowed(place)
}

fn is_scheme(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// Text with its `%XX` decoded. A `+` stays one: it may belong to a phone number. What is no UTF-8 then becomes the
/// replacement character.
pub(super) fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let digit = |at: usize| char::from(*tail.get(at)?).to_digit(16);
        if let (b'%', Some(high), Some(low)) = (first, digit(0), digit(1)) {
            bytes.extend(u8::try_from(high * 16 + low));
            rest = tail.get(2..).unwrap_or_default();
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    Cow::Owned(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_path_and_query_of_a_target_are_looked_at() {
        for (target, expected) in [
            ("/r/a?b=c", "/r/a?b=c"),
            ("https://go.example:443/r/a?b=c#top", "/r/a?b=c"),
            ("https://go.example?b=c", "?b=c"),
            ("https://go.example", "/"),
            ("/go?to=https://shop.example/x", "/go?to=https://shop.example/x"),
            ("", "/"),
        ] {
            assert_eq!(path_and_query(target), expected, "{target}");
        }
    }

    #[test]
    fn what_may_name_a_person_is_left_out_of_an_address() {
        for (address, expected) in [
            ("https://shop.example/sale?c=4915#top", "https://shop.example/sale"),
            ("https://anna:secret@shop.example/sale", "https://shop.example/sale"),
            ("https://anna@shop.example", "https://shop.example"),
            ("https://shop.example/@anna", "https://shop.example/@anna"),
            ("/sale?x", "/sale"),
        ] {
            assert_eq!(without_query(address), expected, "{address}");
        }
    }

    #[test]
    fn escapes_are_decoded_and_what_is_none_is_left_alone() {
        for (text, expected) in [
            ("/a%2Fb%20c", "/a/b c"),
            ("%2B49+1", "+49+1"),
            ("100%", "100%"),
            ("%zz%4", "%zz%4"),
            ("%C3%A4%FF", "ä\u{fffd}"),
        ] {
            assert_eq!(decoded(text), expected, "{text}");
        }
    }
}
