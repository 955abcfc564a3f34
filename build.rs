//! Embeds `queries/` and `sample-data/` in the program: adding a metric or a sample is adding a file.

use std::path::{Path, PathBuf};

fn main() -> std::io::Result<()> {
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    let mut code = String::new();
    for (name, folder, extension) in
        [("QUERIES", "queries", "sql"), ("FUNNELS", "queries", "toml"), ("SAMPLES", "sample-data", "")]
    {
        println!("cargo:rerun-if-changed={folder}");
        let mut files = Vec::new();
        collect(&root.join(folder), &mut files)?;
        // The demo is made of the simulated campaigns; what people wrote is for reading and for tests.
        files.retain(|path| match extension {
            "" => ["campaigns.ndjson.gz", "cost.toml", "trichter.toml"]
                .iter()
                .any(|kept| path.file_name().is_some_and(|name| name == *kept)),
            extension => path.extension().is_some_and(|found| found == extension),
        });
        files.sort();
        let include = if extension.is_empty() { "include_bytes" } else { "include_str" };
        let element = if extension.is_empty() { "&[u8]" } else { "&str" };
        code.push_str(&["pub(crate) static ", name, ": &[(&str, ", element, ")] = &[\n"].concat());
        for path in files {
            println!("cargo:rerun-if-changed={}", path.display());
            let relative = path.strip_prefix(root.join(folder)).unwrap_or(&path).to_string_lossy().into_owned();
            let entry = format!("    ({relative:?}, {include}!({:?})),\n", path.to_string_lossy());
            code.push_str(&entry);
        }
        code.push_str("];\n");
    }
    std::fs::write(out.join("embedded.rs"), code)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    println!("cargo:rerun-if-changed={}", folder.display());
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
