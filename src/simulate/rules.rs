//! What the business knows of its messages: their tags and words, and the `trichter.toml` that reads the tags.
//!
//! Tags and rules stand together so that they cannot part.

use super::life::{Message, Purpose};
use super::model::{CAMPAIGNS, Channel, FLOW, QUESTIONS};

/// The business's own tag on a message: callback data, echo metadata, the tag of the call log.
pub(super) fn tag(message: &Message) -> String {
    let campaign = message.campaign.and_then(|number| CAMPAIGNS.get(number)).map_or("", |campaign| campaign.name);
    match message.purpose {
        Purpose::First => format!("broadcast/{campaign}/first"),
        Purpose::Reminder => format!("broadcast/{campaign}/reminder"),
        Purpose::Info => format!("broadcast/{campaign}/info"),
        Purpose::Stopped => format!("broadcast/{campaign}/stopped"),
        Purpose::Question(number) => {
            let question = QUESTIONS.get(number).map_or("", |question| question.name);
            format!("{FLOW}/{campaign}/q:{question}")
        }
        Purpose::Fallback => format!("{FLOW}/{campaign}/fallback"),
        Purpose::Done => format!("{FLOW}/{campaign}/done"),
        Purpose::Handover => format!("{FLOW}/{campaign}/handover"),
        Purpose::Service => "service".to_owned(),
    }
}

/// The template of a message, where it is sent by one.
pub(super) fn template(channel: Channel, message: &Message) -> Option<&'static str> {
    let templated = matches!(channel, Channel::WhatsApp | Channel::Generic);
    let campaign = message.campaign.and_then(|number| CAMPAIGNS.get(number))?;
    (templated && matches!(message.purpose, Purpose::First | Purpose::Reminder)).then_some(campaign.template)
}

/// What the message says.
pub(super) fn words(message: &Message) -> &'static str {
    match message.purpose {
        Purpose::First => "Guten Tag! Dürfen wir Ihnen in acht Fragen ein Angebot machen?",
        Purpose::Reminder => "Unser \"Angebot\" gilt noch bis morgen. Dürfen wir Ihnen acht Fragen stellen?",
        Purpose::Info => "Gern! Mehr dazu finden Sie auf unserer Seite.",
        Purpose::Question(number) => match QUESTIONS.get(number).map(|question| question.name) {
            Some("name") => "Wie heißen Sie?",
            Some("email") => "Unter welcher Adresse erreichen wir Sie per E-Mail?",
            Some("produkt") => "Wofür interessieren Sie sich?",
            Some("groesse") => "Wie groß soll es werden?",
            Some("budget") => "Welchen Rahmen haben Sie?",
            Some("termin") => "Wann dürfen wir Sie anrufen?",
            Some("adresse") => "Wohin dürfen wir das Angebot schicken?",
            _ => "Dürfen wir Ihre Angaben verwenden?",
        },
        Purpose::Fallback => "Das habe ich leider nicht verstanden.",
        Purpose::Done => "Vielen Dank! Ihr Angebot kommt in den nächsten Tagen.",
        Purpose::Handover => "Hallo, hier ist Maria aus dem Team. Ich übernehme.",
        Purpose::Stopped => "Alles klar, wir melden uns nicht mehr.",
        Purpose::Service => "Wir sind montags bis freitags von 9 bis 18 Uhr für Sie da.",
    }
}

/// The `trichter.toml` for the logs.
pub(super) fn toml() -> String {
    let questions: Vec<String> = QUESTIONS.iter().map(|question| format!("\"{}\"", question.name)).collect();
    format!(
        r#"# What the business behind these simulated logs knows about its messages.

[[flow]]
name = "{FLOW}"
questions = [{questions}]

# Every message of a campaign is tagged KIND/CAMPAIGN/PART.
[[map]]
tag = {{ pattern = '^(?:broadcast|{FLOW})/(?P<campaign>[^/]+)/' }}
set = {{ campaign = "${{campaign}}" }}

# A question of the flow: {FLOW}/CAMPAIGN/q:QUESTION.
[[map]]
tag = {{ pattern = '^(?P<flow>{FLOW})/[^/]+/q:(?P<question>[a-z]+)$' }}
set = {{ flow = "${{flow}}", question = "${{question}}" }}

[[map]]
tag = {{ pattern = '^{FLOW}/[^/]+/done$' }}
set = {{ flow = "{FLOW}" }}
emit = ["flow_ended"]

# Office hours and the like belong to no campaign: reading the tag is enough.
[[map]]
tag = "service"

[[map]]
tag = {{ pattern = '^{FLOW}/[^/]+/fallback$' }}
emit = ["fallback"]

[[map]]
tag = {{ pattern = '^{FLOW}/[^/]+/handover$' }}
emit = ["handover_to_human"]

# A tap on an option: {FLOW}:QUESTION:ANSWER.
[[map]]
direction = "inbound"
payload = {{ pattern = '^(?P<flow>{FLOW}):(?P<question>[a-z]+):(?P<answer>.+)$' }}
set = {{ flow = "${{flow}}", question = "${{question}}", answer = "${{answer}}" }}
"#,
        questions = questions.join(", "),
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{Config, Match};
    use crate::event::Kind;

    /// Campaign, question and further events that the rules give a tag.
    fn check(purpose: Purpose, campaign: Option<&str>, question: Option<&str>, emit: &[Kind]) {
        let config = Config::parse(&toml(), Path::new("trichter.toml")).unwrap();
        let message = Message { purpose, at: 0, campaign: Some(1), visit: None };
        let text = tag(&message);
        let (mut found, mut kinds) = ([None, None], Vec::<Kind>::new());
        for rule in &config.map {
            let Some(Match::Pattern(pattern)) = &rule.tag else { continue };
            let Some(groups) = pattern.captures(&text) else { continue };
            for (place, name) in found.iter_mut().zip(["campaign", "question"]) {
                *place = groups.name(name).map(|group| group.as_str().to_owned()).or(place.take());
            }
            kinds.extend(&rule.emit);
        }
        assert_eq!(found, [campaign, question].map(|name| name.map(str::to_owned)), "{text}");
        assert_eq!(kinds, emit, "{text}");
    }

    #[test]
    fn the_rules_read_the_tags() {
        check(Purpose::First, Some("winter-sale"), None, &[]);
        check(Purpose::Question(4), Some("winter-sale"), Some("budget"), &[]);
        check(Purpose::Done, Some("winter-sale"), None, &[Kind::FlowEnded]);
        check(Purpose::Fallback, Some("winter-sale"), None, &[Kind::Fallback]);
        check(Purpose::Handover, Some("winter-sale"), None, &[Kind::HandoverToHuman]);
        check(Purpose::Service, None, None, &[]);
    }

    #[test]
    fn the_flow_has_the_models_questions_in_their_order() {
        let config = Config::parse(&toml(), Path::new("trichter.toml")).unwrap();
        let names: Vec<&str> = QUESTIONS.iter().map(|question| question.name).collect();
        assert_eq!(config.flow.first().unwrap().questions, names);
    }
}
