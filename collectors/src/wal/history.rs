//! Timeline history files: `<8 hex digits>.history`, one line for each ancestor, oldest first:
//! `<timeline, decimal><tab><LSN of the switch><tab><reason>`. Empty lines and lines that begin with `#` are comments
//! (`timeline.c`, `readTimeLineHistory`). Timeline 1 has no file.

use super::segment::{ArchiveFile, Lsn, archive_file};

/// An ancestor of a timeline: up to `switch` the timeline's log is that of `timeline`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ancestor {
    /// The ancestor.
    pub timeline: u32,
    /// Where the next timeline leaves it.
    pub switch: Lsn,
}

/// Timeline that a file is the history of, by its name.
pub(crate) fn of_file(name: &str) -> Option<u32> {
    match archive_file(name) {
        Some((ArchiveFile::History(timeline), _)) => Some(timeline),
        _ => None,
    }
}

/// True where a text may be a history file: PostgreSQL's own rule, applied to its first line that is no comment.
pub(crate) fn is_history(text: &str) -> bool {
    lines(text).next().is_some_and(|(_, line)| ancestor(line).is_some())
}

/// Reads a history file, oldest ancestor first.
///
/// # Errors
/// The first line (from 1) that PostgreSQL would refuse: no ancestor, or one that does not come after the one before.
pub(crate) fn read(text: &str) -> Result<Vec<Ancestor>, usize> {
    let mut out: Vec<Ancestor> = Vec::new();
    for (number, line) in lines(text) {
        let next = ancestor(line).ok_or(number)?;
        if out.last().is_some_and(|last| last.timeline >= next.timeline) {
            return Err(number);
        }
        out.push(next);
    }
    Ok(out)
}

fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let all = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    all.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

fn ancestor(line: &str) -> Option<Ancestor> {
    let mut words = line.split_whitespace();
    let timeline = words.next()?.parse().ok().filter(|t| *t > 0)?;
    Some(Ancestor { timeline, switch: Lsn::parse(words.next()?)? })
}
