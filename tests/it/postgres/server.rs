//! A PostgreSQL server of a test: Debian's, in a folder of its own, gone when the test is.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The password of everybody who comes by the network. Who comes by the socket needs none.
pub(crate) const PASSWORD: &str = "not:so'secret";

/// The same as it stands in an address.
pub(crate) const PASSWORD_IN_ADDRESSES: &str = "not%3Aso%27secret";

/// A running server with an empty database `bi`.
pub(crate) struct Server {
    folder: TempDir,
    programs: PathBuf,
    port: u16,
    process: Option<Child>,
}

impl Server {
    /// Starts a server; says so and returns nothing where no server is installed.
    pub(crate) fn start() -> Option<Self> {
        Self::with(&[])
    }

    /// The same with lines of configuration.
    pub(crate) fn with(settings: &[&str]) -> Option<Self> {
        let Some(programs) = programs() else {
            skipped("no PostgreSQL in /usr/lib/postgresql: exports to it are not tried");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut server = Self { folder, programs, port, process: None };
        fs::write(server.path("password"), PASSWORD).unwrap();
        Self::hand_over(server.folder.path());
        Self::hand_over(&server.path("password"));
        let data = server.path("data");
        let arguments = ["-N", "-E", "UTF8", "--locale=C", "-U", "postgres", "-A", "scram-sha-256"];
        let made = server
            .program("initdb")
            .args(arguments)
            .arg("-D")
            .arg(&data)
            .arg("--pwfile")
            .arg(server.path("password"))
            .output();
        let made = made.unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        fs::write(data.join("pg_hba.conf"), "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n").unwrap();
        let mut file = fs::File::options().append(true).open(data.join("postgresql.conf")).unwrap();
        writeln!(file, "restart_after_crash = on\nfsync = off\n{}", settings.join("\n")).unwrap();
        server.run();
        server.ask("postgres", "CREATE DATABASE bi");
        Some(server)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The address of the database for its owner, with parameters.
    pub(crate) fn address(&self, parameters: &str) -> String {
        format!("postgres://postgres:{PASSWORD_IN_ADDRESSES}@127.0.0.1:{}/bi?{parameters}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Makes a file one that the server may read.
    pub(crate) fn hand_over(path: &Path) {
        if let Some((user, group)) = other_user() {
            std::os::unix::fs::chown(path, Some(user), Some(group)).unwrap();
        }
    }

    /// A program of the server, to be run by somebody who is not root, and to end when we do.
    fn program(&self, name: &str) -> Command {
        let mut command = Command::new("setpriv");
        if let Some((user, group)) = other_user() {
            command.args([format!("--reuid={user}"), format!("--regid={group}"), "--clear-groups".to_owned()]);
        }
        command.args(["--pdeathsig", "KILL"]).arg(self.programs.join(name)).current_dir(self.folder.path());
        command.stdin(Stdio::null());
        command
    }

    /// Starts the server that is stopped, and waits until it answers.
    pub(crate) fn run(&mut self) {
        let log = fs::File::options().create(true).append(true).open(self.path("log")).unwrap();
        let mut command = self.program("postgres");
        command.arg("-D").arg(self.path("data")).arg("-k").arg(self.folder.path());
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        command.stdout(log.try_clone().unwrap()).stderr(log);
        let begun = Instant::now();
        loop {
            // The processes of a server that was killed may need a moment to see it.
            let is_gone = match &mut self.process {
                Some(process) => process.try_wait().unwrap().is_some(),
                None => true,
            };
            if is_gone {
                self.process = Some(command.spawn().unwrap());
            }
            if self.try_ask("postgres", "SELECT 1").is_ok() {
                return;
            }
            assert!(begun.elapsed() < Duration::from_mins(1), "{}", fs::read_to_string(self.path("log")).unwrap());
            sleep(Duration::from_millis(50));
        }
    }

    /// Waits until a server that lost a process is there again.
    pub(crate) fn recover(&self) {
        let begun = Instant::now();
        while self.try_ask("bi", "SELECT 1").is_err() {
            assert!(begun.elapsed() < Duration::from_mins(1), "{}", fs::read_to_string(self.path("log")).unwrap());
            sleep(Duration::from_millis(50));
        }
    }

    /// Ends the server at once, as a power cut does.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Ends one process of the server at once.
    pub(crate) fn kill_process(id: &str) {
        let killed = Command::new("kill").args(["-9", id]).output().unwrap();
        assert!(killed.status.success() || String::from_utf8_lossy(&killed.stderr).contains("No such process"));
    }

    /// `psql` as the owner, by the socket, to be given what to say.
    pub(crate) fn psql(&self, database: &str) -> Command {
        let mut command = Command::new(self.programs.join("psql"));
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", database]);
        command.arg("-h").arg(self.folder.path()).args(["-p", &self.port.to_string()]);
        command.stdin(Stdio::null());
        command
    }

    pub(crate) fn try_ask(&self, database: &str, sql: &str) -> Result<String, String> {
        let output = self.psql(database).args(["-c", sql]).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    }

    /// What the server answers.
    #[track_caller]
    pub(crate) fn ask(&self, database: &str, sql: &str) -> String {
        self.try_ask(database, sql).unwrap_or_else(|error| panic!("{sql}\n{error}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        // The folder goes after the last process that writes into it.
        let pid = self.path("data/postmaster.pid");
        let begun = Instant::now();
        while fs::remove_dir_all(self.path("data")).is_err()
            && pid.exists()
            && begun.elapsed() < Duration::from_secs(10)
        {
            sleep(Duration::from_millis(50));
        }
    }
}

/// Says what is not tried, so that it is heard where tests are quiet.
pub(crate) fn skipped(what: &str) {
    let mut stderr = std::io::stderr();
    writeln!(stderr, "SKIPPED: {what}").unwrap();
}

/// The folder of the newest server that is installed.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let version = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.filter(|path| version(path).is_some()).max_by_key(version)?;
    Some(newest.join("bin"))
        .filter(|folder| ["initdb", "postgres", "psql"].iter().all(|name| folder.join(name).exists()))
}

/// User and group of whom the server belongs to, where we are root, as whom it does not run.
pub(crate) fn other_user() -> Option<(u32, u32)> {
    if !is_root() {
        return None;
    }
    let of = |option: &str| {
        let found = Command::new("id").args([option, "postgres"]).output().unwrap();
        String::from_utf8(found.stdout).unwrap().trim().parse().expect("a user postgres, as the package makes one")
    };
    Some((of("-u"), of("-g")))
}

pub(crate) fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
