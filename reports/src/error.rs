//! What can go wrong while rendering. None of these is a finding: they are errors of this program or its caller.

/// A report that could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The block document contradicts itself.
    #[error("the report's content is inconsistent at {place}: {what}")]
    Content {
        /// Where, for example `block 12 (table "findings"), row 3`.
        place: String,
        /// What is wrong.
        what: String,
    },
    /// A character that no embedded font can print.
    #[error(
        "no embedded font has the character {character:?} (U+{:04X}), found in {place}: …{context}…; \
         the PDF would lose it, so none was written", *character as u32
    )]
    Glyph {
        /// The character.
        character: char,
        /// Where.
        place: String,
        /// The words around it.
        context: String,
    },
    /// A built-in font could not be read or subset.
    #[error("font {font}: {what}")]
    Font {
        /// File name.
        font: String,
        /// What went wrong.
        what: String,
    },
    /// A template could not be rendered.
    #[error("template {template}: {what}")]
    Template {
        /// Template name.
        template: String,
        /// What went wrong.
        what: String,
    },
    /// The PDF could not be finished.
    #[error("PDF: {0}")]
    Pdf(String),
    /// The workbook could not be written.
    #[error("XLSX: {0}")]
    Xlsx(#[from] rust_xlsxwriter::XlsxError),
    /// A table of values contradicts itself.
    #[error("sheet \"{sheet}\", row {row}: {what}")]
    Sheet {
        /// Sheet name.
        sheet: String,
        /// Row, counted from 1 without the header.
        row: usize,
        /// What is wrong.
        what: String,
    },
    /// CSV could not be written.
    #[error("CSV: {0}")]
    Csv(#[from] csv::Error),
}
