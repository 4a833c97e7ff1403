//! Puts the page into the binary: `dashboard/dist`, where `make dashboard` has built it. Without it
//! the gateway is whole but for the page, which then says how to get it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let dist = Path::new("../../dashboard/dist");
    println!("cargo:rerun-if-changed=build.rs");
    // A folder that is not there yet is looked for at each build, so name it only once it is.
    let watched = if dist.exists() { dist } else { Path::new("../../dashboard") };
    println!("cargo:rerun-if-changed={}", watched.display());
    let mut table = String::from("&[");
    for (name, path) in files(dist)? {
        let path = fs::canonicalize(path)?;
        // Writing to a string cannot fail.
        let _ = writeln!(table, "({name:?}, include_bytes!({path:?}) as &[u8]),");
    }
    table.push(']');
    let out = env::var_os("OUT_DIR").map(PathBuf::from).unwrap_or_default();
    fs::write(out.join("page.rs"), table)
}

/// The files of the page by the names under which they are served.
fn files(dist: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut files = Vec::new();
    for (folder, prefix) in [(dist.to_owned(), ""), (dist.join("assets"), "assets/")] {
        if !folder.exists() {
            continue;
        }
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
                files.push((name, entry.path()));
            }
        }
    }
    files.sort();
    Ok(files)
}
