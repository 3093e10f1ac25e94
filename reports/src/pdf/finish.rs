//! The finishing pass: what printpdf leaves out or writes wrongly.
//!
//! Identity, dates and everything else come from the document. Of what printpdf wrote for one page, fonts, catalog and
//! the like are kept; pages, links, outline and structure are written here.

use std::collections::BTreeMap;

use lopdf::{Dictionary, Document as File, Object, ObjectId, Stream, StringFormat, dictionary};
use sha2::{Digest, Sha256};

use crate::error::ReportError;
use crate::pdf::fonts::Face;
use crate::pdf::output::{Output, compressed};
use crate::pdf::paper::{HEIGHT, OutlineEntry, Paper};
use crate::pdf::structure::Structure;
use crate::pdf::unicode::{cmap, text_string};
use crate::pdf::write::Subset;
use crate::pdf::xmp::xmp;
use crate::pdf::{Destination, Meta, Tags, destination};

/// The colour space that the file's colours are meant in.
const SRGB: &[u8] = include_bytes!("../../../templates/srgb.icc");

/// A file to be finished.
pub struct Finish {
    /// What printpdf wrote, without its page.
    file: File,
    out: Output,
    /// The page that printpdf wrote: all have its size and its resources.
    page: Dictionary,
    pages: Vec<ObjectId>,
    contents: Vec<ObjectId>,
}

impl Finish {
    /// Begins with a file of one page, whose fonts and size serve all `pages`.
    ///
    /// # Errors
    /// [`ReportError::Pdf`] when printpdf's tree is not as expected.
    pub fn new(mut file: File, pages: usize) -> Result<Finish, ReportError> {
        let id = file.page_iter().next().ok_or_else(|| ReportError::Pdf("no page was written".to_owned()))?;
        let page = file.get_dictionary(id).map_err(fault)?.clone();
        file.objects.remove(&page.get(b"Contents").and_then(Object::as_reference).map_err(fault)?);
        file.objects.remove(&id);
        let mut out = Output::new(file.max_id);
        let pages = (0..pages).map(|_| out.new_id()).collect();
        Ok(Finish { file, out, page, pages, contents: Vec::new() })
    }

    /// Writes the content of the next page.
    ///
    /// # Errors
    /// [`ReportError::Pdf`] when it cannot be written.
    pub fn content(&mut self, content: &Stream) -> Result<(), ReportError> {
        self.contents.push(self.out.add(content.clone())?);
        Ok(())
    }

    /// Writes everything else.
    ///
    /// # Errors
    /// [`ReportError::Pdf`] when printpdf's tree is not as expected, or something cannot be written.
    pub fn end(
        mut self,
        paper: &Paper,
        structure: &Structure,
        subsets: &BTreeMap<Face, Subset>,
        meta: &Meta<'_>,
    ) -> Result<Vec<u8>, ReportError> {
        if self.pages.len() != self.contents.len() {
            return Err(ReportError::Pdf(format!(
                "{} pages laid out, {} written",
                self.pages.len(),
                self.contents.len()
            )));
        }
        self.unicode_maps(subsets)?;
        let links = self.annotations(paper, structure)?;
        let tree = structure.write(&mut self.out, &self.pages, &links)?;
        let outline = outline(&mut self.out, paper, &self.pages)?;
        self.describe(meta, tree, outline)?;
        for (id, object) in std::mem::take(&mut self.file.objects) {
            let object = match object {
                Object::Stream(stream) => compressed(stream)?.into(),
                other => other,
            };
            self.out.object(id, &object)?;
        }
        let digest = Sha256::new().chain_update(&meta.document.document_hash).chain_update(self.out.bytes()).finalize();
        let id = Object::String(digest.iter().take(16).copied().collect(), StringFormat::Hexadecimal);
        let mut trailer = dictionary! { "ID" => Object::Array(vec![id.clone(), id]) };
        for key in ["Root", "Info"] {
            trailer.set(key, self.file.trailer.get(key.as_bytes()).map_err(fault)?.clone());
        }
        self.out.end(trailer)
    }

    fn unicode_maps(&mut self, subsets: &BTreeMap<Face, Subset>) -> Result<(), ReportError> {
        let file = &mut self.file;
        let resources = self.page.get(b"Resources").and_then(Object::as_reference).map_err(fault)?;
        let fonts = file.get_dictionary(resources).and_then(|r| r.get(b"Font")?.as_reference()).map_err(fault)?;
        for subset in subsets.values() {
            let font =
                file.get_dictionary(fonts).and_then(|f| f.get(subset.id.as_bytes())?.as_reference()).map_err(fault)?;
            let map = file.get_dictionary(font).and_then(|f| f.get(b"ToUnicode")?.as_reference()).map_err(fault)?;
            file.set_object(map, Stream::new(Dictionary::new(), cmap(&subset.text)));
        }
        Ok(())
    }

    /// Links and the pages that they stand on.
    fn annotations(&mut self, paper: &Paper, structure: &Structure) -> Result<Vec<Option<ObjectId>>, ReportError> {
        let pages = &self.pages;
        let mut ids = Vec::new();
        let mut on_page: Vec<Vec<Object>> = vec![Vec::new(); pages.len()];
        for (n, link) in structure.links.iter().enumerate() {
            let [x, y, width, height] = link.area;
            let place = [x, HEIGHT - y - height, x + width, HEIGHT - y]
                .map(|v| Object::Real((v * 100.0).round() as f32 / 100.0));
            let mut annotation = dictionary! {
                "Type" => "Annot",
                "Subtype" => "Link",
                "Rect" => Object::Array(place.to_vec()),
                "Border" => Object::Array(vec![0.into(), 0.into(), 0.into()]),
                "F" => 4,
                "Contents" => text_string(&link.text),
            };
            if link.owner.is_some() {
                annotation.set("StructParent", (pages.len() + n) as i64);
            }
            match destination(paper, &link.target) {
                Some(Destination::Page(page, top)) => match pages.get(page) {
                    Some(id) => annotation.set("Dest", goal(*id, top)),
                    None => {
                        ids.push(None);
                        continue;
                    }
                },
                Some(Destination::Address(url)) => {
                    // Addresses are bytes; what is not ASCII is percent-encoded.
                    let action =
                        dictionary! { "Type" => "Action", "S" => "URI", "URI" => Object::string_literal(ascii(url)) };
                    annotation.set("A", action);
                }
                None => {
                    ids.push(None);
                    continue;
                }
            }
            let id = self.out.add(annotation)?;
            ids.push(Some(id));
            if let Some(list) = on_page.get_mut(link.page) {
                list.push(id.into());
            }
        }
        for (n, (id, list)) in pages.iter().zip(on_page).enumerate() {
            let mut page = self.page.clone();
            page.remove(b"Annots");
            if !list.is_empty() {
                page.set("Annots", Object::Array(list));
            }
            if structure.tags == Tags::With {
                page.set("StructParents", n as i64);
            }
            page.set("Tabs", "S");
            if let Some(content) = self.contents.get(n) {
                page.set("Contents", *content);
            }
            self.out.object(*id, &page.into())?;
        }
        let all = self.page.get(b"Parent").and_then(Object::as_reference).map_err(fault)?;
        let all = self.file.get_dictionary_mut(all).map_err(fault)?;
        all.set("Count", pages.len() as i64);
        all.set("Kids", Object::Array(pages.iter().map(|id| Object::Reference(*id)).collect()));
        Ok(ids)
    }

    fn describe(
        &mut self,
        meta: &Meta<'_>,
        tree: Option<ObjectId>,
        outline: Option<ObjectId>,
    ) -> Result<(), ReportError> {
        let file = &mut self.file;
        let document = meta.document;
        let title = format!("{}, {}", document.title, document.period);
        let date = Object::string_literal(document.as_of.format("D:%Y%m%d%H%M%SZ").to_string());
        let info = dictionary! {
            "Title" => text_string(&title),
            "Author" => text_string(&document.organization),
            "Subject" => text_string(&document.subtitle),
            "Creator" => text_string("backproof"),
            "Producer" => text_string("backproof"),
            "CreationDate" => date.clone(),
            "ModDate" => date,
        };
        let known = file.trailer.get(b"Info").and_then(Object::as_reference).map_err(fault)?;
        file.set_object(known, info);
        let xmp = xmp(document, &title, meta.tags);
        let stream = Stream::new(dictionary! { "Type" => "Metadata", "Subtype" => "XML" }, xmp.into_bytes());
        // Archives look for it without unpacking anything.
        let metadata = self.out.add(stream.with_compression(false))?;
        let profile = self.out.add(compressed(Stream::new(dictionary! { "N" => 3 }, SRGB.to_vec()))?)?;
        let intent = dictionary! {
            "Type" => "OutputIntent",
            "S" => "GTS_PDFA1",
            "OutputConditionIdentifier" => Object::string_literal("sRGB"),
            "Info" => Object::string_literal("sRGB IEC61966-2.1"),
            "DestOutputProfile" => profile,
        };
        let catalog = file.catalog_mut().map_err(fault)?;
        catalog.set("Metadata", metadata);
        catalog.set("OutputIntents", Object::Array(vec![intent.into()]));
        catalog.set("Lang", Object::string_literal(document.language.as_str()));
        if let Some(tree) = tree {
            catalog.set("MarkInfo", dictionary! { "Marked" => true });
            catalog.set("StructTreeRoot", tree);
        }
        catalog.set("ViewerPreferences", dictionary! { "DisplayDocTitle" => true });
        catalog.remove(b"PageLayout");
        catalog.set("PageMode", if outline.is_some() { "UseOutlines" } else { "UseNone" });
        if let Some(outline) = outline {
            catalog.set("Outlines", outline);
        }
        Ok(())
    }
}

fn fault(error: lopdf::Error) -> ReportError {
    ReportError::Pdf(error.to_string())
}

fn ascii(url: &str) -> String {
    let mut out = String::new();
    for byte in url.bytes() {
        if byte.is_ascii_graphic() { out.push(char::from(byte)) } else { out.push_str(&format!("%{byte:02X}")) }
    }
    out
}

fn goal(page: ObjectId, top: f64) -> Object {
    let y = Object::Real((HEIGHT - top + 8.0).round() as f32);
    Object::Array(vec![page.into(), "XYZ".into(), Object::Null, y, Object::Null])
}

/// Writes the outline, nested by level, in the document's order.
fn outline(out: &mut Output, paper: &Paper, pages: &[ObjectId]) -> Result<Option<ObjectId>, ReportError> {
    let entries = &paper.outline;
    if entries.is_empty() {
        return Ok(None);
    }
    let root = out.new_id();
    let ids: Vec<ObjectId> = entries.iter().map(|_| out.new_id()).collect();
    // Parent of each entry: the nearest before it with a smaller level.
    let parents: Vec<Option<usize>> = entries
        .iter()
        .enumerate()
        .map(|(n, e)| entries.iter().take(n).rposition(|before: &OutlineEntry| before.level < e.level))
        .collect();
    let children = |parent: Option<usize>| -> Vec<usize> {
        parents.iter().enumerate().filter(|(_, p)| **p == parent).map(|(n, _)| n).collect()
    };
    for (n, entry) in entries.iter().enumerate() {
        let parent = parents[n].map_or(root, |p| ids[p]);
        let siblings = children(parents[n]);
        let at = siblings.iter().position(|s| *s == n).unwrap_or(0);
        let mut item = dictionary! { "Title" => text_string(&entry.title), "Parent" => parent };
        if let Some(page) = pages.get(entry.page) {
            item.set("Dest", goal(*page, entry.y));
        }
        if let Some(before) = at.checked_sub(1).and_then(|i| siblings.get(i)) {
            item.set("Prev", ids[*before]);
        }
        if let Some(after) = siblings.get(at + 1) {
            item.set("Next", ids[*after]);
        }
        let own = children(Some(n));
        if let (Some(first), Some(last)) = (own.first(), own.last()) {
            item.set("First", ids[*first]);
            item.set("Last", ids[*last]);
            item.set("Count", own.len() as i64);
        }
        out.object(ids[n], &item.into())?;
    }
    let top = children(None);
    let mut dict = dictionary! { "Type" => "Outlines", "Count" => entries.len() as i64 };
    if let (Some(first), Some(last)) = (top.first(), top.last()) {
        dict.set("First", ids[*first]);
        dict.set("Last", ids[*last]);
    }
    out.object(root, &dict.into())?;
    Ok(Some(root))
}
