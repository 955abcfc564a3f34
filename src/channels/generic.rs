//! generic: being written.

use super::Channel;

pub(super) static CHANNEL: Channel = Channel {
    name: "generic",
    title: "generic",
    kinds: &[],
    caveats: &[],
    recognises: |_| false,
    parse: |_, out| out.ignore("unread"),
};
