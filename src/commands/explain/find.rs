//! From an id, as people write it, to what it names.

use collectors::KINDS;
use model::controls::{Control, Controls, Field, Framework, PolicyFinding, Table};
use model::policy::Policy;

use super::reasons::REASONS;
use super::sheet::Sheet;
use super::{judging, policy, standards};

/// Everything that can be explained.
#[derive(Debug, Clone, Copy)]
pub struct Library<'a> {
    /// Checks, metrics, tables, frameworks.
    pub controls: &'a Controls,
    /// Statements, parameters, tiers.
    pub policy: &'a Policy,
    /// Findings on the text of the built-in policy.
    pub findings: &'a [PolicyFinding],
}

/// Names of `show` that differ from those of the tables behind them (`runs` and `waivers` name other things too).
const SHOWN: [(&str, &str); 3] =
    [("plans", "backup_plans"), ("storage", "storage_locations"), ("assets", "discovered_assets")];

impl<'a> Library<'a> {
    /// What has this id. Case, and whether words are joined by `-`, `_` or a space, do not matter.
    /// More than one only where several frameworks use the same identifier; `framework:id` picks one.
    pub fn find(&self, id: &str) -> Vec<Sheet> {
        let wanted = plain(id);
        let is = |candidate: &str| plain(candidate) == wanted;
        let (c, p) = (self.controls, self.policy);
        if let Some(x) = c.checks.iter().find(|x| is(&x.id)) {
            return vec![judging::check(self, x)];
        }
        if let Some(x) = c.groups.iter().find(|x| is(&x.id)) {
            return vec![judging::group(self, x)];
        }
        if let Some(x) = c.metrics.iter().find(|x| is(&x.id)) {
            return vec![judging::metric(self, x)];
        }
        if let Some(x) = p.statements.iter().find(|x| is(&x.id)) {
            return vec![policy::statement(self, x)];
        }
        if let Some(x) = p.parameters.values().find(|x| is(&x.id)) {
            return vec![policy::parameter(self, x)];
        }
        if let Some(x) = p.tiers.iter().find(|x| is(&x.id)) {
            return vec![policy::tier(self, x)];
        }
        if let Some(x) = p.roles.iter().find(|x| is(&x.id)) {
            return vec![policy::role(self, x)];
        }
        if let Some(x) = c.tables.iter().find(|x| is(&x.name)) {
            return vec![standards::table(self, x)];
        }
        if let Some((t, f)) = self.fields().find(|(t, f)| is(&format!("{}.{}", t.name, f.name))) {
            return vec![standards::field(self, t, f)];
        }
        if let Some(x) = c.evidence_kinds.iter().find(|x| is(&x.id)) {
            return vec![standards::evidence(self, x)];
        }
        if let Some(x) = c.frameworks.iter().find(|x| is(&x.id)) {
            return vec![standards::framework(self, x)];
        }
        if let Some((name, text)) = c.conventions.iter().find(|(name, _)| is(name)) {
            return vec![judging::convention(name, text)];
        }
        if let Some(x) = KINDS.iter().find(|x| is(x.name)) {
            return vec![standards::source_kind(self, x)];
        }
        let controls: Vec<Sheet> =
            self.in_frameworks(&wanted).map(|(f, control)| standards::control(self, f, control)).collect();
        if !controls.is_empty() {
            return controls;
        }
        if let Some((code, text)) = REASONS.iter().find(|(code, _)| is(code)) {
            return vec![judging::reason(code, text)];
        }
        if let Some(x) = self.findings.iter().find(|x| is(&x.id)) {
            return vec![policy::finding(self, x)];
        }
        let behind = SHOWN.iter().find(|(shown, _)| is(shown)).and_then(|(_, table)| c.table(table));
        behind.map(|x| standards::table(self, x)).into_iter().collect()
    }

    /// Controls of this id, or of `framework:id`.
    fn in_frameworks(&self, wanted: &str) -> impl Iterator<Item = (&'a Framework, &'a Control)> {
        self.controls.frameworks.iter().flat_map(move |f| {
            f.controls
                .iter()
                .filter(move |c| plain(&c.id) == wanted || plain(&format!("{}:{}", f.id, c.id)) == wanted)
                .map(move |c| (f, c))
        })
    }

    /// Every field with its table.
    fn fields(&self) -> impl Iterator<Item = (&'a Table, &'a Field)> {
        self.controls.tables.iter().flat_map(|t| t.fields.iter().map(move |f| (t, f)))
    }

    /// Every id.
    fn ids(&self) -> Vec<&'a str> {
        let (c, p) = (self.controls, self.policy);
        let mut out: Vec<&str> = Vec::new();
        out.extend(c.checks.iter().map(|x| x.id.as_str()));
        out.extend(c.groups.iter().map(|x| x.id.as_str()));
        out.extend(c.metrics.iter().map(|x| x.id.as_str()));
        out.extend(p.statements.iter().map(|x| x.id.as_str()));
        out.extend(p.parameters.keys().map(String::as_str));
        out.extend(p.tiers.iter().map(|x| x.id.as_str()));
        out.extend(p.roles.iter().map(|x| x.id.as_str()));
        out.extend(c.tables.iter().map(|x| x.name.as_str()));
        out.extend(c.evidence_kinds.iter().map(|x| x.id.as_str()));
        out.extend(c.frameworks.iter().map(|x| x.id.as_str()));
        out.extend(c.conventions.iter().map(|(name, _)| name.as_str()));
        out.extend(KINDS.iter().map(|x| x.name));
        out.extend(c.frameworks.iter().flat_map(|f| &f.controls).map(|x| x.id.as_str()));
        out.extend(REASONS.iter().map(|(code, _)| *code));
        out.extend(self.findings.iter().map(|x| x.id.as_str()));
        out
    }

    /// Up to three ids that are nearly this one, nearest first.
    pub fn nearest(&self, id: &str) -> Vec<&'a str> {
        let mut left = self.ids();
        let mut out = Vec::new();
        while out.len() < 3 {
            let Some(found) = model::fault::meant(id, left.iter().copied()) else { break };
            left.retain(|x| *x != found);
            out.push(found);
        }
        out
    }
}

/// A spelling in which ids are compared.
fn plain(id: &str) -> String {
    id.trim().to_lowercase().replace(['-', ' '], "_")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_id_is_found_and_names_one_thing() {
        let policy = Policy::embedded().unwrap();
        let library = Library { controls: Controls::embedded(), policy: &policy, findings: &PolicyFinding::all() };
        let mut seen = BTreeSet::new();
        for id in library.ids() {
            let found = library.find(id);
            assert_eq!(found.len(), 1, "{id}");
            assert_eq!(found[0].id, id);
            assert!(seen.insert(plain(id)), "{id} names two things");
        }
        for (shown, table) in SHOWN {
            assert_eq!(library.find(shown)[0].id, table);
        }
        assert_eq!(library.find("systems.change_rate")[0].kind, "field");
    }

    #[test]
    fn an_id_of_two_frameworks_gives_both() {
        let policy = Policy::embedded().unwrap();
        let mut controls = Controls::embedded().clone();
        let copied = controls.framework("nist80053").unwrap().control("CP-9").unwrap().clone();
        controls.frameworks.iter_mut().find(|f| f.id == "csf2").unwrap().controls.push(copied);
        let library = Library { controls: &controls, policy: &policy, findings: &[] };
        assert_eq!(library.find("cp-9").len(), 2);
        assert_eq!(library.find("csf2:CP-9").len(), 1);
    }
}
