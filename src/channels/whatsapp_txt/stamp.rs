//! The date and time at the beginning of a line of an exported chat, as phones of all languages write them.
//!
//! It says which digits stand where, not which of them are the day: [`order`](super::order) decides that on the whole file.

use jiff::civil;

use super::super::export::is_mark;
use crate::config::DateOrder;

/// The beginning of a line that begins a message: `31.12.26, 10:15 - ` or `[31/12/2026, 10:15:30 PM] `.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) date: Date,
    pub(super) time: civil::Time,
    /// iPhones put the stamp in brackets, Android phones a dash behind it. A file is of one style, so that a line of the
    /// other one is part of a message.
    pub(super) in_brackets: bool,
}

/// Three numbers whose order is not known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Date {
    parts: [i16; 3],
    shape: Shape,
}

/// What the form of a date says of its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// Four digits first, or 年 and 월.
    YearFirst,
    /// Four digits last.
    YearLast { dots: bool },
    /// `26. 12. 31.` (Korean) or `31.12.26.` (Croatian).
    EndsWithDot,
    /// Two digits each.
    Short { dots: bool },
}

impl Date {
    /// In which orders such a date may be written, the usual ones. Nobody writes `12.31.2026`.
    pub(super) fn orders(self) -> &'static [DateOrder] {
        match self.shape {
            Shape::YearFirst => &[DateOrder::Ymd],
            Shape::EndsWithDot => &[DateOrder::Dmy, DateOrder::Ymd],
            Shape::YearLast { dots: true } | Shape::Short { dots: true } => &[DateOrder::Dmy],
            Shape::YearLast { dots: false } | Shape::Short { dots: false } => &[DateOrder::Dmy, DateOrder::Mdy],
        }
    }

    /// The day, read in this order; `None` if there is no such day.
    pub(super) fn read(self, order: DateOrder) -> Option<civil::Date> {
        let order = if self.shape == Shape::YearFirst { DateOrder::Ymd } else { order };
        if order == DateOrder::Ymd && matches!(self.shape, Shape::YearLast { .. }) {
            return None;
        }
        let [first, second, third] = self.parts;
        let (year, month, day) = match order {
            DateOrder::Dmy => (third, second, first),
            DateOrder::Mdy => (third, first, second),
            DateOrder::Ymd => (first, second, third),
        };
        // WhatsApp began in 2009.
        let year = if year < 100 { year + 2000 } else { year };
        civil::Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok()
    }
}

/// Takes the stamp off a line. Returns it with the rest of the line, or `None` if the line does not begin with one.
pub(super) fn strip(line: &str) -> Option<(Stamp, &str)> {
    let mut cursor = Cursor(line);
    cursor.blanks();
    let in_brackets = cursor.eat("[").is_some();
    let date = date(&mut cursor)?;
    let has_gap = cursor.blanks() | cursor.eat(",،、").is_some() | cursor.blanks();
    let before = half(cursor.word())?;
    if !has_gap && before == Half::Unsaid {
        return None;
    }
    let (hour, _) = cursor.number(2)?;
    let separator = cursor.eat(":.")?;
    let (minute, 2) = cursor.number(2)? else { return None };
    let second = if cursor.0.starts_with(separator) {
        cursor.eat(":.");
        let (second, 2) = cursor.number(2)? else { return None };
        Some(second)
    } else {
        None
    };
    let after = half(cursor.word())?;
    let hour = on_24_hours(hour, if after == Half::Unsaid { before } else { after })?;
    if in_brackets {
        cursor.eat("]")?;
    } else {
        cursor.eat("-–")?;
        cursor.0.starts_with(is_blank).then_some(())?;
    }
    // Only one blank belongs to the stamp, and marks behind it to the text: they tell WhatsApp's words from typed ones.
    let rest = cursor.0.strip_prefix(is_space).unwrap_or(cursor.0);
    let part = |number: i16| i8::try_from(number).ok();
    let time = civil::Time::new(part(hour)?, part(minute)?, part(second.unwrap_or(0))?, 0).ok()?;
    Some((Stamp { date, time, in_brackets }, rest))
}

fn date(cursor: &mut Cursor<'_>) -> Option<Date> {
    let (first, n_first) = cursor.number(4)?;
    let separator = cursor.separator("/.-年년")?;
    let (second, 1..=2) = cursor.number(2)? else { return None };
    let next = cursor.separator("/.-月월")?;
    let (third, n_third) = cursor.number(4)?;
    let is_spelled = match (separator, next) {
        ('年', '月') | ('년', '월') => true,
        (one, other) if one == other => false,
        _ => return None,
    };
    let ends_with_dot = if is_spelled { cursor.eat("日일").map(|_| false)? } else { cursor.eat(".").is_some() };
    let dots = separator == '.';
    let shape = match (n_first, n_third) {
        (4, 1..=2) => Shape::YearFirst,
        (1..=2, 4) => Shape::YearLast { dots },
        (1..=2, 1..=2) if is_spelled => Shape::YearFirst,
        (1..=2, 1..=2) if dots && ends_with_dot => Shape::EndsWithDot,
        (1..=2, 1..=2) => Shape::Short { dots },
        _ => return None,
    };
    Some(Date { parts: [first, second, third], shape })
}

/// Which half of the day a time of twelve hours is in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    Unsaid,
    Morning,
    /// 中午, from eleven to one.
    Noon,
    Afternoon,
}

/// Words beside the time; `None` for a word that is not known, because to pass over it may move a message by twelve hours.
fn half(words: &str) -> Option<Half> {
    let plain: String = words.chars().filter(|char| !is_blank(*char) && *char != '.').collect();
    Some(match plain.to_lowercase().as_str() {
        // Nothing, or "at": Finnish, Danish, French, Portuguese, German; "of the year" in Bulgarian.
        "" | "klo" | "kl" | "à" | "às" | "at" | "um" | "г," | "г" => Half::Unsaid,
        "am"
        | "a"
        | "ص"
        | "πμ"
        | "öö"
        | "sa"
        | "pg"
        | "fm"
        | "ap"
        | "de"
        | "пд"
        | "дп"
        | "قظ"
        | "पूर्वाह्न"
        | "ก่อนเที่ยง"
        | "上午"
        | "午前"
        | "오전"
        | "凌晨"
        | "清晨"
        | "早上" => Half::Morning,
        "中午" => Half::Noon,
        "pm"
        | "p"
        | "م"
        | "μμ"
        | "ös"
        | "ch"
        | "ptg"
        | "em"
        | "ip"
        | "du"
        | "пп"
        | "بظ"
        | "अपराह्न"
        | "หลังเที่ยง"
        | "下午"
        | "午後"
        | "오후"
        | "傍晚"
        | "晚上" => Half::Afternoon,
        _ => return None,
    })
}

/// The hour on a clock of 24. Some phones write `20:49 p. m.`.
fn on_24_hours(hour: i16, half: Half) -> Option<i16> {
    let hour = match half {
        Half::Morning if hour == 12 => 0,
        Half::Morning if hour > 12 => return None,
        Half::Afternoon if hour < 12 => hour + 12,
        Half::Noon if hour < 11 => hour + 12,
        _ => hour,
    };
    (0..24).contains(&hour).then_some(hour)
}

/// What is left of a line.
struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    /// Passes over blanks and marks; whether there were any.
    fn blanks(&mut self) -> bool {
        let rest = self.0.trim_start_matches(is_blank);
        let any = rest.len() < self.0.len();
        self.0 = rest;
        any
    }

    /// Passes over one of these characters.
    fn eat(&mut self, any_of: &str) -> Option<char> {
        let first = self.0.chars().next().filter(|first| any_of.contains(*first))?;
        self.0 = self.0.strip_prefix(first)?;
        Some(first)
    }

    /// As [`Cursor::eat`], with blanks around it.
    fn separator(&mut self, any_of: &str) -> Option<char> {
        self.blanks();
        let separator = self.eat(any_of)?;
        self.blanks();
        Some(separator)
    }

    /// A number of at most so many digits, of any script, and how many they are.
    fn number(&mut self, most: usize) -> Option<(i16, usize)> {
        let digits = self.0.chars().map_while(digit).take(most + 1);
        let (number, n) =
            digits.fold((0_i16, 0), |(number, n), digit| (number.saturating_mul(10).saturating_add(digit), n + 1));
        self.0 = self.0.trim_start_matches(|char| digit(char).is_some());
        (1..=most).contains(&n).then_some((number, n))
    }

    /// Letters, their dots, commas and blanks, up to anything else.
    fn word(&mut self) -> &'a str {
        let is_part = |char: char| {
            is_blank(char)
                || matches!(char, '.' | ',')
                || (char.is_alphanumeric() && digit(char).is_none())
                || is_vowel(char)
        };
        let rest = self.0.trim_start_matches(is_part);
        let word = self.0.strip_suffix(rest).unwrap_or_default();
        self.0 = rest;
        word
    }
}

/// Signs of vowels, which Hindi and Thai write with their letters.
fn is_vowel(char: char) -> bool {
    matches!(char, '\u{900}'..='\u{94f}' | '\u{e31}'..='\u{e4e}')
}

/// A digit of the Latin, Arabic, Persian or Hindi script.
fn digit(char: char) -> Option<i16> {
    let zero = match char {
        '0'..='9' => '0',
        '٠'..='٩' => '٠',
        '۰'..='۹' => '۰',
        '०'..='९' => '०',
        _ => return None,
    };
    i16::try_from(u32::from(char) - u32::from(zero)).ok()
}

fn is_space(char: char) -> bool {
    matches!(char, ' ' | '\u{a0}' | '\u{2009}' | '\u{202f}')
}

fn is_blank(char: char) -> bool {
    is_space(char) || is_mark(char)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The stamp, read in this order, and what is behind it.
    #[track_caller]
    fn check(line: &str, order: DateOrder, expected: &str) {
        let found = strip(line).map(|(stamp, rest)| {
            let day = stamp.date.read(order).map_or("no day".to_owned(), |day| day.to_string());
            format!("{day} {} {rest}", stamp.time)
        });
        assert_eq!(found.as_deref(), Some(expected), "{line:?}");
    }

    #[test]
    fn stamps_of_android_phones_end_with_a_dash() {
        check("31.12.26, 10:15 - A: b", DateOrder::Dmy, "2026-12-31 10:15:00 A: b");
        check("12/31/26, 10:15 PM - A: b", DateOrder::Mdy, "2026-12-31 22:15:00 A: b");
        check("31/12/2026, 10:15 p. m. - A: b", DateOrder::Dmy, "2026-12-31 22:15:00 A: b");
        check("31/12/2026 à 10:15 - A: b", DateOrder::Dmy, "2026-12-31 10:15:00 A: b");
        check("2026-12-31 10:15 - A: b", DateOrder::Ymd, "2026-12-31 10:15:00 A: b");
        check("31.12.26 г., 10:15 - A: b", DateOrder::Dmy, "2026-12-31 10:15:00 A: b");
    }

    #[test]
    fn stamps_of_iphones_are_in_brackets() {
        check("[31.12.26, 10:15:30] A: b", DateOrder::Dmy, "2026-12-31 10:15:30 A: b");
        check(
            "\u{200e}[31/12/2026, 10:15:30\u{202f}PM] A: \u{200e}b",
            DateOrder::Dmy,
            "2026-12-31 22:15:30 A: \u{200e}b",
        );
        check("[31.12.2026 klo 10.15.30] A: b", DateOrder::Dmy, "2026-12-31 10:15:30 A: b");
        check("[01/20/26 11:25] A: b", DateOrder::Mdy, "2026-01-20 11:25:00 A: b");
    }

    #[test]
    fn stamps_of_other_scripts_are_read() {
        check("[2026年12月31日 下午10:15:30] A: b", DateOrder::Ymd, "2026-12-31 22:15:30 A: b");
        check("2026년 12월 31일 오후 10:15 - A: b", DateOrder::Ymd, "2026-12-31 22:15:00 A: b");
        check("[26. 12. 31. 오전 10:15:30] A: b", DateOrder::Ymd, "2026-12-31 10:15:30 A: b");
        check("٣١\u{200f}/١٢\u{200f}/٢٠٢٦، ١٠:١٥ م - A: b", DateOrder::Dmy, "2026-12-31 22:15:00 A: b");
        check("2026/12/31 午前0:15 - A: b", DateOrder::Ymd, "2026-12-31 00:15:00 A: b");
    }

    #[test]
    fn twelve_oclock_is_noon_or_midnight() {
        check("1/2/26, 12:00\u{202f}AM - A: b", DateOrder::Mdy, "2026-01-02 00:00:00 A: b");
        check("1/2/26, 12:00\u{a0}pm - A: b", DateOrder::Mdy, "2026-01-02 12:00:00 A: b");
        check("01/20/2026, 00:08 a. m. - A: b", DateOrder::Mdy, "2026-01-20 00:08:00 A: b");
    }

    #[test]
    fn lines_without_a_stamp_have_none() {
        for line in [
            "",
            "Hallo",
            "[10:15, 31.12.2026] A: b",
            "31.12.26 - A: b",
            "31.12.26, 10:15 A: b",
            "31.12.26, 10:1 - A: b",
            "31.12.26, 25:15 - A: b",
            "31.12.26, 10:15 xm - A: b",
            "2026-12-31T10:15:30Z [info] - A: b",
            "31.12-26, 10:15 - A: b",
            "99999999999.1.2, 10:15 - A: b",
        ] {
            assert_eq!(strip(line), None, "{line:?}");
        }
    }
}
