//! What a message of an exported chat consists of: words that somebody typed, or WhatsApp's own words in their place.
//!
//! WhatsApp writes these in the phone's language. Most are known by their form: iPhones put an invisible mark before all
//! that nobody typed, Android phones put it in angle brackets or name a file. Words are looked up where the form leaves it
//! open.

use super::super::export::is_mark;

/// The mark before what nobody typed.
const WRITTEN_BY_WHATSAPP: char = '\u{200e}';

/// What somebody sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content<'a> {
    /// Words.
    Text(&'a str),
    /// A picture or the like, perhaps with words under it.
    Media { what: &'static str, caption: &'a str },
    /// It was taken back, and nobody knows what it was.
    Deleted,
    /// Nobody sent it: calls, blocks, changes of numbers.
    Notice,
}

/// Ends of WhatsApp's words for media that were left out of the export.
const OMITTED: &[&str] = &[
    "omitted",
    "weggelassen",
    "ausgeschlossen",
    "omis",
    "omise",
    "absente",
    "absent",
    "omitido",
    "omitida",
    "omitidos",
    "oculta",
    "oculto",
    "ocultado",
    "omesso",
    "omessa",
    "omessi",
    "weggelaten",
    "pominięto",
    "pominięte",
    "dahil edilmedi",
    "пропущен",
    "пропущено",
    "опущено",
    "без медиафайлов",
    "utelämnad",
    "utelatt",
    "udeladt",
    "省略",
    "忽略",
    "생략됨",
];

/// Words in a placeholder, or ends of the names of files, and what they mean.
const MEDIA: &[(&str, &[&str])] = &[
    ("sticker", &["sticker", "стикер", ".webp", "stk-"]),
    ("gif", &["gif"]),
    ("contact", &[".vcf", "contact card", "kontaktkarte", "tarjeta de contacto", "carte de contact"]),
    ("audio", &["audio", "ptt-", "aud-", ".opus", ".m4a", ".mp3", ".aac", ".ogg", "voice", "sprachnachricht", "аудио"]),
    ("video", &["video", "vídeo", "vidéo", "видео", "vid-", ".mp4", ".3gp", ".mov"]),
    (
        "image",
        &[
            "image",
            "imagen",
            "imagem",
            "immagine",
            "bild",
            "photo",
            "foto",
            "afbeelding",
            "img-",
            ".jpg",
            ".jpeg",
            ".png",
            ".heic",
            "obraz",
            "görüntü",
            "изображение",
        ],
    ),
    (
        "document",
        &[
            "document",
            "documento",
            "dokument",
            "belge",
            "документ",
            "doc-",
            ".pdf",
            ".docx",
            ".xlsx",
            ".csv",
            ".txt",
            ".zip",
        ],
    ),
];

/// Beginnings of WhatsApp's words for messages that were taken back.
const DELETED: &[&str] = &[
    "this message was deleted",
    "you deleted this message",
    "diese nachricht wurde gelöscht",
    "du hast diese nachricht gelöscht",
    "ce message a été supprimé",
    "vous avez supprimé ce message",
    "se eliminó este mensaje",
    "este mensaje fue eliminado",
    "eliminaste este mensaje",
    "questo messaggio è stato eliminato",
    "hai eliminato questo messaggio",
    "dit bericht is verwijderd",
    "dit bericht werd verwijderd",
    "je hebt dit bericht verwijderd",
    "u hebt dit bericht verwijderd",
    "mensagem apagada",
    "esta mensagem foi apagada",
    "você apagou esta mensagem",
    "ta wiadomość została usunięta",
    "usunięto tę wiadomość",
    "bu mesaj silindi",
    "bu mesajı sildiniz",
    "данное сообщение удалено",
    "сообщение удалено",
    "вы удалили данное сообщение",
    "تم حذف هذه الرسالة",
    "لقد حذفت هذه الرسالة",
];

/// WhatsApp's words for calls, which Android phones write as if the caller had typed them.
const CALLS: &[&str] = &[
    "voice call",
    "video call",
    "sprachanruf",
    "videoanruf",
    "llamada de voz",
    "videollamada",
    "appel vocal",
    "appel vidéo",
    "chamada de voz",
    "chamada de vídeo",
];

/// … and for those that nobody took.
const MISSED_CALLS: &[&str] = &[
    "missed voice call",
    "missed video call",
    "missed group voice call",
    "missed group video call",
    "verpasster sprachanruf",
    "verpasster videoanruf",
    "llamada perdida",
    "llamada de voz perdida",
    "videollamada perdida",
    "appel vocal manqué",
    "appel vidéo manqué",
    "chiamata vocale persa",
    "videochiamata persa",
    "chamada de voz perdida",
    "chamada de vídeo perdida",
];

/// Words in the mark behind a message that was changed.
const EDITED: &[&str] = &[
    "edited",
    "bearbeitet",
    "modifié",
    "editó",
    "editado",
    "editada",
    "modificato",
    "bewerkt",
    "edytowan",
    "düzenlendi",
    "изменено",
    "отредактировано",
    "تعديل",
];

/// Beginnings of polls.
const POLLS: &[&str] = &[
    "poll:",
    "umfrage:",
    "encuesta:",
    "sondage :",
    "sondage:",
    "sondaggio:",
    "enquete:",
    "peiling:",
    "ankieta:",
    "anket:",
    "опрос:",
];

/// Reads what stands behind the name of whoever sent it.
pub(super) fn content(text: &str) -> Content<'_> {
    let is_marked = text.starts_with(WRITTEN_BY_WHATSAPP);
    let typed = without_edit(text.trim_matches(|char: char| is_mark(char) || char.is_whitespace()));
    let (first, below) = typed.split_once('\n').unwrap_or((typed, ""));
    if let Some(what) = placeholder(first) {
        return Content::Media { what, caption: below.trim() };
    }
    let lower = first.to_lowercase();
    if DELETED.iter().any(|words| lower.starts_with(words)) && below.is_empty() && lower.chars().count() < 60 {
        return Content::Deleted;
    }
    if POLLS.contains(&lower.trim()) && !below.is_empty() {
        return Content::Media { what: "poll", caption: below.lines().next().unwrap_or_default() };
    }
    if lower.contains("://maps.google.com/?q=") || lower.contains("://foursquare.com/v/") {
        return Content::Media { what: "location", caption: "" };
    }
    // iPhones put what they write themselves at the end of what was typed: `Rechnung.pdf • ‎2 Seiten ‎Dokument weggelassen`.
    let marked = typed.rsplit_once(is_mark).map(|(before, marked)| (before, marked.trim()));
    if let Some((caption, marked)) = marked
        && let Some(what) = placeholder(marked)
    {
        return Content::Media { what, caption: caption.trim() };
    }
    if is_marked || below.is_empty() && is_call(&lower) { Content::Notice } else { Content::Text(typed) }
}

/// Whether a line in small letters tells of a call: `missed voice call`, `voice call, 3 min`.
fn is_call(line: &str) -> bool {
    let (words, rest) = line.split_once(", ").map_or((line, None), |(words, rest)| (words, Some(rest)));
    let is_told = |rest: &str| rest.starts_with(|char: char| is_mark(char) || char.is_ascii_digit());
    MISSED_CALLS.contains(&words) || CALLS.contains(&words) && rest.is_some_and(is_told)
}

/// The text without the mark that it was changed.
fn without_edit(text: &str) -> &str {
    let stripped = text.strip_suffix('>').and_then(|inner| inner.rsplit_once('<')).and_then(|(before, mark)| {
        let mark = mark.to_lowercase();
        let is_edit = EDITED.iter().any(|word| mark.contains(word)) && !mark.contains(':') && !before.is_empty();
        is_edit.then_some(before)
    });
    stripped.map_or(text, |text| text.trim_end_matches(|char: char| is_mark(char) || char.is_whitespace()))
}

/// What stands for a picture or the like, if the line does.
fn placeholder(line: &str) -> Option<&'static str> {
    let plain: String = line.chars().filter(|char| !is_mark(*char)).collect();
    let lower = plain.trim().to_lowercase();
    if let Some(inner) = lower.strip_prefix('<').and_then(|line| line.strip_suffix('>')) {
        // `<Medien ausgeschlossen>`, `<attached: 00000012-PHOTO-2026-03-02.jpg>`; nobody types so.
        return (!inner.contains(['<', '>'])).then(|| what(inner));
    }
    if let Some((file, note)) = lower.strip_suffix(')').and_then(|line| line.rsplit_once(" (")) {
        // `IMG-20260302-WA0001.jpg (Datei angehängt)`: in any language, if the name is one that WhatsApp gives.
        let extension = file.rsplit_once('.').is_some_and(|(_, end)| {
            (2..=5).contains(&end.len()) && end.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
        let is_given = file.contains("-wa") && !file.contains(' ');
        let is_attached = [
            "attached",
            "angehängt",
            "adjunto",
            "anexado",
            "joint",
            "allegato",
            "bijgevoegd",
            "załączony",
            "ekli",
            "прикреплён",
            "приложен",
        ]
        .iter()
        .any(|word| note.contains(word));
        return (extension && (is_given || is_attached)).then(|| what(file));
    }
    let is_short = lower.chars().count() <= 40;
    (is_short
        && OMITTED.iter().any(|end| lower.ends_with(end))
        && MEDIA.iter().any(|(_, words)| words.iter().any(|word| lower.starts_with(word))))
    .then(|| what(&lower))
}

/// The kind of media that a placeholder or the name of a file tells.
fn what(lower: &str) -> &'static str {
    MEDIA.iter().find(|(_, words)| words.iter().any(|word| lower.contains(word))).map_or("media", |(what, _)| what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn media(what: &'static str, caption: &'static str) -> Content<'static> {
        Content::Media { what, caption }
    }

    #[test]
    fn placeholders_of_many_languages_are_media() {
        for (text, what) in [
            ("<Media omitted>", "media"),
            ("<Medien ausgeschlossen>", "media"),
            ("<Multimedia omitido>", "media"),
            ("\u{200e}image omitted", "image"),
            ("\u{200e}Bild weggelassen", "image"),
            ("\u{200e}Audio weggelassen", "audio"),
            ("\u{200e}imagen omitida", "image"),
            ("\u{200e}<attached: 00000012-PHOTO-2026-03-02-10-15-30.jpg>", "image"),
            ("\u{200e}<Anhang: 00000013-AUDIO-2026-03-02-10-15-30.opus>", "audio"),
            ("IMG-20260302-WA0001.jpg (file attached)", "image"),
            ("\u{200e}PTT-20260302-WA0002.opus (Datei angehängt)", "audio"),
            ("Preisliste.pdf (Datei angehängt)", "document"),
            ("VID-20260302-WA0003.mp4 (файл добавлен)", "video"),
            ("STK-20260302-WA0004.webp (archivo adjunto)", "sticker"),
            ("Anna Meyer.vcf (file attached)", "contact"),
            ("Standort: https://maps.google.com/?q=53.55,9.99", "location"),
        ] {
            assert_eq!(content(text), media(what, ""), "{text:?}");
        }
    }

    #[test]
    fn what_was_written_under_media_is_kept() {
        assert_eq!(content("IMG-20260302-WA0001.jpg (file attached)\nPasst das?"), media("image", "Passt das?"));
        assert_eq!(
            content("Rechnung.pdf • \u{200e}2 Seiten \u{200e}Dokument weggelassen"),
            media("document", "Rechnung.pdf • \u{200e}2 Seiten")
        );
        assert_eq!(content("\u{200e}UMFRAGE:\nWelche Größe?\n\u{200e}OPTION: S"), media("poll", "Welche Größe?"));
    }

    #[test]
    fn a_mark_that_a_message_was_changed_is_taken_off() {
        for text in ["Größe 42 \u{200e}<This message was edited>", "Größe 42 <Diese Nachricht wurde bearbeitet.>"] {
            assert_eq!(content(text), Content::Text("Größe 42"));
        }
    }

    #[test]
    fn what_was_taken_back_and_what_nobody_sent_is_no_message() {
        for text in ["This message was deleted", "\u{200e}Du hast diese Nachricht gelöscht."] {
            assert_eq!(content(text), Content::Deleted, "{text:?}");
        }
        for text in [
            "\u{200e}Verpasster Sprachanruf",
            "\u{200e}Du hast diesen Kontakt blockiert.",
            "Missed voice call",
            "Verpasster Videoanruf, \u{200e}Zum Zurückrufen tippen",
            "Voice call, \u{200e}3 min",
        ] {
            assert_eq!(content(text), Content::Notice, "{text:?}");
        }
    }

    #[test]
    fn what_looks_like_it_but_was_typed_is_text() {
        for text in [
            "Hallo (wie besprochen)",
            "Video call, please",
            "Voice call",
            "Missed voice call?",
            "Ich <3 Tee",
            "STOP",
            "Poll: yes or no?",
            "Das Bild ist da",
            "x.y (z)",
            "null",
        ] {
            assert_eq!(content(text), Content::Text(text));
        }
    }
}
