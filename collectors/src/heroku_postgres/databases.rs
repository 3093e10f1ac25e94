//! Add-ons, databases and schedules: what exists, what could be restored, what is planned.

use std::collections::{BTreeMap, BTreeSet};

use model::rows::{Component, DiscoveredAsset, ObservedPlan, PitrSample, Row};
use model::time::{Instant, instant};
use serde_json::Value;

use super::Assets;
use super::names::Names;
use super::piece::{POSTGRES, Piece, count, text, time};
use crate::{Batch, Sink, problem};

/// Add-ons become assets. Those that hold no data of their own are listed with that reason.
pub(super) fn addons(batch: &Batch<'_>, addons: &[&Piece<'_>], assets: &mut Assets) {
    for piece in addons {
        let value = &piece.value;
        let inner = |object: &str| value.get(object).and_then(|o| text(o, "name"));
        let (Some(app), Some(name), Some(service)) = (inner("app"), text(value, "name"), inner("addon_service")) else {
            continue;
        };
        let prefix = if service == POSTGRES { "heroku-postgres" } else { "heroku" };
        let created = text(value, "created_at").and_then(|t| instant(&t, None).ok());
        let asset = asset(batch, piece, format!("{prefix}:{app}/{name}"), &service, created, assets);
        if !["heroku-postgresql", "heroku-redis", "heroku-kafka"].contains(&service.as_str()) {
            asset.excluded_reason = Some("not one of Heroku's data services".to_owned());
        }
        set(asset, "plan", inner("plan"));
        set(asset, "state", text(value, "state"));
    }
}

/// The asset of this id, made where it is new.
fn asset<'a>(
    batch: &Batch<'_>,
    piece: &Piece<'_>,
    id: String,
    service: &str,
    created: Option<Instant>,
    assets: &'a mut Assets,
) -> &'a mut DiscoveredAsset {
    let first = created.map_or(piece.at, |c| c.min(piece.at));
    let asset = assets.entry(id.clone()).or_insert_with(|| DiscoveredAsset {
        asset_id: id.clone(),
        kind: service.to_owned(),
        platform_id: "heroku".to_owned(),
        environment: None,
        first_seen_at: first,
        last_seen_at: piece.at,
        excluded_reason: None,
        settings: Vec::new(),
        origin: batch.origin(piece.document, id, &*piece.pointer),
    });
    asset.first_seen_at = asset.first_seen_at.min(first);
    asset.last_seen_at = asset.last_seen_at.max(piece.at);
    asset
}

/// Sets a setting; settings stay sorted by name. Values that hold an address are dropped.
fn set(asset: &mut DiscoveredAsset, name: &str, value: Option<String>) {
    let Some(value) = value.filter(|v| !v.contains("://")) else { return };
    match asset.settings.binary_search_by(|(n, _)| n.as_str().cmp(name)) {
        Ok(at) => {
            if let Some(slot) = asset.settings.get_mut(at) {
                slot.1 = value;
            }
        }
        Err(at) => asset.settings.insert(at, (name.to_owned(), value)),
    }
}

/// App and name of the database that an info answer is about.
fn identity(names: &Names, piece: &Piece<'_>, id: Option<String>, name: Option<String>) -> Option<(String, String)> {
    let known = [&id, &name].into_iter().flatten().find_map(|key| names.addon_named(key));
    known.or_else(|| names.addon_of(piece)).cloned().or_else(|| Some((names.app(piece)?, name.or(id)?)))
}

fn nameless(piece: &Piece<'_>, sink: &mut dyn Sink) {
    let message =
        "does not say which app it belongs to; export the add-ons as well, or put it into a folder of the app's name";
    sink.problem(problem(piece.document, (!piece.pointer.is_empty()).then(|| piece.pointer.clone()), message));
}

/// Rows of `info[]` that name other databases by their address: how many is all that is shown.
const ADDRESS_ROWS: &[&str] = &["Followers", "Following", "Forked From", "Forks"];

/// Database info of all plans but Advanced.
///
/// `Continuous Protection: On` means that Heroku can recover its service; only a `Rollback` row with
/// a time shows that the customer can restore to a point in time.
pub(super) fn infos(batch: &Batch<'_>, names: &Names, infos: &[&Piece<'_>], assets: &mut Assets, sink: &mut dyn Sink) {
    for piece in infos {
        let value = &piece.value;
        let Some((app, name)) = identity(names, piece, text(value, "addon_id"), text(value, "name")) else {
            nameless(piece, sink);
            continue;
        };
        let resource = format!("heroku-postgres:{app}/{name}");
        let (created, _) = time(batch, piece, value, "created_at", sink);
        let asset = asset(batch, piece, resource.clone(), POSTGRES, created, assets);
        let mut rollback = None;
        for (n, row) in value.get("info").and_then(Value::as_array).into_iter().flatten().enumerate() {
            let Some(label) = text(row, "name") else { continue };
            let hidden = ADDRESS_ROWS.contains(&label.as_str())
                || row.get("resolve_db_name").and_then(Value::as_bool) == Some(true);
            let Some(values) = row.get("values").and_then(Value::as_array) else {
                let place = format!("{}/info/{n}/values", piece.pointer);
                sink.problem(problem(piece.document, Some(place), format!("{label}: not a list of values: not read")));
                continue;
            };
            if hidden {
                set(asset, &label.to_lowercase(), Some(values.len().to_string()));
                continue;
            }
            let shown = values.iter().map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned));
            let shown = shown.collect::<Vec<_>>().join(", ");
            // The add-on's own word for its plan is the one to compare with; this is its title.
            if shown.is_empty() || label == "Plan" && asset.settings.iter().any(|(name, _)| name == "plan") {
                continue;
            }
            if label == "Rollback" {
                rollback = Some((n, shown.clone()));
            }
            set(asset, &label.to_lowercase(), Some(shown));
        }
        let Some((n, shown)) = rollback else { continue };
        let earliest = earliest(&shown);
        if earliest.is_none() && shown.contains("from") {
            let place = format!("{}/info/{n}/values", piece.pointer);
            sink.problem(problem(piece.document, Some(place), format!("{shown:?} holds no time that can be read")));
        }
        sink.row(Row::Pitr(sample(batch, piece, resource, earliest, None)));
    }
}

/// The time in `earliest from 2026-08-19 23:09 UTC` (also without `earliest`), UTC, to the minute.
fn earliest(shown: &str) -> Option<Instant> {
    let (_, time) = shown.split_once("from ")?;
    instant(time, None).ok()
}

fn sample(
    batch: &Batch<'_>,
    piece: &Piece<'_>,
    resource: String,
    earliest: Option<Instant>,
    latest: Option<Instant>,
) -> PitrSample {
    PitrSample {
        system_id: None,
        observed_at: piece.at,
        earliest_restorable_at: earliest,
        latest_restorable_at: latest,
        last_archived_at: None,
        archive_failures: None,
        origin: batch.origin(
            piece.document,
            format!("rollback {resource} {}", model::time::utc_text(piece.at)),
            &*piece.pointer,
        ),
        resource: Some(resource),
    }
}

/// Database info of Advanced plans.
pub(super) fn advanced(
    batch: &Batch<'_>,
    names: &Names,
    infos: &[&Piece<'_>],
    assets: &mut Assets,
    sink: &mut dyn Sink,
) {
    for piece in infos {
        let value = &piece.value;
        let addon = value.get("addon").unwrap_or(&Value::Null);
        let Some((app, name)) = identity(names, piece, text(addon, "id"), text(addon, "name")) else {
            nameless(piece, sink);
            continue;
        };
        let resource = format!("heroku-postgres:{app}/{name}");
        let (created, _) = time(batch, piece, value, "created_at", sink);
        let asset = asset(batch, piece, resource.clone(), POSTGRES, created, assets);
        for (label, key) in [("status", "status"), ("tier", "tier"), ("region", "region"), ("pg version", "version")] {
            set(asset, label, text(value, key));
        }
        let features = value.get("features").and_then(Value::as_object).into_iter().flatten();
        for (feature, state) in features {
            let enabled = state.get("enabled").and_then(Value::as_bool);
            set(asset, &feature.replace('_', " "), enabled.map(|on| if on { "On" } else { "Off" }.to_owned()));
        }
        // The leader's pool serves; instances of every other pool follow it.
        if let Some(pools) = value.get("pools").and_then(Value::as_array) {
            let following = pools.iter().filter(|p| text(p, "name").as_deref() != Some("leader"));
            let instances: u64 = following.filter_map(|p| count(p, "expected_count")).sum();
            set(asset, "followers", Some(instances.to_string()));
        }
        let Some(rollback) = value.pointer("/features/rollback") else { continue };
        let Some(on) = rollback.get("enabled").and_then(Value::as_bool) else {
            let place = format!("{}/features/rollback/enabled", piece.pointer);
            sink.problem(problem(piece.document, Some(place), "neither true nor false: not read".to_owned()));
            continue;
        };
        let mut at = |key| if on { time(batch, piece, rollback, key, sink).0 } else { None };
        let (earliest, latest) = (at("earliest_time"), at("latest_time"));
        sink.row(Row::Pitr(sample(batch, piece, resource, earliest, latest)));
    }
}

/// Schedules become observed plans, each once; an empty list shows that a database has none.
pub(super) fn schedules(
    batch: &Batch<'_>,
    names: &Names,
    schedules: &[&Piece<'_>],
    absent: &[&Piece<'_>],
    assets: &mut Assets,
    sink: &mut dyn Sink,
) {
    let id_of = |piece: &Piece<'_>| {
        let name =
            || format!("{}/{}", names.app(piece).unwrap_or_default(), text(&piece.value, "name").unwrap_or_default());
        text(&piece.value, "uuid").unwrap_or_else(name)
    };
    let mut lists: BTreeMap<String, Vec<&Piece<'_>>> = BTreeMap::new();
    for piece in schedules {
        lists.entry(id_of(piece)).or_default().push(piece);
    }
    let mut seen = BTreeSet::new();
    for piece in schedules {
        let value = &piece.value;
        let id = id_of(piece);
        if !seen.insert(id.clone()) {
            continue;
        }
        let name = text(value, "name").unwrap_or_default();
        let resource = scheduled(names, &name, lists.get(&id).map_or(&[], Vec::as_slice));
        if resource.is_none() {
            nameless(piece, sink);
        }
        let schedule = recurrence(value);
        if schedule.is_none() {
            let place = format!("{}/hour", piece.pointer);
            sink.problem(problem(piece.document, Some(place), "not an hour from 0 to 23".to_owned()));
        }
        let zone = text(value, "timezone");
        if let Some(asset) = resource.as_ref().and_then(|r| assets.get_mut(r)) {
            let keeps = |key| count(value, key).map(|n| format!(", {} {n}", key.replace('_', " "))).unwrap_or_default();
            let zone = zone.as_deref().unwrap_or("zone not told");
            let when = schedule.as_deref().unwrap_or("hour not told");
            let shown = format!("{when} ({zone}){}{}", keeps("retain_weeks"), keeps("retain_months"));
            set(asset, &format!("schedule {name}"), Some(shown));
        }
        sink.row(Row::Plan(ObservedPlan {
            origin: batch.origin(piece.document, id.clone(), &*piece.pointer),
            plan_id: id,
            resource,
            component: Some(Component::Logical),
            schedule,
            timezone: zone,
            // Heroku thins: only some points live for `retain_weeks`. No length holds for each.
            retention_s: None,
            retention_count: None,
            enabled: Some(text(value, "deleted_at").is_none()),
            observed_at: piece.at,
        }));
    }
    for piece in absent {
        let Some((app, addon)) = names.addon_of(piece) else { continue };
        let id = format!("{app}/{addon}: no schedule");
        sink.row(Row::Plan(ObservedPlan {
            origin: batch.origin(piece.document, id.clone(), &*piece.pointer),
            plan_id: id,
            resource: Some(format!("heroku-postgres:{app}/{addon}")),
            component: Some(Component::Logical),
            schedule: None,
            timezone: None,
            retention_s: None,
            retention_count: None,
            enabled: Some(false),
            observed_at: piece.at,
        }));
    }
}

/// The database of a schedule that stands in these lists.
///
/// A list of one database is its own. Heroku may show all schedules of an app in each of its databases' lists: then the
/// schedule's name, that of a config var, tells which of them it is for.
fn scheduled(names: &Names, name: &str, lists: &[&Piece<'_>]) -> Option<String> {
    let of: BTreeSet<(&str, &str)> =
        lists.iter().filter_map(|p| names.addon_of(p)).map(|(app, addon)| (app.as_str(), addon.as_str())).collect();
    let app = lists.iter().find_map(|p| names.app(p))?;
    let meant = names.meant(&app, name).filter(|meant| of.len() != 1 && (of.is_empty() || of.contains(meant)));
    Some(match meant.or_else(|| of.first().copied()) {
        Some((app, addon)) => format!("heroku-postgres:{app}/{addon}"),
        None => names.resource(&app, name),
    })
}

/// `daily at 02:00`, or the days by name.
fn recurrence(value: &Value) -> Option<String> {
    let hour = count(value, "hour").filter(|h| *h < 24)?;
    let days: Vec<&str> =
        value.get("days").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let on = if days.is_empty() || days.len() >= 7 { "daily".to_owned() } else { days.join(", ") };
    Some(format!("{on} at {hour:02}:00"))
}
