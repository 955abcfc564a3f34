//! Receipts: the first pass over a contact's events gathers every outbound message with all that the log has of it.

use super::messages::Message;
use super::walk::{Walk, lower};
use super::{NONE, Observable};
use crate::event::Kind;
use crate::store::rows::{NO_INSTANT, NO_MESSAGE};
use crate::store::words::NULL;

impl Walk<'_> {
    /// Gathers every outbound message with all its receipts.
    pub(super) fn collect_messages(&mut self, observable: Observable) {
        let mut marks = std::mem::take(&mut self.marks);
        marks.delivered.clear();
        marks.opened.clear();
        for row in self.rows.clone() {
            let (kind, at) = (self.shard.kind()[row], self.shard.at()[row]);
            match kind {
                Kind::MessageSent
                | Kind::MessageDelivered
                | Kind::MessageOpened
                | Kind::MessageFailed
                | Kind::MessageSuppressed => self.note(row, kind, at),
                Kind::DeliveredUpTo | Kind::OpenedUpTo => {
                    let up_to = self.shard.up_to()[row];
                    if up_to != NO_INSTANT {
                        let marks = if kind == Kind::OpenedUpTo { &mut marks.opened } else { &mut marks.delivered };
                        // A receipt says nothing of messages that were sent after it, whatever its mark claims.
                        marks.push((self.account(row), up_to.min(at), at));
                    }
                }
                _ => {}
            }
        }
        for marks in [&mut marks.delivered, &mut marks.opened] {
            earliest_first(marks);
        }
        for message in &mut self.messages {
            // "Everything until then" was everything that there was: a refused message was not, unless its own receipt says so.
            if !message.is_refused() {
                let (delivered, opened) = (watermark(&marks.delivered, message), watermark(&marks.opened, message));
                lower(&mut message.delivered_at, delivered);
                lower(&mut message.opened_at, opened);
            }
            message.settle(observable.deliveries.is_measurable());
        }
        self.marks = marks;
    }

    /// Notes what one event says of its message. Events come in time order, so the first of a level is the earliest.
    fn note(&mut self, row: usize, kind: Kind, at: i64) {
        let key = self.shard.message_key()[row];
        let place = match (key, kind) {
            (NO_MESSAGE, Kind::MessageSent) => None,
            (NO_MESSAGE, _) => return,
            _ => self.by_key.get(key),
        };
        let place = place.unwrap_or_else(|| {
            let place = self.messages.len();
            self.messages.push(Message::new(self.account(row), at));
            self.begun_by.push(row);
            if key != NO_MESSAGE {
                self.by_key.add(key, place);
            }
            place
        });
        let account = self.account(row);
        let message = &mut self.messages[place];
        match kind {
            Kind::MessageSent => message.sending_told = true,
            Kind::MessageDelivered => lower(&mut message.delivered_at, at),
            Kind::MessageOpened => lower(&mut message.opened_at, at),
            Kind::MessageFailed => lower(&mut message.failed_at, at),
            Kind::MessageSuppressed => lower(&mut message.suppressed_at, at),
            _ => {}
        }
        if message.account == NULL {
            message.account = account;
        }
        for (word, codes) in &self.columns.of_messages {
            if message.words[*word] == NULL {
                message.words[*word] = codes[row];
            }
        }
        // What is told before the delivery may be an estimate. A cost without a currency is none.
        let currency = self.columns.currency[row];
        if let Some(&cost) = self.shard.cost().get(row).filter(|&&cost| cost != NONE && currency != NULL) {
            message.cost = cost;
            message.currency = currency;
        }
        if let Some(&Some(is_charged)) = self.shard.billable().get(row) {
            message.billable = Some(is_charged || message.billable == Some(true));
        }
    }
}

/// Sorts watermarks by account and reach, and gives each the earliest time at which its reach or a further one was told.
fn earliest_first(marks: &mut [(u32, i64, i64)]) {
    marks.sort_unstable();
    let mut earliest: Option<(u32, i64)> = None;
    for (account, _, at) in marks.iter_mut().rev() {
        if let Some((known, before)) = earliest
            && known == *account
        {
            *at = (*at).min(before);
        }
        earliest = Some((*account, *at));
    }
}

/// The earliest time at which a watermark covered the message; [`NONE`] if none did.
fn watermark(marks: &[(u32, i64, i64)], message: &Message) -> i64 {
    let place = marks.partition_point(|&(account, up_to, _)| (account, up_to) < (message.account, message.sent_at));
    match marks.get(place) {
        Some(&(account, _, at)) if account == message.account => at.max(message.sent_at),
        _ => NONE,
    }
}
