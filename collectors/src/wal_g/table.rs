//! Tables of WAL-G: `backup-list` (plain and `--pretty`), `wal-verify`, `wal-show`, and `st ls`.
//!
//! Plain lists are columns set apart by spaces under a header; pretty ones have borders. Older versions call the columns
//! `name last_modified wal_segment_backup_start`.

use model::time::instant;
use serde_json::{Map, Value};

use super::verify::{Sequence, verified};
use super::{Found, Source, json};
use crate::wal::archive::Spot;
use crate::wal::layout::Listing;
use crate::{Sink, problem};

/// True where a text begins with one of the tables.
pub(super) fn is_table(text: &str) -> bool {
    text.lines().find(|l| !l.trim().is_empty()).is_some_and(begins)
}

/// True for a line that begins a table.
pub(super) fn begins(line: &str) -> bool {
    let first = line.split_whitespace().next().unwrap_or_default();
    first == "[wal-verify]" || (line.starts_with("+-") && line.ends_with("-+")) || header(line).is_some() || is_ls(line)
}

fn is_ls(line: &str) -> bool {
    line.split_whitespace().eq(["type", "size", "last", "modified", "name"])
}

/// Columns of a plain list of base backups.
fn header(line: &str) -> Option<Vec<&str>> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let new = words.first() == Some(&"backup_name") && words.contains(&"wal_file_name");
    let old = words.first() == Some(&"name") && words.contains(&"wal_segment_backup_start");
    (new || old).then_some(words)
}

/// Reads a table; `line` is the number of its first line.
pub(super) fn read(found: &mut Found<'_>, source: Source<'_>, text: &str, line: u64, sink: &mut dyn Sink) {
    let first = text.lines().find(|l| !l.trim().is_empty()).unwrap_or_default();
    if text.contains("[wal-verify]") {
        verify_table(found, source, text, line, sink);
    } else if is_ls(first) {
        ls(found, source, text, line, sink);
    } else if let Some(columns) = header(first) {
        let columns: Vec<String> = columns.iter().map(|c| (*c).to_owned()).collect();
        list(
            found,
            source,
            text.lines().skip(1).map(|l| l.split_whitespace().collect()).collect(),
            &columns,
            line,
            sink,
        );
    } else {
        bordered(found, source, text, line, sink);
    }
}

/// Rows between the borders of a pretty table, the header first.
fn cells(text: &str) -> Vec<Vec<&str>> {
    let inner = |l: &'_ str| l.trim().strip_prefix('|').and_then(|l| l.strip_suffix('|')).map(str::len);
    text.lines()
        .filter(|l| inner(l).is_some())
        .map(|l| l.trim().trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

fn bordered(found: &mut Found<'_>, source: Source<'_>, text: &str, line: u64, sink: &mut dyn Sink) {
    let mut rows = cells(text).into_iter();
    let Some(header) = rows.next() else {
        return sink.passed_over(source.document.name(), "a table without rows");
    };
    let names: Vec<String> = header.iter().map(|h| h.to_lowercase().replace(' ', "_")).collect();
    if names.iter().any(|n| n == "wal_file_name" || n == "wal_segment_backup_start") {
        return list(found, source, rows.collect(), &names, line, sink);
    }
    if names.iter().any(|n| n == "segment_range") && names.iter().any(|n| n == "tli") {
        let message =
            "the table of wal-show does not say which segments are missing: write `wal-g wal-show --detailed-json`";
        let lost = rows.any(|r| r.contains(&"LOST_SEGMENTS"));
        return match lost {
            true => sink.problem(problem(source.document, Some(format!("line:{line}")), message)),
            false => sink.passed_over(source.document.name(), message),
        };
    }
    sink.passed_over(source.document.name(), "a table that is none of WAL-G's lists");
}

/// Base backups of a list, handed on as the JSON form of the same list.
fn list(
    found: &mut Found<'_>,
    source: Source<'_>,
    rows: Vec<Vec<&str>>,
    columns: &[String],
    line: u64,
    sink: &mut dyn Sink,
) {
    let mut entries = Vec::new();
    for (n, row) in rows.iter().enumerate().filter(|(_, r)| !r.is_empty()) {
        let of = |names: [&str; 2]| {
            let at = columns.iter().position(|c| names.contains(&c.as_str()))?;
            row.get(at).copied().filter(|c| !c.is_empty() && *c != "-")
        };
        let Some(name) = of(["backup_name", "name"]).filter(|n| n.starts_with("base_") || n.starts_with("stream_"))
        else {
            let place = Some(format!("line:{}", line + u64::try_from(n).unwrap_or(0) + 1));
            sink.problem(problem(source.document, place, "not a row of the list; write it with --json"));
            continue;
        };
        let mut entry = Map::new();
        entry.insert("backup_name".to_owned(), Value::from(name));
        for (key, names) in [
            ("time", ["modified", "last_modified"]),
            ("start_time", ["start_time", ""]),
            ("finish_time", ["finish_time", ""]),
        ] {
            // Pretty tables write `Friday, 20-Nov-26 02:04:00 UTC`.
            let read = of(names).map(|t| {
                let pretty = chrono::NaiveDateTime::parse_from_str(t, "%A, %d-%b-%y %H:%M:%S UTC").ok();
                pretty.map_or_else(|| t.to_owned(), |t| t.and_utc().to_rfc3339())
            });
            if let Some(time) = read {
                entry.insert(key.to_owned(), Value::from(time));
            }
        }
        entries.push(Value::Object(entry));
    }
    json::list(found, source, &entries, Some(line), sink);
}

fn verify_table(found: &Found<'_>, source: Source<'_>, text: &str, line: u64, sink: &mut dyn Sink) {
    let mut states = Vec::new();
    for l in text.lines() {
        let told = l.trim().strip_prefix("[wal-verify] ").and_then(|l| l.split_once(" check status: "));
        states.extend(told.map(|(check, state)| (check.to_owned(), state.trim().to_owned())));
    }
    let rows = cells(text);
    let mut sequences = Vec::new();
    for row in rows.iter().filter(|r| r.len() == 5 && !r.iter().any(|c| c.eq_ignore_ascii_case("status"))) {
        let read = || {
            Some(Sequence {
                timeline: row.first()?.parse().ok()?,
                first: (*row.get(1)?).to_owned(),
                last: (*row.get(2)?).to_owned(),
                count: row.get(3)?.parse().ok()?,
                state: (*row.get(4)?).to_owned(),
            })
        };
        match read() {
            Some(sequence) => sequences.push(sequence),
            None => {
                let message = format!("not a sequence of segments: {}; run wal-verify --json", row.join(" "));
                sink.problem(problem(source.document, Some(format!("line:{line}")), message));
            }
        }
    }
    let checked = states.iter().any(|(check, _)| check == "integrity");
    verified(found, source, &states, checked.then_some(sequences), Some(line), sink);
}

/// `wal-g st ls [-r] [folder]`: type, size, time as Go prints it, name below the folder.
fn ls(found: &mut Found<'_>, source: Source<'_>, text: &str, line: u64, sink: &mut dyn Sink) {
    let page = found.page(source.document, "line:".to_owned());
    let command = found.command(source).cloned();
    let folder =
        command.as_ref().filter(|c| c.name == "st").and_then(|c| c.operands.get(1).cloned()).unwrap_or_default();
    let folder = folder.trim_matches('/').to_owned();
    let scope = command.is_some().then(|| if folder.is_empty() { String::new() } else { format!("{folder}/") });
    let mut listing = Listing::new(found.at(source), scope);
    listing.whole = found.told.ended_well(source.record)
        && text.ends_with('\n')
        && command.is_none_or(|c| c.options.contains_key("r") || c.options.contains_key("recursive"));
    listing.final_absence = listing.whole;
    let mut others = 0_u64;
    for (n, row) in text.lines().enumerate().skip(1) {
        let mut words = row.split_whitespace();
        let mut next = || words.next().unwrap_or_default();
        let (kind, size, day, time, offset, _zone, name) = (next(), next(), next(), next(), next(), next(), next());
        if kind != "obj" {
            continue;
        }
        let at = instant(&format!("{day} {time} {offset}"), None).ok();
        let number = line + u64::try_from(n).unwrap_or(0);
        let (Ok(size), Some(at)) = (size.parse::<u64>(), at) else {
            listing.whole = false;
            let message = "not an entry of the listing; run `wal-g st ls -r` again";
            sink.problem(problem(source.document, Some(format!("line:{number}")), message));
            continue;
        };
        let key = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        let spot = Spot { page, item: u32::try_from(number).unwrap_or(u32::MAX) };
        others += u64::from(!listing.key(&key, Some(size), Some(at), spot));
    }
    if listing.archives.is_empty() && others > 0 {
        sink.passed_over(source.document.name(), "a listing without base backups or segments of PostgreSQL");
        return;
    }
    let place = found.place(source);
    found.listing(place, listing);
}
