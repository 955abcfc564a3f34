//! Definitions: a funnel as an analyst writes it down, read from TOML or put together on the command line, checked once.
//!
//! Whoever holds a [`Funnel`] need not ask again whether it makes sense. `queries/README.md` says what everything means.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::condition::{self, Condition, Test, unknown};
use super::order::Order;
use super::way::{Between, MAX_STEPS, Rules};
use crate::calendar;
use crate::config::Window;
use crate::error::{Error, Result, line_of};

/// A funnel that makes sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Funnel {
    /// Its name: in reports, in JSON, on the command line.
    pub name: String,
    /// What it tells, in a sentence.
    pub meaning: String,
    /// What it is called and what it tells in other languages, by the code of the language.
    pub words: BTreeMap<String, Words>,
    /// What is counted.
    pub unit: Unit,
    /// How steps must follow each other.
    pub order: Order,
    /// The steps, first to last.
    pub steps: Vec<Step>,
    /// What must not happen, in the order of [`Rules::exclusions`].
    pub exclusions: Vec<Vec<Condition>>,
    /// What the walk asks of the steps.
    pub rules: Rules,
    /// What must be the same along the way.
    pub hold: Option<Hold>,
    /// Columns and parts of time that it is broken down by.
    pub by: Vec<String>,
    /// Which event of the way says a unit's segment.
    pub attribution: Attribution,
    /// The version or instant of the store at which it is to be counted.
    pub as_of: Option<String>,
}

/// A funnel in another language than its names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// What it is called.
    pub name: String,
    /// What it tells, in a sentence.
    pub meaning: String,
    /// What its steps are called, first to last.
    pub steps: Vec<String>,
}

/// A step and the events that fill it: all conditions must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// What must hold of the event.
    pub conditions: Vec<Condition>,
}

/// What a funnel counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Each contact once, with the furthest way through all of their events.
    #[default]
    Contact,
    /// Each conversation once.
    Conversation,
    /// Each attempt of a contact: the next one begins after the one before is complete, out of time or excluded.
    Attempt,
}

impl Unit {
    /// As TOML and JSON write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Conversation => "conversation",
            Self::Attempt => "attempt",
        }
    }
}

/// The value of a column that the events of a way share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The column.
    pub column: &'static str,
    /// Bit `k` is set if it holds for step `k`.
    pub steps: u32,
}

/// Which event of the way says a unit's segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Attribution {
    /// The first event of the way that has a value.
    #[default]
    First,
    /// The last event of the way that has a value.
    Last,
    /// Every value is a funnel of its own, walked over the events that carry it; a unit counts under each of its values.
    All,
    /// The event that filled this step, counted from 0; units that did not get there have no value.
    Step(usize),
}

/// What an attribution can be besides a step's name.
const ATTRIBUTIONS: &[&str] = &["first", "last", "all"];

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: Spanned<String>,
    #[serde(default)]
    meaning: String,
    #[serde(default)]
    unit: Unit,
    #[serde(default)]
    order: Option<Spanned<String>>,
    window: Window,
    step: Vec<StepTable>,
    #[serde(default)]
    exclude: Vec<ExcludeTable>,
    hold: Option<Spanned<HoldForm>>,
    #[serde(default)]
    breakdown: BreakdownTable,
    #[serde(default)]
    words: BTreeMap<String, Words>,
    as_of: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepTable {
    name: Spanned<String>,
    r#where: Conditions,
    within: Option<Spanned<Window>>,
    #[serde(default)]
    optional: bool,
    #[serde(default)]
    same_event: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExcludeTable {
    between: Option<Spanned<(String, String)>>,
    r#where: Conditions,
}

type Conditions = BTreeMap<Spanned<String>, Test>;

#[derive(Deserialize)]
#[serde(untagged, expecting = "write hold = \"column\" or hold = { column = \"…\", steps = [\"…\"] }")]
enum HoldForm {
    Column(String),
    Steps(HoldTable),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HoldTable {
    column: String,
    steps: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct BreakdownTable {
    by: Option<Spanned<By>>,
    attribution: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "write by = \"column\" or by = [\"column\", \"column\"]")]
enum By {
    One(String),
    Several(Vec<String>),
}

/// A mistake in a definition: where, and what.
struct Mistake(Range<usize>, String);

impl Funnel {
    /// Reads the text of a definition; `path` is named in errors.
    ///
    /// # Errors
    /// The text is not TOML, has an unknown key, or contradicts itself: with the line and what was probably meant.
    pub fn parse(text: &str, path: &Path) -> Result<Self> {
        let file: File = toml::from_str(text).map_err(Error::toml(path, text))?;
        Self::check(file).map_err(|Mistake(span, message)| Error::Config {
            path: path.to_path_buf(),
            line: Some(line_of(text, span.start)),
            message,
        })
    }

    fn check(file: File) -> std::result::Result<Self, Mistake> {
        let window = file.window.0;
        let name = file.name.span();
        if file.step.is_empty() || file.step.len() > MAX_STEPS || file.exclude.len() > MAX_STEPS {
            return Err(Mistake(name, format!("a funnel has 1 to {MAX_STEPS} steps, and as many exclusions at most")));
        }
        let mut rules = Rules::plain(file.step.len(), window);
        let mut steps: Vec<Step> = Vec::new();
        for (number, step) in file.step.into_iter().enumerate() {
            let at = step.name.span();
            let name = step.name.into_inner();
            if ATTRIBUTIONS.contains(&name.as_str()) {
                let message = format!("a step cannot be called '{name}', which is what an attribution can be");
                return Err(Mistake(at, message));
            }
            if steps.iter().any(|known| known.name == name) {
                return Err(Mistake(at, format!("two steps are called '{name}'")));
            }
            if number == 0 && (step.within.is_some() || step.optional || step.same_event) {
                let message = "the first step has none before it: it takes no 'within', 'optional' or 'same_event'";
                return Err(Mistake(at, message.into()));
            }
            if let Some(within) = step.within {
                if within.get_ref().0 > window {
                    let message = format!(
                        "step '{name}' may take longer than the whole funnel: its 'within' is longer than 'window'"
                    );
                    return Err(Mistake(within.span(), message));
                }
                rules.within[number] = within.get_ref().0;
            }
            rules.optional |= u32::from(step.optional) << number;
            rules.same_event |= u32::from(step.same_event) << number;
            steps.push(Step { conditions: conditions(step.r#where, &at)?, name });
        }
        let place = |name: &str, at: &Range<usize>| {
            let found = steps.iter().position(|step| step.name == name);
            found.ok_or_else(|| Mistake(at.clone(), unknown("step", name, steps.iter().map(|step| step.name.as_str()))))
        };
        let mut exclusions = Vec::new();
        for exclude in file.exclude {
            let (from, to, at) = match exclude.between {
                Some(between) => {
                    let (at, (from, to)) = (between.span(), between.into_inner());
                    (place(&from, &at)?, place(&to, &at)?, at)
                }
                None => (0, steps.len() - 1, name.clone()),
            };
            if from >= to {
                return Err(Mistake(at, "an exclusion lies between a step and a later one".into()));
            }
            if [from, to].into_iter().any(|step| rules.optional >> step & 1 != 0) {
                return Err(Mistake(at, "an exclusion lies between steps that cannot be skipped".into()));
            }
            rules.exclusions.push(Between { from, to });
            exclusions.push(conditions(exclude.r#where, &at)?);
        }
        let hold = file.hold.map(|hold| {
            let at = hold.span();
            let (column, names) = match hold.into_inner() {
                HoldForm::Column(column) => (column, steps.iter().map(|step| step.name.clone()).collect()),
                HoldForm::Steps(HoldTable { column, steps }) => (column, steps),
            };
            let column = condition::column(&column).map_err(|message| Mistake(at.clone(), message))?;
            let mut bits = 0;
            for name in names {
                bits |= 1 << place(&name, &at)?;
            }
            if bits == 0 {
                return Err(Mistake(
                    at,
                    "'hold' names no step; leave 'steps' out to hold it along the whole way".into(),
                ));
            }
            if bits & 1 == 0 && file.unit == Unit::Attempt {
                return Err(Mistake(
                    at,
                    "an attempt begins with the value it holds: hold it for the first step too".into(),
                ));
            }
            Ok(Hold { column, steps: bits })
        });
        let attribution = file.breakdown.attribution.map(|attribution| {
            let at = attribution.span();
            let first = place(attribution.get_ref(), &at);
            Ok(match attribution.get_ref().as_str() {
                "first" => Attribution::First,
                "last" => Attribution::Last,
                "all" => Attribution::All,
                name => Attribution::Step(first.map_err(|_| {
                    let known = ATTRIBUTIONS.iter().copied().chain(steps.iter().map(|step| step.name.as_str()));
                    Mistake(at, unknown("attribution", name, known))
                })?),
            })
        });
        let (by_at, by) = match file.breakdown.by {
            Some(by) => (
                by.span(),
                match by.into_inner() {
                    By::One(column) => vec![column],
                    By::Several(columns) => columns,
                },
            ),
            None => (name.clone(), Vec::new()),
        };
        let order = file
            .order
            .map_or((name.clone(), Ok(Order::default())), |order| (order.span(), Order::parse(order.get_ref())));
        let order_at = order.0;
        if let Some((language, _)) = file.words.iter().find(|(_, words)| words.steps.len() != steps.len()) {
            return Err(Mistake(name, format!("[words.{language}] must name as many steps as there are")));
        }
        let funnel = Self {
            hold: hold.transpose()?,
            attribution: attribution.transpose()?.unwrap_or_default(),
            name: file.name.into_inner(),
            meaning: file.meaning,
            words: file.words,
            unit: file.unit,
            order: order.1.map_err(|message| Mistake(order_at.clone(), message))?,
            by,
            as_of: file.as_of,
            steps,
            exclusions,
            rules,
        };
        funnel.check_breakdown().map_err(|message| Mistake(by_at, message))?;
        funnel.order.check(&funnel).map_err(|message| Mistake(order_at, message))?;
        Ok(funnel)
    }

    /// A funnel for a quick look, as the command line names it: each step is `[NAME: ]COLUMN=VALUE,…`.
    ///
    /// # Errors
    /// A step does not name a column, or there are too many.
    pub fn quick(steps: &[String], window: Window, order: Order, unit: Unit) -> Result<Self> {
        if steps.is_empty() || steps.len() > MAX_STEPS {
            return Err(Error::Usage(format!("a funnel has 1 to {MAX_STEPS} steps")));
        }
        let mut parsed: Vec<Step> = Vec::new();
        for text in steps {
            let (name, conditions) = match text.split_once(':') {
                Some((name, rest)) if !name.contains('=') => (name.trim(), rest),
                _ => (text.trim(), text.as_str()),
            };
            let conditions = Condition::parse_all(conditions.trim())
                .map_err(|message| Error::Usage(format!("step '{name}': {message}")))?;
            let mut name = name.to_owned();
            while parsed.iter().any(|known| known.name == name) {
                name.push('\'');
            }
            parsed.push(Step { name, conditions });
        }
        let funnel = Self {
            name: "quick look".into(),
            meaning: String::new(),
            words: BTreeMap::new(),
            unit,
            order,
            exclusions: Vec::new(),
            rules: Rules::plain(parsed.len(), window.0),
            steps: parsed,
            hold: None,
            by: Vec::new(),
            attribution: Attribution::First,
            as_of: None,
        };
        funnel.order.check(&funnel).map_err(Error::Usage)?;
        Ok(funnel)
    }

    /// The same funnel, broken down by other columns.
    ///
    /// # Errors
    /// A column does not exist or stands twice.
    pub fn broken_down(self, by: &[String]) -> Result<Self> {
        let funnel = Self { by: by.to_vec(), ..self };
        funnel.check_breakdown().map_err(Error::Usage)?;
        Ok(funnel)
    }

    fn check_breakdown(&self) -> std::result::Result<(), String> {
        for (number, name) in self.by.iter().enumerate() {
            if self.by.iter().take(number).any(|known| known == name) {
                return Err(format!("'{name}' stands twice in the breakdown"));
            }
            if calendar::part(name).is_none() && condition::column(name).is_err() {
                let parts = calendar::PARTS.iter().map(|(part, _)| *part);
                return Err(unknown("column or part of time", name, condition::columns().chain(parts)));
            }
        }
        let n_columns = self.by.iter().filter(|name| calendar::part(name).is_none()).count();
        // Without any breakdown it is for the command line to name one.
        let by_value = self.attribution == Attribution::All && !self.by.is_empty();
        if by_value && (n_columns != 1 || self.hold.is_some()) {
            return Err("attribution 'all' walks the funnel for every value of one column, and holds that column: it takes exactly one column and no 'hold'".into());
        }
        Ok(())
    }

    /// The one column, parts of time aside, that it is broken down by.
    #[must_use]
    pub(super) fn value_column(&self) -> Option<&'static str> {
        self.by.iter().filter(|name| calendar::part(name).is_none()).find_map(|name| condition::column(name).ok())
    }

    /// The place of the step with this name, counted from 0.
    ///
    /// # Errors
    /// There is none.
    pub fn step(&self, name: &str) -> Result<usize> {
        let names: Vec<String> = (0..self.steps.len()).map(|step| self.step_name(step)).collect();
        names.iter().position(|known| known == name).ok_or_else(|| Error::Unknown {
            what: "step",
            name: name.to_owned(),
            known: names,
        })
    }

    /// The name of a step. Where steps may come in any order, only how many were done has a meaning.
    #[must_use]
    pub fn step_name(&self, step: usize) -> String {
        if self.order.counts_steps() {
            return format!("{} of {}", step + 1, self.steps.len());
        }
        self.steps.get(step).map(|step| step.name.clone()).unwrap_or_default()
    }

    /// The columns of the events table that its conditions, breakdown and held property speak of.
    #[must_use]
    pub fn columns(&self) -> Vec<&'static str> {
        let conditions = self.steps.iter().map(|step| &step.conditions).chain(&self.exclusions).flatten();
        let mut columns: Vec<&'static str> = conditions.map(|condition| condition.column).collect();
        columns.extend(self.by.iter().filter_map(|name| condition::column(name).ok()));
        // Messages are compared by their keys.
        columns.extend(
            self.hold.as_ref().map(|hold| if hold.column == "message_id" { "message_key" } else { hold.column }),
        );
        columns.extend((self.unit == Unit::Conversation).then_some("account"));
        columns.sort_unstable();
        columns.dedup();
        columns
    }
}

fn conditions(table: Conditions, at: &Range<usize>) -> std::result::Result<Vec<Condition>, Mistake> {
    if table.is_empty() {
        return Err(Mistake(
            at.clone(),
            "'where' names no column, so every event would fit; name at least 'kind'".into(),
        ));
    }
    let condition = |(column, test): (Spanned<String>, Test)| {
        Condition::new(column.get_ref(), test).map_err(|message| Mistake(column.span(), message))
    };
    table.into_iter().map(condition).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: &str = "[[step]]\nname = \"sent\"\nwhere = { kind = \"message_sent\" }\n[[step]]\nname = \"opened\"\nwhere = { kind = [\"message_opened\", \"opened_up_to\"] }\n";

    fn error(text: &str) -> String {
        Funnel::parse(text, Path::new("f.toml")).unwrap_err().to_string()
    }

    #[test]
    fn a_definition_is_read_with_all_it_names() {
        let text = format!(
            "name = \"f\"\nunit = \"conversation\"\nwindow = \"7d\"\nhold = {{ column = \"campaign\", steps = [\"sent\"] }}\n{STEPS}within = \"24h\"\noptional = true\n[[step]]\nname = \"clicked\"\nwhere = {{ kind = \"button_clicked\" }}\n\
             [[exclude]]\nbetween = [\"sent\", \"clicked\"]\nwhere = {{ kind = \"handover_to_human\", account = {{ not = \"a\" }} }}\n\
             [breakdown]\nby = [\"campaign\", \"day\"]\nattribution = \"opened\"\n"
        );
        let funnel = Funnel::parse(&text, Path::new("f.toml")).unwrap();
        assert_eq!(funnel.rules.within, [i64::MAX, 86_400_000_000, i64::MAX]);
        assert_eq!((funnel.rules.optional, funnel.attribution), (2, Attribution::Step(1)));
        assert_eq!(funnel.rules.exclusions, [Between { from: 0, to: 2 }]);
        assert_eq!(funnel.hold, Some(Hold { column: "campaign", steps: 1 }));
        assert_eq!(funnel.columns(), ["account", "campaign", "kind"]);
    }

    #[test]
    fn a_mistake_is_told_with_its_line_and_what_was_meant() {
        for (text, message) in [
            (
                format!("name = \"f\"\nwindw = \"7d\"\n{STEPS}"),
                "f.toml:2: unknown field `windw`; did you mean 'window'?",
            ),
            (format!("name = \"f\"\nwindow = \"7\"\n{STEPS}"), "f.toml:2: '7' is not a length of time"),
            (
                format!("name = \"f\"\nwindow = \"1h\"\n{STEPS}within = \"2h\"\n"),
                "f.toml:9: step 'opened' may take longer than the whole funnel",
            ),
            (
                format!("name = \"f\"\nwindow = \"1h\"\norder = \"orderd\"\n{STEPS}"),
                "f.toml:3: no order 'orderd'; did you mean 'ordered'?",
            ),
            (
                format!(
                    "name = \"f\"\nwindow = \"1h\"\n{STEPS}[[step]]\nname = \"x\"\nwhere = {{ campain = \"a\" }}\n"
                ),
                "f.toml:11: no column 'campain'; did you mean 'campaign'?",
            ),
            (
                format!(
                    "name = \"f\"\nwindow = \"1h\"\n{STEPS}[[exclude]]\nbetween = [\"sent\", \"opend\"]\nwhere = {{ kind = \"payment\" }}\n"
                ),
                "f.toml:10: no step 'opend'; did you mean 'opened'?",
            ),
            (format!("name = \"f\"\n{STEPS}"), "f.toml: missing field `window`"),
        ] {
            let found = error(&text);
            assert!(found.replace(":1: missing", ": missing").starts_with(message), "{found}");
        }
    }
}
