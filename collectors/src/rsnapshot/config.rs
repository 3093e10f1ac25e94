//! `rsnapshot.conf`: which level copies, where to, and how many snapshots are kept.

use crate::groups::each_line;
use crate::{Document, Sink};

/// What a configuration says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Config {
    /// Snapshot root, without the slash at its end.
    pub root: Option<String>,
    /// Backup levels and how many snapshots each keeps, lowest first.
    pub levels: Vec<(String, u32)>,
    pub sync_first: bool,
}

impl Config {
    /// The level that copies data.
    pub fn copies(&self) -> Option<&str> {
        if self.sync_first { Some("sync") } else { self.levels.first().map(|(name, _)| name.as_str()) }
    }
}

/// Reads a document that is a configuration: fields are parted by tabs (`man rsnapshot`, "Configuration").
pub(super) fn read(document: &Document, sink: &mut dyn Sink) -> Config {
    let mut out = Config::default();
    each_line(document, false, sink, |_, line| {
        let mut fields = line.split('\t').filter(|f| !f.is_empty()).map(str::trim);
        let (Some(name), Some(value)) = (fields.next(), fields.next()) else { return };
        match name {
            "snapshot_root" => out.root = Some(root(value)),
            "retain" | "interval" => {
                let count = fields.next().and_then(|n| n.parse().ok()).unwrap_or(0);
                out.levels.push((value.to_owned(), count));
            }
            "sync_first" => out.sync_first = value == "1",
            _ => {}
        }
    });
    out
}

/// True where the first lines are those of a configuration.
pub(super) fn is_config(head: &str) -> bool {
    let setting = |name: &str| head.lines().any(|l| l.strip_prefix(name).is_some_and(|rest| rest.starts_with('\t')));
    setting("config_version") || (setting("snapshot_root") && (setting("retain") || setting("interval")))
}

/// A snapshot root as it is written in ids.
pub(super) fn root(path: &str) -> String {
    match path.trim_end_matches('/') {
        "" => "/".to_owned(),
        trimmed => trimmed.to_owned(),
    }
}
