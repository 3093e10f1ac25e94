//! The text table of `restic snapshots`: short ids and local times, to the second.

use model::time::{Tz, WallClock, local_time};

use super::snapshot::{Lists, Snapshot, is_id};
use crate::groups::clean;

/// A table, and whether its last line ("29 snapshots") counts as many rows as were read.
pub(super) struct Table {
    pub lists: Lists,
    pub whole: bool,
}

/// Columns, as the offset (in characters) at which each begins.
struct Columns {
    time: usize,
    host: usize,
    tags: usize,
    paths: Option<usize>,
    size: Option<usize>,
}

/// Reads the first table of a text. `None` where there is none, or where it is one of `forget` (which
/// has reasons, or stands below its policy).
pub(super) fn read(text: &str, zone: Option<Tz>) -> Option<Table> {
    if text.contains("Applying Policy") {
        return None;
    }
    let mut lines = text.lines().map(clean).enumerate();
    let columns = lines.by_ref().find_map(|(_, line)| columns(&line))?;
    let mut clock = WallClock::new(zone);
    let mut lists = Lists::default();
    let mut counted = None;
    for (at, line) in lines {
        let cell = |from: usize, to: Option<usize>| {
            let width = to.map_or(usize::MAX, |to| to.saturating_sub(from));
            line.chars().skip(from).take(width).collect::<String>().trim().to_owned()
        };
        let path = columns.paths.map(|from| cell(from, columns.size)).filter(|p| !p.is_empty());
        let id = cell(0, Some(columns.time));
        if is_id(&id) {
            let time = local_time(&cell(columns.time, Some(columns.host))).and_then(|t| clock.place(t).ok());
            let host = cell(columns.host, Some(columns.tags));
            let snapshot = Snapshot { id, time, host, paths: path.into_iter().collect(), ..Snapshot::default() };
            lists.present.push((snapshot, format!("line:{}", at + 1)));
        } else if let Some(count) = line.strip_suffix(" snapshots").or_else(|| line.strip_suffix(" snapshot")) {
            counted = count.trim().parse::<usize>().ok();
            break;
        } else if id.is_empty()
            && let (Some(path), Some((last, _))) = (path, lists.present.last_mut())
        {
            last.paths.push(path);
        }
    }
    Some(Table { whole: counted == Some(lists.present.len()), lists })
}

fn columns(line: &str) -> Option<Columns> {
    let start = |name: &str| line.find(name).map(|at| line.get(..at).unwrap_or_default().chars().count());
    if !line.starts_with("ID ") || line.contains("Reasons") {
        return None;
    }
    Some(Columns {
        time: start("Time")?,
        host: start("Host")?,
        tags: start("Tags")?,
        paths: start("Paths"),
        size: start("Size"),
    })
}
