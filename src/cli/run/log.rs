//! What a run says while it is at work: lines on standard error, for people or for programs. They name files and counts, and
//! no person.

use std::io;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// A form of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum LogForm {
    /// Lines to read.
    Text,
    /// An object a line.
    Json,
}

/// Begins to tell what this program says of itself. What its libraries say is not passed on: they know paths and rows, and
/// nobody has looked whether they keep them to themselves.
pub(super) fn begin(form: LogForm, is_quiet: bool) {
    let level = if is_quiet { LevelFilter::ERROR } else { LevelFilter::INFO };
    let own = Targets::new().with_target(env!("CARGO_PKG_NAME"), level);
    let lines = fmt::layer().with_writer(io::stderr).with_target(false);
    let lines = match form {
        LogForm::Text => lines.with_ansi(false).boxed(),
        LogForm::Json => lines.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed(),
    };
    // A second run in one process, which only tests have, tells it where the first did.
    tracing_subscriber::registry().with(lines.with_filter(own)).try_init().ok();
}
