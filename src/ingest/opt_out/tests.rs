//! Labelled messages: what is an opt-out and what only looks like one. Knows nothing of how it is told.

use super::*;

#[track_caller]
fn check(signal: Option<Signal>, texts: &[&str]) {
    let opt_out = OptOut::built_in().unwrap();
    let wrong: Vec<_> = texts
        .iter()
        .map(|text| (text, opt_out.recognise(text)))
        .filter(|(_, evidence)| evidence.map(|evidence| evidence.signal) != signal)
        .map(|(text, evidence)| format!("{text:?} ({}): {evidence:?}", normalise(text).replace('\n', " / ")))
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
            "Bitte abmelden. MfG Hans Schulze",
            "Stopp, das nervt!",
            "Kein Interesse, Stop",
            "bitte keine nachrichten mehr lg petra",
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
            "LG Petra",
            "Kein Interesse",
            "Das nervt, es reicht",
            "lg stop",
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
fn evidence_is_the_id_of_a_rule() {
    let opt_out = OptOut::built_in().unwrap();
    for (text, signal, rule) in [
        ("ABMELDEN!", Signal::Stop, "de.keyword.abmelden"),
        ("Newsletter abbestellen", Signal::Stop, "de.keyword.newsletter-abbestellen"),
        ("Ambelden bitte", Signal::Stop, "de.misspelt.abmelden"),
        ("Bitte keine Nachrichten mehr", Signal::Stop, "de.phrase.keine-nachrichten"),
        ("unsubscribe me please now", Signal::Stop, "en.keyword.unsubscribe-me"),
        ("退訂", Signal::Stop, "zh.keyword.退订"),
        ("ＴＤ。", Signal::Stop, "zh.keyword.td"),
        ("I want to receive your messages again", Signal::Start, "en.phrase.messages-again"),
        ("Löschen Sie meine Daten", Signal::Erase, "de.phrase.loescht-meine-daten"),
    ] {
        assert_eq!(opt_out.recognise(text), Some(Evidence { signal, rule }), "{text}");
    }
}

#[test]
fn a_word_of_another_language_is_no_opt_out() {
    // Turkish "stop", Portuguese "all of it", Turkish "reject": everyday words or abbreviations elsewhere.
    check(None, &["dur", ". . . dur.", "DUR!", "td", "Td", "ret", "T", "ferma"]);
}

#[test]
fn a_keyword_misspelt_is_an_opt_out_and_another_word_is_not() {
    check(Some(Signal::Stop), &["abmeldne", "Abbestelen", "unsubcribe", "Unsuscirbe pls", "desabonement", "отписатся"]);
    check(None, &["anmelden", "shoppen", "auftragen", "describir", "rezerwacja", "описка", "stp", "bestellen"]);
}

#[test]
fn a_question_is_an_opt_out_only_if_it_is_a_request() {
    check(
        Some(Signal::Stop),
        &["Könnt ihr mich bitte abmelden?", "can you take me off your list?", "可以不要再发了吗"],
    );
    check(None, &["Stop?", "Abmelden?", "退订？", "Non mi scrivete più?", "Do you want no more messages?", "توقف؟"]);
}

#[test]
fn words_of_the_data_can_be_used() {
    let opt_out = OptOut::built_in().unwrap();
    let data: Data = toml::from_str(include_str!("../opt_out.toml")).unwrap();
    // Folding takes the "e" away, and what follows would be the vowel's.
    let eaten = Regex::new("[aouäöüAOU]e[?*+]").unwrap();
    let placeholder = Regex::new("<[a-z]*>").unwrap();
    let phrases = opt_out.phrases.iter().map(|phrase| &phrase.pattern);
    let tongues = opt_out.tongues.iter();
    let around = tongues.flat_map(|tongue| [&tongue.negated, &tongue.guarded, &tongue.turned, &tongue.requested]);
    for pattern in phrases.chain(around).chain(opt_out.tongues.iter().map(|tongue| &tongue.any_phrase)) {
        assert!(pattern.compiled().is_some(), "{}", pattern.text);
    }
    for language in &data.language {
        let phrases = [&language.stop_phrases, &language.start_phrases, &language.erase_phrases];
        let phrases = phrases.into_iter().flatten().chain(&language.words);
        for (name, phrase) in phrases {
            assert!(!eaten.is_match(phrase), "{} {name}", language.code);
            for found in placeholder.find_iter(phrase) {
                assert!(
                    language.words.contains_key(found.as_str().trim_matches(['<', '>'])),
                    "{} {name}",
                    language.code
                );
            }
        }
        for other in &language.not_misspelt {
            assert!(opt_out.misspellings.find(&fold(other)).is_none(), "{other}");
        }
    }
}

#[test]
fn long_and_odd_texts_are_read_without_harm() {
    let opt_out = OptOut::built_in().unwrap();
    for text in ["stop ".repeat(1_000_000), "ä".repeat(100_001), "\"„«>".repeat(10_000), "\u{0}\u{200f}".repeat(999)]
    {
        assert_eq!(opt_out.recognise(&text), None);
    }
}
