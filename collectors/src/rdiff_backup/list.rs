//! Lists of increments, in their five forms.

use std::sync::LazyLock;

use chrono::NaiveDateTime;
use model::time::Instant;
use regex::Regex;

use super::repository::session_time;
use crate::session::epoch;

/// When a listed session was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    At(Instant),
    /// Local to the machine that made the list.
    Local(NaiveDateTime),
}

/// Reads the lines of one list.
#[derive(Debug, Clone, Default)]
pub(super) struct List {
    /// Sessions and their lines, oldest first.
    pub sessions: Vec<(When, u64)>,
    /// It told of a file or folder in the repository.
    pub narrowed: bool,
    form: Form,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Form {
    #[default]
    None,
    /// `Found 2 increments:`
    Text,
    /// `list increments --size`
    Sizes,
    /// YAML, since 2.2
    Yaml,
}

/// A time as C's `asctime` prints it.
pub(super) fn ctime(text: &str) -> Option<NaiveDateTime> {
    NaiveDateTime::parse_from_str(text.trim(), "%a %b %e %H:%M:%S %Y").ok()
}

static PARSABLE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^(\d{8,11}) (directory|regular|special|missing|file)$").ok());
static SIZES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^([A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}) +[\d.]+ \w+ +[\d.]+ \w+").ok()
});

impl List {
    /// Takes a line; true where it was one of a list.
    pub fn take(&mut self, number: u64, line: &str) -> bool {
        if line.starts_with("Found ") && line.ends_with(" increments:") {
            self.form = Form::Text;
            return true;
        }
        if line.trim_start().starts_with("Time ") && line.trim_end().ends_with("Cumulative size") {
            self.form = Form::Sizes;
            return true;
        }
        if line == "---" {
            self.form = Form::Yaml;
            return true;
        }
        if let Some(found) = PARSABLE.as_ref().and_then(|r| r.captures(line)) {
            self.epoch(number, found.get(1).map_or("", |m| m.as_str()));
            self.narrowed |= line.ends_with("regular") || line.ends_with("file");
            return true;
        }
        match self.form {
            Form::Text => self.text(number, line),
            Form::Sizes => {
                let local = SIZES.as_ref().and_then(|r| r.captures(line)).and_then(|f| ctime(f.get(1)?.as_str()));
                self.sessions.extend(local.map(|l| (When::Local(l), number)));
                local.is_some()
            }
            Form::Yaml => self.yaml(number, line),
            Form::None => false,
        }
    }

    fn text(&mut self, number: u64, line: &str) -> bool {
        if let Some(mirror) = line.strip_prefix("Current mirror: ") {
            self.sessions.extend(ctime(mirror).map(|l| (When::Local(l), number)));
            self.form = Form::None;
            return true;
        }
        let Some(name) = line.split_whitespace().next().filter(|_| line.starts_with("    ")) else { return false };
        // An interrupted session leaves a row without a time.
        let Some(at) = name.split('.').find_map(session_time) else { return true };
        self.narrowed |= !name.starts_with("increments.");
        self.sessions.push((When::At(at), number));
        true
    }

    fn yaml(&mut self, number: u64, line: &str) -> bool {
        let field = line.trim_start_matches(['-', ' ']);
        if let Some(seconds) = field.strip_prefix("time: ") {
            self.epoch(number, seconds);
        } else if let Some(base) = field.strip_prefix("base: ") {
            self.narrowed |= base.split('.').any(|p| session_time(p).is_some()) && !base.starts_with("increments.");
        } else if line == "..." {
            self.form = Form::None;
        } else {
            return ["size: ", "total_size: ", "type: "].iter().any(|f| field.starts_with(f));
        }
        true
    }

    fn epoch(&mut self, number: u64, seconds: &str) {
        // An interrupted session leaves a time before 1970.
        let at = seconds.trim().parse().ok().filter(|s: &f64| *s > 0.0).and_then(epoch);
        self.sessions.extend(at.map(|at| (When::At(at), number)));
    }
}
