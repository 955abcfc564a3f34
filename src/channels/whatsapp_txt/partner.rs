//! Whose chat a file is, by the name under which phones save it: `WhatsApp Chat with Anna.txt`.

use super::super::export;

/// What stands before the name, in the phone's language.
const BEFORE: &[&str] = &[
    "WhatsApp Chat with ",
    "WhatsApp Chat - ",
    "WhatsApp-Chat mit ",
    "WhatsApp Chat mit ",
    "Chat de WhatsApp con ",
    "Chat WhatsApp con ",
    "Chat do WhatsApp com ",
    "Conversa do WhatsApp com ",
    "Conversa no WhatsApp com ",
    "Discussion WhatsApp avec ",
    "WhatsApp-chat met ",
    "WhatsApp-gesprek met ",
    "WhatsApp-chatt med ",
    "WhatsApp-chat med ",
    "Czat WhatsApp z ",
    "Чат WhatsApp с контактом ",
    "Чат WhatsApp с ",
    "Chat WhatsApp dengan ",
];

/// What stands behind it.
const BEHIND: &[&str] = &[" ile WhatsApp Sohbeti"];

/// The chat's partner, from the name of the file or of a folder it is in; `_chat.txt` tells nothing, but iPhones put it in
/// an archive that is named so.
pub(super) fn of(source: &str) -> Option<String> {
    source.rsplit(['/', '\\']).find_map(|part| {
        let part = without_endings(part);
        // Some ways of sending a file leave no blanks in its name.
        let spaced = if part.contains(' ') { part.to_owned() } else { part.replace('_', " ") };
        let before = BEFORE.iter().find_map(|before| spaced.strip_prefix(before));
        let partner = before.or_else(|| BEHIND.iter().find_map(|behind| spaced.strip_suffix(behind)))?;
        Some(export::name(without_copy(partner))).filter(|partner| !partner.is_empty())
    })
}

fn without_endings(mut file: &str) -> &str {
    while let Some(shorter) = [".txt", ".zip", ".gz", ".zst"].iter().find_map(|end| file.strip_suffix(end)) {
        file = shorter;
    }
    file
}

/// Without the ` (1)` that browsers put behind the name of a second download.
fn without_copy(name: &str) -> &str {
    let copy = name.strip_suffix(')').and_then(|name| name.rsplit_once(" ("));
    copy.filter(|(_, number)| {
        !number.is_empty() && number.len() < 3 && number.bytes().all(|byte| byte.is_ascii_digit())
    })
    .map_or(name, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn the_name_of_the_file_or_its_folder_tells_whose_chat_it_is() {
        for source in [
            "WhatsApp Chat with Anna Meyer.txt",
            "logs/WhatsApp-Chat mit Anna Meyer.txt.gz",
            "WhatsApp_Chat_with_Anna_Meyer.txt",
            "Chat de WhatsApp con Anna Meyer (2).txt",
            "exports/WhatsApp Chat - Anna Meyer/_chat.txt",
            "Anna Meyer ile WhatsApp Sohbeti.txt",
            "C:\\Chats\\Discussion WhatsApp avec Anna Meyer.txt",
        ] {
            assert_eq!(of(source).as_deref(), Some("Anna Meyer"), "{source}");
        }
        assert_eq!(of("WhatsApp Chat with +49 170 1234567.txt").as_deref(), Some("+49 170 1234567"));
    }

    #[test]
    fn other_names_tell_nothing() {
        for source in ["_chat.txt", "-", "", "Anna.txt", "WhatsApp Chat with .txt"] {
            assert_eq!(of(source), None, "{source}");
        }
    }
}
