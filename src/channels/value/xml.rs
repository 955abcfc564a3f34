//! XML as a [`Value`]: an element with child elements is an object, one with text only is text.
//!
//! A child name that comes twice is an array; attributes, comments and declarations say nothing in the bodies that
//! messengers send and are left out. Nothing outside the text is ever fetched, and no entities are defined by it.

use hashbrown::HashMap;
use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

use super::{Arena, Object, Value};
use crate::channels::Reason;

/// Levels of nesting that are read.
const DEEPEST: usize = 64;

/// An element that is not closed yet.
#[derive(Default)]
struct Element<'a> {
    name: &'a str,
    children: Vec<(&'a str, Value<'a>)>,
    text: String,
}

impl<'a> Element<'a> {
    fn close(self, arena: &'a Arena) -> Value<'a> {
        if self.children.is_empty() {
            return Value::Str(arena.keep(self.text.trim()));
        }
        // Names in the order in which they came first; a record may have hundred thousands of them.
        let mut places: HashMap<&str, usize> = HashMap::with_capacity(self.children.len());
        let mut fields: Vec<(&str, Vec<Value<'a>>)> = Vec::with_capacity(self.children.len());
        for (name, value) in self.children {
            let place = *places.entry(name).or_insert(fields.len());
            match fields.get_mut(place) {
                Some((_, values)) => values.push(value),
                None => fields.push((name, vec![value])),
            }
        }
        let value = |values: &[Value<'a>]| match values {
            [value] => *value,
            values => Value::Array(arena.elements(values)),
        };
        let fields: Vec<(&str, Value<'a>)> = fields.iter().map(|(name, values)| (*name, value(values))).collect();
        Value::Object(Object(arena.fields(&fields)))
    }
}

/// Parses one element, with nothing but blanks around it: `<xml><a>1</a></xml>` is `{"xml":{"a":"1"}}`.
///
/// # Errors
/// Why it is refused: it ends in the middle, is nested too deep (64 levels), or is no XML.
pub fn parse<'a>(text: &str, arena: &'a Arena) -> Result<Value<'a>, Reason> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element<'a>> = vec![Element::default()];
    loop {
        let event = reader.read_event().map_err(|_| Reason::NotXml)?;
        let Some(innermost) = open.last_mut() else { return Err(Reason::NotXml) };
        match event {
            Event::Start(start) => {
                if open.len() > DEEPEST {
                    return Err(Reason::TooDeep);
                }
                let name = start.name();
                let name = arena.keep(str::from_utf8(name.as_ref()).map_err(|_| Reason::NotUtf8)?);
                open.push(Element { name, ..Element::default() });
            }
            Event::Empty(empty) => {
                let name = empty.name();
                let name = arena.keep(str::from_utf8(name.as_ref()).map_err(|_| Reason::NotUtf8)?);
                innermost.children.push((name, Value::Str("")));
            }
            // The reader holds that names of beginnings and ends agree.
            Event::End(_) => {
                let Some(closed) = open.pop() else { return Err(Reason::NotXml) };
                let name = closed.name;
                let value = closed.close(arena);
                open.last_mut().ok_or(Reason::NotXml)?.children.push((name, value));
            }
            Event::Text(text) => innermost.text.push_str(&text.decode().map_err(|_| Reason::NotUtf8)?),
            Event::CData(text) => innermost.text.push_str(&text.decode().map_err(|_| Reason::NotUtf8)?),
            Event::GeneralRef(reference) => {
                if let Some(char) = reference.resolve_char_ref().map_err(|_| Reason::NotXml)? {
                    innermost.text.push(char);
                } else {
                    let name = reference.decode().map_err(|_| Reason::NotUtf8)?;
                    innermost.text.push_str(resolve_predefined_entity(&name).ok_or(Reason::NotXml)?);
                }
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            Event::Eof => break,
        }
    }
    let (Some(document), true) = (open.pop(), open.is_empty()) else { return Err(Reason::Truncated) };
    match document.children.as_slice() {
        [_] if document.text.trim().is_empty() => Ok(document.close(arena)),
        _ => Err(Reason::NotXml),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(xml: &str, expected: &str) {
        let arena = Arena::default();
        assert_eq!(serde_json::to_string(&parse(xml, &arena).unwrap()).unwrap(), expected, "{xml}");
    }

    #[test]
    fn elements_are_objects_or_text_and_cdata_is_text() {
        check("<xml><a><![CDATA[x < y]]></a><b>1</b><c/></xml>", r#"{"xml":{"a":"x < y","b":"1","c":""}}"#);
        check("<?xml version='1.0'?>\n<xml>\n <a>&lt;&#228;&amp;</a>\n</xml>\n", r#"{"xml":{"a":"<ä&"}}"#);
    }

    #[test]
    fn what_comes_twice_is_an_array() {
        check("<x><i><n>1</n></i><k>2</k><i><n>3</n></i></x>", r#"{"x":{"i":[{"n":"1"},{"n":"3"}],"k":"2"}}"#);
    }

    #[test]
    fn many_children_take_no_longer_than_their_number() {
        let children: Vec<String> = (0..200_000).map(|n| format!("<a{n}/>")).collect();
        let arena = Arena::default();
        let value = parse(&format!("<xml>{}<a7>x</a7></xml>", children.concat()), &arena).unwrap();
        assert_eq!(value.get("xml").as_object().unwrap().keys().count(), 200_000);
        assert_eq!(value.get("xml").get("a7").as_array().unwrap().len(), 2);
    }

    #[test]
    fn what_is_broken_is_refused_with_its_reason() {
        let arena = Arena::default();
        for (xml, reason) in [
            ("<xml><a>1</a>", Reason::Truncated),
            ("<xml><a>1</b></xml>", Reason::NotXml),
            ("<xml>&unknown;</xml>", Reason::NotXml),
            ("<xml></xml><xml></xml>", Reason::NotXml),
            ("oops", Reason::NotXml),
        ] {
            assert_eq!(parse(xml, &arena), Err(reason), "{xml}");
        }
        assert_eq!(parse(&"<a>".repeat(100), &arena), Err(Reason::TooDeep));
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "(<|>|/|&|;|!|\\[CDATA\\[|\\]\\]>|a|xml|#| |ä){0,40}") {
            let arena = Arena::default();
            prop_assert!(parse(&text, &arena).is_ok_and(|value| value.is_object()) || parse(&text, &arena).is_err());
        }
    }
}
