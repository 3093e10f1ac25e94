//! Scope and inventory, coverage both ways, and how backups are configured.

use model::dossier::{Dossier, SystemSheet};

use super::Anchors;
use crate::block::{
    Align, Block, Inline, Inlines, State, Table, TableRow, badge, code, column, link, row, strong, text as plain,
};
use crate::parts::{count, dash_if_empty, evidenced, heading, note, para, population, seconds, short, table, text};

pub(super) fn blocks(d: &Dossier, anchors: &Anchors) -> Vec<Block> {
    let mut out = vec![heading(1, "scope", "Scope and inventory")];
    let all = population(d, "systems");
    let outside: Vec<_> = all.iter().filter(|s| s("in_scope") == "false").collect();
    out.push(note(format!(
        "{} in scope and in service in the period; {} of the inventory out of scope.",
        count(d.systems.len(), "system was", "systems were"),
        outside.len()
    )));
    out.push(table(
        "inventory-table",
        count(d.systems.len(), "system in scope", "systems in scope"),
        vec![
            column("System", Align::Left, 2.4),
            column("Tier", Align::Left, 1.8),
            column("Criticality, kind", Align::Left, 1.6),
            column("Owner", Align::Left, 1.5),
            column("RPO", Align::Right, 1.0),
            column("RTO", Align::Right, 1.0),
        ],
        d.systems.iter().map(system).collect(),
    ));
    out.push(note(
        "Rows come from the inventory of the workspace; who confirmed them and when is judged by check INV-01.",
    ));
    if !outside.is_empty() {
        let rows: Vec<TableRow> = outside
            .iter()
            .map(|s| {
                row(vec![
                    vec![strong(s("name")), Inline::Break, code(s("system_id"))],
                    dash_if_empty(&s("scope_reason")),
                    dash_if_empty(&s("scope_approved_by")),
                ])
            })
            .collect();
        out.push(table(
            "outside-table",
            "Out of scope",
            vec![
                column("System", Align::Left, 2.5),
                column("Reason", Align::Left, 4.0),
                column("Approved by", Align::Left, 2.0),
            ],
            rows,
        ));
    }
    out.extend(coverage(d));
    out.extend(configuration(d, anchors));
    out
}

fn named(s: &SystemSheet) -> Inlines {
    vec![strong(s.name.clone()), Inline::Break, code(s.system_id.clone())]
}

fn system(s: &SystemSheet) -> TableRow {
    row(vec![
        named(s),
        text(s.tier_name.clone()),
        text(format!("{}, {}", s.criticality, s.kind.replace('_', " "))),
        dash_if_empty(&s.owner),
        text(s.rpo_target_s.map_or_else(|| "none".to_owned(), |t| seconds(Some(t)))),
        text(seconds(s.rto_target_s)),
    ])
}

/// From the inventory to its backups, and from what was seen to the inventory.
fn coverage(d: &Dossier) -> Vec<Block> {
    let mut out = vec![heading(2, "coverage", "Coverage both ways")];
    let rows: Vec<TableRow> = d
        .systems
        .iter()
        .map(|s| {
            let plans: Vec<String> = s.plans.iter().map(|p| p.plan_id.clone()).collect();
            let plans =
                if plans.is_empty() { vec![badge(State::Missed, "no plan in force")] } else { text(plans.join(", ")) };
            let newest = match s.newest_point_at {
                Some(at) => vec![badge(State::Success, short(Some(at)))],
                None => vec![badge(State::Unknown, "none seen")],
            };
            row(vec![named(s), plans, text(s.platform.clone()), newest])
        })
        .collect();
    out.extend(evidenced(
        d,
        Table::new(
            "covered-table",
            "From the inventory to its backups",
            vec![
                column("System", Align::Left, 2.4),
                column("Plans in force", Align::Left, 3.2),
                column("Tool", Align::Left, 1.4),
                column("Newest good point (UTC)", Align::Left, 1.8),
            ],
            rows,
        ),
        &["recovery_points", "backup_runs"],
        None,
        "Plans come from the inventory of the workspace.",
    ));
    out.push(para(if d.uninventoried.is_empty() {
        text("From backups to the inventory: everything that sources showed belongs to a system of the inventory, or is excluded with a reason.")
    } else {
        vec![
            plain(format!(
                "From backups to the inventory: {} to no system of the inventory; ",
                count(d.uninventoried.len(), "resource belongs", "resources belong")
            )),
            link("uninventoried", "Seen, but in no inventory"),
            plain(" lists them."),
        ]
    }));
    out
}

/// Plans, and the places where backups are kept.
fn configuration(d: &Dossier, anchors: &Anchors) -> Vec<Block> {
    let mut out = vec![heading(2, "configuration", "Configuration")];
    let plans: Vec<TableRow> = population(d, "plans")
        .iter()
        .map(|p| {
            let retention = match (p("retention_s").parse::<i64>(), p("retention_count").as_str()) {
                (Ok(s), "") => seconds(Some(s)),
                (Ok(s), n) => format!("{}, {n} copies", seconds(Some(s))),
                (Err(_), "") => "not stated".to_owned(),
                (Err(_), n) => format!("{n} copies"),
            };
            let in_force = match p("effective_to").as_str() {
                "" => format!("since {}", day_of(&p("effective_from"))),
                to => format!("{} to {}", day_of(&p("effective_from")), day_of(to)),
            };
            row(vec![
                vec![strong(p("plan_id")), plain(format!(" v{}", p("version"))), Inline::Break, code(p("system_id"))],
                text(format!("{} ({}), {}", p("schedule"), p("timezone"), p("component"))),
                text(retention),
                kept(&p("location_id"), &p("copy_location_ids")),
                text(if p("enabled") == "true" { in_force } else { format!("{in_force}, not enabled") }),
                dash_if_empty(&p("approved_by")),
            ])
        })
        .collect();
    if plans.is_empty() {
        out.push(para(text("No plan is on record.")));
    } else {
        out.push(table(
            "plans-table",
            "Plans: schedule, retention, place, copies",
            vec![
                column("Plan, system", Align::Left, 2.0),
                column("Schedule, component", Align::Left, 2.0),
                column("Retention", Align::Left, 1.1),
                column("Kept at, copied to", Align::Left, 3.0),
                column("In force", Align::Left, 1.4),
                column("Approved by", Align::Left, 1.2),
            ],
            plans,
        ));
        out.push(note("Rows come from the inventory of the workspace, each version of a plan."));
    }
    out.extend(storage(d, anchors));
    out
}

/// Settings of storage as platforms showed them, linked to the bytes that say so.
fn storage(d: &Dossier, anchors: &Anchors) -> Vec<Block> {
    let rows: Vec<TableRow> = population(d, "storage")
        .iter()
        .map(|s| {
            let encryption = match s("encryption_default").as_str() {
                "true" => vec![badge(State::Success, "on"), plain(format!(" {}", s("default_cipher")))],
                "false" => vec![badge(State::Failed, "off")],
                _ => vec![badge(State::Unknown, "not known")],
            };
            let public = match s("public_access").as_str() {
                "" => "not known".to_owned(),
                "true" => "public".to_owned(),
                "false" => "not public".to_owned(),
                other => other.replace('_', " "),
            };
            row(vec![
                vec![code(s("location_id")), Inline::Break, plain(format!("{} {}", s("platform_id"), s("region")))],
                encryption,
                dash_if_empty(&s("immutability").replace('_', " ")),
                list(&s("replication_targets")),
                text(public),
                text(day_of(&s("observed_at"))),
                anchors.object(&s("evidence")),
            ])
        })
        .collect();
    if rows.is_empty() {
        return vec![para(text("No source and no register tells how storage is set."))];
    }
    let table = Table::new(
        "storage-table",
        "Storage: encryption, immutability, replication, exposure",
        vec![
            column("Location", Align::Left, 3.0),
            column("Encrypted by default", Align::Left, 1.4),
            column("Immutable", Align::Left, 1.2),
            column("Replicated to", Align::Left, 1.4),
            column("Access", Align::Left, 1.0),
            column("Seen", Align::Left, 1.1),
            column("Object", Align::Left, 1.3),
        ],
        rows,
    );
    let remark = "Rows without an object come from the register of storage locations.";
    evidenced(d, table, &["storage_locations"], None, remark).into()
}

/// Where a plan keeps its backups, and where it copies them to.
fn kept(place: &str, copies: &str) -> Inlines {
    let mut out = if place.is_empty() { text("–") } else { vec![code(place)] };
    let copies: Vec<String> = serde_json::from_str(copies).unwrap_or_default();
    for copy in copies {
        out.extend([Inline::Break, plain("copy: "), code(copy)]);
    }
    out
}

/// The day of an instant as text; a dash for none.
fn day_of(instant: &str) -> String {
    instant.get(..10).unwrap_or("–").to_owned()
}

/// A list that a population holds as JSON text.
fn list(json: &str) -> Inlines {
    let names: Vec<String> = serde_json::from_str(json).unwrap_or_default();
    dash_if_empty(&names.join(", "))
}
