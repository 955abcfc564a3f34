//! whatsapp: being written.

use super::Channel;

pub(super) static CHANNEL: Channel = Channel {
    name: "whatsapp",
    title: "whatsapp",
    kinds: &[],
    caveats: &[],
    recognises: |_| false,
    parse: |_, out| out.ignore("unread"),
};
