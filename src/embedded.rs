//! Files that the program brings along: `queries/` and `sample-data/`, embedded by the build script. Adding a metric, a
//! funnel or a sample is adding a file.

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
