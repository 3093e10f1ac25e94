//! Frameworks that a workspace adds: one file each, mapped to checks and statements.

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::{Concern, Control, Controls, Framework, Relevance, TitleKind, Verification};
use crate::fault::{Fault, Faults, File, meant};
use crate::policy::Policy;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    framework: Head,
    #[serde(default)]
    control: Vec<Mapped>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    id: Spanned<String>,
    name: String,
    #[serde(default)]
    edition: String,
    #[serde(default)]
    authority: String,
    #[serde(default)]
    url: String,
    #[serde(default)]
    text_use: String,
    #[serde(default)]
    applies_when: String,
    #[serde(default)]
    concerns: Option<Concern>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mapped {
    id: Spanned<String>,
    title: String,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    note: Option<String>,
    #[serde(default)]
    checks: Vec<Spanned<String>>,
    #[serde(default)]
    statements: Vec<Spanned<String>>,
}

impl Controls {
    /// These controls with the frameworks of a workspace, whose files map them to checks and to statements of its
    /// policy; the checks of a statement support what the statement is mapped to.
    ///
    /// Refuses, as faults with file and line: what does not parse, ids of frameworks or controls that occur twice, and
    /// checks and statements that do not exist.
    #[must_use]
    pub fn with_frameworks(&self, files: &[File<'_>], policy: &Policy, faults: &mut Faults) -> Self {
        let mut out = self.clone();
        for file in files {
            match toml::from_str::<Given>(file.text) {
                Ok(given) => out.add(*file, given, policy, faults),
                Err(e) => faults.push(
                    Fault::at(file, &e.span().unwrap_or(0..0), "", e.message().trim())
                        .help("keys: [framework] id, name, edition, authority, url, applies_when, concerns; [[control]] id, title, summary, note, checks, statements"),
                ),
            }
        }
        out.frameworks.sort_by(|a, b| a.id.cmp(&b.id));
        out
    }

    fn add(&mut self, file: File<'_>, given: Given, policy: &Policy, faults: &mut Faults) {
        let id = given.framework.id.get_ref().clone();
        let mut refuse = |span: Range<usize>, path: String, message: String, near: Option<&str>| {
            let fault = Fault::at(&file, &span, path, message);
            faults.push(match near {
                Some(near) => fault.help(format!("did you mean \"{near}\"?")),
                None => fault,
            });
        };
        if self.framework(&id).is_some() {
            refuse(
                given.framework.id.span(),
                "[framework] id".into(),
                format!("framework \"{id}\" exists already"),
                None,
            );
            return;
        }
        let mut controls: Vec<Control> = Vec::new();
        for control in given.control {
            let name = control.id.get_ref().clone();
            let path = format!("[[control]] {name}");
            if controls.iter().any(|c| c.id == name) {
                refuse(control.id.span(), path, format!("control \"{name}\" stands twice"), None);
                continue;
            }
            let mut checks: Vec<String> = Vec::new();
            for check in &control.checks {
                let known = self.check(check.get_ref()).is_some();
                if !known {
                    let near = meant(check.get_ref(), self.checks.iter().map(|c| c.id.as_str()));
                    refuse(check.span(), format!("{path}: checks"), format!("no check \"{}\"", check.get_ref()), near);
                }
                checks.push(check.get_ref().clone());
            }
            for statement in &control.statements {
                match policy.statements.iter().find(|s| s.id == *statement.get_ref()) {
                    Some(found) => checks.extend(found.checks.iter().cloned()),
                    None => {
                        let near = meant(statement.get_ref(), policy.statements.iter().map(|s| s.id.as_str()));
                        let message = format!("no statement \"{}\" in the policy", statement.get_ref());
                        refuse(statement.span(), format!("{path}: statements"), message, near);
                    }
                }
            }
            for check in self.checks.iter_mut().filter(|c| checks.contains(&c.id)) {
                check.controls.entry(id.clone()).or_default().push(name.clone());
            }
            controls.push(Control {
                id: name,
                title: control.title,
                title_kind: TitleKind::OwnWords,
                summary: control.summary,
                relevance: Relevance::Primary,
                cited_by_policy: false,
                cited_by_wildcard: false,
                verification: Verification::Unverified,
                sources: Vec::new(),
                baselines: Vec::new(),
                designation: None,
                part: None,
                lowest_security_level: None,
                kind: None,
                focus: Vec::new(),
                note: control.note,
            });
        }
        let head = given.framework;
        self.frameworks.push(Framework {
            id,
            name: head.name,
            edition: head.edition,
            authority: head.authority,
            url: head.url,
            text_use: head.text_use,
            applies_when: head.applies_when,
            concerns: head.concerns,
            pending_change: None,
            references: Vec::new(),
            controls,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Controls, Faults) {
        let mut faults = Faults::default();
        let policy = Policy::embedded().unwrap();
        let file = File { name: "frameworks/bank.toml", text };
        (Controls::embedded().with_frameworks(&[file], &policy, &mut faults), faults)
    }

    #[test]
    fn a_framework_of_ones_own_is_mapped_by_checks_and_by_statements() {
        let (controls, faults) = read(
            "[framework]\nid = \"bank\"\nname = \"Bank rules\"\n\
             [[control]]\nid = \"B.1\"\ntitle = \"Backups\"\nchecks = [\"ENC-01\"]\nstatements = [\"BRP-3.1-01\"]\n",
        );
        assert!(faults.is_empty(), "{faults}");
        let of: Vec<&str> = controls.checks_of("bank", "B.1").map(|c| c.id.as_str()).collect();
        assert!(of.contains(&"ENC-01") && of.contains(&"FRQ-01"), "{of:?}");
        assert_eq!(controls.frameworks.len(), Controls::embedded().frameworks.len() + 1);
    }

    #[test]
    fn dangling_and_doubled_ids_are_named_with_their_line() {
        let (_, faults) = read(
            "[framework]\nid = \"bank\"\nname = \"Bank rules\"\n\
             [[control]]\nid = \"B.1\"\ntitle = \"Backups\"\nchecks = [\"FRQ-1\"]\nstatements = [\"BRP-3.1-99\"]\n\
             [[control]]\nid = \"B.1\"\ntitle = \"Again\"\n",
        );
        let told: Vec<(usize, &str)> = faults.0.iter().map(|f| (f.line, f.message.as_str())).collect();
        assert_eq!(
            told,
            [
                (7, "no check \"FRQ-1\""),
                (8, "no statement \"BRP-3.1-99\" in the policy"),
                (10, "control \"B.1\" stands twice"),
            ]
        );
        assert!(faults.0[0].help.as_deref().is_some_and(|h| h.contains("FRQ-0")), "{faults}");
        let (_, faults) = read("[framework]\nid = \"soc2\"\nname = \"Mine\"\n");
        assert!(faults.to_string().contains("exists already"), "{faults}");
        let (_, faults) = read("[framework]\nid = \"x\"\nname = \"X\"\nowner = \"me\"\n");
        assert!(faults.to_string().contains("owner"), "{faults}");
    }
}
