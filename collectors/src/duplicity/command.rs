//! Command lines of duplicity: which action, on which target, with which of the options that matter here.

use crate::shell::{Arguments, without_credentials};
use crate::verdict::Code;

/// What a command does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Full,
    Incremental,
    /// Without a command word: incremental where there is something to build on.
    Backup,
    Restore,
    Verify,
    /// `remove-older-than`, `remove-all-but-n-full`, `remove-all-inc-of-but-n-full`
    Remove,
    Status,
    /// `cleanup`, `list-current-files`, `replicate`: no evidence of runs.
    Other,
}

impl Action {
    /// True for those that make a backup.
    pub const fn makes_backup(self) -> bool {
        matches!(self, Self::Full | Self::Incremental | Self::Backup)
    }

    /// The action of a command word; short forms are those of 2.0 and later.
    fn named(word: &str) -> Option<Self> {
        Some(match word {
            "full" | "fb" => Self::Full,
            "incremental" | "incr" | "inc" | "ib" => Self::Incremental,
            "backup" | "bu" => Self::Backup,
            "restore" | "rb" => Self::Restore,
            "verify" | "vb" => Self::Verify,
            "collection-status" | "st" => Self::Status,
            "remove-older-than" | "ro" | "remove-all-but-n-full" | "ra" | "remove-all-inc-of-but-n-full" | "ri" => {
                Self::Remove
            }
            "cleanup" | "cl" | "list-current-files" | "ls" | "replicate" | "sync" => Self::Other,
            _ => return None,
        })
    }
}

/// A duplicity command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    pub action: Action,
    /// Target without credentials and query, or the backup's name.
    pub target: Option<String>,
    /// `--name`
    pub name: Option<String>,
    pub dry_run: bool,
    pub no_encryption: bool,
    /// Asymmetric: for these keys.
    pub keys: bool,
    pub skip_unchanged: bool,
    /// Only a part of the backup is looked at or restored.
    pub narrowed: bool,
    /// Not the newest state.
    pub dated: bool,
    pub log_file: Option<String>,
}

/// Options without a value (0.8 to 3.2, `commandline.py` and `cli_data.py`). All others take one.
const SWITCHES: &[&str] = &[
    "--allow-source-mismatch",
    "--asynchronous-upload",
    "--b2-hide-files",
    "--check-remote",
    "--compare-data",
    "--compression",
    "--copy-links",
    "--do-not-restore-ownership",
    "--dry-run",
    "--encryption",
    "--exclude-device-files",
    "--exclude-filelist-stdin",
    "--exclude-other-filesystems",
    "--files-changed",
    "--filter-globbing",
    "--filter-ignorecase",
    "--filter-literal",
    "--filter-regexp",
    "--filter-strictcase",
    "--force",
    "--ftp-passive",
    "--ftp-regular",
    "--gio",
    "--ignore-errors",
    "--imap-full-address",
    "--include-filelist-stdin",
    "--jsonstat",
    "--log-timestamp",
    "--mf-purge",
    "--no-check-remote",
    "--no-compression",
    "--no-encryption",
    "--no-files-changed",
    "--no-print-statistics",
    "--no-restore-ownership",
    "--null-separator",
    "--numeric-owner",
    "--old-filenames",
    "--print-statistics",
    "--progress",
    "--pydevd",
    "--restore-ownership",
    "--s3-european-buckets",
    "--s3-unencrypted-connection",
    "--s3-use-deep-archive",
    "--s3-use-glacier",
    "--s3-use-glacier-ir",
    "--s3-use-ia",
    "--s3-use-multiprocessing",
    "--s3-use-new-style",
    "--s3-use-onezone-ia",
    "--s3-use-rrs",
    "--s3-use-server-side-encryption",
    "--s3-use-server-side-kms-encryption",
    "--short-filenames",
    "--skip-if-no-change",
    "--ssh-askpass",
    "--ssl-no-check-certificate",
    "--use-agent",
    "--use-gpgsm",
    "--use-scp",
    "--version",
];

impl Command {
    /// Reads the words behind `duplicity`. `None` where they are no call of it.
    pub fn read(words: &[String]) -> Option<Self> {
        let takes_value = |option: &str| match option.strip_prefix("--") {
            Some(_) => !SWITCHES.contains(&option),
            None => matches!(option, "-v" | "-t" | "-r"),
        };
        let arguments = Arguments::read(words, &takes_value);
        let first = arguments.operands.first()?;
        let url = arguments.operands.iter().rposition(|o| o.contains("://"));
        let action = match Action::named(first) {
            Some(action) => action,
            // Before 2.0 restoring needed no word either: the target stands first.
            None if url == Some(0) && arguments.operands.len() == 2 => Action::Restore,
            None if url == Some(1) || first.starts_with(['/', '.', '~', '$']) => Action::Backup,
            None => return None,
        };
        let name = arguments.value(&["--name"]).map(str::to_owned);
        let target = url.and_then(|at| arguments.operands.get(at)).map(|u| target(u));
        Some(Self {
            action,
            target: target.or_else(|| name.clone()),
            name,
            dry_run: arguments.has(&["--dry-run"]),
            no_encryption: arguments.has(&["--no-encryption"]),
            keys: arguments.has(&["--encrypt-key", "--hidden-encrypt-key"]),
            skip_unchanged: arguments.has(&["--skip-if-no-change"]),
            narrowed: arguments.has(&["--file-to-restore", "--path-to-restore", "-r"])
                || (action == Action::Verify && arguments.options.iter().any(|(n, _)| n.starts_with("--exclude"))),
            dated: arguments.has(&["-t", "--time", "--restore-time"]),
            log_file: arguments.value(&["--log-file"]).map(|f| f.rsplit('/').next().unwrap_or(f).to_owned()),
        })
    }
}

/// A target without credentials, query and the slash at its end.
fn target(url: &str) -> String {
    let clean = without_credentials(url);
    let plain = clean.starts_with("file:");
    let clean = if plain { clean.as_str() } else { clean.split(['?', '#']).next().unwrap_or_default() };
    match clean.trim_end_matches('/') {
        root if root.ends_with(':') => clean.to_owned(),
        trimmed => trimmed.to_owned(),
    }
}

/// Exit codes (`log.py`, `ErrorCode`). 4 is told by a message, or, without one, is an interruption (`__main__.py`).
pub(super) fn exit_code(code: i64, silent: bool, verify: bool) -> Code {
    match code {
        1 if verify => Code::Failed("differences found, or verify failed"),
        2 => Code::Failed("error in the command line"),
        3 => Code::Failed("another host name than that of the backups"),
        4 if silent => Code::Aborted,
        4..=6 => Code::Failed("manifests are missing, unreadable or differ"),
        11 => Code::Failed("the restore destination exists"),
        12 | 13 => Code::Failed("the source directory does not exist"),
        17 | 18 => Code::Failed("no signatures of an earlier backup"),
        19 | 20 => Code::Failed("nothing to restore found"),
        21 => Code::Failed("a stored volume has a wrong hash"),
        23 => Code::Failed("user error"),
        30 => Code::Failed("unexpected exception"),
        31 => Code::Failed("GnuPG failed"),
        34 | 35 => Code::Failed("not enough temporary space"),
        36 | 37 => Code::Failed("too few open files allowed"),
        38 => Code::Failed("connection failed"),
        42 => Code::Failed("another source than that of the backups"),
        44 => Code::Failed("a stored volume has a wrong size"),
        50..=69 => Code::Failed("the storage backend failed"),
        _ => Code::Failed("failed"),
    }
}
