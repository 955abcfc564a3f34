//! Beginnings: since when the log of a channel's account tells anything. What was before is unknown there, however far back the
//! logs of others reach.

use super::Settings;
use crate::store::Shard;
use crate::store::contents::Beginnings;
use crate::store::words::NULL;

/// When the logs begin, in the codes of one shard.
pub(super) struct Began {
    /// By channel and account, of which code 0 is "not told".
    instants: Vec<Vec<i64>>,
}

/// When the log of an account begins. An event that names no account may be of any, so it is part of each one's log, and what
/// is of no known account begins with the channel.
fn of(beginnings: &Beginnings, channel: &str, account: Option<&str>) -> Option<i64> {
    match account {
        None => beginnings.iter().filter(|((name, _), _)| name == channel).map(|(_, at)| *at).min(),
        // Looked up, because a shard asks for each of its accounts.
        Some(account) => {
            let parts = [None, Some(account.to_owned())].map(|part| beginnings.get(&(channel.to_owned(), part)));
            parts.into_iter().flatten().copied().min()
        }
    }
}

impl Began {
    pub(super) fn new(shard: &Shard, settings: &Settings) -> Self {
        let accounts = shard.words("account").1.list();
        let of_channel = |channel: &String| {
            let accounts = std::iter::once(None).chain(accounts.iter().map(|account| Some(account.as_str())));
            accounts.map(|account| of(&settings.beginnings, channel, account).unwrap_or(settings.log_began)).collect()
        };
        Self { instants: shard.words("channel").1.list().iter().map(of_channel).collect() }
    }

    /// The first instant of the log of a channel's account.
    pub(super) fn of(&self, channel: u32, account: u32) -> i64 {
        let accounts = self.instants.get((channel as usize).wrapping_sub(usize::from(channel != NULL)));
        accounts.and_then(|accounts| accounts.get(account as usize)).copied().unwrap_or(i64::MIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_of_an_account_begins_with_its_own_events_and_those_that_name_none() {
        let known = [("sms", Some("a"), 5), ("sms", Some("b"), 9), ("sms", None, 7), ("viber", Some("a"), 1)];
        let known = known.map(|(channel, account, at)| ((channel.to_owned(), account.map(str::to_owned)), at)).into();
        let begins = [Some("a"), Some("b"), None].map(|account| of(&known, "sms", account));
        assert_eq!(begins, [Some(5), Some(7), Some(5)]);
        assert_eq!(of(&known, "viber", Some("a")), Some(1));
        assert_eq!(of(&known, "telegram", None), None);
    }
}
