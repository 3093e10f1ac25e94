//! Cron: its lines in syslog and journald, and the mails it sends.
//!
//! A `CMD` line tells that a command was started, never how it ended (Debian `cron`, `cronie`). Formats: the sources of
//! both daemons; RFC 3164 and RFC 5424 for what stands in front.

/// A line of the cron daemon.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// `CMD`, with the process that cron started.
    Start { command: String, pid: Option<String> },
    /// `END` (Debian, log level 2) or `CMDEND` (cronie): the end, not the result.
    End { command: String },
    /// `grandchild #1235 failed with exit status 1` (Debian, log level 4).
    Failed { line: String, pid: String },
}

/// The subject of a cron mail.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mail {
    pub(super) host: Option<String>,
    pub(super) command: String,
    /// True where the command speaks of backups or names a tool of PostgreSQL.
    pub(super) backup: bool,
}

/// `Subject: Cron <postgres@db02> nightly-dump crm …`
pub(super) fn subject(line: &str) -> Option<Mail> {
    let rest = line.strip_prefix("Subject: Cron <")?;
    let (from, command) = rest.split_once("> ")?;
    let names = |w: &str| super::command::Tool::named(w).is_some() || super::command::backup_word(super::dump::base(w));
    Some(Mail {
        host: from.split_once('@').map(|(_, host)| host.to_owned()),
        command: command.to_owned(),
        backup: command.split(|c: char| c.is_whitespace() || ";|&()'\"".contains(c)).any(names),
    })
}

/// Splits `db02 CRON[1234]: message` behind a stamp. All three parts stay where there is no such prefix.
pub(super) fn syslog_prefix(rest: &str) -> (Option<&str>, Option<&str>, &str) {
    let none = (None, None, rest);
    let Some((head, message)) = rest.split_once(": ") else { return none };
    let Some((host, process)) = head.split_once(' ') else { return none };
    let plain = |t: &str| !t.is_empty() && !t.contains(|c: char| c.is_whitespace() || c == '"');
    let name = process.split('[').next().unwrap_or(process);
    let has_pid = process.ends_with(']') && process.contains('[');
    if plain(host) && plain(process) && plain(name) && (has_pid || super::command::Tool::named(name).is_some()) {
        (Some(host), Some(process), if has_pid { message } else { rest.split_once(' ').map_or(rest, |(_, m)| m) })
    } else {
        none
    }
}

/// Reads a message of a cron daemon.
pub(super) fn entry(process: &str, message: &str) -> Option<Entry> {
    let (name, pid) = process.split_once('[').map_or((process, None), |(n, pid)| (n, pid.strip_suffix(']')));
    if !matches!(super::dump::base(name).to_ascii_lowercase().as_str(), "cron" | "crond") {
        return None;
    }
    let inside = |word: &str| {
        let (_, rest) = message.split_once(&format!(") {word} ("))?;
        Some(rest.strip_suffix(')').unwrap_or(rest).trim().to_owned())
    };
    // Debian at log level 4 writes `CMD ([1235] command)`.
    let split = |command: String| match command.strip_prefix('[').and_then(|c| c.split_once("] ")) {
        Some((pid, rest)) if pid.chars().all(|c| c.is_ascii_digit()) => (rest.to_owned(), Some(pid.to_owned())),
        _ => (command, pid.map(str::to_owned)),
    };
    if let Some((command, pid)) = inside("CMD").map(split) {
        return Some(Entry::Start { command, pid });
    }
    if let Some((command, _)) = inside("END").or_else(|| inside("CMDEND")).map(split) {
        return Some(Entry::End { command });
    }
    let (pid, _) = message.split_once("grandchild #")?.1.split_once(" failed with exit status ")?;
    Some(Entry::Failed { line: message.to_owned(), pid: pid.to_owned() })
}
