//! What a collection was asked to look for, as far as reading depends on it: labels, names of workflows, fields.
//!
//! `parse` sees no configuration. A live collection therefore keeps this among its evidence, so that the same bytes are
//! read in the same way for ever. Exports have none and are read by the defaults.

use std::collections::BTreeMap;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde::{Deserialize, Serialize};

use crate::{Batch, Sink, problem};

/// Document that holds it.
pub(super) const NAME: &str = "backproof/selection.json";
const SCHEMA: &str = "backproof.github-selection/1";

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Selection {
    pub(super) schema: String,
    /// Patterns over `owner/repo`; none for everything that was listed.
    pub(super) repositories: Vec<String>,
    /// An issue with one of them is an incident.
    pub(super) incident_labels: Vec<String>,
    /// An issue with one of them is a restore test.
    pub(super) restore_test_labels: Vec<String>,
    /// Fields of restore tests by the heading that stands for them in an issue form.
    pub(super) restore_test_fields: BTreeMap<String, String>,
    /// Registers by the label that makes an issue a row of one. Absent in collections of earlier versions.
    #[serde(default)]
    pub(super) registers: BTreeMap<String, String>,
    /// Columns of registers by the heading that stands for them in an issue form.
    #[serde(default)]
    pub(super) register_fields: BTreeMap<String, String>,
    /// Patterns over names of workflow files that make backups.
    pub(super) backup_workflows: Vec<String>,
}

impl Default for Selection {
    fn default() -> Self {
        let texts = |all: &[&str]| all.iter().map(|t| (*t).to_owned()).collect();
        Self {
            schema: SCHEMA.to_owned(),
            repositories: Vec::new(),
            incident_labels: texts(&["incident", "backup", "investigation"]),
            restore_test_labels: texts(&["restore-test"]),
            restore_test_fields: BTreeMap::new(),
            registers: BTreeMap::new(),
            register_fields: BTreeMap::new(),
            backup_workflows: texts(&["*backup*"]),
        }
    }
}

/// A selection whose patterns are ready for use.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) selection: Selection,
    repositories: Option<GlobSet>,
    workflows: GlobSet,
}

impl Wanted {
    /// # Errors
    /// A pattern that is none.
    pub(super) fn new(selection: Selection) -> Result<Self, String> {
        let repositories = if selection.repositories.is_empty() { None } else { Some(set(&selection.repositories)?) };
        let workflows = set(&selection.backup_workflows)?;
        Ok(Self { selection, repositories, workflows })
    }

    /// The one of this collection; the defaults where none is kept.
    pub(super) fn of(batch: &Batch<'_>, sink: &mut dyn Sink) -> Self {
        let plain = || Self { selection: Selection::default(), repositories: None, workflows: GlobSet::empty() };
        let told = batch.document(NAME).map(|document| {
            let text = document.text().map_err(|e| e.to_string())?;
            let selection: Selection = serde_json::from_str(&text).map_err(|e| e.to_string())?;
            if selection.schema != SCHEMA {
                return Err(format!("its schema {} is not known to this version", selection.schema));
            }
            Self::new(selection)
        });
        match told {
            None => Self::new(Selection::default()).unwrap_or_else(|_| plain()),
            Some(Ok(wanted)) => wanted,
            Some(Err(e)) => {
                if let Some(document) = batch.document(NAME) {
                    sink.problem(problem(document, None, format!("what was looked for cannot be read: {e}")));
                }
                plain()
            }
        }
    }

    /// True for a repository `owner/repo` that is in scope.
    pub(super) fn has_repository(&self, full_name: &str) -> bool {
        self.repositories.as_ref().is_none_or(|set| set.is_match(full_name))
    }

    /// True for a workflow, by path or file name, that makes backups.
    pub(super) fn is_backup(&self, workflow: &str) -> bool {
        self.workflows.is_match(file_name(workflow))
    }

    /// True where one of these labels makes an issue an incident; case does not matter.
    pub(super) fn is_incident(&self, labels: &[String]) -> bool {
        any(&self.selection.incident_labels, labels)
    }

    /// True where one of these labels makes an issue a row of this register.
    pub(super) fn is_of_register(&self, labels: &[String], table: &str) -> bool {
        let named = self.selection.registers.iter().filter(|(_, of)| of.as_str() == table);
        let named = named.map(|(label, _)| label.clone());
        any(&named.chain([own_label(table)]).collect::<Vec<_>>(), labels)
    }

    /// True where one of these labels makes an issue a restore test.
    pub(super) fn is_restore_test(&self, labels: &[String]) -> bool {
        any(&self.selection.restore_test_labels, labels)
    }
}

/// Label that makes an issue a row of a register without anything being configured.
fn own_label(table: &str) -> String {
    format!("register:{table}")
}

fn any(wanted: &[String], labels: &[String]) -> bool {
    wanted.iter().any(|w| labels.iter().any(|l| l.eq_ignore_ascii_case(w)))
}

/// `backup.yml` of `.github/workflows/backup.yml@main`.
pub(super) fn file_name(workflow: &str) -> &str {
    let path = workflow.split('@').next().unwrap_or(workflow);
    path.rsplit('/').next().unwrap_or(path)
}

fn set(patterns: &[String]) -> Result<GlobSet, String> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let glob = GlobBuilder::new(pattern).case_insensitive(true).literal_separator(true).build();
        set.add(glob.map_err(|e| format!("\"{pattern}\" is not a pattern: {}", e.kind()))?);
    }
    set.build().map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_decide_whatever_the_branch_and_the_case() {
        let wanted = Wanted::new(Selection::default()).unwrap();
        assert!(wanted.is_backup(".github/workflows/Nightly-Backup.yml@refs/heads/main"));
        assert!(!wanted.is_backup(".github/workflows/test.yml@backup"));
        assert!(wanted.has_repository("acme/anything"));
    }

    #[test]
    fn patterns_stay_inside_of_a_name() {
        let repositories = vec!["acme/app-*".to_owned(), "acme/ops".to_owned()];
        let wanted = Wanted::new(Selection { repositories, ..Selection::default() }).unwrap();
        assert!(wanted.has_repository("acme/app-1") && wanted.has_repository("Acme/Ops"));
        assert!(!wanted.has_repository("acme/opsx") && !wanted.has_repository("other/app-1"));
        let bad = Selection { repositories: vec!["[".to_owned()], ..Selection::default() };
        assert!(Wanted::new(bad).is_err());
    }
}
