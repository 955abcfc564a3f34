//! Funnels: the walks against a reference that tries every choice of events, and the command on logs counted by hand.

mod boundaries;
mod command;
mod every_choice;

use std::path::Path;

use trichter::funnel::{Funnel, catalog};

use super::case::Case;

#[test]
fn every_funnel_of_the_program_says_what_it_tells() {
    let all = catalog::all().unwrap();
    assert!(all.len() >= 6);
    for funnel in all {
        assert!(funnel.meaning.ends_with('.'), "{}", funnel.name);
        let path = crate::case::root().join("queries").join(format!("{}.toml", funnel.name));
        assert!(path.exists(), "{} is not called after its file", funnel.name);
    }
}

#[test]
fn no_number_depends_on_the_secret_key() {
    let case = Case::new();
    case.simulate("60");
    let report = |store: &str| {
        case.ask(&["ingest", "sim/logs", "--store", store, "--config", "sim/trichter.toml", "--quiet"]);
        case.ask(&["report", "--store", store, "--out", store, "--format", "json", "--quiet"]);
        std::fs::read_to_string(case.path(store).join("report.json")).unwrap()
    };
    // Every store makes its own key, so contacts and messages get other hashes.
    assert_eq!(report("one"), report("other"));
}

#[test]
fn a_definition_cannot_ask_an_order_for_what_it_does_not_know() {
    let base = "name = \"f\"\nwindow = \"1h\"\norder = \"ORDER\"\n[[step]]\nname = \"a\"\nwhere = { kind = \"message_sent\" }\n[[step]]\nname = \"b\"\nwhere = { kind = \"payment\" }\n";
    for (order, further, message) in [
        ("clickhouse", "optional = true\n", "order 'clickhouse' knows no optional steps"),
        (
            "clickhouse.strict_order",
            "[[exclude]]\nwhere = { kind = \"fallback\" }\n",
            "order 'clickhouse.strict_order' knows no exclusions",
        ),
        ("posthog.ordered", "within = \"1m\"\n", "order 'posthog.ordered' knows no 'within'"),
        ("any", "same_event = true\n", "order 'any' knows no 'same_event'"),
        ("clickhouse.allow_reentry", "", "strict_order"),
        ("posthog", "", "no order 'posthog'"),
    ] {
        let text = format!("{}{further}", base.replace("ORDER", order));
        let error = Funnel::parse(&text, Path::new("f.toml")).unwrap_err().to_string();
        assert!(error.starts_with("f.toml:3: ") && error.contains(message), "{error}");
    }
}
