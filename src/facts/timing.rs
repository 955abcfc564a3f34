//! Timing: how many messages came before a message, what the contact's clock showed when it was sent, and for how long it
//! stood unopened or unanswered.
//!
//! Runs after the walk over one contact's messages. Which zone a country has is data, in `zones.tsv`: countries whose zones
//! (zone.tab of the tz database, 2025b, in the public domain) have shown the same time since 2016. Of others nobody knows
//! which of their clocks a contact looks at, so their local time is unknown.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::columns::Wants;
use super::messages::Message;
use super::table::{NONE, Row};
use super::walk::Walk;
use crate::event::SECOND;
use crate::store::Shard;
use crate::store::words::NULL;

/// Columns of messages that count messages before them.
pub(super) const DOSES: [&str; 4] = ["n_last_7d", "n_last_30d", "dose_7d", "dose_30d"];
/// Columns of messages that tell the contact's local time.
pub(super) const LOCAL: [&str; 2] = ["local_weekday", "local_hour"];

/// The lowest number of each class of messages before a message.
pub const CLASSES: [i64; 8] = [0, 1, 2, 3, 4, 6, 11, 21];

/// For how long an unopened message is watched: 7 days. Microseconds.
pub const WATCHED: i64 = 7 * DAY;

const DAY: i64 = 24 * HOUR;
const HOUR: i64 = 3_600 * SECOND;
const WEEK: i64 = 7 * DAY;
const MONTH: i64 = 30 * DAY;

static ZONES: &str = include_str!("zones.tsv");

/// When a message was sent, beside other messages and on the contact's clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timing {
    /// Messages that reached the contact from the same account in the 7 and in the 30 days before.
    pub(super) n_last_7d: i64,
    pub(super) n_last_30d: i64,
    /// Monday is 1.
    pub(super) local_weekday: i64,
    pub(super) local_hour: i64,
}

impl Default for Timing {
    fn default() -> Self {
        Self { n_last_7d: NONE, n_last_30d: NONE, local_weekday: NONE, local_hour: NONE }
    }
}

/// The lowest number of the class that a number of messages is in.
pub(super) fn class(n: i64) -> i64 {
    CLASSES.iter().rev().copied().find(|&lowest| lowest <= n).unwrap_or(NONE)
}

/// Finds the timing of a contact's messages.
pub(super) fn tell(walk: &mut Walk<'_>) {
    if walk.columns.wants.doses {
        let (columns, channel) = (walk.columns, walk.columns.channel[walk.rows.start]);
        count(&mut walk.messages, |account| columns.began(channel, account));
    }
    let country = walk.contact.country;
    if country != NULL
        && let Some(clock) = walk.clocks.of(country)
    {
        for message in &mut walk.messages {
            let local = message.sent_at.saturating_add(clock.offset(message.sent_at));
            message.timing.local_hour = local.rem_euclid(DAY) / HOUR;
            // 1970 began on a Thursday.
            message.timing.local_weekday = (local.div_euclid(DAY) + 3).rem_euclid(7) + 1;
        }
    }
}

/// Counts for each message those before it that reached the contact from the same account. Messages of one instant do not
/// count for each other, so that their order does not matter.
fn count(messages: &mut [Message], began: impl Fn(u32) -> i64) {
    let mut order: Vec<usize> = (0..messages.len()).collect();
    // Nearly always there is one account, and messages stand in the order of sending.
    order.sort_by_key(|&place| (messages[place].account, messages[place].sent_at));
    let sent_at: Vec<i64> = order.iter().map(|&place| messages[place].sent_at).collect();
    // How many of the messages before each place reached the contact.
    let mut reached = vec![0];
    for &place in &order {
        reached.push(reached[reached.len() - 1] + i64::from(messages[place].reached));
    }
    let (mut week, mut month, mut now) = (0, 0, 0);
    for (number, &place) in order.iter().enumerate() {
        let at = sent_at[number];
        if number == 0 || messages[order[number - 1]].account != messages[place].account {
            (week, month, now) = (number, number, number);
        }
        let since = |first: &mut usize, window: i64| {
            while sent_at[*first] < at - window {
                *first += 1;
            }
            *first
        };
        let (week, month, now) = (since(&mut week, WEEK), since(&mut month, MONTH), since(&mut now, 0));
        // Before the account's log began there may have been more.
        let log_began = began(messages[place].account);
        let timing = &mut messages[place].timing;
        if at - WEEK >= log_began {
            timing.n_last_7d = reached[now] - reached[week];
        }
        if at - MONTH >= log_began {
            timing.n_last_30d = reached[now] - reached[month];
        }
    }
}

/// Seconds for which a message has stood unopened, rounded down; [`NONE`] if it was opened.
pub(super) fn unopened_s(row: &Row<'_, Message>) -> i64 {
    waited_s(row, row.fact.opened_at, WATCHED)
}

/// Seconds for which a message has stood unanswered, rounded down; [`NONE`] if it was answered.
pub(super) fn unanswered_s(row: &Row<'_, Message>) -> i64 {
    waited_s(row, row.fact.first_replied_at, row.owner.settings.windows.reply.0)
}

/// From sending until the log ends, at most `watched`, unless it happened.
fn waited_s(row: &Row<'_, Message>, happened_at: i64, watched: i64) -> i64 {
    let waited = row.owner.settings.horizon.saturating_sub(row.fact.sent_at);
    if happened_at == NONE { waited.clamp(0, watched).div_euclid(SECOND) } else { NONE }
}

/// The clocks of the countries that a shard tells of, by the shard's codes.
pub(super) struct Clocks(Vec<Option<Clock>>);

impl Clocks {
    /// No clocks if none are wanted.
    pub(super) fn new(shard: &Shard, wants: Wants) -> Self {
        if !wants.local {
            return Self(Vec::new());
        }
        Self(shard.words("country").1.list().iter().map(|country| Clock::of(country)).collect())
    }

    fn of(&mut self, country: u32) -> Option<&mut Clock> {
        self.0.get_mut((country as usize).wrapping_sub(1))?.as_mut()
    }
}

/// A zone with the offset from UTC that was asked for last, and from when until when it holds.
struct Clock {
    zone: TimeZone,
    offset: i64,
    from: i64,
    until: i64,
}

impl Clock {
    /// The clock that everybody in the country has; `None` if there are several.
    fn of(country: &str) -> Option<Self> {
        let mut zones = ZONES.lines().filter_map(|line| line.split_once('\t'));
        let (_, zone) = zones.find(|(code, _)| code.eq_ignore_ascii_case(country))?;
        let zone = TimeZone::get(zone).ok()?;
        Some(Self { zone, offset: 0, from: i64::MAX, until: i64::MIN })
    }

    /// How far local time is ahead of UTC. Microseconds.
    fn offset(&mut self, at: i64) -> i64 {
        if !(self.from..self.until).contains(&at) {
            let timestamp = Timestamp::from_microsecond(at).unwrap_or_default();
            self.offset = i64::from(self.zone.to_offset(timestamp).seconds()) * SECOND;
            let next = self.zone.following(timestamp).next();
            // What holds now has held at this instant too, which may be the first of it.
            self.from = at;
            self.until = next.map_or(i64::MAX, |transition| transition.timestamp().as_microsecond());
        }
        self.offset
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a clock shows: weekday and hour.
    fn local(country: &str, at: &str) -> Option<(i64, i64)> {
        let at = at.parse::<Timestamp>().unwrap().as_microsecond();
        let local = at + Clock::of(country)?.offset(at);
        Some(((local.div_euclid(DAY) + 3).rem_euclid(7) + 1, local.rem_euclid(DAY) / HOUR))
    }

    #[test]
    fn clocks_show_the_countrys_time_in_summer_and_in_winter() {
        // 2026-03-29 is a Sunday, on which Germany goes from UTC+1 to UTC+2 at 01:00 UTC.
        assert_eq!(local("DE", "2026-03-29T00:59:59Z"), Some((7, 1)));
        assert_eq!(local("DE", "2026-03-29T01:00:00Z"), Some((7, 3)));
        assert_eq!(local("de", "2026-10-25T01:00:00Z"), Some((7, 2)));
        // Half an hour, and the next day.
        assert_eq!(local("IN", "2026-03-01T18:30:00Z"), Some((1, 0)));
        assert_eq!(local("IN", "2026-03-01T18:29:59Z"), Some((7, 23)));
        assert_eq!(local("US", "2026-03-01T18:30:00Z"), None);
        assert_eq!(local("", "2026-03-01T18:30:00Z"), None);
    }

    #[test]
    fn a_clock_that_was_asked_before_shows_the_same_as_a_new_one() {
        let mut clock = Clock::of("DE").unwrap();
        for hour in (0..24 * 800).step_by(7).chain((0..24 * 800).step_by(1_001)) {
            let at = 1_700_000_000 * SECOND + hour * HOUR;
            assert_eq!(clock.offset(at), Clock::of("DE").unwrap().offset(at), "{at}");
        }
    }

    #[test]
    fn every_zone_is_known_and_every_country_stands_once() {
        let countries: Vec<&str> = ZONES.lines().filter_map(|line| line.split('\t').next()).collect();
        assert!(countries.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(countries.iter().all(|country| country.len() == 2 && Clock::of(country).is_some()));
    }

    #[test]
    fn messages_count_for_those_after_them() {
        let message = |account: u32, at: i64, reached: bool| {
            let mut message = Message::new(account, at);
            message.reached = reached;
            message
        };
        let begun = -100 * DAY;
        let mut messages = [
            message(1, 0, true),
            message(2, 1, true),
            message(1, HOUR, false),
            message(1, 7 * DAY, true),
            message(1, 7 * DAY, true),
            message(1, 7 * DAY + 1, true),
            message(1, 30 * DAY + HOUR, true),
        ];
        count(&mut messages, |_| begun);
        let counts: Vec<(i64, i64)> =
            messages.iter().map(|message| (message.timing.n_last_7d, message.timing.n_last_30d)).collect();
        // Exactly 7 days before counts; the same instant does not, nor does what failed or another account sent.
        assert_eq!(counts, [(0, 0), (0, 0), (1, 1), (1, 1), (1, 1), (2, 3), (0, 3)]);
        // Where the log does not reach back, nobody knows.
        for message in &mut messages {
            message.timing = Timing::default();
        }
        count(&mut messages, |account| if account == 1 { HOUR } else { begun });
        assert_eq!(messages.map(|message| message.timing.n_last_30d), [NONE, 0, NONE, NONE, NONE, NONE, 3]);
    }

    #[test]
    fn classes_are_named_by_their_lowest_number() {
        let found = [NONE, 0, 1, 3, 4, 5, 6, 10, 11, 20, 21, 500].map(class);
        assert_eq!(found, [NONE, 0, 1, 3, 4, 4, 6, 6, 11, 11, 21, 21]);
    }
}
