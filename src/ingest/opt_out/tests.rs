//! Labelled messages: what is an opt-out and what only looks like one. Knows nothing of how it is told.

use super::*;

#[track_caller]
fn check(signal: Option<Signal>, texts: &[&str]) {
    let opt_out = OptOut::built_in().unwrap();
    let wrong: Vec<_> = texts
        .iter()
        .filter(|text| opt_out.recognise(text) != signal)
        .map(|text| format!("{text:?} ({}): {:?}", normalise(text).replace('\n', " / "), opt_out.evidence(text)))
        .collect();
    assert!(wrong.is_empty(), "not {signal:?}:\n{}", wrong.join("\n"));
}

#[test]
fn german_opt_outs_are_recognised() {
    check(
        Some(Signal::Stop),
        &[
            "Stopp",
            "stop",
            "STOP!!!",
            " stopp. ",
            "Stop bitte",
            "Bitte stop, danke",
            "🛑 STOPP 🛑",
            "*STOP*",
            "/stop",
            "\"STOP\"",
            "„Stopp“",
            "STOPPPPP",
            "S T O P",
            "stop stop stop",
            "Abmelden",
            "abmelden bitte",
            "Abbestellen!",
            "Newsletter abbestellen",
            "keine Werbung",
            "keine Werbung mehr bitte",
            "Bitte keine Nachrichten mehr",
            "Hallo, bitte keine Nachrichten mehr an diese Nummer 🙏",
            "Bitte keine weiteren Nachrichten mehr schicken",
            "bitte melden Sie mich ab",
            "Meldet mich bitte vom Newsletter ab",
            "Ich möchte mich abmelden",
            "Ich moechte mich vom Newsletter abmelden.",
            "Ich möchte keine Nachrichten mehr von euch bekommen",
            "ich will keine werbung",
            "Schickt mir bitte keine Angebote mehr!",
            "Schreiben Sie mir bitte nicht mehr",
            "Hört endlich auf mir zu schreiben",
            "Ich möchte, dass ihr aufhört mir zu schreiben",
            "Lasst mich in Ruhe!",
            "Das habe ich nicht bestellt, bitte melden Sie mich ab.",
            "Ich widerrufe hiermit meine Einwilligung",
            "Ich widerspreche der Nutzung meiner Daten für Werbung",
            "Nehmt mich bitte aus dem Verteiler",
            "Ich möchte nicht mehr kontaktiert werden",
            "KEINE NACHRICHTEN MEHR ERWU\u{308}NSCHT",
        ],
    );
}

#[test]
fn german_messages_that_only_look_like_opt_outs_are_not() {
    check(
        None,
        &[
            "",
            "   ",
            "🙂",
            "Stopp, ich meinte Größe 42",
            "nicht abmelden",
            "ich will mich nicht abmelden",
            "Bitte nicht stoppen!",
            "Der Bus stoppt hier",
            "Nonstop nach Berlin?",
            "Was passiert, wenn ich \"STOP\" schreibe?",
            "Sie schrieben: „Bitte keine Nachrichten mehr“. Was heißt das?",
            "> Bitte keine Nachrichten mehr\nDas war mein Mann",
            "Warum bekomme ich keine Nachrichten mehr?",
            "Ich habe seit gestern keine Nachrichten mehr erhalten",
            "Ich will keine Nachrichten mehr verpassen!",
            "Wie kann ich mich abmelden?",
            "Wenn ich mich abmelde, behalte ich die Punkte?",
            "Ich melde mich ab Montag wieder",
            "Ich melde mich morgen ab 10 Uhr",
            "Kann ich den Termin stoppen?",
            "Ich möchte keine Größe 42 mehr",
            "Ich habe keine Fragen mehr, danke",
            "Ich will nicht, dass ihr aufhört mir zu schreiben",
            "Meldet euch bitte ab und zu",
            "Ich möchte meinen Sohn vom Kurs abmelden",
            "Ende",
            "Nein danke",
            "Ich möchte mich anmelden",
            "Halt mal kurz",
        ],
    );
}

#[test]
fn english_opt_outs_are_recognised() {
    check(
        Some(Signal::Stop),
        &[
            "Stop",
            "stop please",
            "Please STOP.",
            "STOPALL",
            "Unsubscribe",
            "unsubscribe me please",
            "Opt-out",
            "opt out",
            "stop sending me messages",
            "Can you stop sending me messages?",
            "Stop spamming me!!",
            "Please stop texting me",
            "stop these messages",
            "No more messages please",
            "I don't want to receive any more messages from you",
            "I no longer wish to receive promotions",
            "I’d like to unsubscribe",
            "please remove me from your list",
            "Take me off this mailing list",
            "Don't text me again",
            "do not contact me anymore",
            "don't send me any more offers",
            "leave me alone",
            "I withdraw my consent",
            "please opt me out",
            "I did not sign up for this, stop messaging me",
        ],
    );
}

#[test]
fn english_messages_that_only_look_like_opt_outs_are_not() {
    check(
        None,
        &[
            "don't stop",
            "Don’t stop!",
            "bus stop",
            "Which stop do I get off at?",
            "please don't stop sending me messages",
            "Never stop sending me these offers :)",
            "please don't unsubscribe me",
            "How do I unsubscribe?",
            "If I unsubscribe me now, do I lose my points?",
            "What happens when I write \"stop sending me messages\"",
            "Can you stop the delivery?",
            "stop by the shop tomorrow",
            "There are no more messages in my inbox",
            "I can't stop laughing",
            "One-stop shop",
            "non stop",
            "Is there a stop near you",
            "I don't want the red one",
            "cancel",
            "don't contact me before 9am",
            "why did you stop sending me messages",
            "the 5\" display does not stop flickering",
            "end",
            "no",
        ],
    );
}

#[test]
fn wishes_for_erasure_are_stronger_than_opt_outs() {
    check(
        Some(Signal::Erase),
        &[
            "Bitte löschen Sie meine Daten",
            "loeschen sie bitte umgehend alle meine daten!",
            "Löscht meine Nummer",
            "Ich möchte, dass Sie meine personenbezogenen Daten löschen.",
            "Bitte meine Daten löschen",
            "Ich verlange die Löschung meiner Daten",
            "delete my data",
            "Please delete all of my personal data",
            "I want my data deleted",
            "erase my data and stop sending me messages",
            "Supprimez mes données",
        ],
    );
    check(
        None,
        &[
            "Bitte löschen Sie meine Daten nicht",
            "Please don't delete my data",
            "Haben Sie meine Daten gelöscht?",
            "How can I delete my account?",
            "Bitte löschen Sie die Bestellung",
        ],
    );
}

#[test]
fn messages_can_be_asked_for_again() {
    check(Some(Signal::Start), &["START", "unstop", "Subscribe", "Wieder anmelden", "start!"]);
    check(None, &["start over", "Wann geht der Start los?", "don't start"]);
}

#[test]
fn other_languages_are_recognised_by_their_keywords() {
    check(
        Some(Signal::Stop),
        &[
            "ARRÊT",
            "désabonner",
            "se desabonner svp",
            "baja",
            "Darme de baja por favor",
            "Basta!",
            "disiscrivimi",
            "afmelden",
            "Geen berichten meer aub",
            "parar",
            "Não quero mais mensagens",
            "wypisz mnie proszę",
            "Abonelikten çık",
            "MESAJ GÖNDERMEYİN",
            "СТОП",
            "Отпишите меня, пожалуйста",
            "توقف",
            "إلغاء الاشتراك",
        ],
    );
    check(
        None,
        &["Je ne veux plus attendre", "no quiero esperar", "non voglio il rosso", "Ich komme dur", "не хочу красный"],
    );
}

#[test]
fn evidence_names_the_language_and_the_word() {
    let opt_out = OptOut::built_in().unwrap();
    let evidence = opt_out.evidence("ABMELDEN!").unwrap();
    assert_eq!(evidence, Evidence { signal: Signal::Stop, language: "de", phrase: "abmelden" });
    assert_eq!(opt_out.evidence("unsubscribe me please now").unwrap().language, "en");
}

#[test]
fn long_and_odd_texts_are_read_without_harm() {
    let opt_out = OptOut::built_in().unwrap();
    for text in ["stop ".repeat(1_000_000), "ä".repeat(100_001), "\"„«>".repeat(10_000), "\u{0}\u{200f}".repeat(999)]
    {
        assert_eq!(opt_out.recognise(&text), None);
    }
}
