//! Names of the fields of a run record.

macro_rules! keys {
    ($($key:ident = $name:literal),+ $(,)?) => {
        /// A field of a run record.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Key { $($key),+ }

        impl Key {
            /// Every field.
            pub(super) const ALL: &'static [Key] = &[$(Key::$key),+];
            /// Number of fields.
            pub(super) const COUNT: usize = Self::ALL.len();

            /// The field of this name.
            pub(super) fn named(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Key::$key),)+
                    _ => None,
                }
            }

            /// Its name.
            pub(super) const fn name(self) -> &'static str {
                match self { $(Key::$key => $name),+ }
            }
        }
    };
}

// Names as in `backup_runs` of `controls/model.toml`, with those of the recovery point a run made.
// The last three are known, so that an exported table can be read again, but say nothing here:
// lineage is that of the document being read.
keys! {
    RunId = "run_id", Resource = "resource", SystemId = "system_id", PlanId = "plan_id",
    Component = "component", Trigger = "trigger", ScheduledFor = "scheduled_for",
    AttemptNo = "attempt_no", RetryOf = "retry_of", StartedAt = "started_at", EndedAt = "ended_at",
    Status = "status", StatusRaw = "status_raw", StatusDetail = "status_detail", Bytes = "bytes",
    BytesStored = "bytes_stored", RecoveryPointId = "recovery_point_id", TakenAt = "taken_at",
    ExpiresAt = "expires_at", Encrypted = "encrypted", Cipher = "cipher", LocationId = "location_id",
    Unchanged = "unchanged",
    SourceId = "source_id", SourceRecordId = "source_record_id", ObservedAt = "observed_at",
}

/// `unknown key "x"`, with the nearest known one where it is near enough to be a slip.
pub(super) fn unknown(name: &str) -> String {
    let nearest = nearest(name, Key::ALL.iter().map(|k| k.name()));
    let hint = nearest.map_or_else(String::new, |k| format!(" (did you mean \"{k}\"?)"));
    format!("unknown key {name:?}{hint}: its value is not read; told once per document")
}

/// The candidate with the fewest edits, at most a third of its length.
pub(super) fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    // No key is this long, and the distance costs the product of both lengths.
    if name.len() > 64 {
        return None;
    }
    candidates
        .map(|c| (edits(&name, c), c))
        .filter(|(distance, c)| *distance <= (c.len() / 3).max(1))
        .min()
        .map(|(_, c)| c)
}

/// Levenshtein distance.
fn edits(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(b.chars()) {
            let best = (diagonal + usize::from(x != y)).min(left + 1).min(*cell + 1);
            diagonal = *cell;
            *cell = best;
            left = best;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits() {
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("same", "same"), 0);
    }

    #[test]
    fn only_near_names_are_suggested() {
        let near = |name| nearest(name, Key::ALL.iter().map(|k| k.name()));
        assert_eq!(near("stauts"), Some("status"));
        assert_eq!(near("start_at"), Some("started_at"));
        assert_eq!(near("hostname"), None);
    }
}
