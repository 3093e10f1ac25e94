//! The vocabulary of backproof: tables, time, policy, controls, inventory and results.
//!
//! Every stage (collectors, transform, reports) depends on this crate and on no other stage.
//! Nothing here reads a file, a clock or the environment: text comes in as text, and the
//! embedded policy and controls are compiled in.

pub mod assessment;
pub mod colour;
pub mod controls;
pub mod dossier;
pub mod evidence;
pub mod fault;
pub mod inventory;
pub mod lineage;
pub mod logo;
pub mod parallel;
pub mod policy;
pub mod read;
pub mod registers;
pub mod rows;
pub mod time;
pub mod workspace;

mod words;

pub use words::UnknownWord;
