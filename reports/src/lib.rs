//! One report model, rendered as HTML, PDF, XLSX and CSV
