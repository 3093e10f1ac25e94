//! A dossier without evidence, to be filled by tests.

use model::assessment::{ASSESSMENT_SCHEMA, Assessment, PeriodInfo, Severity, Summary};
use model::dossier::{Dossier, FindingSheet, Governance, PolicySheet, StoreSheet};
use model::time::{Period, Tz};

/// October 2026 of a company that nothing is known of.
pub fn dossier() -> Dossier {
    let period = Period::parse("2026-10", Tz::UTC).unwrap();
    Dossier {
        assessment: Assessment {
            schema: ASSESSMENT_SCHEMA,
            organization: "Example Robotics".to_owned(),
            period: PeriodInfo::of(&period, super::as_of()),
            sources: Vec::new(),
            metrics: Vec::new(),
            results: Vec::new(),
            summary: Summary::default(),
        },
        accent: None,
        logo: None,
        period_title: period.title(),
        store: StoreSheet {
            store_id: "store".to_owned(),
            last_run: 1,
            last_manifest: "0".repeat(64),
            runs: 1,
            signed_by: None,
        },
        policy: PolicySheet {
            title: "Backup & Restore Policy".to_owned(),
            version: "1.0".to_owned(),
            parameters: Vec::new(),
        },
        trends: Vec::new(),
        systems: Vec::new(),
        findings: Vec::new(),
        missing: Vec::new(),
        closures: Vec::new(),
        tests: Vec::new(),
        waivers: Vec::new(),
        uninventoried: Vec::new(),
        sources: Vec::new(),
        checks: Vec::new(),
        figures: Vec::new(),
        figures_page: None,
        withheld: Vec::new(),
        samples: Vec::new(),
        frameworks: Vec::new(),
        standards: Vec::new(),
        statements: Vec::new(),
        governance: Governance {
            roles: Vec::new(),
            incidents: None,
            actions: None,
            reviews: None,
            documents: None,
            access: None,
        },
        days: Vec::new(),
        populations: Vec::new(),
    }
}

/// A failed result on one unit.
pub fn finding(check: &str, unit: &str, severity: Severity, waived: bool) -> FindingSheet {
    FindingSheet {
        result: 0,
        check: check.to_owned(),
        title: format!("What {check} asks"),
        unit: unit.to_owned(),
        unit_name: unit.to_owned(),
        system: unit.to_owned(),
        since: None,
        severity,
        waived,
        detail: format!("Detail of {unit}. More of it."),
        remediation: "Repair it.".to_owned(),
        owner: "Operations".to_owned(),
        basis: "policy".to_owned(),
        statements: Vec::new(),
        assumptions: Vec::new(),
        records: Vec::new(),
    }
}
