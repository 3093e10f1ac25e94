//! Command lines, checks, and what other texts of Barman are.

use super::stream::{Attempt, Kind, is_id};
use crate::Document;
use crate::restic::command::{is_separator, is_user, words};

/// A Barman command line.
#[derive(Debug, PartialEq, Eq)]
pub struct Command {
    /// `backup`, `recover`, …
    pub name: String,
    /// First argument; none for `all`.
    pub server: Option<String>,
    /// Second argument: a backup id, or a word like `latest`.
    pub id: Option<String>,
}

/// Options of Barman and its commands that take their value as the next word (manual).
const WITH_VALUE: [&str; 16] = [
    "-c",
    "--config",
    "-f",
    "--format",
    "--color",
    "--colour",
    "--log-level",
    "--wait-timeout",
    "--target-time",
    "--target-name",
    "--target-lsn",
    "--target-xid",
    "--target-tli",
    "--remote-ssh-command",
    "--jobs",
    "-j",
];

/// Finds Barman's command in a command line.
pub fn parse(line: &str) -> Option<Command> {
    let words = words(line);
    let is_program = |at: &usize| words.get(*at).is_some_and(|w| w.rsplit('/').next() == Some("barman"));
    let at = (0..words.len()).find(|at| is_program(at) && !is_user(&words, *at))?;
    let mut words = words.iter().map(String::as_str).skip(at + 1);
    let mut plain: Vec<&str> = Vec::new();
    while let Some(word) = words.next().filter(|w| !is_separator(w)) {
        if WITH_VALUE.contains(&word) {
            words.next();
        } else if !word.starts_with('-') {
            plain.push(word);
        }
    }
    let mut plain = plain.into_iter().map(str::to_owned);
    Some(Command { name: plain.next()?, server: plain.next().filter(|s| s != "all"), id: plain.next() })
}

/// True for console text that tells of backups, restores or deletions.
pub fn is_console(head: &str) -> bool {
    let begins = ["Starting backup using ", "Starting local restore for server", "Starting remote restore for server"];
    let ends = ["Deleting backup ", "Deleted backup ", "Enforcing retention policy: "];
    head.lines().any(|l| begins.iter().chain(&ends).any(|t| l.starts_with(t)))
}

/// Why a text is not read.
pub fn reason(head: &str) -> &'static str {
    let mut lines = head.lines().filter(|l| !l.trim().is_empty());
    if head.starts_with("ERROR: ") || head.starts_with("WARNING: ") {
        "console messages that no run record ties to a backup, restore or check"
    } else if lines.all(|l| is_id(l.trim())) {
        "a minimal listing: it tells neither server nor state; write `barman -f json list-backups`"
    } else if head.starts_with("Server ") {
        "the status of a server; no backup is described in it"
    } else if head.starts_with('[') || head.contains("\n[") {
        "a configuration file"
    } else {
        "no output, log or state of Barman"
    }
}

/// The checks in the text of `barman check`, one for each server, or of `barman check --nagios`.
pub fn checks(document: &Document, text: &str) -> Vec<Attempt> {
    let mut out: Vec<Attempt> = Vec::new();
    for (n, line) in text.lines().enumerate() {
        let begin = |server: Option<&str>| {
            let mut attempt = Attempt::new(Kind::Check, document, format!("line:{}", n + 1));
            attempt.server = server.map(str::to_owned);
            attempt
        };
        if let Some(server) = line.strip_prefix("Server ").and_then(|l| l.strip_suffix(':')) {
            // `sales (inactive)`, `sales (WARNING: disabled)`
            out.push(begin(server.split(" (").next()));
        } else if let Some(rest) = line.strip_prefix("BARMAN ") {
            // `BARMAN CRITICAL - server sales has issues * sales FAILED: failed backups|…`
            // and `BARMAN OK - Ready to serve the Espresso backup for sales`.
            let named = rest.split_once("- server ").or_else(|| rest.split_once(" backup for "));
            let server = named.and_then(|(_, r)| r.split([' ', '|']).next());
            let mut attempt = begin(server);
            if rest.starts_with("OK") {
                attempt.check_passed = 1;
            } else {
                attempt.check_failed = true;
                attempt.errors.push(rest.split('|').next().unwrap_or(rest).to_owned());
            }
            out.push(attempt);
        } else if let (Some(attempt), Some((name, state))) =
            (out.last_mut(), line.strip_prefix('\t').and_then(|l| l.split_once(": ")))
        {
            match state.split(' ').next() {
                Some("OK") => attempt.check_passed += 1,
                Some("FAILED") => {
                    attempt.check_failed = true;
                    attempt.errors.push(format!("{name}: {state}"));
                }
                _ => {}
            }
        }
    }
    // A summary over several servers names none of them as checked.
    out.retain(|a| a.server.is_some() && (a.check_failed || a.check_passed > 0));
    out
}
