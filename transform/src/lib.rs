//! From tables to results: join with the inventory, slots, recovery points, coverage, metrics, checks.
//!
//! Everything here is a pure function of tables, inventory, registers, policy, period and `as_of`: no clock, no
//! environment, no randomness. Binding semantics: `[conventions]` of `controls/checks.toml`.

pub mod approvals;
pub mod assess;
pub mod candidates;
pub mod checks;
pub mod closure;
pub mod coverage;
pub mod dossier;
pub mod drift;
pub mod frames;
mod groups;
pub mod judgement;
pub mod lineage;
pub mod metrics;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "test support")]
mod oracle;
pub mod own_checks;
pub mod parquet;
pub mod points;
pub mod rollup;
pub mod runs;
pub mod sample;
pub mod samples;
pub mod show;
pub mod slots;
pub mod soundness;
pub mod standards;
#[cfg(test)]
#[allow(missing_docs, dead_code, reason = "test support")]
pub(crate) mod testing;
pub mod tests;
pub mod trackers;
pub mod waivers;
pub mod world;

pub use assess::{Basis, Input, Judged};

/// Why nothing could be assessed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Two inventory rows claim one resource.
    #[error("{0}")]
    Ambiguous(model::inventory::Ambiguous),
    /// A dataframe operation failed: a defect of this program.
    #[error("dataframe: {0}")]
    Frame(#[from] polars::error::PolarsError),
    /// A check of the workspace cannot be evaluated.
    #[error("{file}: {message}")]
    OwnCheck {
        /// Its file.
        file: String,
        /// What is wrong.
        message: String,
    },
}
