//! The text form of `pgbackrest info` (2.45; `src/command/info/info.c`).
//!
//! Times are the server's wall clock, or carry an offset since 2.50; sizes are rounded and left out.

use model::time::{Tz, instant};

use super::info::{Backup, Listed};
use crate::{Document, Sink, problem};

/// True for text that begins like it.
pub fn is_info(head: &str) -> bool {
    let mut lines = head.lines().skip_while(|l| l.trim().is_empty());
    lines.next().is_some_and(|l| l.starts_with("stanza: "))
        && lines.next().is_some_and(|l| l.starts_with("    status: "))
}

/// Reads the listings of all stanzas in a text.
pub fn read(document: &Document, text: &str, zone: Option<Tz>, sink: &mut dyn Sink) -> Vec<Listed> {
    let mut out: Vec<Listed> = Vec::new();
    // Cipher of the stanza (no repository), or of each repository below `cipher: mixed`.
    let mut ciphers: Vec<(Option<String>, String)> = Vec::new();
    let mut in_ciphers = false;
    for (n, line) in text.lines().enumerate() {
        let pointer = format!("line:{}", n + 1);
        if let Some(stanza) = line.trim_end().strip_prefix("stanza: ") {
            ciphers.clear();
            out.push(Listed {
                stanza: stanza.to_owned(),
                document: document.clone(),
                pointer,
                backups: Vec::new(),
                whole: false,
                listed_at: None,
            });
            continue;
        }
        let Some(listed) = out.last_mut() else { continue };
        let line = line.trim();
        if let (true, Some(backup)) = (line.starts_with("error"), listed.backups.last_mut()) {
            // `error(s) detected during backup`, or the list of files.
            backup.error = Some(true);
        }
        let Some((key, value)) = line.split_once(": ") else { continue };
        match key {
            "status" => {
                in_ciphers = false;
                listed.whole = value == "mixed" || is_whole(value);
            }
            "cipher" => {
                in_ciphers = true;
                ciphers.push((None, value.to_owned()));
            }
            repo if repo.starts_with("repo") && listed.backups.is_empty() => {
                if in_ciphers {
                    ciphers.push((Some(repo.to_owned()), value.to_owned()));
                } else {
                    listed.whole &= is_whole(value);
                }
            }
            repo if repo.starts_with("repo") => {
                let cipher = ciphers.iter().find(|(r, _)| r.as_deref() == Some(repo)).map(|(_, c)| c.clone());
                if let (Some(backup), Some(cipher)) = (listed.backups.last_mut(), cipher) {
                    backup.cipher = Some(cipher);
                }
            }
            "full backup" | "diff backup" | "incr backup" if !is_label(key, value) => {
                listed.whole = false;
                let message = format!("\"{value}\" is no label of a {key}; list the backups again");
                sink.problem(problem(document, Some(format!("line {}", n + 1)), message));
            }
            "full backup" | "diff backup" | "incr backup" => listed.backups.push(Backup {
                label: value.to_owned(),
                pointer,
                kind: key.split(' ').next().unwrap_or_default().to_owned(),
                start: None,
                stop: None,
                size: None,
                stored: None,
                error: None,
                cipher: ciphers.iter().find(|(r, c)| r.is_none() && c != "mixed").map(|(_, c)| c.clone()),
            }),
            "timestamp start/stop" => {
                if let (Some(backup), Some((start, stop))) = (listed.backups.last_mut(), value.split_once(" / ")) {
                    backup.start = instant(start, zone).ok();
                    backup.stop = instant(stop, zone).ok();
                }
            }
            // `info --set` shows one backup only, and these lines.
            "lsn start/stop" | "database list" | "symlinks" | "tablespaces" => listed.whole = false,
            _ => {}
        }
    }
    out
}

/// `20261020-020005F`, or for a backup that depends on one `20261020-020005F_20261025-025958D`. A label
/// of another kind than its line says was cut.
fn is_label(key: &str, label: &str) -> bool {
    let part = |text: &str, letter: char| {
        text.len() == 16
            && text.ends_with(letter)
            && text.bytes().take(15).enumerate().all(|(n, b)| if n == 8 { b == b'-' } else { b.is_ascii_digit() })
    };
    match (key, label.split_once('_')) {
        ("full backup", None) => part(label, 'F'),
        ("diff backup", Some((full, own))) => part(full, 'F') && part(own, 'D'),
        ("incr backup", Some((full, own))) => part(full, 'F') && part(own, 'I'),
        _ => false,
    }
}

/// States that leave a listing whole: ok (perhaps with a backup running), and no valid backups.
fn is_whole(status: &str) -> bool {
    status == "ok" || status.starts_with("ok (") || status == "error (no valid backups)"
}
