//! Checks that a workspace adds: `checks/*.sql`, a query over the tables with what the check is in comments at its top.

use std::collections::BTreeMap;
use std::ops::Range;

use super::{Automation, Basis, Check, Controls, Group, Severity};
use crate::fault::{Fault, Faults, File, meant};
use crate::policy::Policy;

/// A check of the workspace; what it is stands among [`Controls::checks`].
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct OwnCheck {
    /// Its id.
    pub id: String,
    /// Its file.
    pub file: String,
    /// The query.
    pub query: String,
    /// Tables of the query that exist.
    pub tables: Vec<String>,
}

/// Keys of the front matter.
const KEYS: [&str; 7] = ["id", "title", "severity", "unit", "statements", "controls", "remediation"];

/// Tables beside those of the data model that a query may name.
pub const DERIVED_TABLES: [&str; 3] = ["slots", "closure", "period"];

/// One `-- key: value` line.
struct Line<'a> {
    key: &'a str,
    value: &'a str,
    span: Range<usize>,
}

impl Controls {
    /// Adds the checks of a workspace. The lines `-- key: value` at the top of a file give `id` (letters, `-`, two
    /// digits; not one of ours), `title`, `severity`, and optionally `unit`, `statements`, `controls`
    /// (`framework:control`) and `remediation`, lists separated by commas.
    ///
    /// Refuses, as faults with file and line: what lacks, what is no such word, ids that exist or do not exist, and a
    /// query that is no `SELECT` or `WITH`, or reads files.
    pub fn add_checks(&mut self, files: &[File<'_>], policy: &Policy, faults: &mut Faults) {
        for file in files {
            self.add_check(*file, policy, faults);
        }
    }

    fn add_check(&mut self, file: File<'_>, policy: &Policy, faults: &mut Faults) {
        let before = faults.0.len();
        let (lines, query) = front_matter(file, faults);
        let value = |key: &str| lines.iter().find(|l| l.key == key);
        let list = |key: &str| -> Vec<(&str, Range<usize>)> {
            let items = value(key).into_iter().flat_map(|l| l.value.split(',').map(|v| (v.trim(), l.span.clone())));
            items.filter(|(v, _)| !v.is_empty()).collect()
        };
        for key in ["id", "title", "severity"] {
            if value(key).is_none_or(|l| l.value.is_empty()) {
                faults.push(
                    Fault::at(&file, &(0..0), key, format!("the line \"-- {key}: …\" is missing"))
                        .help(format!("a check says at its top: {}", KEYS.join(", "))),
                );
            }
        }
        let mut refuse = |span: &Range<usize>, key: &str, message: String, near: Option<&str>| {
            let fault = Fault::at(&file, span, key, message);
            faults.push(match near {
                Some(near) => fault.help(format!("did you mean \"{near}\"?")),
                None => fault,
            });
        };
        let mut severity = Severity::Medium;
        if let Some(line) = value("severity") {
            match line.value.parse() {
                Ok(word) => severity = word,
                Err(_) => {
                    let near = meant(line.value, ["low", "medium", "high", "critical"]);
                    refuse(&line.span, "severity", format!("\"{}\" is no severity", line.value), near);
                }
            }
        }
        if let Some(line) = value("id") {
            let shape = line.value.split_once('-').is_some_and(|(group, number)| {
                (2..=8).contains(&group.len())
                    && group.bytes().all(|b| b.is_ascii_uppercase())
                    && number.len() == 2
                    && number.bytes().all(|b| b.is_ascii_digit())
            });
            if !shape {
                refuse(&line.span, "id", format!("\"{}\" is no id of a check: write it as OWN-01", line.value), None);
            } else if self.check(line.value).is_some() {
                refuse(&line.span, "id", format!("check {} exists already", line.value), None);
            }
        }
        let mut statements = Vec::new();
        for (id, span) in list("statements") {
            if !policy.statements.iter().any(|s| s.id == id) {
                let near = meant(id, policy.statements.iter().map(|s| s.id.as_str()));
                refuse(&span, "statements", format!("no statement \"{id}\" in the policy"), near);
            }
            statements.push(id.to_owned());
        }
        let mut controls: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (id, span) in list("controls") {
            let known = id.split_once(':').and_then(|(framework, control)| {
                let found = self.framework(framework)?.control(control)?;
                Some((framework.to_owned(), found.id.clone()))
            });
            match known {
                Some((framework, control)) => controls.entry(framework).or_default().push(control),
                None => refuse(&span, "controls", format!("no control \"{id}\" (write framework:control)"), None),
            }
        }
        let start = file.text.len() - query.len();
        let first =
            query.split(|c: char| !c.is_ascii_alphabetic()).find(|w| !w.is_empty()).unwrap_or("").to_lowercase();
        if !["select", "with"].contains(&first.as_str()) {
            refuse(&(start..start), "query", "a check is one query that begins with SELECT or WITH".to_owned(), None);
        }
        let lower = query.to_lowercase();
        if ["read_csv", "read_parquet", "read_ipc", "read_json"].iter().any(|f| lower.contains(f)) {
            refuse(
                &(start..start),
                "query",
                "a query reads the tables of the workspace, and no files".to_owned(),
                None,
            );
        }
        if faults.0.len() > before {
            return;
        }
        let words: Vec<&str> = lower.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
        let known = self.tables.iter().map(|t| t.name.as_str()).chain(DERIVED_TABLES);
        let tables: Vec<String> = known.filter(|t| words.contains(t)).map(str::to_owned).collect();
        let text = |key: &str| value(key).map(|l| l.value.to_owned());
        let id = text("id").unwrap_or_default();
        let group = id.split('-').next().unwrap_or_default().to_owned();
        if !self.groups.iter().any(|g| g.id == group) {
            self.groups.push(Group { id: group.clone(), name: "Checks of this workspace".to_owned() });
        }
        self.checks.push(Check {
            id: id.clone(),
            group,
            title: text("title").unwrap_or_default(),
            severity,
            automation: Automation::Automatic,
            basis: Basis::Policy,
            unit: text("unit").unwrap_or_else(|| "row".to_owned()),
            inputs: tables.iter().map(|t| format!("{t}.*")).collect(),
            parameters: Vec::new(),
            population: format!("The rows of the query in {}.", file.name),
            rule: query.trim().to_owned(),
            pass: "The query says pass.".to_owned(),
            fail: "The query says fail.".to_owned(),
            not_applicable: "The query says not_applicable.".to_owned(),
            no_evidence: "The query says no_evidence, or has no row.".to_owned(),
            edge_cases: Vec::new(),
            examples: Vec::new(),
            remediation: text("remediation").unwrap_or_else(|| format!("See {}.", file.name)),
            statements,
            controls,
        });
        self.own_checks.push(OwnCheck { id, file: file.name.to_owned(), query: query.trim().to_owned(), tables });
    }
}

/// The lines `-- key: value` at the top of a file, and what follows.
fn front_matter<'a>(file: File<'a>, faults: &mut Faults) -> (Vec<Line<'a>>, &'a str) {
    let mut lines: Vec<Line<'a>> = Vec::new();
    let mut at = 0;
    for line in file.text.split_inclusive('\n') {
        let text = line.trim();
        let span = at..at + line.trim_end().len();
        if let Some(comment) = text.strip_prefix("--") {
            // Any other comment is for people.
            if let Some((key, value)) = comment.split_once(':') {
                let key = key.trim();
                if KEYS.contains(&key) {
                    if lines.iter().any(|l| l.key == key) {
                        faults.push(Fault::at(&file, &span, key, format!("\"{key}\" stands twice")));
                    }
                    lines.push(Line { key, value: value.trim(), span });
                } else if !key.contains(' ') {
                    let fault = Fault::at(&file, &span, key, format!("unknown key \"{key}\""));
                    faults.push(match meant(key, KEYS) {
                        Some(near) => fault.help(format!("did you mean \"{near}\"?")),
                        None => fault.help(format!("known: {}", KEYS.join(", "))),
                    });
                }
            }
        } else if !text.is_empty() {
            break;
        }
        at += line.len();
    }
    (lines, file.text.get(at..).unwrap_or(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Controls, Faults) {
        let mut faults = Faults::default();
        let mut controls = Controls::embedded().clone();
        let file = File { name: "checks/size.sql", text };
        controls.add_checks(&[file], &Policy::embedded().unwrap(), &mut faults);
        (controls, faults)
    }

    #[test]
    fn a_check_of_ones_own_stands_among_the_others() {
        let (controls, faults) = read(
            "-- id: OWN-01\n-- title: Backups are larger than nothing\n-- severity: high\n\
             -- statements: BRP-3.1-01\n-- controls: soc2:A1.2\n\nSELECT run_id AS unit FROM backup_runs\n",
        );
        assert!(faults.is_empty(), "{faults}");
        let check = controls.check("OWN-01").unwrap();
        assert_eq!((check.severity, check.inputs.as_slice()), (Severity::High, &["backup_runs.*".to_owned()][..]));
        assert!(controls.checks_of("soc2", "A1.2").any(|c| c.id == "OWN-01"));
        assert_eq!(controls.own_checks[0].query, "SELECT run_id AS unit FROM backup_runs");
    }

    #[test]
    fn everything_wrong_is_told_with_its_line() {
        let (controls, faults) = read(
            "-- id: FRQ-01\n-- titel: x\n-- severity: hihg\n-- statements: BRP-0\n-- controls: soc2:Z9\nDROP TABLE x\n",
        );
        let told: Vec<(usize, &str)> = faults.0.iter().map(|f| (f.line, f.message.as_str())).collect();
        assert_eq!(
            told,
            [
                (2, "unknown key \"titel\""),
                (1, "the line \"-- title: …\" is missing"),
                (3, "\"hihg\" is no severity"),
                (1, "check FRQ-01 exists already"),
                (4, "no statement \"BRP-0\" in the policy"),
                (5, "no control \"soc2:Z9\" (write framework:control)"),
                (6, "a check is one query that begins with SELECT or WITH"),
            ]
        );
        assert!(controls.own_checks.is_empty());
    }
}
