//! Command lines: which PostgreSQL tool ran, on what, into which file, and whose exit code it was.
//!
//! Options follow the manual pages of PostgreSQL 9.6 to 18. Shell syntax is read only as far as it
//! decides what an exit code means: pipes, lists, redirections and `set -o pipefail`.

use crate::shell::{Segment, segments};

/// A tool whose traces this reader knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tool {
    Dump,
    DumpAll,
    BaseBackup,
    Restore,
    /// `psql` fed with a script: the way a plain dump is restored.
    Psql,
    /// `pg_restore --list`, or `pg_restore` into a script: the archive is read, nothing restored.
    List,
    Verify,
}

impl Tool {
    /// The tool of this program name, as it stands in its messages and on command lines.
    pub(super) fn named(program: &str) -> Option<Self> {
        let base = program.rsplit(['/', '\\']).next().unwrap_or(program);
        Some(match base.strip_suffix(".exe").unwrap_or(base) {
            "pg_dump" => Self::Dump,
            "pg_dumpall" => Self::DumpAll,
            "pg_basebackup" => Self::BaseBackup,
            "pg_restore" => Self::Restore,
            "pg_verifybackup" => Self::Verify,
            "psql" => Self::Psql,
            _ => return None,
        })
    }

    /// Name of its program.
    pub(super) const fn program(self) -> &'static str {
        match self {
            Self::Dump => "pg_dump",
            Self::DumpAll => "pg_dumpall",
            Self::BaseBackup => "pg_basebackup",
            Self::Restore | Self::List => "pg_restore",
            Self::Verify => "pg_verifybackup",
            Self::Psql => "psql",
        }
    }

    /// True for tools that make a backup.
    pub(super) const fn makes_backup(self) -> bool {
        matches!(self, Self::Dump | Self::DumpAll | Self::BaseBackup)
    }

    /// Short options that take a value.
    const fn valued(self) -> &'static str {
        match self {
            Self::Dump => "dfFjnNtTeEhpUSZ",
            Self::DumpAll => "fdlhpUSE",
            Self::BaseBackup => "DFTXZlcrhpUsdSi",
            Self::Restore | Self::List => "dfFjnNtTIPLSUhp",
            Self::Verify => "eimw",
            Self::Psql => "dfchpUvoLFPRT",
        }
    }
}

/// Long options that take a value, which may be the next word.
const VALUED_LONG: &[&str] = &[
    "dbname",
    "file",
    "format",
    "jobs",
    "schema",
    "exclude-schema",
    "table",
    "exclude-table",
    "exclude-table-data",
    "encoding",
    "host",
    "port",
    "username",
    "superuser",
    "compress",
    "role",
    "section",
    "lock-wait-timeout",
    "snapshot",
    "rows-per-insert",
    "extra-float-digits",
    "extension",
    "filter",
    "sync-method",
    "include-foreign-data",
    "table-and-children",
    "exclude-table-and-children",
    "database",
    "pgdata",
    "label",
    "checkpoint",
    "max-rate",
    "wal-method",
    "waldir",
    "slot",
    "incremental",
    "target",
    "manifest-checksums",
    "tablespace-mapping",
    "status-interval",
    "use-list",
    "function",
    "index",
    "trigger",
    "exclude-database",
    "variable",
    "command",
    "output",
    "log-file",
    "manifest-path",
    "wal-directory",
    "ignore",
];

/// What a command line tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Command {
    /// The tool; absent for a wrapper of which only the name is known.
    pub(super) tool: Option<Tool>,
    /// Database dumped, or restored into.
    pub(super) database: Option<String>,
    /// Server named with `-h`, unless it is a socket folder.
    pub(super) host: Option<String>,
    /// File or folder written by a backup.
    pub(super) output: Option<String>,
    /// File or folder read by a restore or check.
    pub(super) input: Option<String>,
    /// What a dump or restore was narrowed to, for example `table=orders`.
    pub(super) selection: Option<String>,
    /// Only roles and tablespaces (`pg_dumpall --globals-only`).
    pub(super) globals: bool,
    /// `pg_basebackup --incremental`.
    pub(super) incremental: bool,
    /// Tool that encrypts the output, with its cipher where named.
    pub(super) encryption: Option<(String, Option<String>)>,
    /// The output goes through a program whose doings are unknown (an upload, for example).
    pub(super) leaves_machine: bool,
    /// The exit code of the line is another program's when it is 0.
    pub(super) exit_masked: bool,
    /// The tool stands in a pipe whose exit code is the last program's.
    pub(super) pipe_masked: bool,
}

impl Command {
    /// Reads a command line. One without a known tool gives the words a wrapper was called with.
    pub(super) fn read(line: &str) -> Self {
        let segments = segments(line);
        // `bash -c '…'`, `ssh host '…'`: the line that matters is one word of the outer one.
        for word in segments.iter().flat_map(|s| &s.words) {
            let inner = word.split_whitespace().count() > 1
                && word.split(|c: char| c.is_whitespace() || ";|&()".contains(c)).any(|w| named(w).is_some());
            if inner && word.len() < line.len() {
                return Self::read(word);
            }
        }
        let Some((at, start, tool)) = segments.iter().enumerate().find_map(|(at, segment)| {
            let (start, tool) = segment.words.iter().enumerate().find_map(|(n, w)| Some((n, named(w)?)))?;
            (tool != Tool::Psql || runs_script(&segments, at)).then_some((at, start, tool))
        }) else {
            return Self::wrapper(&segments);
        };
        let mut out = Self { tool: Some(tool), ..Self::default() };
        if let Some(segment) = segments.get(at) {
            out.options(tool, segment.words.get(start + 1..).unwrap_or_default());
            if tool.makes_backup() {
                out.output = out.output.take().or_else(|| segment.writes.clone());
            } else {
                out.input = out.input.take().or_else(|| segment.reads.clone());
            }
        }
        out.follow_pipe(&segments, at);
        if matches!(tool, Tool::Restore | Tool::Psql) && out.input.is_none() && at > 0 {
            // `zcat crm.sql.gz | psql crm`
            out.input = segments.get(at - 1).filter(|s| s.then == "|").and_then(|s| {
                s.reads.clone().or_else(|| s.words.iter().skip(1).rfind(|w| !w.starts_with('-')).cloned())
            });
        }
        out
    }

    fn wrapper(segments: &[Segment]) -> Self {
        let words = segments.first().map(|s| s.words.as_slice()).unwrap_or_default();
        let arguments = || words.iter().skip(1).filter(|w| !w.starts_with('-'));
        Self {
            output: arguments().find(|w| super::dump::has_dump_name(w)).cloned(),
            database: arguments()
                .find(|w| !w.contains(['/', '.', '=', '$']))
                .filter(|_| words.first().is_some_and(|w| backup_word(w)))
                .cloned(),
            ..Self::default()
        }
    }

    fn options(&mut self, tool: Tool, words: &[String]) {
        let mut positional = Vec::new();
        let mut list = false;
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            if word == "--" {
                positional.extend(rest.by_ref().cloned());
            } else if let Some(long) = word.strip_prefix("--") {
                let (name, value) = match long.split_once('=') {
                    Some((name, value)) => (name, Some(value.to_owned())),
                    None if VALUED_LONG.contains(&long) => (long, rest.next().cloned()),
                    None => (long, None),
                };
                list |= name == "list";
                self.option(tool, name, value.unwrap_or_default());
            } else if word.len() > 1 && word.starts_with('-') {
                for (at, letter) in word.char_indices().skip(1) {
                    if tool.valued().contains(letter) {
                        let value = word.get(at + letter.len_utf8()..).unwrap_or_default();
                        let value =
                            if value.is_empty() { rest.next().cloned().unwrap_or_default() } else { value.to_owned() };
                        self.option(tool, long_name(tool, letter), value);
                        break;
                    }
                    list |= tool == Tool::Restore && letter == 'l';
                    self.option(tool, long_name(tool, letter), String::new());
                }
            } else {
                positional.push(word.clone());
            }
        }
        match tool {
            Tool::Dump | Tool::Psql => {
                self.host = self.host.take().or_else(|| positional.first().and_then(|d| host_of(d)));
                self.database = self.database.take().or_else(|| positional.first().map(|d| database_of(d)));
            }
            Tool::Restore | Tool::List | Tool::Verify => {
                self.input = self.input.take().or_else(|| positional.first().cloned());
            }
            Tool::DumpAll | Tool::BaseBackup => {}
        }
        if tool == Tool::Restore && (list || self.database.is_none()) {
            self.tool = Some(Tool::List);
        }
        if matches!(tool, Tool::DumpAll | Tool::BaseBackup) {
            // What they connect to is not what they back up.
            self.database = None;
        }
    }

    fn option(&mut self, tool: Tool, name: &str, value: String) {
        let narrowed = |what: &str| Some(format!("{what}={}", value.trim_matches('"')));
        match name {
            "dbname" | "database" => {
                if self.host.is_none() {
                    self.host = host_of(&value);
                }
                self.database = Some(database_of(&value));
            }
            "host" if !value.starts_with(['/', '@']) && !value.is_empty() => self.host = Some(value),
            "file" if tool == Tool::Psql => self.input = Some(value),
            "file" | "pgdata" => self.output = Some(value),
            "table" | "schema" | "extension" | "function" | "index" | "trigger" | "section" | "table-and-children"
                if matches!(tool, Tool::Dump | Tool::Restore) =>
            {
                self.selection = self.selection.take().or_else(|| narrowed(name));
            }
            "use-list" | "filter" => self.selection = self.selection.take().or_else(|| narrowed(name)),
            "schema-only" | "data-only" | "statistics-only" | "roles-only" | "tablespaces-only" => {
                self.selection = Some(name.to_owned());
            }
            "globals-only" => self.globals = true,
            "incremental" => self.incremental = true,
            _ => {}
        }
    }

    /// What stands behind the tool: who encrypts, who writes, and whose exit code comes out.
    fn follow_pipe(&mut self, segments: &[Segment], tool_at: usize) {
        let pipefail = segments.iter().any(|s| s.words.iter().any(|w| w == "pipefail"));
        let mut at = tool_at;
        while segments.get(at).is_some_and(|s| s.then == "|") {
            self.pipe_masked |= !pipefail;
            at += 1;
            if let Some(next) = segments.get(at) {
                self.filter(next);
            }
        }
        self.exit_masked = self.pipe_masked;
        let Some(mut segment) = segments.get(at) else { return };
        let ends_with_own_code = segments.last().is_some_and(|s| {
            s.words.first().is_some_and(|w| w == "exit") && s.words.get(1).is_some_and(|w| w.starts_with('$'))
        });
        while !segment.then.is_empty() {
            match segment.then {
                "&&" | "|" => {}
                ";" if ends_with_own_code => return,
                ";" if segments.len() == at + 1 => return,
                _ => self.exit_masked = true,
            }
            at += 1;
            match segments.get(at) {
                Some(next) => segment = next,
                None => return,
            }
        }
    }

    fn filter(&mut self, segment: &Segment) {
        let base = |w: &String| w.rsplit('/').next().unwrap_or(w).to_owned();
        let after = |names: &[&str]| {
            segment.words.iter().enumerate().find_map(|(n, w)| {
                let (name, inline) = w.split_once('=').map_or((w.as_str(), None), |(n, v)| (n, Some(v.to_owned())));
                names.contains(&name).then(|| inline.or_else(|| segment.words.get(n + 1).cloned())).flatten()
            })
        };
        let Some(program) = segment.words.iter().map(base).find(|w| !w.contains('=') && w != "sudo" && w != "nice")
        else {
            return;
        };
        let mut writes = segment.writes.clone();
        match program.as_str() {
            "gpg" | "gpg2" => {
                self.encryption = Some((program, after(&["--cipher-algo", "--personal-cipher-preferences"])));
                writes = writes.or_else(|| after(&["-o", "--output"]));
            }
            "age" | "rage" => {
                self.encryption = Some((program, None));
                writes = writes.or_else(|| after(&["-o", "--output"]));
            }
            "openssl" => {
                let cipher = segment
                    .words
                    .iter()
                    .find_map(|w| w.strip_prefix('-').filter(|w| w.starts_with("aes") || w.starts_with("chacha")));
                self.encryption = Some((program, cipher.map(str::to_owned)));
                writes = writes.or_else(|| after(&["-out"]));
            }
            "gzip" | "pigz" | "bzip2" | "pbzip2" | "xz" | "zstd" | "lz4" | "zstdmt" => {
                writes = writes.or_else(|| after(&["-o"]));
            }
            "tee" | "cat" | "pv" | "dd" | "buffer" | "mbuffer" | "sed" | "grep" => {
                writes = writes.or_else(|| {
                    segment
                        .words
                        .iter()
                        .skip(1)
                        .find(|w| super::dump::has_dump_name(w))
                        .map(|w| w.strip_prefix("of=").unwrap_or(w).to_owned())
                });
            }
            _ => self.leaves_machine = true,
        }
        if self.tool.is_some_and(Tool::makes_backup) && writes.is_some() {
            self.output = writes;
        }
    }
}

fn named(word: &str) -> Option<Tool> {
    Tool::named(word.trim_start_matches(['(', '{', '`']).trim_start_matches("$("))
}

/// True for names of scripts that speak of backups.
pub(super) fn backup_word(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    lower.contains("backup") || lower.contains("dump") || lower.contains("pgback")
}

fn runs_script(segments: &[Segment], at: usize) -> bool {
    let Some(segment) = segments.get(at) else { return false };
    let file = segment.words.iter().any(|w| (w.starts_with("-f") && !w.starts_with("--")) || w.starts_with("--file"));
    let command = segment
        .words
        .iter()
        .any(|w| w == "-c" || w.starts_with("--command") || w.ends_with("tc") || w.ends_with("Atc"));
    let piped = at > 0 && segments.get(at - 1).is_some_and(|s| s.then == "|");
    (file || segment.reads.is_some() || piped) && !command
}

fn long_name(tool: Tool, letter: char) -> &'static str {
    match (tool, letter) {
        (_, 'd') => "dbname",
        (_, 'f') => "file",
        (_, 'h') => "host",
        (Tool::BaseBackup, 'D') => "pgdata",
        (Tool::BaseBackup, 'i') => "incremental",
        (Tool::Dump | Tool::Restore, 't') => "table",
        (Tool::Dump | Tool::Restore, 'n') => "schema",
        (Tool::Dump, 'e') => "extension",
        (Tool::Restore, 'L') => "use-list",
        (Tool::Restore, 'I') => "index",
        (Tool::Restore, 'P') => "function",
        (Tool::Restore, 'T') => "trigger",
        (Tool::Dump | Tool::Restore | Tool::DumpAll, 's') => "schema-only",
        (Tool::Dump | Tool::Restore | Tool::DumpAll, 'a') => "data-only",
        (Tool::DumpAll, 'g') => "globals-only",
        (Tool::DumpAll, 'r') => "roles-only",
        (Tool::DumpAll, 't') => "tablespaces-only",
        _ => "",
    }
}

/// The database in a name, a `postgresql://` address or a `key=value` connection string.
fn database_of(text: &str) -> String {
    if let Some((_, rest)) = text.split_once("://") {
        let path = rest.split_once('/').map_or("", |(_, p)| p);
        return path.split('?').next().unwrap_or_default().to_owned();
    }
    let value = text.split_whitespace().find_map(|pair| pair.strip_prefix("dbname="));
    value.unwrap_or(if text.contains('=') { "" } else { text }).trim_matches(['\'', '"']).to_owned()
}

fn host_of(text: &str) -> Option<String> {
    let host = match text.split_once("://") {
        Some((_, rest)) => {
            let authority = rest.split(['/', '?']).next().unwrap_or_default();
            let host = authority.rsplit('@').next().unwrap_or_default();
            host.split(':').next().unwrap_or_default()
        }
        None => text.split_whitespace().find_map(|p| p.strip_prefix("host=")).unwrap_or_default(),
    };
    (!host.is_empty() && !host.starts_with('/')).then(|| host.to_owned())
}

/// False for command lines that begin with a program that is certainly no wrapper of a backup.
pub(super) fn may_be_wrapper(line: &str) -> bool {
    const OTHER: &[&str] = &[
        "psql",
        "createdb",
        "dropdb",
        "initdb",
        "pg_ctl",
        "pg_ctlcluster",
        "vacuumdb",
        "reindexdb",
        "pgbench",
        "ls",
        "cat",
        "echo",
        "rm",
        "cp",
        "mv",
        "mkdir",
        "du",
        "df",
        "stat",
        "sha256sum",
        "pgbackrest",
        "barman",
        "restic",
        "borg",
        "aws",
        "rclone",
    ];
    !line.split_whitespace().next().is_some_and(|w| OTHER.contains(&super::dump::base(w)))
}
