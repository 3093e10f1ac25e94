//! One report model, rendered as HTML, PDF, XLSX and CSV.
//!
//! A report says what it has to say as a [`block::Document`]; [`html`] and [`pdf`] render that document, [`xlsx`] and
//! [`csv`] write typed tables. All four are pure: the same input gives the same bytes, whatever the clock, the
//! environment, the number of threads or what was rendered before.

pub mod block;
pub mod error;
pub mod sheet;

mod build;
mod chart;
mod columns;
mod csv;
mod drawing;
mod html;
mod marks;
pub mod monthly;
pub mod oscal;
pub mod packet;
mod parts;
mod pdf;
pub mod portal;
pub mod review;
#[cfg(test)]
mod sample;
mod state;
mod strip;
mod validate;
mod visible;
mod xlsx;

pub use block::Document;
pub use csv::csv;
pub use error::ReportError;
pub use html::html;
pub use pdf::{Tags, pdf};
pub use sheet::{ColumnKind, Sheet, SheetColumn, Value, Workbook};
pub use xlsx::{LongTable, xlsx};
