//! Ends a run when the system asks for it: at once, with a record that says so. Whatever is half done is as if it had not begun;
//! the next run goes on.

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

use super::record::Record;
use crate::error::{Error, Result};

/// As long as it lives, signals end the run in order.
pub(super) struct Guard(Handle);

/// Waits for a signal, in a thread of its own.
#[allow(clippy::exit, reason = "whoever was asked to stop does not wait for a step to end")]
pub(super) fn on_signal(record: &Record) -> Result<Guard> {
    let mut signals = Signals::new([SIGTERM, SIGINT]).map_err(|error| Error::Usage(error.to_string()))?;
    let handle = signals.handle();
    let record = record.clone();
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            record.stopped(signal);
            std::process::exit(128 + signal);
        }
    });
    Ok(Guard(handle))
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.close();
    }
}
