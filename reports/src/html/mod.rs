//! HTML.

use crate::block::{Document, validate};
use crate::error::ReportError;

/// Renders a document as one self-contained HTML file.
///
/// # Errors
/// [`ReportError::Content`] when the document contradicts itself.
pub fn html(document: &Document) -> Result<String, ReportError> {
    validate(document)?;
    Ok(String::new())
}
