//! Short forms for building blocks, and the words of inlines.

use crate::block::{Align, Block, Column, Density, Document, Inline, Inlines, State, Table, TableRow, Target};

/// Plain text.
#[must_use]
pub fn text(text: impl Into<String>) -> Inline {
    Inline::Text { text: text.into() }
}

/// Emphasised text.
#[must_use]
pub fn strong(text: impl Into<String>) -> Inline {
    Inline::Strong { text: text.into() }
}

/// Text in the monospaced face.
#[must_use]
pub fn code(text: impl Into<String>) -> Inline {
    Inline::Code { text: text.into() }
}

/// A link inside the document.
#[must_use]
pub fn link(id: impl Into<String>, text: impl Into<String>) -> Inline {
    Inline::Link { to: Target::Id(id.into()), text: text.into() }
}

/// A link to the outside.
#[must_use]
pub fn url(address: impl Into<String>, text: impl Into<String>) -> Inline {
    Inline::Link { to: Target::Url(address.into()), text: text.into() }
}

/// A link to a file that lies beside the document.
#[must_use]
pub fn file(path: impl Into<String>, text: impl Into<String>) -> Inline {
    Inline::Link { to: Target::File(path.into()), text: text.into() }
}

/// A link to a place in an HTML file that lies beside the document.
#[must_use]
pub fn place(file: impl Into<String>, id: impl Into<String>, text: impl Into<String>) -> Inline {
    Inline::Link { to: Target::Place { file: file.into(), id: id.into() }, text: text.into() }
}

/// A state with a word of its own; empty for the state's word.
#[must_use]
pub fn badge(state: State, text: impl Into<String>) -> Inline {
    Inline::Badge { state, text: text.into() }
}

/// A column.
#[must_use]
pub fn column(title: impl Into<String>, align: Align, width: f64) -> Column {
    Column { title: title.into(), align, width }
}

/// A plain row.
#[must_use]
pub fn row(cells: Vec<Inlines>) -> TableRow {
    TableRow { id: String::new(), cells, strong: false }
}

impl Table {
    /// A table without a footnote.
    #[must_use]
    pub fn new(id: impl Into<String>, caption: impl Into<String>, columns: Vec<Column>, rows: Vec<TableRow>) -> Self {
        let (id, caption) = (id.into(), caption.into());
        Self { id, caption, columns, rows, footnote: Vec::new(), density: Density::Usual }
    }

    /// With a footnote; empty for none.
    #[must_use]
    pub fn footnote(self, footnote: Inlines) -> Self {
        Self { footnote, ..self }
    }

    /// With rows that stand close.
    #[must_use]
    pub fn dense(self) -> Self {
        Self { density: Density::Dense, ..self }
    }
}

impl From<Table> for Block {
    fn from(table: Table) -> Self {
        Self::Table(table)
    }
}

/// What stands for the logo of a document where it cannot be seen.
pub(crate) fn logo_alt(document: &Document) -> String {
    format!("Logo of {}", document.organization)
}

/// The words of some inlines, as a reader would read them aloud; line breaks become blanks.
#[must_use]
pub fn plain(inlines: &[Inline]) -> String {
    let mut out = String::new();
    for inline in inlines {
        match inline {
            Inline::Text { text } | Inline::Strong { text } | Inline::Code { text } | Inline::Link { text, .. } => {
                out.push_str(text);
            }
            Inline::Badge { state, text } => out.push_str(if text.is_empty() { state.word() } else { text }),
            Inline::Severity { severity } => out.push_str(severity.word()),
            Inline::Break => out.push(' '),
        }
    }
    out
}
