//! `backproof explain`: what an id means, what it reads and what it supports.
//!
//! Works without a workspace, on the data compiled into the program. Inside one, statements, tiers and parameter
//! values are those of that workspace's policy; each value says where it comes from.

mod find;
mod judging;
mod policy;
mod reasons;
mod sheet;
mod standards;

use model::controls::{Controls, PolicyFinding};
use model::policy::Policy;
use serde_json::{Map, Value, json};

use crate::cli::{Format, Globals};
use crate::failure::{End, Failure};
use crate::{output, workspace};
use find::Library;
use sheet::Sheet;

/// Width where standard output is no terminal.
const PLAIN_WIDTH: usize = 100;
/// Longer lines are hard to read.
const WIDEST: usize = 110;

/// Runs the command.
pub fn run(id: &str, globals: &Globals) -> Result<End, Failure> {
    let (policy, controls) = in_force(globals)?;
    let library = Library { controls: &controls, policy: &policy, findings: &PolicyFinding::all() };
    let sheets = library.find(id);
    if sheets.is_empty() {
        return Err(unknown(&library, id));
    }
    match globals.format {
        Format::Json => output::json(&document(&sheets))?,
        Format::Csv => {
            let rows: Vec<Map<String, Value>> = sheets.iter().flat_map(Sheet::rows).collect();
            output::rows(Map::new(), &rows, &[], globals)?;
        }
        Format::Table => {
            let width = comfy_table::Table::new().width().map_or(PLAIN_WIDTH, usize::from).clamp(40, WIDEST);
            let pages: Vec<String> = sheets.iter().map(|s| s.page(width, output::colored(globals))).collect();
            output::print(&pages.join("\n"))?;
        }
    }
    Ok(End::Done)
}

/// The policy and the controls of the workspace where there is one, else the built-in ones.
///
/// A workspace with faults doesn't keep anyone from reading: the built-in values are shown, and said to be that.
fn in_force(globals: &Globals) -> Result<(Policy, Controls), Failure> {
    let built_in = || Ok((Policy::embedded().map_err(Failure::Configuration)?, Controls::embedded().clone()));
    let is_default = globals.config.as_os_str() == "backproof.toml";
    if is_default && !globals.config.exists() {
        return built_in();
    }
    match workspace::open(globals) {
        Ok(loaded) => Ok((loaded.workspace.policy, loaded.workspace.controls)),
        Err(Failure::Configuration(faults)) => {
            Failure::Configuration(faults).print(globals);
            eprintln!("note: because of these faults, values below are those of the built-in policy profile\n");
            built_in()
        }
        Err(other) => Err(other),
    }
}

/// One document. Where an id stands in several frameworks, the others follow under `also`.
fn document(sheets: &[Sheet]) -> Map<String, Value> {
    let mut all = sheets.iter().map(Sheet::json);
    let mut first = all.next().unwrap_or_default();
    first.insert("also".into(), json!(all.collect::<Vec<_>>()));
    first
}

/// Nothing has this id: the nearest that there are.
fn unknown(library: &Library<'_>, id: &str) -> Failure {
    let near = library.nearest(id);
    let help = if near.is_empty() {
        "ids are those of checks (FRQ-01), controls (CP-9), statements (BRP-3.1-01), metrics, parameters, tables, fields \
         (systems.change_rate), evidence kinds (EV-JOB-LOG), tiers, groups (FRQ), frameworks (soc2), conventions (slot), \
         reasons (missed), source kinds (restic) and findings on the policy text (F-01)"
            .to_owned()
    } else {
        format!("did you mean {}?", near.join(", "))
    };
    Failure::usage(format!("nothing is called \"{id}\""), help)
}

#[cfg(test)]
mod tests;
