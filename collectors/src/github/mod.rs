//! GitHub, from JSON of its REST API (versions 2022-11-28 and 2026-03-10).
//!
//! What is read, whatever the files are called: lists or single items, pages one after the other as
//! `gh api --paginate` writes them, and answers of the issue search.
//!
//! | Answer of | Becomes |
//! |---|---|
//! | `/repos/{o}/{r}`, `/orgs/{org}/repos`, `POST /graphql` | discovered assets with their settings |
//! | `…/branches/{b}`, `…/protection`, `…/rules/branches/{b}`, `…/rulesets` | settings of the repository |
//! | `…/automated-security-fixes`, `…/immutable-releases`, `…/code-scanning/default-setup` | the same |
//! | `/orgs/{org}`, `…/members?filter=2fa_disabled` | an asset with the organisation's settings |
//! | `…/actions/workflows`, `…/runs`, the workflow's text | plans and runs of copies (see [`workflows`]) |
//! | `/orgs/{org}/migrations` | runs (see [`migrations`]) |
//! | `…/issues`, `/search/issues` | incidents and restore tests, by label (see [`incidents`], [`restore_tests`]), rows of other registers (see [`registers`]) |
//!
//! Where an answer does not say which repository it is about, its path does: `owner/repo/rules.json`,
//! `repos/owner/repo/branches/main/protection.json`.
//!
//! GitHub answers 404 both for "off" and for "you may not see this". A 404 is therefore read as "not
//! determined", but for `Branch not protected`, which says what it means, and for some calls where this credential was
//! seen to read what only administrators may.
//!
//! [`live`] asks GitHub for all of this.

use std::collections::{BTreeMap, BTreeSet};

use model::rows::Row;

use crate::{Batch, Kind, Sink, fetch};

mod incidents;
mod live;
mod migrations;
mod nodes;
mod organization;
mod piece;
mod registers;
mod repositories;
mod restore_tests;
mod selection;
#[cfg(test)]
mod tests;
mod workflows;

use piece::{Piece, Shape};
use selection::Wanted;

/// Registry entry.
pub const KIND: Kind = Kind {
    name: "github",
    title: "GitHub",
    reads: "JSON of the GitHub REST and GraphQL APIs",
    // Exports hold what somebody chose to export: of workflow runs and restore tests `covers` must speak by name.
    tables: &["discovered_assets", "incidents"],
    claim: fetch::claim_text,
    parse,
    live: Some(live::LIVE),
};

fn parse(batch: &Batch<'_>, sink: &mut dyn Sink) {
    let wanted = Wanted::of(batch, sink);
    let mut pieces: Vec<Piece<'_>> = Vec::new();
    for document in batch.documents.iter().filter(|d| d.name() != selection::NAME) {
        piece::read(batch, document, sink, &mut pieces);
    }
    // The same rows whatever the order of the documents; later answers overwrite earlier ones.
    pieces.sort_by(|a, b| (a.at, a.document.name(), &a.pointer).cmp(&(b.at, b.document.name(), &b.pointer)));
    let named = |p: &Piece<'_>| match p.shape {
        Shape::Repository => piece::text(&p.value, "full_name"),
        Shape::Node => piece::text(&p.value, "nameWithOwner"),
        _ => None,
    };
    let known: BTreeSet<String> = pieces.iter().filter_map(named).collect();
    let of = |shapes: fn(Shape) -> bool| pieces.iter().filter(move |p| shapes(p.shape)).collect::<Vec<_>>();
    for asset in organization::assets(batch, &of(Shape::is_of_organization)) {
        sink.row(Row::Asset(asset));
    }
    for asset in repositories::assets(batch, &of(Shape::is_of_repository), &known, &wanted, sink).into_values() {
        sink.row(Row::Asset(asset));
    }
    workflows::read(batch, &pieces, &known, &wanted, sink);
    migrations::read(batch, &pieces, &wanted, sink);
    let issues = of(|shape| shape == Shape::Issue);
    let mut newest: BTreeMap<String, _> = BTreeMap::new();
    for piece in &issues {
        if let Some(incident) = incidents::incident(batch, piece, &known, &wanted, sink) {
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
    restore_tests::read(batch, &issues, &known, &wanted, sink);
    registers::read(batch, &issues, &known, &wanted, sink);
}
