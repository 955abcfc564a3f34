//! The README does what it says: every command in a `console` block is run, and what is shown below it is what comes out.
//!
//! A shown line `…` stands for any lines. Commands of cargo other than `cargo run` are not run again inside a test; they
//! have to be those of `.ci/run`.

#![cfg(unix)]

use std::fs;
use std::process::Command;

use super::case::{Case, files_below, relative, root};

/// A command with what the README shows of its output.
struct Shown {
    command: String,
    output: Vec<String>,
}

/// The commands of all console blocks, in order.
fn commands(readme: &str) -> Vec<Shown> {
    let mut commands: Vec<Shown> = Vec::new();
    let mut inside = false;
    for line in readme.lines() {
        if line.trim_start().starts_with("```") {
            inside = line.trim() == "```console";
        } else if inside && let Some(command) = line.strip_prefix("$ ") {
            commands.push(Shown { command: command.to_owned(), output: Vec::new() });
        } else if inside && let Some(last) = commands.last_mut() {
            if last.command.ends_with('\\') {
                last.command.pop();
                last.command.push_str(line);
            } else {
                last.output.push(line.trim_end().to_owned());
            }
        }
    }
    commands
}

/// The command with the built program in the place of `cargo run`; `None` if it is not to be run here.
fn runnable(command: &str) -> Option<String> {
    if let Some(rest) = command.strip_prefix("cargo run") {
        let arguments = rest.split_once(" -- ").map_or("", |(_, arguments)| arguments);
        return Some(format!("trichter {arguments}"));
    }
    let is_setting_up =
        ["git clone ", "cd ", "cargo install ", "cargo build"].iter().any(|start| command.starts_with(start));
    if command.starts_with("cargo ") && !is_setting_up {
        let ci = fs::read_to_string(root().join(".ci/run")).expect("README names a command of the CI, which has none");
        assert!(ci.contains(command.split('#').next().unwrap().trim()), "the CI does not run '{command}'");
        return None;
    }
    (!is_setting_up).then(|| command.to_owned())
}

/// The shown lines stand in the output in their order; between two of them nothing is left out but where `…` stands.
fn is_shown(shown: &[String], output: &str) -> Result<(), String> {
    let lines: Vec<&str> = output.lines().map(str::trim_end).collect();
    let shown: Vec<&str> = shown.iter().map(String::as_str).filter(|line| !line.is_empty()).collect();
    let lines: Vec<&str> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    let mut at = 0;
    let mut may_skip = true;
    for line in shown {
        if ["…", "..."].contains(&line.trim()) {
            may_skip = true;
            continue;
        }
        let found = lines.get(at..).and_then(|rest| rest.iter().position(|candidate| *candidate == line));
        match found {
            Some(0) => at += 1,
            Some(n) if may_skip => at += n + 1,
            _ => return Err(format!("'{line}' is not what comes out")),
        }
        may_skip = false;
    }
    Ok(())
}

#[test]
fn every_command_of_the_readme_works_as_shown() {
    let readme = fs::read_to_string(root().join("README.md")).expect("there is no README.md");
    let commands = commands(&readme);
    assert!(!commands.is_empty(), "README.md has no console block");

    let case = Case::new();
    for folder in ["sample-data", "queries"] {
        for path in files_below(&root().join(folder)) {
            case.write(&relative(&path), fs::read(&path).unwrap());
        }
    }
    fs::create_dir_all(case.path("bin")).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_trichter"), case.path("bin/trichter")).unwrap();
    let path = format!("{}:{}", case.path("bin").display(), std::env::var("PATH").unwrap_or_default());
    // What the README puts into /tmp stays in the case's folder.
    fs::create_dir_all(case.path("tmp")).unwrap();
    let tmp = case.path("tmp").display().to_string();

    for Shown { command, output: shown } in commands {
        let Some(line) = runnable(&command) else { continue };
        let ran = Command::new("sh")
            .args(["-e", "-c", &line.replace("/tmp", &tmp)])
            .current_dir(case.folder())
            .env("PATH", &path)
            .env("NO_COLOR", "1")
            .env_remove("TRICHTER_KEY")
            .env_remove("COLUMNS")
            .output()
            .unwrap();
        // The README writes ordinary blanks where the program groups digits with narrow ones.
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&tmp, "/tmp").replace('\u{202f}', " ");
        let (stdout, stderr) = (text(&ran.stdout), text(&ran.stderr));
        assert!(ran.status.success(), "'{command}' ends with {:?}\n{stdout}\n{stderr}", ran.status.code());
        let either = is_shown(&shown, &format!("{stdout}\n{stderr}"))
            .or_else(|_| is_shown(&shown, &format!("{stderr}\n{stdout}")));
        if let Err(problem) = either {
            panic!("'{command}': {problem}\n-- stdout\n{stdout}\n-- stderr\n{stderr}");
        }
    }
}

#[test]
fn shown_output_may_leave_out_lines_only_where_it_says_so() {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(is_shown(&lines("b\nc"), "a\nb\nc\nd"), Ok(()));
    assert_eq!(is_shown(&lines("a\n…\nd"), "a\nb\nc\nd"), Ok(()));
    assert!(is_shown(&lines("a\nc"), "a\nb\nc").is_err());
    assert!(is_shown(&lines("x"), "a").is_err());
}
