//! Exports and servers that are killed on the way: readers see the old state or the new one, and the next export completes.

use std::collections::BTreeMap;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::super::case::Case;
use super::{Server, begin_export, export, fingerprint, one_more_night, tables, with_more};

/// How often something is killed; the variable is for whoever wants to see it more often.
fn times(default: u32) -> u32 {
    std::env::var("TRICHTER_KILLS").ok().and_then(|times| times.parse().ok()).unwrap_or(default)
}

/// Two states of one schema, and how long the way from one to the other takes.
struct Ways<'s> {
    server: &'s Server,
    /// The stores that make the states.
    cases: [Case; 2],
    states: [String; 2],
    takes: Duration,
}

impl<'s> Ways<'s> {
    fn new(server: &'s Server) -> Self {
        let cases = [with_more(), Case::new()];
        let copied = Command::new("cp").arg("-R").arg(cases[0].path(".")).arg(cases[1].folder()).status().unwrap();
        assert!(copied.success());
        one_more_night(&cases[1]);
        let address = server.address("");
        let state = |case: &Case| {
            export(case, &address, &["--full"]);
            fingerprint(server)
        };
        let states = [state(&cases[0]), state(&cases[1])];
        assert_ne!(states[0], states[1]);
        let begun = Instant::now();
        assert_eq!(state(&cases[0]), states[0]);
        Self { server, cases, states, takes: begun.elapsed() }
    }

    /// Exports each state in turn; `disturb` gets the instant at which to do so. Returns how often readers saw the old state
    /// and the new one afterwards.
    fn disturbed(
        &self,
        n: u32,
        mut disturb: impl FnMut(&mut std::process::Child, Duration),
    ) -> BTreeMap<&'static str, u32> {
        let mut seen = BTreeMap::new();
        let mut current = fingerprint(self.server);
        for round in 0..n {
            let to = usize::from(current == self.states[0]);
            let mut export = begin_export(&self.cases[to], &self.server.address(""), &["--full"]);
            disturb(&mut export, self.takes * (2 * round + 1) / (2 * n));
            self.server.recover();
            // What the dead left is rolled back as soon as the server sees that they are gone.
            let found = fingerprint(self.server);
            assert!(self.states.contains(&found), "a state that nobody exported, in round {round}");
            *seen.entry(if found == current { "old" } else { "new" }).or_default() += 1;
            current = found;
        }
        for (case, state) in self.cases.iter().zip(&self.states) {
            self.complete(case);
            assert_eq!(fingerprint(self.server), *state);
        }
        seen
    }

    /// Exports to the end. A session that died a moment ago may still hold its lock.
    fn complete(&self, case: &Case) {
        let begun = Instant::now();
        loop {
            let ended = begin_export(case, &self.server.address(""), &[]).wait_with_output().unwrap();
            if ended.status.success() {
                return;
            }
            let said = String::from_utf8(ended.stderr).unwrap();
            assert!(said.contains("another export is writing") && begun.elapsed() < Duration::from_secs(30), "{said}");
            sleep(Duration::from_millis(100));
        }
    }
}

#[test]
fn killed_exports_leave_one_state_or_the_other() {
    let Some(server) = Server::start() else { return };
    let ways = Ways::new(&server);
    let (n, tables_before) = (times(10), tables(&server));
    let seen = ways.disturbed(n, |export, after| {
        sleep(after);
        assert!(ways.states.contains(&fingerprint(&server)), "whoever reads meanwhile sees a whole state");
        export.kill().unwrap();
        export.wait().unwrap();
    });
    eprintln!("{n} exports killed: readers saw {seen:?}");
    assert_eq!(tables(&server), tables_before, "nothing is left over");
}

#[test]
fn killed_server_processes_leave_one_state_or_the_other_and_are_told() {
    let Some(server) = Server::start() else { return };
    let ways = Ways::new(&server);
    let (n, mut n_told) = (times(5), 0);
    let seen = ways.disturbed(n, |export, after| {
        sleep(after);
        let sessions = "SELECT pid FROM pg_stat_activity WHERE application_name = 'trichter'";
        for id in server.ask("bi", sessions).lines() {
            Server::kill_process(id);
        }
        let mut said = String::new();
        std::io::Read::read_to_string(export.stderr.as_mut().unwrap(), &mut said).unwrap();
        if export.wait().unwrap().code() != Some(0) {
            assert!(said.contains("error: cannot ") && said.contains("try: "), "{said}");
            n_told += 1;
        }
    });
    eprintln!("{n} times the server's process killed: readers saw {seen:?}, {n_told} exports told of it");
}

#[test]
fn killed_servers_leave_one_state_or_the_other() {
    let Some(mut server) = Server::start() else { return };
    let (n, mut seen) = (times(5), BTreeMap::new());
    let (states, cases, takes) = {
        let ways = Ways::new(&server);
        (ways.states.clone(), ways.cases, ways.takes)
    };
    let mut current = states[0].clone();
    for round in 0..n {
        let to = usize::from(current == states[0]);
        let export = begin_export(&cases[to], &server.address(""), &["--full"]);
        sleep(takes * (2 * round + 1) / (2 * n));
        server.kill();
        let ended = export.wait_with_output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert!(ended.status.success() || said.contains("try: "), "{said}");
        server.run();
        let found = fingerprint(&server);
        assert!(states.contains(&found), "a state that nobody exported, in round {round}");
        *seen.entry(if found == current { "old" } else { "new" }).or_insert(0) += 1;
        current = found;
    }
    for (case, state) in cases.iter().zip(&states) {
        export(case, &server.address(""), &[]);
        assert_eq!(fingerprint(&server), *state);
    }
    eprintln!("{n} servers killed: readers saw {seen:?}");
}
