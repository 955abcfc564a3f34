//! messenger: being written.

use super::Channel;

pub(super) static CHANNEL: Channel = Channel {
    name: "messenger",
    title: "messenger",
    kinds: &[],
    caveats: &[],
    recognises: |_| false,
    parse: |_, out| out.ignore("unread"),
};
