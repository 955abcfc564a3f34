//! `trichter spark`: the same counts and facts on Apache Spark.
//!
//! Starts Spark's own submit program with a job that this program brings along; which cluster, and how, is Spark's to know.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};

use serde_json::json;

use super::kernel::{Asking, CONTEXT};
use super::{Done, print, say};
use crate::error::{Error, Result};
use crate::report::text::printable;
use crate::store::Place;

/// What Spark runs.
const JOB: &str = include_str!("job.py");
/// Lines of Spark's talk that are shown if a job fails for a reason of Spark's own.
const LINES: usize = 30;

/// Count a store on Apache Spark: Spark distributes, sorts and retries, and the kernel counts; the same report comes out.
///
/// The store, --counts and --facts have to be seen by the driver and all workers at the same path; a store in object storage with
/// Spark's own means for it.
///
/// Example: trichter spark submit --store /data/store --counts /data/counts --master spark://host:7077
#[derive(clap::Args)]
pub(super) struct SparkCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Submit(Box<Submit>),
    /// Print the job that Spark runs, in Python.
    Job,
}

/// Count a store on Spark, for 'trichter report --counts', and find its facts, as Parquet.
#[derive(clap::Args)]
struct Submit {
    #[command(flatten)]
    asking: Asking,
    /// Where Spark finds the folder 'events' of the store. Default: its path; s3a://… for s3://…, and gs://… as it is.
    #[arg(long, value_name = "URL")]
    events: Option<String>,
    /// New folder for the counts.
    #[arg(long, value_parser = crate::cli::on_disk, value_name = "DIR")]
    counts: PathBuf,
    /// Write facts too, each table into a folder of this one.
    #[arg(long, value_parser = crate::cli::on_disk, value_name = "DIR")]
    facts: Option<PathBuf>,
    /// Only these fact tables, separated by commas. Default: all.
    #[arg(long, value_name = "TABLES", value_delimiter = ',', requires = "facts")]
    tables: Vec<String>,
    /// The cluster, as Spark names it: spark://HOST:PORT, yarn, k8s://…, local[2]. Default: what Spark is configured for.
    #[arg(long, value_name = "URL")]
    master: Option<String>,
    /// Into how many partitions events are distributed. Default: two for each core of the cluster.
    #[arg(long, value_name = "N", default_value = "0")]
    partitions: u32,
    /// Where this program is on the workers. Default: where it is here.
    #[arg(long, value_name = "PATH")]
    program: Option<PathBuf>,
    /// Send this program along with the job, to workers that do not have it.
    #[arg(long)]
    ship: bool,
    /// Spark's submit program. Default: that of SPARK_HOME, else spark-submit on the path.
    #[arg(long, value_name = "PATH")]
    spark_submit: Option<PathBuf>,
    /// A setting of Spark; can be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    conf: Vec<String>,
}

impl SparkCommand {
    pub(super) fn run(&self, quiet: bool) -> Result<Done> {
        match &self.command {
            Command::Submit(submit) => submit.run(quiet)?,
            Command::Job => print(JOB)?,
        }
        Ok(Done::Well)
    }
}

impl Submit {
    fn run(&self, quiet: bool) -> Result<()> {
        let (opened, context) = self.asking.context()?;
        for name in &self.tables {
            if !context.facts.contains_key(name) {
                let known = context.facts.keys().cloned().collect();
                return Err(Error::Unknown { what: "fact table", name: name.clone(), known });
            }
        }
        if context.files.is_empty() {
            return Err(Error::Usage("the store is empty: there is nothing to count".into()));
        }
        let all: Vec<String> = context.facts.keys().cloned().collect();
        let counts = absolute(&self.counts)?;
        if counts.join(CONTEXT).exists() {
            return Err(Error::Usage(format!("there are counts in '{}': name a new folder", counts.display())));
        }
        let here = || std::env::current_exe().map_err(Error::read(Path::new("this program")));
        let folder = tempfile::tempdir().map_err(Error::write(Path::new("the temporary folder")))?;
        let [program, orders, failure] =
            ["trichter_job.py", "orders.json", "failure"].map(|name| folder.path().join(name));
        let job = json!({
            "context": context.to_json(),
            "table": match &self.events {
                // Spark would look for a relative path in a folder of its own.
                Some(path) if !path.contains("://") => address(&path.into())?,
                Some(url) => url.clone(),
                None => address(&opened.store.events())?,
            },
            "counts": counts,
            "facts": self.facts.as_deref().map(absolute).transpose()?,
            "tables": match (&self.facts, self.tables.is_empty()) {
                (None, _) => Vec::new(),
                (Some(_), true) => all,
                (Some(_), false) => self.tables.clone(),
            },
            "partitions": self.partitions,
            "program": self.program.clone().map_or_else(here, Ok)?,
            "ship": self.ship,
            "failure": failure,
        });
        std::fs::write(&program, JOB).map_err(Error::write(&program))?;
        std::fs::write(&orders, job.to_string()).map_err(Error::write(&orders))?;
        self.submit(&program, &orders, &failure)?;
        // Written last: counts without it are not whole.
        super::write_whole(&counts.join(CONTEXT), context.to_json().as_bytes())?;
        if !quiet {
            say(&format!("{}: counts of {} events", counts.display(), context.n_rows));
        }
        Ok(())
    }

    fn submit(&self, program: &Path, orders: &Path, failure: &Path) -> Result<()> {
        let submit = self.spark_submit.clone().unwrap_or_else(|| {
            let home = std::env::var_os("SPARK_HOME").map(|home| PathBuf::from(home).join("bin/spark-submit"));
            home.unwrap_or_else(|| "spark-submit".into())
        });
        let mut process = Process::new(&submit);
        process.args(self.master.iter().flat_map(|master| ["--master", master]));
        process.args(self.conf.iter().flat_map(|setting| ["--conf", setting]));
        process.arg(program).arg(orders).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = process.spawn().map_err(|error| Error::Elsewhere {
            message: format!("'{}' cannot be started: {error}", submit.display()),
            remedy: "install Spark 4 (pip install pyspark) and Java 17, set SPARK_HOME, or name --spark-submit",
        })?;
        let talk = child.stderr.take().map(BufReader::new);
        let mut last = VecDeque::new();
        for line in talk.into_iter().flat_map(|talk| talk.lines().map_while(std::io::Result::ok)) {
            if last.len() == LINES {
                last.pop_front();
            }
            last.push_back(line);
        }
        let ended = child.wait().map_err(Error::read(&submit))?;
        if ended.success() {
            return Ok(());
        }
        let remedy = "a folder that was begun has to be removed before the next try";
        if let Ok(told) = std::fs::read_to_string(failure) {
            return Err(Error::Elsewhere { message: format!("a partition could not be counted: {told}"), remedy });
        }
        for line in &last {
            say(&printable(line));
        }
        Err(Error::Elsewhere {
            message: format!("Spark could not count the store; what it said last stands above ({ended})"),
            remedy,
        })
    }
}

/// What Spark calls the place.
fn address(place: &Place) -> Result<String> {
    if let Some(path) = place.on_disk() {
        return Ok(absolute(path)?.to_string_lossy().into_owned());
    }
    let name = place.path().to_string_lossy();
    match name.split_once("://") {
        Some(("s3", rest)) => Ok(format!("s3a://{rest}")),
        Some(("gs", _)) => Ok(name.into_owned()),
        _ => Err(Error::Usage(format!("Spark has another name for '{name}': say it with --events abfss://…"))),
    }
}

/// Spark's processes run elsewhere in the file system.
fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(Error::read(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spark_is_told_whole_paths() {
        let here = std::env::current_dir().unwrap().join("store/events");
        assert_eq!(address(&Place::from("store/events")).unwrap(), here.to_string_lossy());
    }

    #[cfg(feature = "s3")]
    #[test]
    fn spark_has_a_name_of_its_own_for_s3() {
        let names = ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
        let environment = || names.iter().map(|name| ((*name).to_owned(), "eu-central-1".to_owned())).collect();
        let place = Place::of(Path::new("s3://acme/store"), environment).unwrap();
        assert_eq!(address(&place.join("events")).unwrap(), "s3a://acme/store/events");
    }
}
