//! GitHub, from JSON of its REST API (versions 2022-11-28 and 2026-03-10).
//!
//! What is read, whatever the files are called: lists or single items, pages one after the other as
//! `gh api --paginate` writes them, and answers of the issue search.
//!
//! | Answer of | Becomes |
//! |---|---|
//! | `/repos/{o}/{r}`, `/orgs/{org}/repos` | discovered assets with their settings |
//! | `…/branches/{b}`, `…/protection`, `…/rules/branches/{b}`, `…/rulesets` | settings of the repository |
//! | `…/automated-security-fixes`, `…/immutable-releases`, `…/code-scanning/default-setup` | the same |
//! | `…/issues`, `/search/issues` | incidents, by label (see [`incidents`]) |
//!
//! Where an answer does not say which repository it is about, its path does: `owner/repo/rules.json`,
//! `repos/owner/repo/branches/main/protection.json`.
//!
//! GitHub answers 404 both for "off" and for "you may not see this". A 404 is therefore read as "not
//! determined", but for `Branch not protected`, which says what it means.

use std::collections::{BTreeMap, BTreeSet};

use model::rows::Row;

use crate::{Batch, Kind, Sink, fetch};

mod incidents;
mod piece;
mod repositories;
#[cfg(test)]
mod tests;

use piece::{Piece, Shape};

/// Registry entry.
pub const KIND: Kind = Kind {
    name: "github",
    title: "GitHub",
    reads: "JSON of the GitHub REST API",
    tables: &["discovered_assets", "incidents"],
    claim: fetch::claim_text,
    parse,
    live: None,
};

fn parse(batch: &Batch<'_>, sink: &mut dyn Sink) {
    let mut pieces: Vec<Piece<'_>> = Vec::new();
    for document in batch.documents {
        piece::read(batch, document, sink, &mut pieces);
    }
    // The same rows whatever the order of the documents; later answers overwrite earlier ones.
    pieces.sort_by(|a, b| (a.at, a.document.name(), &a.pointer).cmp(&(b.at, b.document.name(), &b.pointer)));
    let repositories = pieces.iter().filter(|p| p.shape == Shape::Repository);
    let known: BTreeSet<String> = repositories.filter_map(|p| piece::text(&p.value, "full_name")).collect();
    let (issues, rest): (Vec<_>, Vec<_>) = pieces.iter().partition(|p| p.shape == Shape::Issue);
    for asset in repositories::assets(batch, &rest, &known, sink).into_values() {
        sink.row(Row::Asset(asset));
    }
    let mut newest: BTreeMap<String, _> = BTreeMap::new();
    for piece in issues {
        if let Some(incident) = incidents::incident(batch, piece, &known, sink) {
            let updated = piece::text(&piece.value, "updated_at").unwrap_or_default();
            let entry = newest
                .entry(incident.incident.incident_id.clone())
                .or_insert_with(|| (updated.clone(), incident.clone()));
            if updated >= entry.0 {
                *entry = (updated, incident);
            }
        }
    }
    for (_, incident) in newest.into_values() {
        sink.row(Row::Incident(incident));
    }
}
