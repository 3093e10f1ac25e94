//! The policy as data: parameters, tiers, approval rules, roles, statements, citations.
//!
//! The built-in profile is `controls/policy.toml`; a workspace may replace the file and override
//! single parameters. Every parameter keeps where its value comes from, because a result judged
//! by a default of ours is no breach of the organisation's policy.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::controls::Automation;
use crate::fault::Faults;
use crate::inventory::Objective;
use crate::registers::RiskLevel;
use crate::time::Span;
use crate::words::words;

mod parameters;
mod parse;

pub(crate) use parse::{Given, policy as resolve};

words! {
    /// Where the value of a parameter comes from.
    ParameterOrigin {
        Policy = "policy", Default = "default", Framework = "framework", Organisation = "organisation",
    }
}
words! {
    /// What kind of sentence a statement is.
    Modality {
        Shall = "shall", Output = "output", Approval = "approval", Objective = "objective",
        Commitment = "commitment", Scope = "scope", Fact = "fact", Cadence = "cadence", Duty = "duty",
        Procedure = "procedure", Metric = "metric", May = "may", Definition = "definition",
        Target = "target", PlatformNote = "platform_note",
    }
}
words! {
    /// Whether a control that the policy cites says what it is cited for.
    Verdict {
        Fits = "fits", Partial = "partial", Imprecise = "imprecise", Unsupported = "unsupported",
        Miscited = "miscited", Unrelated = "unrelated",
    }
}

/// Value of a parameter, read as its unit says.
#[derive(Debug, Clone, PartialEq)]
pub enum Setting {
    /// `duration` (fixed length) and `calendar` (may have months).
    Span(Span),
    /// `ratio`, from 0 to 1.
    Ratio(f64),
    /// `ratio_or_unset` that is not set.
    Unset,
    /// `bool`
    Flag(bool),
    /// `choice(…)`, `algorithm`, `tls_version`
    Text(String),
    /// `sizes`: rows to draw from a population of up to so many rows, ascending; the last is for every larger one.
    Sizes(Vec<(u64, u64)>),
}

/// A figure or choice that checks depend on.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Id.
    pub id: String,
    /// Value as written: `PT24H`, `0.01`, `per_system`, `true`.
    pub value: String,
    /// The same, read.
    pub setting: Setting,
    /// How the value is read: `duration`, `calendar`, `ratio`, `bool`, `choice(a,b)` …
    pub unit: String,
    /// Where the value comes from.
    pub origin: ParameterOrigin,
    /// Section of the policy, or paragraph of the framework.
    pub section: Option<String>,
    /// For people.
    pub meaning: String,
}

/// A tier of recovery objectives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tier {
    /// Id.
    pub id: String,
    /// For people.
    pub name: String,
    /// Order of recovery, 1 first.
    pub order: u32,
    /// Seconds allowed to restore; the upper end of a range.
    pub rto_s: i64,
    /// Lower end of a range.
    pub rto_low_s: Option<i64>,
    /// As printed.
    pub rto_text: String,
    /// Seconds of data loss allowed.
    pub rpo_s: Option<i64>,
    /// False where no point objective applies.
    pub rpo_applicable: bool,
    /// Why none applies.
    pub rpo_reason: Option<String>,
    /// As printed.
    pub rpo_text: String,
    /// Remark.
    pub note: Option<String>,
}

/// Who must approve an exception of a risk level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalRule {
    /// Level.
    pub risk_level: RiskLevel,
    /// Role ids, all of them needed.
    pub roles: Vec<String>,
    /// Section of the policy.
    pub section: String,
}

/// Who must approve the outputs of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SectionApproval {
    /// Section, `3.1`.
    pub section: String,
    /// Role ids, all of them needed.
    pub roles: Vec<String>,
}

/// A role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Id.
    pub id: String,
    /// For people.
    pub name: String,
    /// What it does.
    pub meaning: String,
    /// Sections of the policy that name it.
    pub sections: String,
    /// Section that says what the role does; absent where none does.
    pub described_in: Option<String>,
    /// False where nobody is appointed to it: anybody may act in it, or the organisation does not use it.
    pub appointed: bool,
}

/// A sentence of the policy that binds, in our words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// `BRP-<section>-<nn>`
    pub id: String,
    /// Section.
    pub section: String,
    /// Kind of place in the document.
    pub source: String,
    /// Kind of sentence.
    pub modality: Modality,
    /// In our words.
    pub paraphrase: String,
    /// Who is responsible.
    pub owner_roles: Vec<String>,
    /// The most that can be had without a person.
    pub automation: Automation,
    /// Evidence kind ids.
    pub evidence: Vec<String>,
    /// Check ids.
    pub checks: Vec<String>,
    /// Parameter ids.
    pub parameters: Vec<String>,
    /// Tier it is about.
    pub tier: Option<String>,
    /// Risk level it is about.
    pub risk_level: Option<RiskLevel>,
    /// Remark.
    pub note: Option<String>,
    /// Control ids by framework id.
    pub controls: BTreeMap<String, Vec<String>>,
}

/// A control that the policy cites.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Citation {
    /// Where.
    pub section: String,
    /// As printed.
    pub as_cited: String,
    /// Framework id.
    pub framework: String,
    /// Control ids.
    pub resolves_to: Vec<String>,
    /// Whether it fits.
    pub verdict: Verdict,
    /// Why.
    pub comment: String,
}

/// Another policy that this one names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Section that names it.
    pub section: String,
    /// Title as printed.
    pub title: String,
    /// Its id in the register of documents, where the title alone does not tell.
    pub document_id: Option<String>,
}

/// Facts printed in the policy document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyDocument {
    /// Id, prefix of statement ids.
    pub document_id: String,
    /// Title.
    pub title: String,
    /// Kind.
    pub kind: String,
    /// Version on the title page.
    pub stated_version: String,
    /// Review cadence, ISO 8601.
    pub cadence: Span,
    /// Role that owns it.
    pub owner_role: String,
    /// Title of that role.
    pub owner_title: String,
    /// Role that approves it.
    pub approver_role: String,
    /// Title of that role.
    pub approver_title: String,
    /// Confidentiality label.
    pub label: String,
    /// The document states when it takes effect.
    pub effective_date_stated: bool,
    /// The document states its next review.
    pub next_review_date_stated: bool,
    /// The document states its id.
    pub document_id_stated: bool,
    /// False where the document has no version history by design.
    pub has_history: bool,
    /// Rows of the printed version history, in order.
    pub history: Vec<HistoryRow>,
    /// Printed signature lines.
    pub signatures: Vec<SignatureLine>,
}

/// A row of the printed version history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRow {
    /// Version.
    pub version: String,
    /// Date.
    pub dated: NaiveDate,
    /// Change.
    pub change: String,
    /// It records an approval.
    pub approval: bool,
    /// It names who approved.
    pub approver_named: bool,
}

/// A printed signature line and what of it is filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureLine {
    /// Role id.
    pub role: String,
    /// Name.
    pub name_filled: bool,
    /// Signature.
    pub signature_filled: bool,
    /// Date.
    pub date_filled: bool,
}

/// A policy, ready to judge by.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Document facts.
    pub document: PolicyDocument,
    /// Roles, in file order.
    pub roles: Vec<Role>,
    /// Tiers by order of recovery.
    pub tiers: Vec<Tier>,
    /// Approval rules by risk level.
    pub approval_rules: Vec<ApprovalRule>,
    /// Section approvals, in file order.
    pub section_approvals: Vec<SectionApproval>,
    /// Parameters by id. Holds every parameter of the built-in profile, whatever was given.
    pub parameters: BTreeMap<String, Parameter>,
    /// Citations, in file order.
    pub citations: Vec<Citation>,
    /// Policies that this one names, in file order.
    pub references: Vec<Reference>,
    /// Statements, in file order.
    pub statements: Vec<Statement>,
    /// Name of the file that replaced the built-in profile.
    pub file: Option<String>,
}

impl Policy {
    /// The built-in profile.
    ///
    /// # Errors
    /// Never in a program whose tests passed: they parse the same bytes.
    pub fn embedded() -> Result<Self, Faults> {
        parse::policy(Given::default())
    }

    /// The tier of this id.
    #[must_use]
    pub fn tier(&self, id: &str) -> Option<&Tier> {
        self.tiers.iter().find(|t| t.id == id)
    }

    /// The role of this id.
    #[must_use]
    pub fn role(&self, id: &str) -> Option<&Role> {
        self.roles.iter().find(|r| r.id == id)
    }

    /// The statement of this id.
    #[must_use]
    pub fn statement(&self, id: &str) -> Option<&Statement> {
        self.statements.iter().find(|s| s.id == id)
    }

    /// The objective that a tier of the policy sets. It is always in force; the policy is its document.
    #[must_use]
    pub fn tier_objective(&self, tier: &str) -> Option<Objective> {
        let tier = self.tier(tier)?;
        Some(Objective {
            objective_id: format!("tier:{}", tier.id),
            tier: Some(tier.id.clone()),
            system_id: None,
            rto_s: Some(tier.rto_s),
            rto_low_s: tier.rto_low_s,
            rpo_s: tier.rpo_s,
            rpo_applicable: tier.rpo_applicable,
            rpo_reason: tier.rpo_reason.clone(),
            agreed_by_owner: None,
            agreed_by_operations: None,
            approved_by: None,
            approved_at: None,
            effective_from: None,
            effective_to: None,
            document_ref: Some(self.document.title.clone()),
            declared_in: "policy.toml".to_owned(),
        })
    }

    /// Roles responsible for what a check tests: owners of the statements that name it, in file order.
    #[must_use]
    pub fn owners_of(&self, check: &str) -> Vec<&str> {
        let mut out = Vec::new();
        for statement in self.statements.iter().filter(|s| s.checks.iter().any(|c| c == check)) {
            for role in &statement.owner_roles {
                if !out.contains(&role.as_str()) {
                    out.push(role);
                }
            }
        }
        out
    }

    /// Name of a role for people; its id where the policy does not list it.
    #[must_use]
    pub fn role_name<'a>(&'a self, id: &'a str) -> &'a str {
        self.role(id).map_or(id, |role| &role.name)
    }

    /// Roles that must all approve an exception of this level; empty where the policy has no rule.
    #[must_use]
    pub fn approvers(&self, level: RiskLevel) -> &[String] {
        self.approval_rules.iter().find(|r| r.risk_level == level).map_or(&[], |r| &r.roles)
    }
}

#[cfg(test)]
mod tests;
