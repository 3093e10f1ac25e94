//! Files of `rdiff-backup-data` that tell of sessions.

use model::time::Instant;

/// What a file of a repository is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum File {
    /// Statistics of the session of this time.
    Statistics(Instant),
    /// Files that the session of this time could not read.
    Errors(Instant),
    /// The mirror is of this time; two of them are a session that never ended.
    Mirror(Instant),
}

/// The file that this name tells, compressed or not.
pub(super) fn file(name: &str) -> Option<File> {
    let name = name.trim_end_matches(".gz");
    let (kind, rest) = name.split_once('.')?;
    let at = session_time(rest.strip_suffix(".data").or_else(|| rest.strip_suffix(".snapshot"))?)?;
    match kind {
        "session_statistics" => Some(File::Statistics(at)),
        "error_log" => Some(File::Errors(at)),
        "current_mirror" => Some(File::Mirror(at)),
        _ => None,
    }
}

/// Why a file of a repository is not read. Only names that nothing else has are told apart.
pub(super) fn unread(name: &str) -> Option<&'static str> {
    let file = name.rsplit('/').next().unwrap_or(name);
    let (kind, rest) = file.split_once('.').unwrap_or((file, ""));
    let dated = rest.split('.').any(|part| session_time(part).is_some());
    match kind {
        "file_statistics"
        | "mirror_metadata"
        | "extended_attributes"
        | "access_control_lists"
        | "win_access_control_lists"
            if dated =>
        {
            Some("names and properties of all files; tells of no run")
        }
        _ if name.contains("/rdiff-backup-data/increments/") || name.starts_with("increments/") => {
            Some("an increment: data of the backup itself")
        }
        _ => None,
    }
}

/// A session's time as names of files hold it: `2026-10-23T03:30:00+02:00`, or with dashes for colons.
pub(super) fn session_time(text: &str) -> Option<Instant> {
    let (day, time) = text.split_once('T')?;
    let (clock, zone) = match time.get(..8)? {
        clock if time.ends_with('Z') && time.len() == 9 => (clock, "Z".to_owned()),
        clock => (clock, time.get(8..)?.replacen(['-', ':'], ":", 2)),
    };
    let zone = match zone.strip_prefix(':') {
        // The sign of a zone west of Greenwich is a dash as well.
        Some(rest) => format!("-{rest}"),
        None => zone,
    };
    model::time::instant(&format!("{day}T{}{zone}", clock.replace('-', ":")), None).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_times() {
        let at = |t: &str| model::time::instant(t, None).unwrap();
        for (text, wanted) in [
            ("2026-10-23T03:30:00+02:00", "2026-10-23T01:30:00Z"),
            ("2026-10-23T03-30-00+02-00", "2026-10-23T01:30:00Z"),
            ("2026-10-23T03:30:00-05:30", "2026-10-23T09:00:00Z"),
            ("2026-10-23T03-30-00-05-30", "2026-10-23T09:00:00Z"),
            ("2026-10-23T03:30:00Z", "2026-10-23T03:30:00Z"),
        ] {
            assert_eq!(session_time(text), Some(at(wanted)), "{text}");
        }
        for other in ["", "2026-10-23", "2026-10-23T03:30:00", "xTy", "2026-10-23T03:30:0ž+02:00"] {
            assert_eq!(session_time(other), None, "{other}");
        }
        let name = "session_statistics.2026-10-23T03:30:00+02:00.data";
        assert_eq!(file(name), Some(File::Statistics(at("2026-10-23T01:30:00Z"))));
        assert!(unread("x/rdiff-backup-data/mirror_metadata.2026-10-23T03:30:00+02:00.snapshot.gz").is_some());
        assert!(unread(name).is_none() && unread("runs.json").is_none());
    }
}
