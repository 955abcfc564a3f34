//! Whether the day or the month stands first: decided on the whole file, or not at all.
//!
//! A phone writes dates as its language does, and no line says which. A wrong guess moves messages by months without
//! anybody noticing, so what the dates leave open is refused.

use jiff::civil;

use super::stamp::{Date, Stamp};
use crate::channels::Reason;
use crate::config::DateOrder;

/// How far a chat goes back from one message to the next: clocks of phones differ, and messages arrive late.
const MOST_BACK: i32 = 1;

/// The only order in which the dates of a chat make sense: all are days, and they go on.
///
/// # Errors
/// There are several such orders that differ, or none.
pub(super) fn decide(stamps: &[Stamp], known: Option<DateOrder>) -> Result<DateOrder, Reason> {
    if let Some(known) = known {
        return Ok(known);
    }
    // What is no day is refused on its own.
    let is_day = |date: &Date| date.orders().iter().any(|order| date.read(*order).is_some());
    let dates: Vec<Date> = stamps.iter().map(|stamp| stamp.date).filter(is_day).collect();
    let read = |order: DateOrder| Some((order, dates.iter().map(|date| date.read(order)).collect::<Option<Vec<_>>>()?));
    let is_usual = |order: &DateOrder| dates.iter().all(|date| date.orders().contains(order));
    let usual: Vec<(DateOrder, Vec<civil::Date>)> =
        [DateOrder::Dmy, DateOrder::Mdy, DateOrder::Ymd].into_iter().filter(is_usual).filter_map(read).collect();
    let mut in_order = usual.iter().filter(|(_, days)| goes_on(days));
    match (in_order.next(), usual.as_slice()) {
        (Some((order, days)), _) if in_order.all(|(_, other)| other == days) => Ok(*order),
        (Some(_), _) => Err(Reason::BadValue("date_order")),
        // Two digits of a year in front are rare, and believed only where nothing else goes on.
        (None, only) => match (read(DateOrder::Ymd).filter(|(_, days)| goes_on(days)), only) {
            (Some((order, _)), _) | (None, &[(order, _)]) => Ok(order),
            _ => Err(Reason::BadValue("date_order")),
        },
    }
}

fn goes_on(days: &[civil::Date]) -> bool {
    days.iter().zip(days.iter().skip(1)).all(|(day, next)| (*day - *next).get_days() <= MOST_BACK)
}

#[cfg(test)]
mod tests {
    use super::super::stamp;
    use super::*;

    #[track_caller]
    fn check(dates: &[&str], expected: Result<DateOrder, Reason>) {
        let lines = dates.iter().map(|date| format!("{date}, 10:15 - A: b"));
        let stamps: Vec<Stamp> = lines.map(|line| stamp::strip(&line).unwrap().0).collect();
        assert_eq!(decide(&stamps, None), expected, "{dates:?}");
    }

    const OPEN: Result<DateOrder, Reason> = Err(Reason::BadValue("date_order"));

    #[test]
    fn a_part_above_twelve_is_the_day() {
        check(&["01/02/26", "13/02/26"], Ok(DateOrder::Dmy));
        check(&["01/02/26", "02/13/26"], Ok(DateOrder::Mdy));
        check(&["2026-02-13"], Ok(DateOrder::Ymd));
    }

    #[test]
    fn else_the_order_in_which_the_chat_goes_on_decides() {
        check(&["11/02/26", "10/03/26"], Ok(DateOrder::Dmy));
        check(&["02/11/26", "03/10/26"], Ok(DateOrder::Mdy));
        // A message that came late by a day.
        check(&["11/02/26", "10/02/26", "10/03/26"], Ok(DateOrder::Dmy));
    }

    #[test]
    fn what_makes_sense_both_ways_is_refused_unless_both_are_the_same() {
        check(&["01/02/26", "05/02/26"], OPEN);
        check(&["03/04/26"], OPEN);
        check(&["03/03/26", "04/04/26"], Ok(DateOrder::Dmy));
        check(&["13/02/26", "02/14/26"], OPEN);
        check(&["05/04/26", "04/05/26", "01/01/26"], OPEN);
    }

    #[test]
    fn dots_mean_the_day_first_unless_one_ends_the_date() {
        check(&["03.04.26"], Ok(DateOrder::Dmy));
        check(&["26. 4. 3.", "26. 4. 31."], Ok(DateOrder::Dmy));
        check(&["26. 12. 3.", "27. 1. 2."], Ok(DateOrder::Ymd));
    }

    #[test]
    fn what_is_no_day_at_all_does_not_take_part() {
        check(&["99/99/26", "13/02/26"], Ok(DateOrder::Dmy));
        check(&["32.01.26", "13.02.26"], Ok(DateOrder::Dmy));
    }

    #[test]
    fn two_digits_of_a_year_stand_in_front_only_where_nothing_else_goes_on() {
        check(&["26/02/27", "26/03/01", "26/03/30"], Ok(DateOrder::Ymd));
        check(&["26/02/27"], Ok(DateOrder::Dmy));
        // Two chats in one file.
        check(&["13.02.26", "13.01.26"], Ok(DateOrder::Dmy));
    }
}
