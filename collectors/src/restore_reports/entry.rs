//! One test as it is written, whatever the form of the file: keys, values and where they stand.

/// A value before it is known what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// Also numbers and times, as written.
    Text(String),
    Bool(bool),
    List(Vec<String>),
    /// A table, or a list of tables: nothing of a test is one.
    Other(&'static str),
}

/// A key and its value.
#[derive(Debug, Clone)]
pub(super) struct Field {
    /// As written.
    pub(super) key: String,
    pub(super) value: Value,
    /// For people: `line 12`.
    pub(super) place: String,
}

/// One test.
#[derive(Debug, Clone, Default)]
pub(super) struct Entry {
    pub(super) fields: Vec<Field>,
    /// For people: `line 12`.
    pub(super) place: String,
    /// For lineage: `line:12` or a JSON pointer.
    pub(super) pointer: String,
    /// Name of the document that is the report.
    pub(super) report: Option<String>,
    /// It stands in a file with others.
    pub(super) several: bool,
}

/// What a reader of one form found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) entries: Vec<Entry>,
    /// Place and message.
    pub(super) problems: Vec<(Option<String>, String)>,
}

/// Every key that is read, as `controls/model.toml` spells it.
pub(super) const KEYS: &[&str] = &[
    "test_id",
    "system_id",
    "recovery_point_id",
    "kind",
    "trigger",
    "change_id",
    "retest_of",
    "planned_for",
    "started_at",
    "restore_finished_at",
    "service_ready_at",
    "failure_point_at",
    "recovered_to_at",
    "ended_at",
    "result",
    "integrity_result",
    "records_expected",
    "records_restored",
    "environment",
    "isolated",
    "performer",
    "reviewer",
    "owner_confirmed_by",
    "owner_confirmed_at",
    "scenario",
    "scale",
    "issues",
    "report_ref",
    "reported_at",
];

/// The spelling of [`KEYS`] for a key as written, or `None` where there is none.
pub(super) fn known(key: &str) -> Option<&'static str> {
    let plain = plain(key);
    let name = match plain.as_str() {
        "system" => "system_id",
        "id" => "test_id",
        other => other,
    };
    KEYS.iter().find(|k| **k == name).copied()
}

/// Lower case, with `_` for blanks and hyphens: the headings of spreadsheets.
fn plain(key: &str) -> String {
    key.trim().to_lowercase().replace([' ', '-'], "_")
}

/// The known key that differs least, where one differs little.
pub(super) fn nearest(key: &str) -> Option<&'static str> {
    let key = plain(key);
    KEYS.iter()
        .map(|known| (distance(&key, known), *known))
        .filter(|(d, known)| *d <= 1 + known.len() / 4)
        .min()
        .map(|(_, known)| known)
}

/// Insertions, deletions and replacements between two words (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (n, x) in a.chars().enumerate() {
        let mut corner = n;
        let mut left = n + 1;
        let mut next = vec![left];
        for (y, above) in b.iter().zip(row.iter().skip(1)) {
            left = (corner + usize::from(x != *y)).min(left + 1).min(above + 1);
            corner = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

impl Entry {
    /// True where enough of it is known to be sure that a restore test is meant.
    pub(super) fn is_test(&self) -> bool {
        let keys: Vec<&str> = self.fields.iter().filter_map(|f| known(&f.key)).collect();
        let any = |names: &[&str]| keys.iter().any(|k| names.contains(k));
        any(&["result", "restore_finished_at", "service_ready_at", "recovered_to_at", "planned_for"]) && keys.len() >= 2
            || (any(&["test_id"]) && any(&["system_id"]))
    }
}
