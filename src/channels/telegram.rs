//! telegram: being written.

use super::Channel;

pub(super) static CHANNEL: Channel = Channel {
    name: "telegram",
    title: "telegram",
    kinds: &[],
    caveats: &[],
    recognises: |_| false,
    parse: |_, out| out.ignore("unread"),
};
