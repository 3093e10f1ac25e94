//! HTML: one self-contained file, made from one template per block.
//!
//! Templates run in strict mode with escaping on: a misspelt field is an error, and every string of the document is
//! escaped. Nothing is inserted unescaped but the style sheet, which is part of this program. What the templates see is
//! made block by block, and of long tables some rows at a time: all of a packet at once would take many times its size.

mod svg;
#[cfg(test)]
mod tests;
mod view;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use handlebars::{Context, Handlebars};
use include_dir::{Dir, include_dir};

use model::colour::Colour;

use crate::block::{Document, validate};
use crate::error::ReportError;

static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../templates/html");
const STYLE: &str = include_str!("../../../templates/report.css");

/// Family, weight and bytes of the embedded fonts (Latin subset; other scripts fall back to the reader's own).
const FONTS: [(&str, u16, &[u8]); 4] = [
    ("Inter", 400, include_bytes!("../../../templates/fonts/inter-latin-400-normal.woff2")),
    ("Inter", 600, include_bytes!("../../../templates/fonts/inter-latin-600-normal.woff2")),
    ("Inter", 700, include_bytes!("../../../templates/fonts/inter-latin-700-normal.woff2")),
    ("JetBrains Mono", 400, include_bytes!("../../../templates/fonts/jetbrains-mono-latin-400-normal.woff2")),
];

/// Renders a document as one self-contained HTML file: fonts, style and pictures inside, no script, nothing fetched.
/// Light and dark follow the reader's settings.
///
/// # Errors
/// [`ReportError::Content`] when the document contradicts itself, [`ReportError::Template`] when a template does.
pub fn html(document: &Document) -> Result<String, ReportError> {
    validate(document)?;
    let mut engine = Handlebars::new();
    engine.set_strict_mode(true);
    for file in TEMPLATES.files() {
        let path = file.path().display().to_string();
        let source = file.contents_utf8().ok_or_else(|| fault(&path, "is not UTF-8"))?;
        let name = path.strip_suffix(".hbs").unwrap_or(&path);
        // A file ends with a line break, a line of text inside a paragraph does not.
        engine.register_partial(name, source.trim_end()).map_err(|e| fault(name, &e.to_string()))?;
    }
    let render = |template: &str, view: serde_json::Value| {
        engine.render_with_context(template, &Context::from(view)).map_err(|e| fault(template, &e.to_string()))
    };
    let page = render("document", view::page(document, &style(document.accent)))?;
    let (head, tail) = page.split_once(CONTENT).ok_or_else(|| fault("document", "has no place for its content"))?;
    let mut out = head.to_owned();
    for block in &document.blocks {
        let (template, view) = view::block(document, block);
        let whole = render(template, view)?;
        let (head, tail) = whole.split_once(CONTENT).unwrap_or((&whole, ""));
        out.push_str(head);
        for (template, view) in view::rows(block) {
            out.push_str(&render(template, view)?);
        }
        out.push_str(tail);
        out.push('\n');
    }
    out.push_str(tail);
    Ok(out)
}

/// Where the content of a page or the rows of a table go. Text of the document is escaped and can't be taken for it.
const CONTENT: &str = "<!--content-->\n";

fn fault(template: &str, what: &str) -> ReportError {
    ReportError::Template { template: template.to_owned(), what: what.to_owned() }
}

/// Ground of the dark scheme, as in the style sheet.
const DARK: [u8; 3] = [0x12, 0x17, 0x1c];

/// Fonts and style sheet; after them the colour of the organisation, for both schemes.
pub(crate) fn style(accent: Option<Colour>) -> String {
    let mut css = String::new();
    for (family, weight, bytes) in FONTS {
        let data = STANDARD.encode(bytes);
        css.push_str(&format!(
            "@font-face{{font-family:\"{family}\";font-weight:{weight};font-style:normal;font-display:swap;\
             src:url(data:font/woff2;base64,{data}) format(\"woff2\")}}\n"
        ));
    }
    css.push_str(STYLE);
    if let Some(accent) = accent {
        css.push_str(&format!(
            "\n:root{{--accent:{accent}}}\n.cover .organization{{color:var(--accent)}}\n\
             @media screen and (prefers-color-scheme: dark){{:root{{--accent:{}}}}}\n",
            accent.on_dark(DARK)
        ));
    }
    css
}
