//! Command lines of borg and borgmatic.

use crate::record::RunRecord;
use crate::restic::command::{is_separator, words};

/// What a command does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Create,
    Extract,
    Check,
    Prune,
    Delete,
    List,
    /// `init`, `compact`, `mount` and the rest: no evidence of runs.
    Other,
}

/// A command line.
#[derive(Debug, Clone)]
pub(super) struct Command {
    pub borgmatic: bool,
    /// The command of borg; of borgmatic, which may do several in turn, the one that matters most.
    pub action: Action,
    pub repository: Option<String>,
    pub archive: Option<String>,
    pub dry_run: bool,
    pub json: bool,
    /// An option that leaves archives out.
    pub filtered: bool,
    /// Only some paths of the archive are extracted.
    pub paths: bool,
}

/// Options of borg (1.1 to 1.4, `borg help <command>`) that take the next word as their value.
const WITH_VALUE: &[&str] = &[
    "--lock-wait",
    "--remote-path",
    "--remote-ratelimit",
    "--upload-ratelimit",
    "--remote-buffer",
    "--upload-buffer",
    "--debug-topic",
    "--debug-profile",
    "--rsh",
    "--umask",
    "--socket",
    "--comment",
    "--timestamp",
    "--stdin-name",
    "--stdin-user",
    "--stdin-group",
    "--stdin-mode",
    "--filter",
    "-e",
    "--exclude",
    "--exclude-from",
    "--pattern",
    "--patterns-from",
    "--exclude-if-present",
    "--files-cache",
    "--chunker-params",
    "-c",
    "--checkpoint-interval",
    "-C",
    "--compression",
    "--paths-delimiter",
    "--strip-components",
    "-P",
    "--prefix",
    "-a",
    "--glob-archives",
    "--match-archives",
    "--sort-by",
    "--first",
    "--last",
    "--older",
    "--newer",
    "--oldest",
    "--newest",
    "--format",
    "--max-duration",
    "--keep-within",
    "--keep-last",
    "--keep-secondly",
    "--keep-minutely",
    "-H",
    "--keep-hourly",
    "-d",
    "--keep-daily",
    "-w",
    "--keep-weekly",
    "-m",
    "--keep-monthly",
    "-y",
    "--keep-yearly",
    "--repo",
    "-r",
    "--archive",
    "--destination",
    "--path",
    "--config",
    "--verbosity",
    "-v",
    "--syslog-verbosity",
    "--log-file",
    "--log-file-verbosity",
    "--monitoring-verbosity",
    "--override",
    "--encryption",
    "--repository",
];

const FILTERS: &[&str] = &[
    "-P",
    "--prefix",
    "-a",
    "--glob-archives",
    "--match-archives",
    "--first",
    "--last",
    "--older",
    "--newer",
    "--oldest",
    "--newest",
    "--archive",
];

impl Command {
    /// Reads the command of a record. `None` where it runs neither tool, or one of them more than once:
    /// then only the output can tell what was done.
    pub fn read(record: &RunRecord) -> Option<Self> {
        let words = words(&record.command);
        let mut found = words.split(|w| is_separator(w)).filter_map(|w| Self::of_words(w, record));
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }

    /// A user or a folder may be named `borg` too: the one that a known command follows counts.
    fn of_words(words: &[String], record: &RunRecord) -> Option<Self> {
        let all: Vec<Self> = (0..words.len()).filter_map(|at| Self::after(words, at, record)).collect();
        let known = all.iter().find(|c| c.action != Action::Other);
        known.or(all.first()).cloned()
    }

    fn after(words: &[String], at: usize, record: &RunRecord) -> Option<Self> {
        let name = |w: &String| w.rsplit(['/', '\\']).next().unwrap_or(w).trim_end_matches(".exe").to_owned();
        let is_tool = |n: &str| matches!(n, "borg" | "borgmatic") || n.starts_with("borg-linux");
        let tool = words.get(at).map(name).filter(|n| is_tool(n))?;
        let borgmatic = tool == "borgmatic";
        let mut rest = words.iter().skip(at + 1).peekable();
        let mut operands: Vec<&str> = Vec::new();
        let mut options: Vec<(&str, &str)> = Vec::new();
        while let Some(word) = rest.next() {
            if !word.starts_with('-') || word == "-" {
                operands.push(word);
            } else if let Some((name, value)) = word.split_once('=') {
                options.push((name, value));
            } else if WITH_VALUE.contains(&word.as_str()) && (borgmatic || word != "-v") {
                options.push((word, rest.next().map_or("", String::as_str)));
            } else {
                options.push((word, ""));
            }
        }
        let has = |names: &[&str]| options.iter().any(|(name, _)| names.contains(name));
        let value =
            |names: &[&str]| options.iter().find(|(name, _)| names.contains(name)).map(|(_, v)| (*v).to_owned());
        let action = if borgmatic { borgmatic_action(&operands) } else { borg_action(operands.first()?) };
        let target = operands.iter().skip(1).find(|o| o.contains("::")).copied();
        let (mut repository, archive) = match target.and_then(|t| t.split_once("::")) {
            Some((repository, archive)) => (Some(repository.to_owned()), Some(archive.to_owned())),
            None => (value(&["--repo", "-r", "--repository"]), value(&["--archive"])),
        };
        if !borgmatic
            && target.is_none()
            && repository.is_none()
            && matches!(action, Action::Check | Action::Prune | Action::List)
        {
            repository = operands.get(1).map(|o| (*o).to_owned());
        }
        let repository = repository.filter(|r| !r.is_empty()).or_else(|| record.env.get("BORG_REPO").cloned());
        Some(Self {
            borgmatic,
            action,
            repository,
            // Placeholders (`{now}`) are filled in by the tool: the name is then unknown here.
            archive: archive.filter(|a| !a.is_empty() && !a.contains('{') && a != "latest"),
            dry_run: has(&["-n", "--dry-run"]),
            json: has(&["--json"]),
            filtered: has(FILTERS) || (matches!(action, Action::List | Action::Check) && target.is_some()),
            paths: has(&["--path", "-e", "--exclude", "--pattern", "--patterns-from", "--exclude-from"])
                || (action == Action::Extract && !borgmatic && operands.len() > 2),
        })
    }
}

fn borg_action(word: &str) -> Action {
    match word {
        "create" => Action::Create,
        "extract" => Action::Extract,
        "check" => Action::Check,
        "prune" => Action::Prune,
        "delete" => Action::Delete,
        "list" | "info" | "rlist" | "rinfo" | "repo-list" | "repo-info" => Action::List,
        _ => Action::Other,
    }
}

/// borgmatic without an action creates, prunes, compacts and checks.
fn borgmatic_action(operands: &[&str]) -> Action {
    let all: Vec<Action> = operands.iter().map(|o| borg_action(o)).collect();
    let order = [Action::Create, Action::Extract, Action::Check, Action::Prune, Action::Delete, Action::List];
    match order.into_iter().find(|a| all.contains(a)) {
        Some(action) => action,
        None if operands.is_empty() => Action::Create,
        None => Action::Other,
    }
}

/// Name of a repository: the last part of where it is.
pub(super) fn repository_name(location: &str) -> String {
    let path = location.trim_end_matches(['/', '\\']);
    path.rsplit(['/', ':', '\\']).next().unwrap_or(path).to_owned()
}
