//! What single lines mean: messages of the tools and words of scripts.
//!
//! Messages are those of PostgreSQL 9.6 to 18 (`src/bin`). Failure words are also known in the languages that the
//! tools are translated to; everything else is read in English.

use super::command::{Tool, backup_word};
use super::dump;
use super::log::End;

/// What a tool's message means for its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    Nothing,
    Error,
    Aborted,
    /// `errors ignored on restore: N`.
    Ignored(u64),
    Done,
}

/// Reads a message of a tool.
pub(super) fn tool(tool: Tool, said: &str) -> Said {
    const ERROR_WORDS: &[&str] = &[
        "error:",
        "fatal:",
        "Fehler:",
        "erreur :",
        "erreur:",
        "erro:",
        "errore:",
        "fel:",
        "błąd:",
        "ошибка:",
        "помилка:",
        "hata:",
        "chyba:",
        "エラー:",
        "오류:",
        "错误:",
        "错误：",
        "錯誤:",
    ];
    if let Some((_, count)) = said.split_once("errors ignored on restore: ") {
        let digits: String = count.chars().take_while(char::is_ascii_digit).collect();
        return Said::Ignored(digits.parse().unwrap_or(1));
    }
    if said.starts_with("terminated by ")
        || said.contains("received interrupt signal")
        || said.contains("terminated on signal")
    {
        return Said::Aborted;
    }
    if ERROR_WORDS.iter().any(|w| said.starts_with(w)) {
        // pg_dumpall reports the end of its child so.
        return if said.contains("terminated by signal") { Said::Aborted } else { Said::Error };
    }
    if said.starts_with("warning:") || said.contains("WARNING:") {
        return Said::Nothing;
    }
    // Before version 12 there was no word for errors.
    let old_style = said.starts_with('[') && said.contains("] ")
        || [
            "could not ",
            "Error message from server",
            "Dumping the contents of table",
            "aborting because of",
            "too many command-line",
            "no matching ",
            "No matching ",
            "cannot ",
            "unrecognized ",
            "invalid ",
            "query failed",
            "query was:",
            "child process ",
        ]
        .iter()
        .any(|w| said.starts_with(w));
    if old_style && !said.contains("] could not find where to insert") {
        return Said::Error;
    }
    match tool {
        Tool::BaseBackup if said == "base backup completed" => Said::Done,
        _ => Said::Nothing,
    }
}

/// True for the first message of a verbose run: a new process.
pub(super) fn begins(tool: Tool, said: &str) -> bool {
    match tool {
        Tool::Dump => said.starts_with("last built-in OID is"),
        Tool::Restore => said == "connecting to database for restore",
        Tool::BaseBackup => said.starts_with("initiating base backup"),
        _ => false,
    }
}

/// The database named by a refused connection or a failed child of pg_dumpall.
pub(super) fn database_in_error(said: &str) -> Option<String> {
    for (before, after) in [
        ("database \"", "\" does not exist"),
        ("connection to database \"", "\" failed"),
        ("pg_dump failed on database \"", "\""),
        ("could not connect to database \"", "\""),
    ] {
        if let Some((_, rest)) = said.split_once(before)
            && let Some((name, _)) = rest.split_once(after)
            && !name.is_empty()
        {
            return Some(name.to_owned());
        }
    }
    None
}

/// What a script's line says.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// Absent for a start.
    pub(super) end: Option<End>,
    pub(super) tool: Option<Tool>,
    pub(super) database: Option<String>,
    pub(super) bytes: Option<u64>,
}

/// Tools whose own logs speak of backups in much the same words; `p00` is the process column of pgBackRest.
const OTHER_TOOLS: &[&str] = &[
    "barman",
    "pgbackrest",
    "p00 ",
    "restic",
    "borg",
    "wal-g",
    "wal_g",
    "wal-e",
    "pgmoneta",
    "pg_probackup",
    "mysqldump",
    "mongodump",
    "rsync",
    "rsnapshot",
    "rdiff",
    "velero",
    "veeam",
    "duplicity",
    "rclone",
    "heroku",
    "aws backup",
];

/// Reads a stamped line of a script; `None` where it neither speaks of a backup nor says start or end.
///
/// The words of failure come first: "finished with errors" is not a success.
pub(super) fn script(message: &str) -> Option<Heard> {
    let lower = message.to_lowercase();
    if OTHER_TOOLS.iter().any(|t| lower.contains(t)) {
        return None;
    }
    let words: Vec<&str> =
        lower.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).filter(|w| !w.is_empty()).collect();
    let has = |any: &[&str]| words.iter().any(|w| any.contains(w));
    // Words of the sentence, not of a path in it.
    let subject = lower
        .split_whitespace()
        .map(|w| w.trim_matches(|c: char| ":;,.()[]'\"!".contains(c)))
        .filter(|w| !w.contains(['/', '.', '\\']))
        .any(|w| backup_word(w) || w.starts_with("backing") || w == "restore" || w == "pg_restore");
    if !subject {
        return None;
    }
    let tool = words
        .iter()
        .find_map(|w| Tool::named(w))
        .filter(|t| *t != Tool::Psql)
        .or_else(|| (has(&["restore", "restoring"]) && !has(&["backup", "dump"])).then_some(Tool::Restore));
    let exit = exit_code(&lower);
    let clean = [
        "0 errors",
        "no errors",
        "without error",
        "0 failed",
        "no failure",
        "0 failures",
        "errors: 0",
        "failed: 0",
        "errors=0",
    ]
    .iter()
    .any(|c| lower.contains(c));
    let failed = has(&[
        "fail",
        "failed",
        "failure",
        "failing",
        "error",
        "errors",
        "fatal",
        "unsuccessful",
        "incomplete",
        "corrupt",
    ]) && !clean
        || lower.contains("not finished")
        || lower.contains("not complete")
        || lower.contains("not successful")
        || exit.is_some_and(|code| code != 0);
    let aborted = has(&["aborted", "abort", "interrupted", "killed", "terminated", "cancelled", "canceled", "timeout"]);
    let done = has(&[
        "finished",
        "finish",
        "complete",
        "completed",
        "completes",
        "done",
        "success",
        "successful",
        "successfully",
        "succeeded",
        "ok",
        "ended",
        "deactivated",
    ]);
    let start =
        has(&["start", "starting", "started", "starts", "begin", "beginning", "began", "begins", "dumping", "running"])
            || lower.starts_with("backing up")
            || lower.contains(" backing up ");
    let end = if failed {
        Some(End::Failed)
    } else if aborted {
        Some(End::Aborted)
    } else if done {
        // "started" stands in summaries as well; an end is the later word of the two.
        Some(End::Done)
    } else if start {
        None
    } else if exit == Some(0) {
        Some(End::Done)
    } else {
        return None;
    };
    Some(Heard { end, tool, database: database_in(message), bytes: bytes_in(&lower) })
}

fn exit_code(lower: &str) -> Option<i64> {
    [
        "exit code ",
        "exit code: ",
        "exit code=",
        "exit=",
        "exit status ",
        "exit status: ",
        "status=",
        "rc=",
        "rc: ",
        "returned ",
        "code=",
        "exitcode=",
    ]
    .iter()
    .find_map(|key| {
        let (_, rest) = lower.split_once(key)?;
        let digits: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == '-').collect();
        digits.parse().ok()
    })
}

/// `backup of crm`, `dump of database "crm"`, `database: crm`, `db=crm`, `backing up crm`, `dumping crm`.
fn database_in(message: &str) -> Option<String> {
    const STOP: &[&str] = &[
        "the",
        "all",
        "a",
        "an",
        "database",
        "databases",
        "db",
        "started",
        "starting",
        "finished",
        "completed",
        "complete",
        "done",
        "failed",
        "process",
        "job",
        "script",
        "to",
        "is",
        "was",
        "has",
        "for",
        "of",
        "with",
        "ok",
        "successful",
        "successfully",
        "globals",
        "and",
        "in",
        "on",
        "at",
        "start",
        "from",
        "into",
        "using",
        "cluster",
        "backup",
        "dump",
        "error",
    ];
    let clean = |word: &str| {
        let word = word.trim_matches(|c: char| "\"'`:,;.()[]{}".contains(c));
        (!word.is_empty() && !word.contains(['/', '=', '$']) && !STOP.contains(&word.to_lowercase().as_str()))
            .then(|| word.to_owned())
    };
    let words: Vec<&str> = message.split_whitespace().collect();
    for (at, word) in words.iter().enumerate() {
        let lower = word.to_lowercase();
        for key in ["db=", "database=", "dbname=", "db:", "database:"] {
            if let Some(value) = lower.strip_prefix(key).filter(|v| !v.is_empty()) {
                return clean(word.get(word.len() - value.len()..).unwrap_or_default());
            }
        }
        let key = lower.trim_matches(|c: char| "\"':,;()[]".contains(c));
        let next = |n: usize| words.get(at + n).copied();
        let found = match key {
            "database" | "db" | "dbname" => next(1).filter(|w| *w != "=").or_else(|| next(2)).and_then(clean),
            "of" | "for" if at > 0 && words.get(at - 1).is_some_and(|w| backup_word(w)) => next(1).and_then(clean),
            "dumping" => next(1).and_then(clean),
            "up" if at > 0 && words.get(at - 1).is_some_and(|w| w.eq_ignore_ascii_case("backing")) => {
                next(1).and_then(clean)
            }
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

/// A whole number of bytes: `350418 bytes`, `size=350418`. Rounded sizes (`12M`) are not taken.
fn bytes_in(lower: &str) -> Option<u64> {
    let digits = |w: &str| w.trim_matches(|c: char| "():,;".contains(c)).replace([',', '_'], "").parse::<u64>().ok();
    let words: Vec<&str> = lower.split_whitespace().collect();
    words
        .windows(2)
        .find_map(|pair| match pair {
            [number, unit] if unit.trim_matches(|c: char| "():,.;".contains(c)) == "bytes" => digits(number),
            _ => None,
        })
        .or_else(|| words.iter().find_map(|w| digits(w.strip_prefix("size=").or_else(|| w.strip_prefix("bytes="))?)))
}

/// A file in the output of `ls -l`: its name and size. Folders and links are left out.
pub(super) fn listed_file(line: &str) -> Option<(String, u64)> {
    let mut words = line.split_whitespace();
    let mode = words.next()?;
    if !mode.starts_with('-') || mode.len() < 10 || !mode.chars().all(|c| "-rwxsStT.+@".contains(c)) {
        return None;
    }
    let _links: u64 = words.next()?.parse().ok()?;
    let size = words.nth(2)?.parse().ok()?;
    let rest: Vec<&str> = words.collect();
    // `2026-11-22 21:16:08.878 +0000 name` or `Nov 22 21:16 name` or `2026-11-22 21:16 name`
    let skip = if rest.first()?.contains('-') {
        if rest.get(2).is_some_and(|w| w.starts_with(['+', '-'])) { 3 } else { 2 }
    } else {
        3
    };
    let name = rest.get(skip..)?.join(" ");
    (!name.is_empty()).then(|| (dump::base(&name).to_owned(), size))
}

/// `exit=1`, `rc=0`, `exit code: 2` alone on a line.
pub(super) fn printed_exit(line: &str) -> Option<i64> {
    let lower = line.trim().to_ascii_lowercase();
    let rest = ["exit code", "exit status", "exitcode", "exit", "rc", "status", "returncode"]
        .iter()
        .find_map(|key| lower.strip_prefix(key))?;
    rest.trim_start_matches([':', '=', ' ']).parse().ok()
}

/// What a shell prints when a signal ended its command.
pub(super) fn shell_killed(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    matches!(words.as_slice(), ["Terminated" | "Killed" | "Interrupt" | "Hangup"])
        || (line.contains(": line ") && words.iter().any(|w| *w == "Terminated" || *w == "Killed"))
}

/// An error of a program beside the tool (a shell, gzip, gpg) that spoils a dump in a pipe.
///
/// A missing file or right counts only where a shell says it, about what it should run or write: `rm` and `find` in a
/// script that cleans up say the same and spoil nothing.
pub(super) fn other_error(line: &str) -> bool {
    const SIGNS: &[&str] = &[
        "No space left on device",
        "command not found",
        "Disk quota exceeded",
        "Input/output error",
        "write error",
        "Read-only file system",
        "Cannot allocate memory",
        "Broken pipe",
        "encryption failed",
        "unexpected end of file",
    ];
    const OF_THE_SHELL: &[&str] = &["No such file or directory", "Permission denied", ": not found"];
    let Some((program, _)) = line.split_once(": ").filter(|(p, _)| !p.is_empty() && p.len() < 80) else { return false };
    let shell = matches!(dump::base(program), "sh" | "bash" | "dash" | "ksh" | "zsh") || line.contains(": line ");
    SIGNS.iter().any(|s| line.contains(s))
        || (shell && OF_THE_SHELL.iter().any(|s| line.contains(s)))
        || (line.starts_with("psql:") && line.contains("ERROR:"))
}
