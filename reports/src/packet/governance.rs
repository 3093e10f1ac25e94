//! The policy document, who can reach backups, and what people reviewed.

use model::dossier::{AccessSheet, ActionSheet, DocumentSheet, Dossier, ReviewSheet};

use crate::block::{
    Align, Block, Inline, Inlines, State, Table, TableRow, badge, code, column, row, strong, text as plain,
};
use crate::parts::{count, dash_if_empty, heading, note, of_result, para, short, table, table_or, text};

/// The policy with its versions and approval, the other documents, and every statement with its state.
pub(super) fn policy(d: &Dossier) -> Vec<Block> {
    let mut out = vec![heading(1, "policy", "Policy document")];
    out.push(note(format!("This packet was judged against {}, version {}.", d.policy.title, d.policy.version)));
    match &d.governance.documents {
        None => out.push(para(text("Not known: no register of documents was given."))),
        Some(all) => {
            let (policies, others): (Vec<&DocumentSheet>, Vec<&DocumentSheet>) =
                all.iter().partition(|x| x.kind == "policy");
            for (id, caption, list) in
                [("versions-table", "Policies, each version", policies), ("documents-table", "Other documents", others)]
            {
                if !list.is_empty() {
                    out.push(table(id, caption, document_columns(), list.into_iter().map(document).collect()));
                }
            }
        }
    }
    out.push(heading(2, "statements", "Statements"));
    out.push(note("What the policy binds us to, in our words, with the worst result of the checks that test it."));
    let rows = d
        .statements
        .iter()
        .map(|s| {
            let (mark, word) = of_result(s.state, false);
            let mut state: Inlines = vec![badge(mark, word)];
            if !s.missing.is_empty() {
                state.extend([Inline::Break, plain(s.missing.clone())]);
            }
            row(vec![vec![code(s.id.clone())], text(s.paraphrase.clone()), dash_if_empty(&s.checks.join(", ")), state])
        })
        .collect();
    let columns = vec![
        column("Statement", Align::Left, 1.3),
        column("What it says", Align::Left, 4.2),
        column("Checks", Align::Left, 1.9),
        column("State", Align::Left, 2.6),
    ];
    let caption = count(d.statements.len(), "statement", "statements");
    out.push(Table::new("statements-table", caption, columns, rows).dense().into());
    out
}

fn document_columns() -> Vec<crate::block::Column> {
    vec![
        column("Document", Align::Left, 3.2),
        column("Version", Align::Left, 0.8),
        column("Approved by", Align::Left, 2.0),
        column("Approved, in force", Align::Left, 1.5),
        column("Next review", Align::Left, 1.2),
        column("Signed", Align::Left, 2.8),
        column("SHA-256", Align::Left, 1.4),
    ]
}

fn document(x: &DocumentSheet) -> TableRow {
    let day =
        |at: Option<model::time::Instant>| at.map_or_else(|| "–".to_owned(), |t| t.format("%Y-%m-%d").to_string());
    row(vec![
        vec![
            strong(if x.title.is_empty() { x.document_id.clone() } else { x.title.clone() }),
            Inline::Break,
            code(x.document_id.clone()),
        ],
        text(x.version.clone()),
        if x.approved_by.is_empty() {
            vec![badge(State::Missed, "no approval on record")]
        } else {
            text(x.approved_by.clone())
        },
        vec![plain(day(x.approved_at)), Inline::Break, plain(day(x.effective_from))],
        dash_if_empty(&x.next_review_due),
        dash_if_empty(&x.signatures.join("; ")),
        dash_if_empty(x.digest.get(..12).unwrap_or(&x.digest)),
    ])
}

/// Who could reach a backup platform.
pub(super) fn access(d: &Dossier) -> Vec<Block> {
    let mut out = vec![heading(1, "access", "Access to backup platforms")];
    let Some(all) = &d.governance.access else {
        out.push(para(text("Not known: neither a register of principals nor one of grants was given.")));
        return out;
    };
    let columns = vec![
        column("Platform", Align::Left, 1.5),
        column("Who", Align::Left, 1.8),
        column("Second factor", Align::Left, 1.6),
        column("Permission", Align::Left, 1.8),
        column("Can delete backups", Align::Left, 1.1),
        column("Approved by", Align::Left, 2.0),
        column("Platform reviewed", Align::Left, 1.3),
    ];
    let caption = count(all.len(), "permission", "permissions");
    let table = Table::new("access-table", caption, columns, all.iter().map(grant).collect()).footnote(text(
        "As it stood at the end of the period, from the registers of principals, grants and access reviews.",
    ));
    out.push(table_or("The registers of principals and grants are empty.", table.dense()));
    out
}

fn grant(a: &AccessSheet) -> TableRow {
    let mark = match (a.kind.as_str(), a.mfa.as_str()) {
        (_, "enforced") => State::Success,
        (_, "enrolled") => State::Late,
        (_, "none") => State::Failed,
        (_, "not applicable") => State::NotApplicable,
        _ => State::Unknown,
    };
    let word = if a.mfa.is_empty() { "not on record" } else { a.mfa.as_str() };
    let delete = match a.can_delete {
        Some(true) => "yes",
        Some(false) => "no",
        None => "not known",
    };
    row(vec![
        vec![code(a.platform_id.clone())],
        vec![strong(a.principal_id.clone()), Inline::Break, plain(a.kind.clone())],
        vec![badge(mark, word), Inline::Break, plain(a.mfa_source.clone())],
        dash_if_empty(
            [a.privilege.as_str(), a.role.as_str()]
                .into_iter()
                .filter(|s| !s.is_empty())
                .collect::<Vec<_>>()
                .join(", ")
                .as_str(),
        ),
        text(delete),
        if a.approved_by.is_empty() {
            vec![badge(State::Missed, "no approval on record")]
        } else {
            text(a.approved_by.clone())
        },
        text(a.reviewed_at.map_or_else(|| "–".to_owned(), |t| t.format("%Y-%m-%d").to_string())),
    ])
}

/// Reviews, audits, incidents and actions.
pub(super) fn reviews(d: &Dossier) -> Vec<Block> {
    let mut out = vec![heading(1, "reviews", "Reviews and audits")];
    out.push(match &d.governance.reviews {
        None => para(text("Not known: no register of reviews was given.")),
        Some(all) => {
            let columns = vec![
                column("Review", Align::Left, 1.8),
                column("Performed", Align::Left, 1.4),
                column("Looked at (UTC)", Align::Left, 2.0),
                column("Found or decided", Align::Left, 3.4),
                column("Actions", Align::Left, 1.1),
                column("Signed off by", Align::Left, 1.3),
            ];
            let caption = format!("{}, newest first", count(all.len(), "review", "reviews"));
            let table = Table::new("reviews-table", caption, columns, all.iter().rev().map(review).collect());
            table_or("No review is on record.", table)
        }
    });
    out.push(heading(2, "actions", "Actions"));
    out.push(match &d.governance.actions {
        None => para(text("Not known: no register of actions was given.")),
        Some(all) => {
            let columns = vec![
                column("Action", Align::Left, 1.6),
                column("Answers", Align::Left, 2.6),
                column("Owner", Align::Left, 1.5),
                column("Opened", Align::Left, 1.5),
                column("Due", Align::Left, 1.5),
                column("State", Align::Left, 1.6),
                column("Checked", Align::Left, 1.5),
            ];
            let caption = format!("{} (times in UTC)", count(all.len(), "action", "actions"));
            let table = Table::new("actions-table", caption, columns, all.iter().map(action).collect());
            table_or("No action was open in the period.", table)
        }
    });
    out
}

fn review(r: &ReviewSheet) -> TableRow {
    row(vec![
        vec![code(r.review_id.clone()), Inline::Break, plain(r.kind.clone())],
        vec![plain(r.performed_at.format("%Y-%m-%d").to_string()), Inline::Break, plain(r.performer.clone())],
        text(format!("{} to {}", short(r.from), short(r.to))),
        dash_if_empty(&r.findings.join("; ")),
        dash_if_empty(&r.actions.join(", ")),
        dash_if_empty(&r.signed_off_by),
    ])
}

fn action(a: &ActionSheet) -> TableRow {
    let state = match (a.closed_at, a.overdue) {
        (Some(at), _) => badge(State::Success, format!("closed {}", at.format("%Y-%m-%d"))),
        (None, true) => badge(State::Failed, "overdue"),
        (None, false) => badge(State::Running, "open"),
    };
    row(vec![
        vec![code(a.action_id.clone())],
        dash_if_empty(&a.origin),
        dash_if_empty(&a.owner),
        text(short(Some(a.opened_at))),
        text(short(a.due_at)),
        vec![state],
        text(short(a.verified_at)),
    ])
}
