//! The pictures of a report, and where fonts lie for what the program's own font lacks.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::cli::say;
use crate::error::{Error, Result};
use crate::report::{Fonts, Kind, Pictures};

/// Where systems keep fonts.
const FOLDERS: [&str; 5] =
    ["/usr/share/fonts", "/usr/local/share/fonts", "/System/Library/Fonts", "/Library/Fonts", "C:\\Windows\\Fonts"];
/// Where people keep theirs, below their home.
const AT_HOME: [&str; 3] = [".local/share/fonts", ".fonts", "Library/Fonts"];
/// No font that draws text is larger.
const LARGEST: u64 = 64 << 20;

/// The kind of a name.
pub(super) fn kind(name: &str) -> Result<Kind> {
    Kind::from_name(name).ok_or_else(|| Error::Unknown {
        what: "kind of chart file",
        name: name.to_owned(),
        known: Kind::names().map(str::to_owned).collect(),
    })
}

/// The program's own font, with the system's for what it lacks. What no font has is told once.
pub(super) fn fonts(pictures: &Pictures) -> Fonts {
    let mut fonts = Fonts::default();
    let mut wanted = pictures.lacks();
    if wanted.is_empty() {
        return fonts;
    }
    for path in installed() {
        if wanted.is_empty() {
            break;
        }
        if let Ok(font) = std::fs::read(&path) {
            fonts.add(font, &mut wanted);
        }
    }
    if !wanted.is_empty() {
        say(&sentence(&wanted));
    }
    fonts
}

fn sentence(wanted: &BTreeSet<char>) -> String {
    const MOST: usize = 10;
    let some: String = wanted.iter().take(MOST).collect();
    let rest = if wanted.len() > MOST { " …" } else { "" };
    format!("no font was found for some characters of charts, which are boxes in PNG: {some}{rest}")
}

/// The fonts of the system: plain ones without serifs before others, then by their paths.
fn installed() -> Vec<PathBuf> {
    let home = std::env::home_dir().into_iter().flat_map(|home| AT_HOME.map(|folder| home.join(folder)));
    let files = FOLDERS.iter().map(PathBuf::from).chain(home).flat_map(|folder| {
        let entries = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().filter_map(std::result::Result::ok);
        entries.filter(|entry| entry.metadata().is_ok_and(|file| file.is_file() && file.len() <= LARGEST))
    });
    let is_font = |path: &PathBuf| {
        let end = path.extension().map(|end| end.to_string_lossy().to_lowercase());
        end.is_some_and(|end| ["ttf", "otf", "ttc"].contains(&end.as_str()))
    };
    let mut fonts: Vec<PathBuf> = files.map(walkdir::DirEntry::into_path).filter(is_font).collect();
    fonts.sort_by_cached_key(|path| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        (!(name.contains("Sans") && name.contains("Regular")), !name.contains("Sans"))
    });
    fonts
}
