//! Funnels: the walks against a reference that tries every choice of events, and the command on logs counted by hand.

mod command;
mod every_choice;

use std::path::Path;

use trichter::funnel::{Funnel, catalog};

#[test]
fn every_funnel_of_the_program_says_what_it_tells() {
    let all = catalog::all().unwrap();
    assert!(all.len() >= 6);
    for funnel in all {
        assert!(funnel.meaning.ends_with('.'), "{}", funnel.name);
        let path = super::case::root().join("queries").join(format!("{}.toml", funnel.name));
        assert!(path.exists(), "{} is not called after its file", funnel.name);
    }
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
