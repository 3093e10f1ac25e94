//! Bytes to text, error texts of the CLI, and what is left of a cut JSON document.

use serde_json::{Map, Value};

/// The text, and the first line that was not valid. PowerShell writes redirected output as UTF-16 with a byte order
/// mark.
pub(crate) fn decode(bytes: &[u8]) -> (String, Option<usize>) {
    let wide = |order: fn([u8; 2]) -> u16, rest: &[u8]| {
        let units: Vec<u16> = rest.chunks_exact(2).map(|pair| order([pair[0], pair[1]])).collect();
        let text = String::from_utf16_lossy(&units);
        let bad = (rest.len() % 2 == 1 || text.contains('\u{fffd}')).then_some(1);
        (text, bad)
    };
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        return wide(u16::from_le_bytes, rest);
    }
    if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
        return wide(u16::from_be_bytes, rest);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), None),
        Err(e) => {
            let line = bytes.iter().take(e.valid_up_to()).filter(|b| **b == b'\n').count() + 1;
            (String::from_utf8_lossy(bytes).into_owned(), Some(line))
        }
    }
}

/// Line (first is 1) of the first character at or after `offset` that is no space.
pub(crate) fn line_at(text: &str, offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or(text);
    let spaces = text.get(offset..).unwrap_or_default();
    let skipped = spaces.len() - spaces.trim_start().len();
    let lines = |t: &str| t.bytes().filter(|b| *b == b'\n').count();
    lines(before) + lines(spaces.get(..skipped).unwrap_or_default()) + 1
}

/// What a failed call printed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    /// Error code; empty for errors of the CLI itself.
    pub code: String,
    /// Operation; empty where it is not told.
    pub operation: String,
    /// The line.
    pub message: String,
}

/// Errors of the CLI in a text, with their lines. The form is botocore's:
/// `An error occurred (<code>) when calling the <operation> operation[ (reached max retries: N)]: <message>`.
pub(crate) fn failures_in(text: &str) -> Vec<(usize, Said)> {
    const OWN: &[&str] = &[
        "Could not connect to the endpoint URL",
        "Connect timeout on endpoint URL",
        "Read timeout on endpoint URL",
        "Connection was closed before we received a valid response",
        "Unable to locate credentials",
        "You must specify a region",
        "The config profile (",
        "SSL validation failed",
        "Error loading SSO Token",
        "Error when retrieving token",
        "The SSO session associated with this profile",
        "fatal error:",
        "aws: error",
        "aws: [ERROR]",
        "usage: aws ",
        "An error occurred",
    ];
    let mut out = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        // Transfers of `aws s3` name their file: the reader of S3 reads these lines whole.
        if ["upload", "copy", "move", "download", "delete"].iter().any(|v| line.starts_with(&format!("{v} failed: "))) {
            continue;
        }
        let structured = line.split_once("An error occurred (").and_then(|(_, rest)| {
            let (code, rest) = rest.split_once(") when calling the ")?;
            let (operation, _) = rest.split_once(" operation")?;
            Some(Said { code: code.to_owned(), operation: operation.to_owned(), message: line.to_owned() })
        });
        let own = || {
            OWN.iter().any(|start| line.starts_with(start)).then(|| Said {
                code: String::new(),
                operation: String::new(),
                message: line.to_owned(),
            })
        };
        out.extend(structured.or_else(own).map(|said| (at + 1, said)));
    }
    out
}

/// True for replies in the CLI's other formats: YAML (`DBSnapshots:`), text (`DBSNAPSHOTS<tab>…`) and tables
/// (`|  DescribeDBSnapshots  |`) of a reader whose JSON objects `shape` knows.
pub(crate) fn other_format(text: &str, shape: fn(&Map<String, Value>) -> bool) -> bool {
    let known = |key: &str| shape(&Map::from_iter([(key.to_owned(), Value::Array(Vec::new()))]));
    let Some(first) = text.lines().find(|l| !l.trim().is_empty()) else { return false };
    if let Some(key) = first.strip_suffix(':').or_else(|| first.strip_suffix(": []")) {
        return known(key);
    }
    let upper = first.split('\t').next().unwrap_or_default();
    const TEXT: &[(&str, &str)] = &[
        ("BACKUPJOBS", "BackupJobs"),
        ("COPYJOBS", "CopyJobs"),
        ("RESTOREJOBS", "RestoreJobs"),
        ("RECOVERYPOINTS", "RecoveryPoints"),
        ("BACKUPVAULTLIST", "BackupVaultList"),
        ("BACKUPPLANSLIST", "BackupPlansList"),
        ("DBSNAPSHOTS", "DBSnapshots"),
        ("DBINSTANCES", "DBInstances"),
        ("DBCLUSTERS", "DBClusters"),
        ("DBCLUSTERSNAPSHOTS", "DBClusterSnapshots"),
        ("SNAPSHOTS", "Snapshots"),
        ("CONTENTS", "Contents"),
        ("VERSIONS", "Versions"),
    ];
    if first.contains('\t') && TEXT.iter().any(|(name, key)| *name == upper && known(key)) {
        return true;
    }
    if !first.starts_with("---") || !first.trim_matches('-').is_empty() {
        return false;
    }
    let title = text.lines().nth(1).unwrap_or_default().trim_matches(['|', ' ']);
    ["Describe", "List"].iter().any(|verb| title.strip_prefix(verb).is_some_and(known))
}

/// The part of a cut JSON document that is whole: elements closed before the cut, up to the last closed value of
/// the outermost list. `None` where nothing closed.
pub(crate) fn salvage(text: &str) -> Option<Value> {
    let mut open: Vec<char> = Vec::new();
    let mut in_text = false;
    let mut escaped = false;
    let mut last: Option<(usize, String)> = None;
    for (at, c) in text.char_indices() {
        if in_text {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => in_text = false,
                _ => {}
            }
            continue;
        }
        match c {
            '"' => in_text = true,
            '{' => open.push('}'),
            '[' => open.push(']'),
            '}' | ']' => {
                if open.pop() != Some(c) {
                    break;
                }
                if open.len() <= 2 {
                    last = Some((at + 1, open.iter().rev().collect()));
                }
                if open.is_empty() {
                    break;
                }
            }
            _ => {}
        }
    }
    let (end, closing) = last?;
    serde_json::from_str(&format!("{}{closing}", text.get(..end)?)).ok()
}
