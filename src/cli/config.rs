//! `trichter config`: whether a configuration can be used, and what it comes to.

use std::path::{Path, PathBuf};

use super::{CONFIG, Done, print};
use crate::config::{Card, Config, whole};
use crate::error::{Error, Result};
use crate::export::target;
use crate::ingest::input;
use crate::measures;
use crate::metrics::Own;

/// Look at a configuration: whether it can be used, and what it says.
#[derive(clap::Args)]
pub(super) struct ConfigCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Refuse what cannot be used, with its line, and name what it refers to and is not there. Exit code 1 if something is missing.
    Check {
        /// The configuration.
        #[arg(value_name = "FILE", default_value = CONFIG)]
        file: PathBuf,
    },
    /// Print the settings as TOML, with the defaults of those that the file leaves out, but for entries of lists. Paths are as they stand in the file; passwords of targets are not shown.
    Show {
        /// The configuration.
        #[arg(value_name = "FILE", default_value = CONFIG)]
        file: PathBuf,
    },
}

impl ConfigCommand {
    pub(super) fn run(&self) -> Result<Done> {
        match &self.command {
            Command::Check { file } => {
                let config = Config::load(file)?;
                let missing = missing(&config, file)?;
                for problem in &missing {
                    print(&format!("{problem}\n"))?;
                }
                if missing.is_empty() {
                    print(&format!("{} can be used\n", file.display()))?;
                }
                Ok(if missing.is_empty() { Done::Well } else { Done::LimitMissed })
            }
            Command::Show { file } => {
                let text = std::fs::read_to_string(file).map_err(Error::read(file))?;
                let orders = Config::load(file)?.export.into_iter();
                // Whoever reads over a shoulder needs no password.
                let shown = orders.fold(whole(&text, file)?, |text, order| {
                    text.replace(&order.target, &target::shown(&order.target))
                });
                print(&shown)?;
                Ok(Done::Well)
            }
        }
    }
}

/// What the configuration refers to and is not there.
fn missing(config: &Config, file: &Path) -> Result<Vec<String>> {
    let mut missing = Vec::new();
    for input in &config.run.inputs {
        if input::sources(std::slice::from_ref(input)).is_err() {
            missing.push(format!("[run] inputs: no file matches '{input}'"));
        }
    }
    let named = [
        ("[run] key_file", config.run.key_file.as_ref()),
        ("[clicks] tokens", config.clicks.tokens.as_ref()),
        ("[report] logo", config.report.logo.as_ref()),
        ("[report] queries", config.report.queries.as_ref()),
    ];
    for (key, path) in named {
        if let Some(path) = path.filter(|path| !path.exists()) {
            missing.push(format!("{key}: there is no '{}'", path.display()));
        }
    }
    for export in &config.export {
        if let Err(problem) = crate::export::table::chosen(&export.tables) {
            missing.push(format!("[[export]] {}: {problem}", target::shown(&export.target)));
        }
    }
    let folder = file.parent().unwrap_or(Path::new(""));
    let prices = folder.join(super::PRICES);
    if prices.exists() {
        Card::load(&prices)?;
    }
    // Metrics of one's own are read as a report would.
    let queries = config.report.queries.clone().unwrap_or_else(|| folder.join("queries"));
    if queries.is_dir() {
        let taken: Vec<&str> = measures::every().map(|measure| measure.id).collect();
        Own::all(&queries, &taken)?;
    }
    Ok(missing)
}
