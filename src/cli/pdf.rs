//! Prints a page as PDF with a browser of the Chromium family, if this machine has one.
//!
//! Knows nothing of reports: a page in, a PDF out. The browser sees that page alone, has a profile of its own, and no
//! network.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// Names the browser, for machines where it is called otherwise.
const VARIABLE: &str = "TRICHTER_CHROMIUM";
/// What browsers that can print are called.
const NAMES: [&str; 7] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge", "msedge"];
/// Where they are on systems that have no search path for them.
const PLACES: [&str; 4] = [
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
];
/// How long printing may take. The demo takes two seconds.
const LIMIT: Duration = Duration::from_mins(2);
/// How often to look whether it is done.
const PAUSE: Duration = Duration::from_millis(50);

/// A browser that prints.
pub(super) struct Printer(PathBuf);

impl Printer {
    /// The browser that the environment names, or the first that is found.
    pub(super) fn find() -> Result<Self> {
        if let Some(named) = std::env::var_os(VARIABLE).filter(|name| !name.is_empty()) {
            let named = PathBuf::from(named);
            return if named.is_file() {
                Ok(Self(named))
            } else {
                Err(Error::Usage(format!("{VARIABLE} names '{}', which is no file", named.display())))
            };
        }
        let paths = std::env::var_os("PATH").unwrap_or_default();
        Self::among(&paths).map(Self).ok_or_else(|| {
            Error::Usage(format!(
                "no browser was found that could print a PDF; install Chromium or Chrome, or name one with {VARIABLE}=/path/to/it, \
                 or open the page of --format html in any browser and print it there"
            ))
        })
    }

    fn among(paths: &OsStr) -> Option<PathBuf> {
        let folders: Vec<PathBuf> = std::env::split_paths(paths).collect();
        let named = NAMES.iter().flat_map(|name| {
            folders.iter().map(move |folder| folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX)))
        });
        named.chain(PLACES.iter().map(PathBuf::from)).find(|path| path.is_file())
    }

    /// The page as a PDF. `near` is a folder that the browser may write to; nothing of it stays there.
    pub(super) fn print(&self, page: &[u8], near: &Path) -> Result<Vec<u8>> {
        // A folder whose name begins with a dot is hidden from browsers that are packaged apart.
        let folder = tempfile::Builder::new().prefix("printing-").tempdir_in(near).map_err(Error::write(near))?;
        let folder = fs::canonicalize(folder.path()).map(|path| (path, folder)).map_err(Error::read(near))?;
        self.print_in(page, &folder.0, LIMIT)
    }

    fn print_in(&self, page: &[u8], folder: &Path, limit: Duration) -> Result<Vec<u8>> {
        let (source, target, talk) = (folder.join("page.html"), folder.join("page.pdf"), folder.join("talk.txt"));
        fs::write(&source, page).map_err(Error::write(&source))?;
        let address = url::Url::from_file_path(&source)
            .map_err(|()| Error::Usage(format!("'{}' has no address", source.display())))?;
        let heard = File::create(&talk).map_err(Error::write(&talk))?;
        let mut command = Command::new(&self.0);
        command
            .args(["--headless", "--disable-gpu", "--no-first-run", "--no-default-browser-check"])
            .args(["--disable-extensions", "--disable-dev-shm-usage", "--no-pdf-header-footer"])
            .arg("--host-resolver-rules=MAP * ~NOTFOUND")
            .arg(option("--user-data-dir=", &folder.join("profile")))
            .arg(option("--print-to-pdf=", &target))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(heard);
        if is_root(folder) {
            // The browser refuses to start for root otherwise.
            command.arg("--no-sandbox");
        }
        let failed = |what: &str| {
            let talk = fs::read(&talk).unwrap_or_default();
            let talk = String::from_utf8_lossy(&talk).lines().rev().take(5).map(str::to_owned).collect::<Vec<_>>();
            let talk: Vec<String> = talk.into_iter().rev().collect();
            Error::Usage(
                format!("'{}' {what}, so there is no PDF\n{}", self.0.display(), talk.join("\n")).trim().into(),
            )
        };
        let mut browser = command
            .arg(address.as_str())
            .spawn()
            .map_err(|error| failed(&format!("could not be started ({error})")))?;
        let begun = Instant::now();
        let status = loop {
            match browser.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) if begun.elapsed() < limit => thread::sleep(PAUSE),
                ended => {
                    let _ = browser.kill();
                    let _ = browser.wait();
                    return Err(failed(&match ended {
                        Err(error) => format!("was lost ({error})"),
                        Ok(_) => format!("was not done after {} s", limit.as_secs()),
                    }));
                }
            }
        };
        match fs::read(&target) {
            Ok(bytes) if status.success() && bytes.starts_with(b"%PDF") => Ok(bytes),
            _ => Err(failed(&format!("ended with {status}"))),
        }
    }
}

/// An option with a path, which need not be text.
fn option(name: &str, path: &Path) -> std::ffi::OsString {
    let mut option = std::ffi::OsString::from(name);
    option.push(path);
    option
}

/// Whether this is the superuser: whose folder a new folder is.
#[cfg(unix)]
fn is_root(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(folder).is_ok_and(|folder| folder.uid() == 0)
}

#[cfg(not(unix))]
fn is_root(_: &Path) -> bool {
    false
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_browser_is_found_on_the_search_path_in_the_order_of_names() {
        let folder = tempfile::tempdir().unwrap();
        let paths = std::env::join_paths([folder.path().join("nowhere"), folder.path().to_path_buf()]).unwrap();
        fs::write(folder.path().join("msedge"), "").unwrap();
        assert_eq!(Printer::among(&paths), Some(folder.path().join("msedge")));
        fs::write(folder.path().join("chromium"), "").unwrap();
        assert_eq!(Printer::among(&paths), Some(folder.path().join("chromium")));
    }

    #[test]
    fn what_the_browser_prints_is_handed_back_and_nothing_stays() {
        let folder = tempfile::tempdir().unwrap();
        let script = r#"for a in "$@"; do case "$a" in --print-to-pdf=*) printf '%%PDF-1.4 of %s' "$a" > "${a#*=}";; esac; done"#;
        let bytes = browser(folder.path(), script).print(b"<p>", folder.path()).unwrap();
        assert!(bytes.starts_with(b"%PDF-1.4"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "only the stand-in is left");
    }

    #[test]
    fn a_browser_that_fails_is_quoted_and_one_that_hangs_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let error = browser(folder.path(), "echo no display >&2; exit 3").print(b"", folder.path()).unwrap_err();
        assert!(error.to_string().contains("no display") && error.to_string().contains('3'), "{error}");
        let silent = browser(folder.path(), "exit 0").print(b"", folder.path()).unwrap_err();
        assert!(silent.to_string().contains("there is no PDF"), "{silent}");
        let begun = Instant::now();
        let hanging = browser(folder.path(), "exec sleep 30");
        let error = hanging.print_in(b"", folder.path(), Duration::from_millis(200)).unwrap_err();
        assert!(error.to_string().contains("was not done"), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(20));
    }

    /// A stand-in for a browser.
    fn browser(folder: &Path, script: &str) -> Printer {
        let path = folder.join("chromium");
        let script = format!("#!/bin/sh\n{script}\n");
        let made =
            fs::write(&path, script).and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o755)));
        assert!(made.is_ok(), "{made:?}");
        Printer(path)
    }
}
