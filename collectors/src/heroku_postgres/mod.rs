//! Heroku Postgres, from JSON of the Platform API and the data API.
//!
//! What is read, whatever the files are called (lists or single items):
//!
//! | Answer of | Becomes |
//! |---|---|
//! | `/client/v11/apps/{app}/transfers` | runs, recovery points, restores, listings |
//! | `/client/v11/databases/{addon}/transfer-schedules` | observed plans |
//! | `/client/v11/databases/{addon}` | restorable range, settings of the database |
//! | `/data/postgres/v1/{addon}/info` (Advanced plans) | the same |
//! | `/apps/{app}/addons`, `/addons` | discovered assets |
//! | `/apps/{app}/addon-attachments`, `/addon-attachments` | which database a name means |
//! | `/apps` | names of apps |
//!
//! Transfers and schedules do not say which app they belong to. It is taken, in this order, from an
//! object around them (`{"app":"acme-prod","addon":"postgresql-round-1","transfers":[…]}`, with
//! `listed_at` if known), from the path (`acme-prod/transfers.json`, `acme-prod/transfers/42.json`,
//! `client/v11/apps/acme-prod/transfers.json`, `acme-prod.transfers.json`), or from the only app that
//! the other documents name. A part of the path that is the id or name of an add-on names the database.
//!
//! URLs of databases and of backups, passwords and signed links never reach a row.
//!
//! [`live`] asks for the same answers; files of them are read alike.

use std::collections::BTreeMap;

use model::rows::DiscoveredAsset;
use serde_json::Value;

use crate::runs::elements::{Element, Elements};
use crate::{Batch, Document, Kind, Sink, fetch, problem};

mod databases;
mod live;
mod names;
mod piece;
#[cfg(test)]
mod tests;
mod transfers;

use names::Names;
use piece::{Piece, Shape};

/// Registry entry.
pub const KIND: Kind = Kind {
    name: "heroku-postgres",
    title: "Heroku Postgres",
    reads: "JSON of the Heroku platform and data APIs",
    tables: &["backup_runs", "recovery_points", "restore_tests", "pitr_status", "backup_plans", "discovered_assets"],
    claim: fetch::claim_text,
    parse,
    live: Some(live::LIVE),
};

/// Assets found so far, by id; several documents tell settings of one database.
type Assets = BTreeMap<String, DiscoveredAsset>;

fn parse(batch: &Batch<'_>, sink: &mut dyn Sink) {
    let mut pieces = Vec::new();
    for document in batch.documents {
        let Some((value, whole)) = json(document, sink) else { continue };
        let before = pieces.len();
        let nothing = is_empty_list(document.name(), &value);
        let quiet = piece::split(batch, document, value, sink, &mut pieces);
        if !whole {
            // A damaged list does not show what is gone.
            pieces.retain(|p| p.shape != Shape::TransferList || p.document.name() != document.name());
        } else if quiet && pieces.len() == before && !nothing {
            sink.passed_over(document.name(), "not an answer of Heroku about databases or their backups");
        }
    }
    // The same rows whatever the order of the documents.
    pieces.sort_by(|a, b| (a.document.name(), &a.pointer).cmp(&(b.document.name(), &b.pointer)));
    let names = Names::of(&pieces);
    let of = |shape: Shape| pieces.iter().filter(move |p| p.shape == shape).collect::<Vec<&Piece<'_>>>();
    let mut assets = Assets::new();
    databases::addons(batch, &of(Shape::Addon), &mut assets);
    databases::infos(batch, &names, &of(Shape::Info), &mut assets, sink);
    databases::advanced(batch, &names, &of(Shape::Advanced), &mut assets, sink);
    databases::schedules(batch, &names, &of(Shape::Schedule), &of(Shape::NoSchedule), &mut assets, sink);
    transfers::read(batch, &names, &of(Shape::Transfer), &of(Shape::TransferList), sink);
    for asset in assets.into_values() {
        sink.row(model::rows::Row::Asset(asset));
    }
}

/// True for a list of add-ons, attachments or apps that holds none.
fn is_empty_list(name: &str, value: &Value) -> bool {
    let of =
        |part: &str| ["addons", "addon-attachments", "apps"].iter().any(|list| part.split('.').next() == Some(*list));
    value.as_array().is_some_and(Vec::is_empty) && name.split('/').any(of)
}

/// The document as JSON and whether it is whole; otherwise a problem, or passed over where it is not
/// JSON at all.
fn json(document: &Document, sink: &mut dyn Sink) -> Option<(Value, bool)> {
    let fault = |message: String| problem(document, None, message);
    let text = match document.text() {
        Ok(text) => text,
        Err(e) => {
            sink.problem(fault(format!("cannot be read: {e}; export it again")));
            return None;
        }
    };
    let trimmed = text.trim_start();
    if trimmed.is_empty() {
        sink.problem(fault("the file is empty; export it again".to_owned()));
        return None;
    }
    if !trimmed.starts_with(['{', '[']) {
        sink.passed_over(document.name(), "not JSON");
        return None;
    }
    match serde_json::from_str(trimmed) {
        Ok(value) => Some((value, true)),
        Err(e) => {
            sink.problem(fault(format!("not whole JSON ({e}): only what stands whole in it is read; export it again")));
            Some((Value::Array(whole_objects(trimmed)), false))
        }
    }
}

/// The objects of a damaged list that can still be read, in their places.
fn whole_objects(text: &str) -> Vec<Value> {
    let mut elements = Elements::new(text.as_bytes());
    let mut out = Vec::new();
    while let Ok(Some((_, element))) = elements.next() {
        match element {
            Element::Object(bytes) => out.push(serde_json::from_slice(bytes).unwrap_or_default()),
            Element::Cut => break,
            Element::TooLong | Element::Stray => out.push(Value::Null),
        }
    }
    out
}
