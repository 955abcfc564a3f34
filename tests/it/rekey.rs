//! Changing the key from outside: afterwards no byte of the store and of its exports is what the key of before made, history is
//! joined, logs that are read again are known, and a process that is killed leaves a store that goes on with the key it had.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use trichter::store::{AsOf, Key, Store};

use super::case::{Case, rows};
use super::forget::{FORMER, Scene, copy};

/// What the key of the scene made of the person. Numbers and words that nothing was made of are not in question.
fn made(scene: &Scene) -> BTreeMap<Vec<u8>, String> {
    let mut needles = scene.needles();
    needles.retain(|_, what| !["number", "words", "message id"].contains(&what.as_str()));
    needles
}

fn secrets(scene: &Scene) -> usize {
    Store::open(&scene.case.path("store"), AsOf::Latest).unwrap().n_secrets()
}

/// How many rows each contact has, and of which kinds: all that stays the same.
fn shape(scene: &Scene) -> Vec<Vec<(String, String)>> {
    let mut contacts: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for row in rows(&scene.case.path("store")) {
        contacts.entry(row["contact_key"].clone()).or_default().push((row["at"].clone(), row["kind"].clone()));
    }
    let mut shape: Vec<_> = contacts.into_values().collect();
    for events in &mut shape {
        events.sort();
    }
    shape.sort();
    shape
}

fn without_brand(mut report: Value) -> Value {
    report.as_object_mut().unwrap().remove("context");
    report
}

#[test]
fn what_the_key_of_before_made_is_gone_and_history_is_joined() {
    let scene = Scene::new("text = \"drop\"");
    let needles = made(&scene);
    let (before, report) = (shape(&scene), scene.report("before"));
    assert!(!scene.found_in("store/events/", &needles).is_empty() && !scene.found_in("out/", &needles).is_empty());
    let rekey = ["store", "rekey", "--store", "store", "--key-file", "key", "--config", "trichter.toml"];
    scene.case.run(&rekey).expect(2).complains(&["no secret that the store does not have"]);
    scene.case.write("key", format!("{}\n{}\n", "5a".repeat(32), "6b".repeat(32)));
    // Until the table is made with it, the new secret counts for nothing.
    scene.ingest(&["sim/logs", "extra"]);
    assert_eq!((secrets(&scene), shape(&scene)), (1, before.clone()));
    let told = scene.case.ask(&rekey);
    assert!(told.starts_with("the key has 2 secrets: ") && told.ends_with("\n8 targets exported anew\n"), "{told}");
    assert_eq!((secrets(&scene), shape(&scene)), (2, before.clone()));
    assert_eq!(scene.found_in("store/", &needles), BTreeSet::new());
    assert_eq!(scene.found_in("out/", &needles), BTreeSet::new());
    assert_eq!(without_brand(scene.report("after")), without_brand(report));
    // Logs that are read again are known, whole contacts and what was set aside among them.
    let version = || Store::open(&scene.case.path("store"), AsOf::Latest).unwrap().version();
    let rekeyed = version();
    scene.ingest(&["sim/logs", "extra"]);
    assert_eq!((version(), shape(&scene)), (rekeyed, before.clone()));
    // The contact is found by id, and by the pseudonym that the key makes today.
    let key = Key::from_file(&scene.case.path("key")).unwrap();
    let pseudonym = format!("{:032x}", key.contact("whatsapp", &scene.number));
    for id in [&scene.number, &pseudonym] {
        let told = scene.forget(&["--channel", "whatsapp", "--contact", id, "--dry-run"]).expect(0).stdout;
        assert!(told.starts_with("1 of 1 contacts have events"), "{told}");
    }
    // An older file of the key is refused before anything is written.
    scene.case.write("old", "5a".repeat(32));
    let ingest = ["ingest", "extra", "--store", "store", "--key-file", "old", "--quiet"];
    scene.case.run(&ingest).expect(2).complains(&["take its newest file"]);
    // So is any other, and a secret that is no new one.
    for (secrets, complaint) in [
        (["7c", "6b", "8d"], "another key"),
        (["6b", "5a", "8d"], "another key"),
        (["5a", "6b", "5a"], "the same secret twice"),
    ] {
        scene.case.write("wrong", secrets.map(|byte| byte.repeat(32)).join("\n"));
        let rekey = ["store", "rekey", "--store", "store", "--key-file", "wrong"];
        scene.case.run(&rekey).expect(2).complains(&[complaint]);
    }
    scene.case.write("wrong", "7c".repeat(32) + "\n" + &"6b".repeat(32));
    let ingest = ["ingest", "extra", "--store", "store", "--key-file", "wrong", "--quiet"];
    scene.case.run(&ingest).expect(2).complains(&["another key"]);
    assert_eq!((secrets(&scene), shape(&scene)), (2, before));
    scene.case.run(&["query", "open_rate", "--store", "store", "--as-of", "1"]).expect(2).complains(&["is gone"]);
}

#[test]
fn whoever_was_forgotten_under_the_key_of_before_is_not_brought_back() {
    let scene = Scene::new("text = \"drop\"");
    scene.forget(&["--channel", "whatsapp", "--contact", FORMER]).expect(0);
    let before = shape(&scene);
    scene.case.write("key", format!("{} {}", "5a".repeat(32), "6b".repeat(32)));
    scene.case.ask(&["store", "rekey", "--store", "store", "--key-file", "key"]);
    scene.ingest(&["sim/logs", "extra"]);
    assert_eq!(shape(&scene), before);
    // And once more.
    scene.case.write("key", ["5a", "6b", "7c"].map(|byte| byte.repeat(32)).join("\n"));
    scene.case.ask(&["store", "rekey", "--store", "store", "--key-file", "key"]);
    scene.ingest(&["sim/logs", "extra"]);
    assert_eq!((secrets(&scene), shape(&scene)), (3, before));
}

#[test]
fn the_key_in_the_store_gets_its_new_secret_by_itself_and_a_killed_change_wastes_none() {
    let n_kills: u32 = std::env::var("TRICHTER_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(20);
    let scene = Scene::new("text = \"drop\"");
    fs::copy(scene.case.path("key"), scene.case.path("store/pseudonym.key")).unwrap();
    let (before, needles) = (shape(&scene), made(&scene));
    copy(&scene.case, "store", "whole");
    let rekey = ["store", "rekey", "--store", "store", "--config", "sim/trichter.toml", "--quiet"];
    let began = Instant::now();
    scene.case.ask(&rekey);
    let lasted = began.elapsed();
    let (mut n_killed, mut n_before, mut n_after) = (0, 0, 0);
    for round in 0..n_kills {
        fs::remove_dir_all(scene.case.path("store")).unwrap();
        copy(&scene.case, "whole", "store");
        let mut child = scene.case.command(&rekey).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(lasted.mul_f64(f64::from(round + 1) / f64::from(n_kills)) + Duration::from_millis(1));
        child.kill().unwrap();
        n_killed += u32::from(!child.wait().unwrap().success());
        assert_eq!(shape(&scene), before);
        let n_secrets = secrets(&scene);
        if n_secrets == 1 {
            n_before += 1;
        } else {
            n_after += 1;
        }
        // Whatever it has come to, logs are read on, and known.
        scene.case.ask(&["ingest", "sim/logs", "extra", "--store", "store", "--config", "trichter.toml", "--quiet"]);
        assert_eq!(shape(&scene), before);
        let again = if n_secrets == 1 { &rekey[..] } else { &[&rekey[..], &["--finish"]].concat() };
        scene.case.ask(again);
        assert_eq!((secrets(&scene), shape(&scene)), (2, before.clone()));
        assert_eq!(Key::of(&scene.case.path("store")).unwrap().n_secrets(), 2, "no secret is wasted");
        let found = scene.found_in("store/", &needles);
        assert!(found.is_empty(), "round {round}: {found:#?}");
    }
    eprintln!("{n_killed} of {n_kills} changes were killed; {n_before} before the commit, {n_after} after it");
    assert!(n_killed >= n_kills / 3);
}

#[test]
fn names_of_chats_go_with_the_key_that_made_them() {
    let case = Case::new();
    let name = "logs/WhatsApp Chat with +49 170 1234567.txt";
    case.write(name, "01.03.26, 10:15 - Laden: Guten Tag\n01.03.26, 10:16 - Anna: Hallo\n");
    // Nobody has written to it for a while.
    let chat = fs::File::options().append(true).open(case.path(name)).unwrap();
    chat.set_modified(std::time::SystemTime::now() - Duration::from_hours(1)).unwrap();
    case.write(
        "trichter.toml",
        "[run]\ninputs = [\"logs\"]\nkey_file = \"key\"\n[chat_export]\nbusiness = [\"Laden\"]\n[input]\nzone = \"UTC\"\n",
    );
    case.write("key", "5a".repeat(32) + "\n");
    case.run(&["run", "--quiet"]).expect(0);
    let names = || {
        let text = fs::read_to_string(case.path("store/bookmarks.json")).unwrap();
        let journal: Value = serde_json::from_str(&text).unwrap();
        let names = journal["bookmarks"].as_array().unwrap().iter().map(|bookmark| bookmark["name"].to_string());
        names.collect::<Vec<_>>()
    };
    let before = names();
    assert!(before.len() == 1 && !before[0].contains("WhatsApp"), "{before:?}");
    case.write("key", "5a".repeat(32) + "\n" + &"6b".repeat(32) + "\n");
    // The key is that of runs, where nothing else is said.
    case.run(&["store", "rekey", "--store", "store", "--config", "trichter.toml", "--quiet"]).expect(0);
    assert!(names().is_empty());
    let n_rows = rows(&case.path("store")).len();
    case.run(&["run", "--quiet"]).expect(0);
    assert_eq!((rows(&case.path("store")).len(), names().len()), (n_rows, 1));
    assert_ne!(names(), before);
}
