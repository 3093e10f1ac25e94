//! Command lines of rdiff-backup, old (`rdiff-backup -l repo`) and new (`rdiff-backup list increments repo`).

use crate::shell::Arguments;
use crate::verdict::Code;

/// What a command does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Backup,
    Restore,
    Verify,
    Remove,
    /// Lists of increments.
    List,
    /// `compare`, `regress`, `info` and the rest: no evidence of runs.
    Other,
}

/// An rdiff-backup command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    pub action: Action,
    /// Repository: `/path`, or `host::/path` without the user.
    pub repository: Option<String>,
    /// Only a part is restored, verified or listed.
    pub narrowed: bool,
    /// Not the newest state.
    pub dated: bool,
}

/// Options of both command lines that take the next word as their value (manual pages of 2.0 and 2.2).
const WITH_VALUE: &[&str] = &[
    "--api-version",
    "--at",
    "--changed-since",
    "--chars-to-quote",
    "--compare-at-time",
    "--compare-full-at-time",
    "--compare-hash-at-time",
    "--current-time",
    "--exclude",
    "--exclude-filelist",
    "--exclude-globbing-filelist",
    "--exclude-if-present",
    "--exclude-regexp",
    "--group-mapping-file",
    "--include",
    "--include-filelist",
    "--include-globbing-filelist",
    "--include-regexp",
    "--list-at-time",
    "--list-changed-since",
    "--max-file-size",
    "--method",
    "--min-file-size",
    "--no-compression-regexp",
    "--not-compressed-regexp",
    "--older-than",
    "--override-chars-to-quote",
    "--remote-cmd",
    "--remote-schema",
    "--remote-tempdir",
    "--remove-older-than",
    "--restore-as-of",
    "--restrict-mode",
    "--restrict-path",
    "--tempdir",
    "--terminal-verbosity",
    "--user-mapping-file",
    "--verbosity",
    "--verify-at-time",
    "-r",
    "-v",
];

impl Command {
    /// Reads the words behind `rdiff-backup`. `None` where they are no call of it.
    pub fn read(words: &[String]) -> Option<Self> {
        let arguments = Arguments::read(words, &|option| WITH_VALUE.contains(&option));
        let first = arguments.operands.first().map(String::as_str);
        let old = |action, repository: Option<&String>| (action, repository.cloned());
        let last = arguments.operands.last();
        let (action, repository) = if arguments.has(&["--list-increments", "-l", "--list-increment-sizes"]) {
            old(Action::List, last)
        } else if arguments.has(&["--verify", "--verify-at-time"]) {
            old(Action::Verify, last)
        } else if arguments.has(&["--remove-older-than"]) {
            old(Action::Remove, last)
        } else if arguments.has(&["--restore-as-of", "-r"]) {
            old(Action::Restore, arguments.operands.first())
        } else if arguments.options.iter().any(|(n, _)| is_other(n)) {
            old(Action::Other, None)
        } else {
            match first? {
                "backup" => (Action::Backup, last.filter(|_| arguments.operands.len() > 2).cloned()),
                "restore" => (Action::Restore, arguments.operands.get(1).cloned()),
                "verify" => (Action::Verify, arguments.operands.get(1).cloned()),
                "remove" => (Action::Remove, arguments.operands.get(2).cloned()),
                "list" if arguments.operands.get(1).is_some_and(|w| w == "increments") => {
                    (Action::List, arguments.operands.get(2).cloned())
                }
                "list" | "compare" | "calculate" | "complete" | "info" | "regress" | "server" | "test" => {
                    (Action::Other, None)
                }
                _ if arguments.operands.len() != 2 => return None,
                // An increment as the source is the old way to restore it.
                source if is_increment(source) => (Action::Restore, arguments.operands.first().cloned()),
                _ => (Action::Backup, last.cloned()),
            }
        };
        let narrowed = |path: &String| is_increment(path) || path.contains("/rdiff-backup-data/");
        Some(Self {
            action,
            narrowed: repository.as_ref().is_some_and(narrowed)
                || (action != Action::Backup
                    && arguments.options.iter().any(|(n, _)| n.starts_with("--include") || n.starts_with("--exclude"))),
            dated: arguments.has(&["--at", "--restore-as-of", "-r", "--verify-at-time"]),
            repository: repository.map(|r| place(&r)),
        })
    }
}

fn is_other(option: &str) -> bool {
    [
        "--compare",
        "--check-destination-dir",
        "--list-at-time",
        "--list-changed-since",
        "--calculate-average",
        "--test-server",
        "--server",
    ]
    .iter()
    .any(|o| option.starts_with(o))
}

/// True for names of increments: `file.2026-10-23T03:30:00+02:00.diff.gz`.
fn is_increment(path: &str) -> bool {
    let name = path.trim_end_matches(".gz");
    [".diff", ".snapshot", ".dir", ".missing"].iter().any(|end| {
        name.strip_suffix(end)
            .and_then(|n| n.rsplit_once('.'))
            .is_some_and(|(_, at)| super::repository::session_time(at).is_some())
    })
}

/// A repository: without user, without what stands below it, without the slash at its end.
pub(super) fn place(path: &str) -> String {
    let path = match path.split_once("::") {
        Some((host, rest)) => format!("{}::{rest}", host.rsplit('@').next().unwrap_or(host)),
        None => path.to_owned(),
    };
    let whole = path.split("/rdiff-backup-data").next().unwrap_or(&path);
    match whole.trim_end_matches('/') {
        "" => path,
        trimmed => trimmed.to_owned(),
    }
}

/// Exit codes are sums (manual page, "Return codes"); before 2.2 only 1 and, for `verify`, 2.
pub(super) const fn exit_code(code: i64, action: Action) -> Code {
    match (code, action) {
        (8, Action::Verify) => Code::Warned("files without a recorded digest"),
        (_, Action::Verify) => Code::Failed("not all files could be verified"),
        (2..=15, _) if code & 1 == 0 => Code::Warned("warnings, or errors with single files"),
        _ => Code::Failed("failed"),
    }
}
