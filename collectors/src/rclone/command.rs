//! Command lines of rclone: what is copied or checked, and where to.

use crate::shell::{Arguments, without_credentials};
use crate::verdict::Code;

/// What a command does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Copy,
    Check,
    /// `listremotes`
    Remotes,
    /// `size`, `ls`, `delete`, `bisync` and the rest: no evidence of runs.
    Other,
}

/// An rclone command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    pub action: Action,
    /// `copy`, `sync`, …
    pub verb: String,
    /// Destination without credentials.
    pub destination: Option<String>,
    pub dry_run: bool,
    /// Times of the log are UTC.
    pub utc: bool,
    /// File name of `--log-file`.
    pub log_file: Option<String>,
}

/// Commands, with the number of their operands.
const COMMANDS: &[(&str, Action, usize)] = &[
    ("copy", Action::Copy, 2),
    ("copyto", Action::Copy, 2),
    ("copyurl", Action::Copy, 2),
    ("sync", Action::Copy, 2),
    ("move", Action::Copy, 2),
    ("moveto", Action::Copy, 2),
    ("rcat", Action::Copy, 1),
    ("check", Action::Check, 2),
    ("cryptcheck", Action::Check, 2),
    ("checksum", Action::Check, 3),
    ("listremotes", Action::Remotes, 0),
];

/// Other commands: a word that is none of them either is no command.
const OTHER: &[&str] = &[
    "about",
    "archive",
    "authorize",
    "backend",
    "bisync",
    "cat",
    "cleanup",
    "completion",
    "config",
    "convmv",
    "cryptdecode",
    "dedupe",
    "delete",
    "deletefile",
    "gitannex",
    "gendocs",
    "hashsum",
    "help",
    "link",
    "ls",
    "lsd",
    "lsf",
    "lsjson",
    "lsl",
    "md5sum",
    "mkdir",
    "mount",
    "ncdu",
    "nfsmount",
    "obscure",
    "purge",
    "rc",
    "rcd",
    "rmdir",
    "rmdirs",
    "selfupdate",
    "serve",
    "settier",
    "sha1sum",
    "size",
    "test",
    "touch",
    "tree",
    "version",
];

/// Options without a value (`rclone help flags`, 1.60 and 1.75), but for those of backends.
const SWITCHES: &[&str] = &[
    "--absolute",
    "--auto-confirm",
    "--check-first",
    "--checksum",
    "--copy-links",
    "--create-empty-src-dirs",
    "--delete-after",
    "--delete-before",
    "--delete-during",
    "--delete-empty-src-dirs",
    "--delete-excluded",
    "--disable-http-keep-alives",
    "--disable-http2",
    "--download",
    "--dry-run",
    "--dump-bodies",
    "--dump-headers",
    "--error-on-no-transfer",
    "--fast-list",
    "--fix-case",
    "--human-readable",
    "--ignore-case",
    "--ignore-case-sync",
    "--ignore-checksum",
    "--ignore-errors",
    "--ignore-existing",
    "--ignore-size",
    "--ignore-times",
    "--immutable",
    "--inplace",
    "--interactive",
    "--links",
    "--local-links",
    "--log-systemd",
    "--long",
    "--metadata",
    "--name-transform-dir",
    "--no-check-certificate",
    "--no-check-dest",
    "--no-console",
    "--no-gzip-encoding",
    "--no-traverse",
    "--no-unicode-normalization",
    "--no-update-dir-modtime",
    "--no-update-modtime",
    "--one-file-system",
    "--one-way",
    "--progress",
    "--progress-terminal-title",
    "--quiet",
    "--rc",
    "--refresh-times",
    "--server-side-across-configs",
    "--size-only",
    "--skip-links",
    "--stats-one-line",
    "--stats-one-line-date",
    "--suffix-keep-extension",
    "--syslog",
    "--track-renames",
    "--update",
    "--use-cookies",
    "--use-json-log",
    "--use-mmap",
    "--use-server-modtime",
    "--verbose",
    "--s3-no-check-bucket",
    "--s3-no-head",
    "--s3-v2-auth",
    "--s3-env-auth",
    "--drive-acknowledge-abuse",
    "--b2-hard-delete",
    "--drive-shared-with-me",
    "--drive-skip-gdocs",
    "--drive-use-trash",
    "--crypt-server-side-across-configs",
];

impl Command {
    /// Reads the words behind `rclone`. `None` where they are no call of it.
    pub fn read(words: &[String]) -> Option<Self> {
        let takes_value = |option: &str| match option.strip_prefix("--") {
            Some(_) => !SWITCHES.contains(&option),
            // One letter, or several together; `-f` alone is a filter.
            None => option == "-f",
        };
        let arguments = Arguments::read(words, &takes_value);
        let at = arguments.operands.iter().position(|o| is_verb(o))?;
        let verb = arguments.operands.get(at)?;
        let (action, needed) =
            COMMANDS.iter().find(|(name, ..)| name == verb).map_or((Action::Other, 0), |(_, action, n)| (*action, *n));
        let mut places: Vec<&String> = arguments.operands.iter().skip(at + 1).collect();
        if places.len() < needed {
            // A switch of a backend that is not known here has taken one: the last words are the places.
            let behind = words.iter().skip_while(|w| *w != verb).skip(1);
            let plain: Vec<&String> = behind.filter(|w| !w.starts_with('-')).collect();
            places = plain.get(plain.len().saturating_sub(needed)..).unwrap_or_default().to_vec();
        }
        let short = |letter: char| arguments.options.iter().any(|(n, _)| !n.starts_with("--") && n.contains(letter));
        let destination = (places.len() >= needed).then(|| places.get(needed.checked_sub(1)?)).flatten();
        Some(Self {
            action,
            verb: verb.clone(),
            destination: destination.map(|d| place(d)),
            dry_run: arguments.has(&["--dry-run", "--interactive"]) || short('n') || short('i'),
            utc: arguments
                .value(&["--log-format"])
                .is_some_and(|f| f.split(',').any(|p| p.eq_ignore_ascii_case("utc"))),
            log_file: arguments.value(&["--log-file"]).map(|f| f.rsplit(['/', '\\']).next().unwrap_or(f).to_owned()),
        })
    }
}

/// True for a word that is a command of rclone.
pub(super) fn is_verb(word: &str) -> bool {
    COMMANDS.iter().any(|(name, ..)| *name == word) || OTHER.contains(&word)
}

/// A destination without options (`remote,user=me:path`, `:sftp,pass=x:path`), credentials, and the slash at its end.
pub(super) fn place(word: &str) -> String {
    let clean = without_credentials(word);
    let (lead, rest) = clean.strip_prefix(':').map_or(("", clean.as_str()), |rest| (":", rest));
    let named = rest.find([':', ',', '/', '\\']);
    let bare = match named.map(|at| (at, rest.get(at..).unwrap_or_default())) {
        Some((at, options)) if options.starts_with(',') => {
            // Values may be quoted and then hold colons: the path stands behind the last quote, or the last colon.
            let quoted = options.rfind(['"', '\'']).map_or(0, |q| q + 1);
            let path = options.get(quoted..).unwrap_or_default();
            let path = if quoted > 0 { path.split_once(':') } else { path.rsplit_once(':') };
            format!("{lead}{}:{}", rest.get(..at).unwrap_or_default(), path.map_or("", |(_, path)| path))
        }
        _ => clean,
    };
    match bare.trim_end_matches('/') {
        "" => bare,
        trimmed => trimmed.to_owned(),
    }
}

/// Exit codes (`lib/exitcode`; documentation, "Exit code").
pub(super) const fn exit_code(code: i64) -> Code {
    match code {
        1 => Code::Failed("error not otherwise categorised"),
        2 => Code::Failed("syntax or usage error"),
        3 => Code::Failed("directory not found"),
        4 => Code::Failed("file not found"),
        5 => Code::Failed("temporary error"),
        6 => Code::Failed("less serious errors"),
        7 => Code::Failed("fatal error"),
        8 => Code::Failed("the limit set by --max-transfer was reached"),
        // `--error-on-no-transfer`: successful, and no file had changed.
        9 => Code::Done,
        10 => Code::Failed("the limit set by --max-duration was reached"),
        _ => Code::Failed("failed"),
    }
}
