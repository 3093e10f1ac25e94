//! What the words of a command and its exit code amount to: shared by readers of tools that print little.
//!
//! A signal outweighs everything, a failure outweighs an end, and an end or an exit code of 0 is the only
//! sign of success. What neither ended nor failed is `running` where its record is young and open, else `unknown`.

use std::collections::BTreeMap;

use chrono::Duration;
use model::rows::{RunStatus, TestResult};
use model::time::Instant;
use sha2::{Digest, Sha256};

use crate::record::RunRecord;
use crate::shell::without_credentials;

/// Longest time that a command without an end is taken to be still at work.
pub(crate) const MAY_STILL_RUN: Duration = Duration::hours(24);

/// Longest text of a message that is kept, in characters.
const LONGEST: usize = 600;

/// What a command said about how it went. Texts hold no credentials.
#[derive(Debug, Clone, Default)]
pub(crate) struct Said {
    /// Words that say it ended well.
    pub end: Option<String>,
    /// First cause of a failure.
    pub failure: Option<String>,
    /// Words that say a signal ended it.
    pub signal: Option<String>,
    warnings: Vec<String>,
    more: u64,
}

impl Said {
    /// Notes the words of an end.
    pub fn end(&mut self, words: &str) {
        self.end.get_or_insert_with(|| short(words));
    }

    /// Notes a failure; the first one is the cause.
    pub fn fail(&mut self, words: &str) {
        self.failure.get_or_insert_with(|| short(words));
    }

    /// Notes a signal.
    pub fn signal(&mut self, words: &str) {
        self.signal.get_or_insert_with(|| short(words));
    }

    /// Notes a warning; the first five are kept, the rest counted.
    pub fn warn(&mut self, words: &str) {
        if self.warnings.len() < SHOWN {
            self.warnings.push(short(words));
        } else {
            self.more += 1;
        }
    }

    /// The warnings as one text.
    pub fn warnings(&self) -> Option<String> {
        together(&self.warnings, self.more)
    }

    /// True where it is over: a later line is another command's.
    pub const fn closed(&self) -> bool {
        self.end.is_some() || self.failure.is_some() || self.signal.is_some()
    }
}

/// Most warnings whose words are kept.
const SHOWN: usize = 5;

/// Warnings as one text: the first five, and how many more there are beside `warnings`.
pub(crate) fn together(warnings: &[String], more: u64) -> Option<String> {
    let mut text = warnings.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("; ");
    let more = more + warnings.len().saturating_sub(SHOWN) as u64;
    if more > 0 {
        text.push_str(&format!("; and {more} more"));
    }
    (!text.is_empty()).then_some(text)
}

fn short(words: &str) -> String {
    let words = without_credentials(words.trim());
    match words.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", words.get(..at).unwrap_or_default()),
        None => words,
    }
}

/// What an exit code of a tool means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    /// Done.
    Done,
    /// Done, with warnings.
    Warned(&'static str),
    /// Failed.
    Failed(&'static str),
    /// A signal, or a person, ended it.
    Aborted,
}

/// What is known around a command.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Around<'a> {
    pub record: Option<&'a RunRecord>,
    /// The recorded exit code can be another command's.
    pub masked: bool,
    /// Output may be missing in part, so that an exit code of 0 is not the whole truth.
    pub missing: bool,
    pub collected_at: Instant,
}

/// State of a command, with the words it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub status: RunStatus,
    pub raw: String,
    pub detail: Option<String>,
}

/// Judges a command; `code` tells what exit codes from 1 on mean.
pub(crate) fn verdict(said: &Said, around: &Around<'_>, code: &dyn Fn(i64) -> Code) -> Verdict {
    let exit = around.record.and_then(|r| r.exit_code).filter(|_| !around.masked);
    let killed = around.record.and_then(|r| r.killed_by.as_ref());
    let told = said.failure.as_ref().or(said.signal.as_ref()).or(said.end.as_ref());
    let raw = told.cloned().or_else(|| exit.map(|c| format!("exit code {c}"))).unwrap_or_else(|| "no end".to_owned());
    let say = |status, detail: Option<String>| Verdict { status, raw: raw.clone(), detail };
    let meaning = exit.filter(|c| *c != 0).map(|c| match code(c) {
        Code::Failed(words) | Code::Warned(words) => format!("exit code {c}: {words}"),
        Code::Done | Code::Aborted => format!("exit code {c}"),
    });
    let cause = |first: Option<String>| {
        let parts: Vec<String> = first.into_iter().chain(meaning.clone()).collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    };
    if let Some(signal) = killed {
        return Verdict { raw: format!("killed by {signal}"), ..say(RunStatus::Aborted, said.signal.clone()) };
    }
    let kind = exit.map(|c| if c == 0 { Code::Done } else { code(c) });
    // Shells report a signal N as 128 + N.
    if exit.is_some_and(|c| c < 0 || (129..=159).contains(&c))
        || kind == Some(Code::Aborted)
        || (said.signal.is_some() && (said.end.is_none() || exit.is_some_and(|c| c != 0)))
    {
        return say(RunStatus::Aborted, cause(said.signal.clone()));
    }
    if said.failure.is_some() || matches!(kind, Some(Code::Failed(_))) {
        return say(RunStatus::Failed, cause(said.failure.clone().or_else(|| said.warnings())));
    }
    if matches!(kind, Some(Code::Warned(_))) {
        return say(RunStatus::Partial, cause(said.warnings()));
    }
    if said.end.is_some() || (kind == Some(Code::Done) && !around.missing) {
        let status = if said.warnings.is_empty() { RunStatus::Success } else { RunStatus::Partial };
        return say(status, cause(said.warnings()));
    }
    let open = around.record.filter(|r| r.finished_at.is_none() && r.exit_code.is_none()).and_then(|r| r.started_at);
    if open.is_some_and(|start| may_still_run(start, around.collected_at)) {
        return say(RunStatus::Running, None);
    }
    say(RunStatus::Unknown, Some("neither an end nor a failure: nothing tells how it went".to_owned()))
}

/// True where something begun then can be at work still.
pub(crate) fn may_still_run(start: Instant, collected_at: Instant) -> bool {
    start <= collected_at && collected_at - start < MAY_STILL_RUN
}

/// The result of a restore in this state; there is no word for "not told", and a guess would be evidence of a restore.
pub(crate) const fn test_result(status: RunStatus) -> Option<TestResult> {
    match status {
        RunStatus::Success => Some(TestResult::Success),
        RunStatus::Partial => Some(TestResult::Partial),
        RunStatus::Failed | RunStatus::Expired => Some(TestResult::Failed),
        RunStatus::Aborted => Some(TestResult::Aborted),
        RunStatus::Running => Some(TestResult::Running),
        RunStatus::Pending | RunStatus::Unknown => None,
    }
}

/// Ids of commands that have none of their own.
#[derive(Debug, Default)]
pub(crate) struct Ids(BTreeMap<String, u32>);

impl Ids {
    /// `word`, the start and what was worked on; without a start, a digest of the name and the lines.
    pub fn of(&mut self, word: &str, start: Option<Instant>, on: &str, name: &str, lines: &Sha256) -> String {
        let base = match start {
            Some(at) => format!("{word}/{}/{on}", at.format("%Y-%m-%dT%H:%M:%S%.3fZ")),
            None => {
                let mut hash = lines.clone();
                hash.update(name);
                let digest: String = hash.finalize().iter().take(8).map(|b| format!("{b:02x}")).collect();
                format!("{word}/{digest}")
            }
        };
        self.unique(base)
    }

    /// The id, numbered where it is taken.
    pub fn unique(&mut self, base: String) -> String {
        let count = self.0.entry(base.clone()).or_default();
        *count += 1;
        if *count == 1 { base } else { format!("{base}/{count}") }
    }
}
