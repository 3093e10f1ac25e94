//! Frameworks, controls and statements of the policy with their state, as packets print them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::assessment::State;
use crate::controls::{Relevance, TitleKind};

/// A framework with its controls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FrameworkSheet {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Edition.
    pub edition: String,
    /// Who issues it.
    pub authority: String,
    /// What of its text may be quoted.
    pub text_use: String,
    /// When its results count.
    pub applies_when: String,
    /// Positions in the assessment of the results that do not count: they are about systems that it is not about.
    pub left_out: BTreeSet<usize>,
    /// Checks by id, each with its results that count.
    pub checks: BTreeMap<String, Standing>,
    /// Controls in the framework's own order.
    pub controls: Vec<ControlSheet>,
}

/// Results of a check that count for a framework.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// Rolled up; absent where none counts.
    pub state: Option<State>,
    /// Every failure is under a waiver.
    pub only_waived: bool,
    /// Results: pass, fail, waived, not applicable, no evidence.
    pub counts: [u64; 5],
}

/// A control in the period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ControlSheet {
    /// As its authority writes it.
    pub id: String,
    /// Title; whose words it is in says `title_kind`.
    pub title: String,
    /// Official, our own words, or a public listing.
    pub title_kind: TitleKind,
    /// What it asks, in our words.
    pub summary: String,
    /// How it relates to backup and restore.
    pub relevance: Relevance,
    /// Rolled up over the results of its checks; absent where no check judges it.
    pub state: Option<State>,
    /// Every failure is under a waiver.
    pub only_waived: bool,
    /// Why it has no state of results.
    pub note: String,
    /// Results: pass, fail, waived, not applicable, no evidence.
    pub counts: [u64; 5],
    /// Ids of its checks.
    pub checks: Vec<String>,
    /// Ids of statements of the policy that these checks test and that are mapped to the control.
    pub statements: Vec<String>,
}

impl ControlSheet {
    /// False where its framework is about no system in scope.
    #[must_use]
    pub fn applies(&self) -> bool {
        self.state != Some(State::NotApplicable) || self.counts != [0; 5]
    }
}

/// A statement of the policy in the period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatementSheet {
    /// Id.
    pub id: String,
    /// Section.
    pub section: String,
    /// In our words.
    pub paraphrase: String,
    /// Names of the roles that are responsible.
    pub owners: Vec<String>,
    /// Ids of its checks.
    pub checks: Vec<String>,
    /// Its state.
    pub state: State,
    /// What is missing; empty where nothing is.
    pub missing: String,
}
