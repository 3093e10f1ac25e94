//! The audit packet's document and workbook.

use model::dossier::Dossier;

use crate::block::Document;
use crate::monthly;
use crate::sheet::Workbook;

/// The packet as a block document.
///
/// # Errors
/// As [`monthly::document`].
pub fn document(d: &Dossier) -> Result<Document, serde_json::Error> {
    Ok(Document { title: "Backup and restore: audit packet".to_owned(), ..monthly::document(d)? })
}

/// The packet's workbook.
#[must_use]
pub fn workbook(d: &Dossier) -> Workbook {
    monthly::workbook(d)
}
