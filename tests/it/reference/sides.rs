//! Which side an event tells of.

use trichter::event::Kind;

pub(super) fn is_outbound(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::MessageSent
            | Kind::MessageDelivered
            | Kind::MessageOpened
            | Kind::MessageFailed
            | Kind::MessageSuppressed
    )
}

pub(super) fn is_inbound(kind: Kind) -> bool {
    matches!(kind, Kind::MessageReceived | Kind::ButtonClicked | Kind::LinkClicked | Kind::ReactionReceived)
}
