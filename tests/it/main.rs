//! Integration tests, in one binary: a module for each concern. They use the program or the library from outside.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]
#![allow(clippy::print_stderr, reason = "a test that cannot run here says so")]
#![allow(clippy::disallowed_methods, reason = "tests read the environment that cargo gives them")]

// A folder with the program in it, for the modules below.
mod case;
// The shapes of the program's JSON.
mod shapes;

// What somebody is woken for, and how they are told.
mod alerts;
// Logs whose numbers were worked out on paper.
mod by_hand;
// What is old is gone.
mod retention;
// Raw samples to events, and channels under damage.
mod channels;
// Planted losses of cohorts and lists, and none.
mod cohorts;
// Planted differences, and none.
mod comparisons;
// Planted violations of permission.
mod compliance;
// What messages cost, by planted prices.
mod cost;
// Exports to a real server.
#[cfg(unix)]
mod postgres;
// Dialects of the funnel against their originals.
mod conformance;
// Help, exit codes, messages, JSON.
mod cli;
// Broken inputs and killed runs.
mod endurance;
// Tables for other programs.
mod exports;
// Nobody is left of whoever was forgotten.
mod forget;
mod funnels;
// What is made to do harm.
mod hostile;
// Nothing is left that the key of before made.
mod rekey;
// The kernel as a part of other engines.
mod kernel;
// Runs, night after night.
mod nights;
// Logs of all channels in one heap.
mod mixture;
// Real payloads of other people's test suites.
mod payloads;
// Opt-outs in text against labelled messages.
mod opt_outs;
mod paths;
// One person under several ids.
mod identity;
// Every command of the README.
mod readme;
// Where contacts were made to leave.
mod leaving;
// The showcase and the forms of a report.
mod reports;
// Planted repetitions, and none.
mod service;
// Several writers, tidying up, privacy.
mod store;
mod suppression;
// What lasts and how it ends, against published values and chance.
mod survival;
// The rules of the house.
mod tidy;
// Logs through the library, for the modules below.
mod pipeline;
// Laws that hold whatever the logs say.
mod properties;
// Every metric against a naive second opinion.
mod reference;
// From the message to the purchase on the website.
mod website;
// Planted peaks in the timing of messages, and none.
mod timing;
// Every metric against the truth of simulated logs.
mod simulated;
