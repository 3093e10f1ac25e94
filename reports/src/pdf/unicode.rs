//! ToUnicode maps: which characters a glyph stands for, so that text can be searched and copied.

use std::collections::BTreeMap;

/// Writes the map of one font from glyph id to text.
pub fn cmap(glyphs: &BTreeMap<u16, String>) -> Vec<u8> {
    let mut out = String::from(
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n\
         /CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n\
         /CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n\
         1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n",
    );
    let known: Vec<(&u16, &String)> = glyphs.iter().filter(|(_, text)| !text.is_empty()).collect();
    // The format allows a hundred entries in a block.
    for block in known.chunks(100) {
        out.push_str(&format!("{} beginbfchar\n", block.len()));
        for (glyph, text) in block {
            out.push_str(&format!("<{glyph:04X}> <"));
            for unit in text.encode_utf16() {
                out.push_str(&format!("{unit:04X}"));
            }
            out.push_str(">\n");
        }
        out.push_str("endbfchar\n");
    }
    out.push_str("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n");
    out.into_bytes()
}

/// A text string of a PDF dictionary: UTF-16 with its mark.
pub fn text_string(text: &str) -> lopdf::Object {
    let mut bytes = vec![0xfe, 0xff];
    for unit in text.encode_utf16() {
        bytes.extend(unit.to_be_bytes());
    }
    lopdf::Object::String(bytes, lopdf::StringFormat::Hexadecimal)
}
