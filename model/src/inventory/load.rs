//! `inventory.toml` and `inventory/*.csv` into an [`Inventory`].
//!
//! Columns of the CSV files are the keys of the TOML file; the names of the data model
//! (`system_id`, `plan_id`, `location_id`, `start_window_s` …) are accepted as well. Owner, tier,
//! data classes and review date may be empty: that is a finding of INV-01, not a broken file.

use std::collections::BTreeMap;

use super::{Inventory, Objective, Plan, Resources, Schedule, System};
use crate::fault::{Fault, Faults, File, meant};
use crate::read::{Context, Fields, Value, csv, toml};
use crate::time::{Instant, Tz};

/// A row, and how to speak of the place it stands in.
struct At<T> {
    row: T,
    fault: Fault,
}

#[derive(Default)]
struct Rows {
    systems: Vec<At<System>>,
    plans: Vec<At<Plan>>,
    objectives: Vec<At<Objective>>,
    given: bool,
    objectives_given: bool,
    /// Some file could not be read at all, so that a dangling reference may be its consequence.
    broken: bool,
}

/// Reads an inventory from its files. Times without an offset, and schedules of plans without a
/// `timezone`, are read in `zone`. Rows with faults are left out; the faults tell.
#[must_use]
pub fn load(files: &[File<'_>], zone: Tz, faults: &mut Faults) -> Inventory {
    let mut rows = Rows::default();
    let before = faults.0.len();
    for file in files {
        read_file(*file, zone, &mut rows, faults);
    }
    rows.broken |= faults.0.len() > before;
    check(&mut rows, faults);
    let (given, objectives_given) = (rows.given, rows.objectives_given);
    let inventory = Inventory::new(
        rows.systems.into_iter().map(|a| a.row).collect(),
        end_superseded(rows.plans.into_iter().map(|a| a.row).collect()),
        rows.objectives.into_iter().map(|a| a.row).collect(),
    );
    match inventory {
        Ok(inventory) => Inventory { given, objectives_given, ..inventory },
        Err(error) => {
            // Each glob compiled on its own; together they may still be too much.
            let file = files.first().map_or("inventory.toml", |f| f.name);
            faults.push(
                Fault::of_file(file, format!("the resource globs together: {error}"))
                    .help("use fewer or simpler globs"),
            );
            Inventory::default()
        }
    }
}

fn read_file(file: File<'_>, zone: Tz, rows: &mut Rows, faults: &mut Faults) {
    let name = file.name.rsplit('/').next().unwrap_or(file.name).to_lowercase();
    if name.ends_with(".toml") {
        let Some(mut root) = toml::document(file, Context { zone: Some(zone), comma_lists: false }, faults) else {
            return;
        };
        rows.given = true;
        rows.objectives_given |= root.has("objective");
        for fields in root.tables("system") {
            rows.systems.extend(one(fields, faults, system));
        }
        for fields in root.tables("plan") {
            rows.plans.extend(one(fields, faults, |f| plan(f, zone)));
        }
        for fields in root.tables("objective") {
            rows.objectives.extend(one(fields, faults, objective));
        }
        root.finish(faults);
        return;
    }
    let table = name.trim_end_matches(".csv").replace('-', "_");
    if !["systems", "plans", "backup_plans", "objectives"].contains(&table.as_str()) {
        let fault = Fault::of_file(file.name, format!("\"{name}\" is no file of an inventory"));
        faults.push(fault.help("known: systems.csv, plans.csv, objectives.csv"));
        return;
    }
    let Some(sheet) = csv::rows(file, &table, zone, faults) else { return };
    match table.as_str() {
        "systems" => {
            rows.given = true;
            rows.systems.extend(sheet.read(faults, |fields, faults| one(fields, faults, system)));
        }
        "objectives" => {
            rows.objectives_given = true;
            rows.objectives.extend(sheet.read(faults, |fields, faults| one(fields, faults, objective)));
        }
        _ => rows.plans.extend(sheet.read(faults, |fields, faults| one(fields, faults, |f| plan(f, zone)))),
    }
}

fn one<T>(
    mut fields: Fields<'_>,
    faults: &mut Faults,
    read: impl FnOnce(&mut Fields<'_>) -> Option<T>,
) -> Option<At<T>> {
    let fault = Fault::at(&fields.file, &fields.span, fields.label.clone(), String::new());
    let row = read(&mut fields);
    fields.finish(faults);
    row.map(|row| At { row, fault })
}

fn system(f: &mut Fields<'_>) -> Option<System> {
    f.alias("id", "system_id");
    f.alias("platform_id", "platform");
    let id = f.get::<String>("id");
    let (name, kind, environment) = (f.get::<Option<String>>("name"), f.get("kind"), f.get("environment"));
    let (criticality, tier, owner) = (f.get("criticality"), f.get("tier"), f.get("owner"));
    let (data_classes, change_rate) = (f.get("data_classes"), f.get("change_rate"));
    let (transactional, in_scope) = (f.get("transactional"), f.get("in_scope"));
    let (scope_reason, scope_approved_by) = (f.get("scope_reason"), f.get("scope_approved_by"));
    let required_components = f.get("required_components");
    let (ephi, iacs) = (f.get("ephi"), f.get("iacs"));
    let (platform_id, region) = (f.get("platform_id"), f.get("region"));
    let provider_managed_backup = f.get("provider_managed_backup");
    let (onboarded_at, retired_at) = (f.get::<Instant>("onboarded_at"), f.get::<Option<Instant>>("retired_at"));
    let (replicate_required, reviewed_at) = (f.get("replicate_required"), f.get("reviewed_at"));
    let mut resources = f.get::<Vec<String>>("resources");
    if let (Some(start), Some(Some(end))) = (onboarded_at, retired_at)
        && end <= start
    {
        f.refuse("retired_at is not after onboarded_at", Some("check the two times"));
    }
    if let Some(globs) = &mut resources {
        globs.retain(|glob| {
            let error = Resources::glob(glob).err();
            if let Some(error) = &error {
                let help = "a literal [, { or * is written \\[, \\{ or \\*";
                f.refuse(format!("resource glob \"{glob}\": {}", error.kind()), Some(help));
            }
            error.is_none()
        });
    }
    let id = id?;
    Some(System {
        name: name?.unwrap_or_else(|| id.clone()),
        system_id: id,
        kind: kind?,
        environment: environment?,
        criticality: criticality?,
        tier: tier?,
        owner: owner?,
        data_classes: data_classes?,
        change_rate: change_rate?,
        transactional: transactional?,
        in_scope: in_scope?,
        scope_reason: scope_reason?,
        scope_approved_by: scope_approved_by?,
        required_components: required_components?,
        ephi: ephi?,
        iacs: iacs?,
        platform_id: platform_id?,
        region: region?,
        provider_managed_backup: provider_managed_backup?,
        onboarded_at: onboarded_at?,
        retired_at: retired_at?,
        replicate_required: replicate_required?,
        reviewed_at: reviewed_at?,
        resources: resources?,
        declared_in: f.file.line_of(f.span.start),
    })
}

fn plan(f: &mut Fields<'_>, zone: Tz) -> Option<Plan> {
    for (key, other) in [
        ("id", "plan_id"),
        ("system", "system_id"),
        ("location", "location_id"),
        ("copy_locations", "copy_location_ids"),
        ("platform", "platform_id"),
    ] {
        f.alias(key, other);
    }
    let (id, version) = (f.get::<String>("id"), f.get_or::<u32>("version", Some(1)));
    let (system, component) = (f.get::<String>("system"), f.get("component"));
    let schedule = schedule(f);
    let timezone = f.get_or::<Tz>("timezone", Some(zone));
    let start_window_s = f.seconds("start_window", "start_window_s");
    let max_duration_s = f.seconds("max_duration", "max_duration_s");
    let archive_timeout_s = f.seconds("archive_timeout", "archive_timeout_s");
    let retention_s = f.seconds("retention", "retention_s");
    let retention_count = f.get("retention_count");
    let (platform_id, location_id, copies) = (f.get("platform"), f.get("location"), f.get("copy_locations"));
    let enabled = f.get_or::<bool>("enabled", Some(true));
    let (alert_channel, alert_on) = (f.get("alert_channel"), f.get("alert_on"));
    let from = f.get::<Instant>("effective_from");
    let to = f.get::<Option<Instant>>("effective_to");
    let (approved_by, approved_at, document_ref) = (f.get("approved_by"), f.get("approved_at"), f.get("document_ref"));
    let operational = f.get_or::<bool>("operational", Some(true));
    if let (Some(from), Some(Some(to))) = (from, to)
        && to <= from
    {
        f.refuse("effective_to is not after effective_from", Some("check the two times"));
    }
    Some(Plan {
        plan_id: id?,
        version: version?,
        system_id: system?,
        component: component?,
        schedule: schedule?,
        timezone: timezone?,
        start_window_s: start_window_s?,
        max_duration_s: max_duration_s?,
        archive_timeout_s: archive_timeout_s?,
        retention_s: retention_s?,
        retention_count: retention_count?,
        platform_id: platform_id?,
        location_id: location_id?,
        copy_location_ids: copies?,
        enabled: enabled?,
        alert_channel: alert_channel?,
        alert_on: alert_on?,
        effective_from: from?,
        effective_to: to?,
        approved_by: approved_by?,
        approved_at: approved_at?,
        document_ref: document_ref?,
        operational: operational?,
        declared_in: f.file.line_of(f.span.start),
    })
}

/// `schedule`, or `interval` (`interval_s`) with `anchor`; exactly one of the two.
fn schedule(f: &mut Fields<'_>) -> Option<Schedule> {
    let written = f.take("schedule");
    let every = f.seconds("interval", "interval_s");
    let anchor = f.get::<Option<Instant>>("anchor");
    match (written, every?, anchor?) {
        (Some(entry), None, None) => {
            let text = match &entry.node.value {
                Value::Text(text) | Value::Cell(text) => text.trim(),
                other => {
                    let message = format!("expected text, found {}", other.kind());
                    f.fault(&entry.node.span, "schedule", message, None);
                    return None;
                }
            };
            match text.parse() {
                Ok(schedule) => Some(schedule),
                Err(error) => {
                    let help = "or `schedule = \"continuous\"`, or `interval` with `anchor`".to_owned();
                    f.fault(&entry.node.span, "schedule", error.to_string(), Some(help));
                    None
                }
            }
        }
        (None, Some(every_s), Some(anchor)) if every_s >= 60 => Some(Schedule::Interval { every_s, anchor }),
        (None, Some(_), Some(_)) => {
            f.refuse("`interval` is shorter than a minute", Some("for such plans write schedule = \"continuous\""));
            None
        }
        (None, Some(_), None) => {
            f.refuse("`interval` without `anchor`", Some("add `anchor`, one instant at which a run is due"));
            None
        }
        (None, None, Some(_)) => {
            f.refuse("`anchor` without `interval`", Some("add `interval`, for example \"PT6H\""));
            None
        }
        (Some(_), ..) => {
            f.refuse("both `schedule` and `interval` or `anchor` are given", Some("keep one of the two forms"));
            None
        }
        (None, None, None) => {
            f.refuse("no schedule", Some("give `schedule` (cron or \"continuous\"), or `interval` with `anchor`"));
            None
        }
    }
}

fn objective(f: &mut Fields<'_>) -> Option<Objective> {
    f.alias("id", "objective_id");
    f.alias("system", "system_id");
    let id = f.get::<String>("id");
    let (tier, system) = (f.get::<Option<String>>("tier"), f.get::<Option<String>>("system"));
    let (rto_s, rto_low_s) = (f.seconds("rto", "rto_s"), f.seconds("rto_low", "rto_low_s"));
    let rpo_s = f.seconds("rpo", "rpo_s");
    let applicable = f.get_or::<bool>("rpo_applicable", Some(true));
    let rpo_reason = f.get("rpo_reason");
    let (owner, operations) = (f.get("agreed_by_owner"), f.get("agreed_by_operations"));
    let (approved_by, approved_at) = (f.get("approved_by"), f.get("approved_at"));
    let (from, to) = (f.get::<Instant>("effective_from"), f.get::<Option<Instant>>("effective_to"));
    let document_ref = f.get("document_ref");
    if let (Some(tier), Some(system)) = (&tier, &system)
        && tier.is_some() == system.is_some()
    {
        f.refuse("an objective is of either a `tier` or a `system`", Some("give exactly one of the two"));
    }
    if let (Some(from), Some(Some(to))) = (from, to)
        && to <= from
    {
        f.refuse("effective_to is not after effective_from", Some("check the two times"));
    }
    if let (Some(Some(low)), Some(Some(high))) = (rto_low_s, rto_s)
        && low >= high
    {
        f.refuse("rto_low is not below rto", Some("give the lower end of the range"));
    }
    if let (Some(false), Some(Some(_))) = (applicable, rpo_s) {
        f.refuse("`rpo` is given and rpo_applicable is false", Some("delete one of the two"));
    }
    Some(Objective {
        objective_id: id?,
        tier: tier?,
        system_id: system?,
        rto_s: rto_s?,
        rto_low_s: rto_low_s?,
        rpo_s: rpo_s?,
        rpo_applicable: applicable?,
        rpo_reason: rpo_reason?,
        agreed_by_owner: owner?,
        agreed_by_operations: operations?,
        approved_by: approved_by?,
        approved_at: approved_at?,
        effective_from: Some(from?),
        effective_to: to?,
        document_ref: document_ref?,
        declared_in: f.file.line_of(f.span.start),
    })
}

/// What no single row can tell: ids that occur twice, references that lead nowhere, globs that
/// two systems share, versions of a plan that overlap.
fn check(rows: &mut Rows, faults: &mut Faults) {
    twice(&rows.systems, "system", |s| s.system_id.clone(), |s| &s.declared_in, faults);
    twice(&rows.plans, "plan", |p| format!("{} version {}", p.plan_id, p.version), |p| &p.declared_in, faults);
    twice(&rows.objectives, "objective", |o| o.objective_id.clone(), |o| &o.declared_in, faults);

    let ids: Vec<&str> = rows.systems.iter().map(|a| a.row.system_id.as_str()).collect();
    let plans = rows.plans.iter().map(|a| (Some(&a.row.system_id), &a.fault));
    let objectives = rows.objectives.iter().map(|a| (a.row.system_id.as_ref(), &a.fault));
    for (system, fault) in plans.chain(objectives) {
        let Some(system) = system.filter(|s| !ids.contains(&s.as_str())) else { continue };
        // A system whose own row has a fault is reported there; naming it again would mislead.
        if rows.broken && meant(system, ids.iter().copied()).is_none() {
            continue;
        }
        faults.push(dangling(fault, system, &ids));
    }

    let mut globs: BTreeMap<&str, &At<System>> = BTreeMap::new();
    for at in &rows.systems {
        for glob in &at.row.resources {
            let other = *globs.entry(glob).or_insert(at);
            if other.row.system_id != at.row.system_id {
                let message = format!(
                    "resource \"{glob}\" belongs to {} ({}) and to {}",
                    other.row.system_id, other.row.declared_in, at.row.system_id
                );
                faults.push(Fault { message, ..at.fault.clone() }.help("leave it with one system"));
            }
        }
    }

    rows.plans.sort_by(|a, b| (&a.row.plan_id, a.row.version).cmp(&(&b.row.plan_id, b.row.version)));
    for pair in rows.plans.windows(2) {
        let [older, newer] = pair else { continue };
        if older.row.plan_id != newer.row.plan_id || older.row.version == newer.row.version {
            continue;
        }
        let overlap = older.row.effective_to.is_some_and(|end| end > newer.row.effective_from);
        if overlap || older.row.effective_from >= newer.row.effective_from {
            let message = format!(
                "version {} of plan {} overlaps version {} ({})",
                newer.row.version, newer.row.plan_id, older.row.version, older.row.declared_in
            );
            let help = "a version begins when, or after, the one before it ends; check effective_from and effective_to";
            faults.push(Fault { message, ..newer.fault.clone() }.help(help));
        }
    }
}

fn dangling(fault: &Fault, system: &str, ids: &[&str]) -> Fault {
    let message = format!("{} names system \"{system}\", which is not in the inventory", fault.path);
    let fault = Fault { message, ..fault.clone() };
    match meant(system, ids.iter().copied()) {
        Some(id) => fault.help(format!("did you mean \"{id}\"?")),
        None => fault.help("add the system, or correct the id"),
    }
}

fn twice<T>(rows: &[At<T>], what: &str, id: impl Fn(&T) -> String, place: impl Fn(&T) -> &String, faults: &mut Faults) {
    let mut first: BTreeMap<String, &T> = BTreeMap::new();
    for at in rows {
        let id = id(&at.row);
        if let Some(other) = first.get(&id) {
            let message = format!("{what} {id} stands here and at {}", place(other));
            let help =
                if what == "plan" { "rename one, or give each its own `version`" } else { "rename or delete one" };
            faults.push(Fault { message, ..at.fault.clone() }.help(help));
        } else {
            first.insert(id, &at.row);
        }
    }
}

/// Ends each version that has no end where its successor begins.
fn end_superseded(mut plans: Vec<Plan>) -> Vec<Plan> {
    let starts: Vec<(String, Instant)> = plans.iter().map(|p| (p.plan_id.clone(), p.effective_from)).collect();
    for (plan, (next, from)) in plans.iter_mut().zip(starts.iter().skip(1)) {
        if plan.plan_id == *next && plan.effective_to.is_none() {
            plan.effective_to = Some(*from);
        }
    }
    plans
}

#[cfg(test)]
mod tests;
