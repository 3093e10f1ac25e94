//! `backproof init`: writes a commented workspace that can be loaded as it is and says nothing that is not true.
//!
//! Registers are written as templates into a folder that is not read: a register with a header and no rows would state
//! that there are no exceptions, no incidents, no reviews.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use model::registers::REGISTERS;
use model::registers::reference as registers;
use model::workspace::reference as configuration;
use serde_json::json;

use crate::cli::{Format, Globals};
use crate::failure::{End, Failure};
use crate::{output, workspace};

const INVENTORY: &str = include_str!("init/inventory.toml");

/// Runs the command.
pub fn run(dir: Option<PathBuf>, globals: &Globals) -> Result<End, Failure> {
    let beside = || globals.config.parent().map(Path::to_path_buf).unwrap_or_default();
    let folder = dir.unwrap_or_else(beside);
    let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
    let files = files();
    let taken: Vec<&str> =
        files.iter().map(|(name, _)| name.as_str()).filter(|n| folder.join(n).symlink_metadata().is_ok()).collect();
    if let Some(first) = taken.first() {
        let more = if taken.len() > 1 { format!(" and {} more files", taken.len() - 1) } else { String::new() };
        return Err(Failure::usage(
            format!("{}{more} would be overwritten: nothing was written", folder.join(first).display()),
            "name a new folder, or move what is there",
        ));
    }
    for (name, text) in &files {
        let path = folder.join(name);
        write(&path, text).map_err(|e| {
            Failure::program(format!("{}: {e}", path.display())).help("choose a folder that can be written")
        })?;
    }
    let next = next(&folder);
    if globals.format == Format::Json {
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        output::json(&json!({"schema": "backproof.init/1", "folder": folder, "files": names, "next": next}))?;
        return Ok(End::Done);
    }
    let mut text = format!("Written to {}\n", folder.display());
    for (name, what) in [
        ("backproof.toml", "what to collect, from where; every kind of source as an example"),
        ("inventory.toml", "systems and plans; one of each as an example"),
        ("registers/README.md", "every register, its columns, and the checks that read it"),
        ("registers/templates/", "a template of each register; nothing in it is read"),
    ] {
        text.push_str(&format!("  {name:<22} {what}\n"));
    }
    text.push_str("\nNext\n");
    for (n, step) in next.iter().enumerate() {
        text.push_str(&format!("  {}. {step}\n", n + 1));
    }
    output::print(&output::printable(&text))?;
    Ok(End::Done)
}

/// What to do with the workspace.
fn next(folder: &Path) -> [String; 5] {
    let config = folder.join("backproof.toml");
    let at = if folder == Path::new(".") { String::new() } else { format!(" --config {}", config.display()) };
    [
        "backproof.toml: write your organisation's name and zone, and name at least one source.".to_owned(),
        "inventory.toml: write your systems and how they are meant to be backed up.".to_owned(),
        "registers/: copy a template from registers/templates/ for each register that you keep. One that is not given \
         leaves its checks without evidence; one with a header only says that there is nothing to record."
            .to_owned(),
        format!("backproof collect{at}"),
        format!("backproof assess{at}"),
    ]
}

/// Names and texts of all files.
fn files() -> Vec<(String, String)> {
    let mut out = vec![
        ("backproof.toml".to_owned(), configuration::template(&workspace::kinds())),
        ("inventory.toml".to_owned(), INVENTORY.to_owned()),
        ("registers/README.md".to_owned(), registers::page()),
    ];
    for (table, _) in REGISTERS {
        if let Some(text) = registers::template(table) {
            out.push((format!("registers/templates/{table}.csv"), text));
        }
    }
    out
}

/// Writes a new file, and the folders above it. One that came into being in the meantime is an error.
fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::File::create_new(path)?.write_all(text.as_bytes())
}
