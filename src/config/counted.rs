//! The part of a configuration that counts depend on, cut out of its text, for programs that count elsewhere. The rest is about
//! reading logs and about where results go, and may name people's addresses.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Compliance, Config, Flow, Service, Windows};
use crate::error::{Error, Result};

/// The tables that counts depend on.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Counted {
    windows: Windows,
    flow: Vec<Flow>,
    compliance: Compliance,
    service: Service,
}

/// Their names.
const TABLES: [&str; 4] = ["windows", "flow", "compliance", "service"];

/// Cuts it out of the text of a `trichter.toml`, which is named in errors.
///
/// # Errors
/// The text is not TOML.
pub fn cut(text: &str, path: &Path) -> Result<Value> {
    let whole: Map<String, Value> = toml::from_str(text).map_err(Error::toml(path, text))?;
    Ok(Value::Object(whole.into_iter().filter(|(name, _)| TABLES.contains(&name.as_str())).collect()))
}

/// A configuration that counts as that of which the part was cut; what counts do not depend on is as by default.
///
/// # Errors
/// It is no such part.
pub fn read(part: &Value) -> Result<Config> {
    let Counted { windows, flow, compliance, service } = Counted::deserialize(part)
        .map_err(|error| Error::Usage(format!("the configuration cannot be used: {error}")))?;
    Ok(Config { windows, compliance, service, flow, ..Config::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_depend_on_comes_back_and_nothing_else_goes_along() {
        let text = "[windows]\nreply = \"2h\"\n[[flow]]\nname = \"f\"\nquestions = [\"a\", \"b\"]\noptions = { a = [\"x\"] }\n\
                    [service]\nzone = \"Europe/Berlin\"\nmonday = [\"09:00-17:00\"]\nholidays = [\"2026-12-25\"]\n\
                    [report]\nfooter = \"secret\"\n";
        let path = Path::new("trichter.toml");
        let part = cut(text, path).unwrap();
        assert!(!part.to_string().contains("secret"));
        let (whole, counted) = (Config::parse(text, path).unwrap(), read(&part).unwrap());
        assert_eq!(Config { report: whole.report.clone(), ..counted }.meaning(), whole.meaning());
        assert_eq!(read(&cut("", path).unwrap()).unwrap().meaning(), Config::default().meaning());
    }
}
