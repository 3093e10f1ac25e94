//! `collection-status`: as text, in any language, and as the lines that `--log-file` holds before the same text.

use std::sync::LazyLock;

use chrono::NaiveDateTime;
use model::time::Instant;
use regex::Regex;

/// When a set was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begun {
    At(Instant),
    /// Local to the machine that made the list.
    Local(NaiveDateTime),
}

/// A listed backup set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Set {
    pub begun: Begun,
    pub full: bool,
    pub encrypted: Option<bool>,
    pub line: u64,
}

/// A list of all sets of one target; a full set and the incremental ones behind it are a chain.
#[derive(Debug, Clone, Default)]
pub(super) struct List {
    pub sets: Vec<Set>,
    /// Nothing of it is missing.
    pub whole: bool,
    /// Its last words are known, so that a missing line end is no doubt.
    pub closed: bool,
    /// Last part of the archive directory: the backup's name, or a digest of the target.
    pub archive: Option<String>,
    machine: bool,
    in_chain: bool,
    chains: u32,
    first_of_chain: bool,
    lines: u32,
}

/// A row: type, time as C prints it, number of volumes. Words are translated, the form is not.
static ROW: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^\s*\S.*?\s{2,}([A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4})\s+\d+$").ok()
});
static MACHINE_ROW: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^ (full|inc) (\d{8}T\d{6}Z) \d+ (enc|noenc)$").ok());

const CHAIN: &str = "-------------------------";
/// What stands under the title; only there, and in no language translated.
const TITLE: &str = "-----------------";

impl List {
    /// The list that this line of text begins.
    pub fn begun_by(line: &str) -> Option<Self> {
        (line == TITLE).then(Self::default)
    }

    /// A list whose machine-readable lines follow.
    pub fn machine() -> Self {
        Self { machine: true, ..Self::default() }
    }

    /// Takes a machine-readable line.
    pub fn control(&mut self, line: &str, number: u64) {
        if let Some(row) = MACHINE_ROW.as_ref().and_then(|r| r.captures(line)) {
            let part = |at: usize| row.get(at).map_or("", |m| m.as_str());
            if let Some(at) = set_time(part(2)) {
                let encrypted = Some(part(3) == "enc");
                self.sets.push(Set { begun: Begun::At(at), full: part(1) == "full", encrypted, line: number });
            }
        } else if line.starts_with("incomplete-sets-num ") {
            self.whole = true;
            self.closed = true;
        }
    }

    /// Takes a line of text.
    pub fn text(&mut self, line: &str, number: u64) {
        if let Some(dir) = line.strip_prefix("Archive dir: ") {
            self.archive = dir.trim_end_matches('/').rsplit('/').next().map(str::to_owned);
        }
        if self.machine || self.closed || line.is_empty() {
            return;
        }
        if line == CHAIN {
            self.in_chain = !self.in_chain;
            self.chains += u32::from(self.in_chain);
            self.first_of_chain = true;
            self.whole = false;
        } else if self.in_chain {
            let local = ROW.as_ref().and_then(|r| r.captures(line)).and_then(|f| ctime(f.get(1)?.as_str()));
            if let Some(local) = local {
                let (begun, full) = (Begun::Local(local), self.first_of_chain);
                self.sets.push(Set { begun, full, encrypted: None, line: number });
                self.first_of_chain = false;
            }
        } else {
            self.lines += 1;
            // Behind the last chain stands what is orphaned; without a chain that is the fifth line.
            let tail = self.chains > 0 || self.lines >= 5;
            self.closed = line == "No orphaned or incomplete backup sets found." || line.contains("\"cleanup\"");
            self.whole = self.closed || (tail && !line.ends_with(':'));
        }
    }
}

/// A time as C's `asctime` prints it, in every locale.
pub(super) fn ctime(text: &str) -> Option<NaiveDateTime> {
    NaiveDateTime::parse_from_str(text.trim(), "%a %b %e %H:%M:%S %Y").ok()
}

/// A time as it stands in names of files: `20261020T221501Z`.
pub(super) fn set_time(text: &str) -> Option<Instant> {
    NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%SZ").ok().map(|t| t.and_utc())
}

/// The name of a set: its time as it stands in names of files.
pub(super) fn set_name(at: Instant) -> String {
    at.format("%Y%m%dT%H%M%SZ").to_string()
}
