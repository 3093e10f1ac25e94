//! The organisation: rules that hold for everybody in it, and who has no second factor.
//!
//! GitHub shows the two-factor requirement, and who lacks a second factor, to owners only. To others it leaves the
//! former out: that is not determined, never "no".

use std::collections::BTreeMap;

use model::rows::DiscoveredAsset;
use serde_json::Value;

use super::piece::{Piece, Shape, text};
use super::repositories::{NOT_DETERMINED, Settings, set};
use crate::Batch;

const FIELDS: &[(&str, &str)] = &[
    ("two_factor_requirement_enabled", "two-factor authentication required"),
    ("default_repository_permission", "default repository permission"),
    ("members_can_create_repositories", "members can create repositories"),
    ("members_can_create_public_repositories", "members can create public repositories"),
    ("members_can_delete_repositories", "members can delete repositories"),
    ("members_can_change_repo_visibility", "members can change visibility"),
    ("members_can_fork_private_repositories", "members can fork private repositories"),
    ("web_commit_signoff_required", "web commit signoff required"),
    ("deploy_keys_enabled_for_repositories", "deploy keys enabled"),
    ("archived_at", "archived at"),
];

/// The people whose second factor is looked at, by the list's name in its path.
const PEOPLE: &[(&str, &str)] = &[("members", "members"), ("outside_collaborators", "outside collaborators")];

/// One asset an organisation.
pub(super) fn assets(batch: &Batch<'_>, pieces: &[&Piece<'_>]) -> Vec<DiscoveredAsset> {
    let mut assets: BTreeMap<String, (DiscoveredAsset, Settings)> = BTreeMap::new();
    for piece in pieces.iter().filter(|p| matches!(p.shape, Shape::Organization | Shape::OrganizationNode)) {
        let Some(login) = text(&piece.value, "login") else { continue };
        let id = format!("github:{login}");
        let (asset, settings) = assets.entry(id.clone()).or_insert_with(|| {
            let asset = DiscoveredAsset {
                asset_id: id.clone(),
                kind: "organization".to_owned(),
                platform_id: "github".to_owned(),
                environment: None,
                first_seen_at: piece.at,
                last_seen_at: piece.at,
                excluded_reason: Some("an organisation holds no data itself: its repositories are listed".to_owned()),
                settings: Vec::new(),
                origin: batch.origin(piece.document, id.clone(), &*piece.pointer),
            };
            (asset, Settings::new())
        });
        asset.last_seen_at = asset.last_seen_at.max(piece.at);
        if piece.shape == Shape::Organization {
            // The row stands on REST's answer, which says most.
            asset.origin = batch.origin(piece.document, id, &*piece.pointer);
        }
        read(piece, settings);
    }
    for (id, (asset, settings)) in &mut assets {
        let login = id.trim_start_matches("github:");
        for (list, people) in PEOPLE {
            let of_list = |p: &&&Piece<'_>| {
                let path = format!("orgs/{login}/{list}");
                p.shape == Shape::NoSecondFactor
                    && p.document.name().to_ascii_lowercase().contains(&path.to_ascii_lowercase())
            };
            let lists: Vec<&Value> = pieces.iter().filter(of_list).map(|p| &p.value).collect();
            let names = lists.iter().flat_map(|l| l.as_array().into_iter().flatten()).filter_map(|m| text(m, "login"));
            let names: Vec<String> = names.collect();
            let shown = match (lists.is_empty(), names.is_empty()) {
                (true, _) => None,
                (false, true) => Some("none".to_owned()),
                (false, false) => Some(format!("{}: {}", names.len(), names.join(", "))),
            };
            set(settings, &format!("{people} without two-factor authentication"), shown);
        }
        asset.settings = std::mem::take(settings).into_iter().collect();
    }
    assets.into_values().map(|(asset, _)| asset).collect()
}

fn read(piece: &Piece<'_>, settings: &mut Settings) {
    let required = || "two-factor authentication required".to_owned();
    if piece.shape == Shape::OrganizationNode {
        if let Some(shown) = text(&piece.value, "requiresTwoFactorAuthentication") {
            settings.insert(required(), shown);
        }
        settings.entry(required()).or_insert_with(|| NOT_DETERMINED.to_owned());
        return;
    }
    for (key, name) in FIELDS {
        if let Some(shown) = text(&piece.value, key) {
            set(settings, name, Some(shown));
        }
    }
    if let Some(plan) = piece.value.get("plan").and_then(|p| text(p, "name")) {
        set(settings, "plan", Some(plan));
    }
    settings.entry(required()).or_insert_with(|| NOT_DETERMINED.to_owned());
}
