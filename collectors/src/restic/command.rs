//! Command lines: which restic command ran, on which paths, with which of the options that matter here.

/// What a command does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Backup,
    Restore,
    Check,
    Forget,
    Snapshots,
    /// `init`, `stats`, `unlock`, `cat` and the rest: no evidence of runs.
    Other,
}

/// A restic command line.
#[derive(Debug, Clone)]
pub(super) struct Command {
    pub action: Action,
    /// Words after the command that are neither options nor their values: paths or snapshot ids.
    pub operands: Vec<String>,
    /// Options as (name, value); the value is empty for switches.
    pub options: Vec<(String, String)>,
}

/// Options of restic (0.14 to 0.19, `restic help <command>`) that take the next word as their value.
const WITH_VALUE: &[&str] = &[
    "-r",
    "--repo",
    "--repository-file",
    "-p",
    "--password-file",
    "--password-command",
    "--key-hint",
    "--cache-dir",
    "--cacert",
    "--tls-client-cert",
    "-o",
    "--option",
    "--limit-upload",
    "--limit-download",
    "--compression",
    "--pack-size",
    "--retry-lock",
    "--http-user-agent",
    "--stuck-request-timeout",
    "--from-repo",
    "--from-repository-file",
    "--from-password-file",
    "--from-password-command",
    "--from-key-hint",
    "--tag",
    "-H",
    "--host",
    "--time",
    "--parent",
    "-e",
    "--exclude",
    "--iexclude",
    "--exclude-file",
    "--iexclude-file",
    "--exclude-if-present",
    "--exclude-larger-than",
    "--files-from",
    "--files-from-verbatim",
    "--files-from-raw",
    "--read-concurrency",
    "-g",
    "--group-by",
    "--stdin-filename",
    "-t",
    "--target",
    "-i",
    "--include",
    "--iinclude",
    "--include-file",
    "--iinclude-file",
    "--path",
    "--overwrite",
    "--latest",
    "--mode",
    "--read-data-subset",
    "-l",
    "--keep-last",
    "--keep-hourly",
    "--keep-daily",
    "--keep-weekly",
    "--keep-monthly",
    "--keep-yearly",
    "--keep-within",
    "--keep-within-hourly",
    "--keep-within-daily",
    "--keep-within-weekly",
    "--keep-within-monthly",
    "--keep-within-yearly",
    "--keep-tag",
    "-d",
    "-w",
    "-m",
    "-y",
    "--max-unused",
    "--max-repack-size",
];

impl Command {
    /// Reads a command line. `None` where it runs no restic command, or more than one: then only the
    /// output can tell what was done.
    pub fn read(line: &str) -> Option<Self> {
        let words = words(line);
        let mut found = words.split(|w| is_separator(w)).filter_map(Self::of_words);
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }

    /// A user or a folder may be named `restic` too: the one that a known command follows counts.
    fn of_words(words: &[String]) -> Option<Self> {
        let places = words.iter().enumerate().filter(|(_, w)| is_restic(w)).map(|(at, _)| at);
        let all: Vec<Self> = places.filter_map(|at| Self::after(words, at)).collect();
        let known = all.iter().find(|c| c.action != Action::Other);
        known.or(all.first()).cloned()
    }

    fn after(words: &[String], at: usize) -> Option<Self> {
        let mut rest = words.iter().skip(at + 1);
        let mut action = None;
        let mut operands = Vec::new();
        let mut options = Vec::new();
        let mut only_operands = false;
        while let Some(word) = rest.next() {
            if word == "--" && !only_operands {
                only_operands = true;
            } else if !only_operands && word.starts_with('-') && word.len() > 1 {
                if let Some((name, value)) = word.split_once('=') {
                    options.push((name.to_owned(), value.to_owned()));
                } else if WITH_VALUE.contains(&word.as_str()) && (action.is_some() || word != "-l") {
                    options.push((word.clone(), rest.next().cloned().unwrap_or_default()));
                } else {
                    options.push((word.clone(), String::new()));
                }
            } else if action.is_none() {
                action = Some(match word.as_str() {
                    "backup" => Action::Backup,
                    "restore" => Action::Restore,
                    "check" => Action::Check,
                    "forget" => Action::Forget,
                    "snapshots" => Action::Snapshots,
                    _ => Action::Other,
                });
            } else {
                operands.push(word.clone());
            }
        }
        Some(Self { action: action?, operands, options })
    }

    /// True where one of these options is given.
    pub fn has(&self, names: &[&str]) -> bool {
        self.options.iter().any(|(name, _)| names.contains(&name.as_str()))
    }

    /// The value of the last of these options.
    pub fn value(&self, names: &[&str]) -> Option<&str> {
        self.options.iter().rev().find(|(name, _)| names.contains(&name.as_str())).map(|(_, value)| value.as_str())
    }

    /// `--dry-run`: nothing was done.
    pub fn dry_run(&self) -> bool {
        self.has(&["-n", "--dry-run"])
    }
}

fn is_restic(word: &str) -> bool {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    name == "restic" || name == "restic.exe" || name.starts_with("restic_") || name.starts_with("restic:")
}

pub(crate) fn is_separator(word: &str) -> bool {
    matches!(word, "&&" | "||" | ";" | "|" | "&")
}

/// True where the word is the user that `su`, `sudo` or `runuser` is given: many tools run as a user of their name.
pub(crate) fn is_user(words: &[String], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|at| words.get(at)).map(String::as_str);
    matches!(before, Some("-" | "-l" | "-u" | "--user" | "su"))
}

/// Words of a shell command line: quotes and backslashes undone, nothing expanded. A separator is a word of its own.
/// The line that a shell (`bash -c '…'`) or another machine (`ssh host '…'`) is given is read as words too.
pub(crate) fn words(line: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut inner = false;
    for word in plain_words(line) {
        if inner && word.contains(char::is_whitespace) && word.len() < line.len() {
            inner = false;
            out.extend(words(&word));
            continue;
        }
        let name = word.rsplit('/').next().unwrap_or_default();
        inner |= matches!(name, "sh" | "bash" | "dash" | "ash" | "zsh" | "ksh" | "ssh" | "su" | "runuser");
        inner &= !is_separator(&word);
        out.push(word);
    }
    out
}

fn plain_words(line: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some('"') | None, '\\') => word.get_or_insert_default().extend(chars.next()),
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => out.extend(word.take()),
            (None, ';' | '|' | '&') => {
                out.extend(word.take());
                let mut separator = c.to_string();
                if chars.peek() == Some(&c) {
                    separator.extend(chars.next());
                }
                out.push(separator);
            }
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    out.extend(word);
    out
}
