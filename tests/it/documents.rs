//! Pages of `docs/` that are made from the control data; `BACKPROOF_WRITE_DOCS=1` writes them anew.

use std::fmt::Write as _;
use std::path::Path;

use model::controls::Controls;
use model::policy::Policy;

#[test]
fn the_table_of_checks_statements_and_controls_is_up_to_date() {
    let policy = Policy::embedded().unwrap();
    let made = checks(Controls::embedded(), &policy);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/checks.md");
    if std::env::var_os("BACKPROOF_WRITE_DOCS").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == made, "docs/checks.md is not what controls/ says: run this test with BACKPROOF_WRITE_DOCS=1");
}

fn checks(controls: &Controls, policy: &Policy) -> String {
    let mut out = String::from(
        "# Checks, statements and controls\n\nMade from `controls/` by `tests/it/documents.rs`. `backproof explain` tells \
         of each of them; [coverage.md](coverage.md) shows where each check was seen in which state.\n",
    );
    for group in &controls.groups {
        let _ = write!(
            out,
            "\n## {} {}\n\n| Check | Severity, kind | Statements | Controls |\n|---|---|---|---|\n",
            group.id, group.name
        );
        for check in controls.checks.iter().filter(|c| c.group == group.id) {
            let by_framework: Vec<String> =
                check.controls.iter().map(|(framework, ids)| format!("{framework}: {}", ids.join(", "))).collect();
            let _ = writeln!(
                out,
                "| {} {} | {}, {} | {} | {} |",
                check.id,
                check.title,
                check.severity,
                check.automation,
                check.statements.join(", "),
                by_framework.join("; ")
            );
        }
    }
    out.push_str("\n## Statements of the policy\n\n| Statement | What it says | Checks |\n|---|---|---|\n");
    for statement in &policy.statements {
        let _ = writeln!(out, "| {} | {} | {} |", statement.id, statement.paraphrase, statement.checks.join(", "));
    }
    out
}
