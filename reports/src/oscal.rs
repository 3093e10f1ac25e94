//! OSCAL: assessment results and plan of action and milestones.

use model::dossier::Dossier;
use serde_json::{Value, json};

/// Assessment results.
#[must_use]
pub fn assessment_results(d: &Dossier) -> Value {
    json!({ "assessment-results": { "metadata": { "title": d.period_title } } })
}

/// Plan of action and milestones.
#[must_use]
pub fn poam(d: &Dossier) -> Value {
    json!({ "plan-of-action-and-milestones": { "metadata": { "title": d.period_title } } })
}
