//! The finishing pass over the object tree: what printpdf leaves out or writes wrongly.
//!
//! Identity, dates and everything else come from the document. Objects are never pruned: printpdf leaves none behind,
//! and lopdf's pruning takes time with the square of their number.

use std::collections::BTreeMap;
use std::io::Write;
use std::rc::Rc;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use lopdf::{Dictionary, Document as File, Object, ObjectId, Stream, StringFormat, dictionary};
use model::parallel;
use sha2::{Digest, Sha256};

use crate::block::Target;
use crate::error::ReportError;
use crate::pdf::fonts::Face;
use crate::pdf::paper::{HEIGHT, OutlineEntry, Paper};
use crate::pdf::unicode::{cmap, text_string};
use crate::pdf::write::Subset;
use crate::pdf::xmp::xmp;
use crate::pdf::{Destination, Meta, destination};

/// The colour space that the file's colours are meant in.
const SRGB: &[u8] = include_bytes!("../../../templates/srgb.icc");

/// A child of a structure element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kid {
    /// Marked content of a page.
    Content {
        /// Page, from 0.
        page: usize,
        /// Its number on that page.
        mcid: i64,
    },
    /// Another element.
    Element(usize),
    /// A link annotation.
    Link(usize),
}

/// A link annotation.
struct Link {
    page: usize,
    area: [f64; 4],
    target: Rc<Target>,
    text: String,
    owner: Option<usize>,
}

/// What the pages' content says about structure, in the order of reading.
pub struct Structure {
    roles: Vec<&'static str>,
    parents: Vec<usize>,
    alts: Vec<String>,
    kids: Vec<Vec<Kid>>,
    attached: Vec<bool>,
    /// Owner of each marked content of each page.
    contents: Vec<Vec<usize>>,
    links: Vec<Link>,
}

impl Structure {
    /// Structure of a paper whose content is yet to be numbered.
    pub fn new(paper: &Paper) -> Structure {
        let nodes = &paper.tree.nodes;
        let mut structure = Structure {
            roles: nodes.iter().map(|n| n.role).collect(),
            parents: nodes.iter().map(|n| n.parent).collect(),
            alts: nodes.iter().map(|n| n.alt.clone()).collect(),
            kids: vec![Vec::new(); nodes.len()],
            attached: vec![false; nodes.len()],
            contents: vec![Vec::new(); paper.pages.len()],
            links: Vec::new(),
        };
        // Rows, cells and list items keep their order within their table or list even when they are empty.
        for (n, node) in nodes.iter().enumerate() {
            if matches!(node.role, "Caption" | "TR" | "TH" | "TD" | "LI" | "Lbl" | "LBody" | "TOCI") {
                structure.join(n);
            }
        }
        structure
    }

    /// Role of an owner.
    pub fn role(&self, owner: Option<usize>) -> &'static str {
        owner.and_then(|n| self.roles.get(n)).copied().unwrap_or("Artifact")
    }

    /// Numbers a new piece of marked content.
    pub fn content(&mut self, page: usize, owner: Option<usize>) -> Option<Kid> {
        let owner = owner?;
        let contents = self.contents.get_mut(page)?;
        let kid = Kid::Content { page, mcid: contents.len() as i64 };
        contents.push(owner);
        self.attach(owner);
        self.kids.get_mut(owner)?.push(kid);
        Some(kid)
    }

    /// Notes a link annotation.
    pub fn link(&mut self, page: usize, owner: Option<usize>, area: [f64; 4], target: &Rc<Target>, text: &str) {
        let kid = Kid::Link(self.links.len());
        self.links.push(Link { page, area, target: Rc::clone(target), text: text.to_owned(), owner });
        if let Some(owner) = owner {
            self.attach(owner);
            if let Some(kids) = self.kids.get_mut(owner) {
                kids.push(kid);
            }
        }
    }

    /// Gives an element its place after what was read before it, and each element around it.
    fn attach(&mut self, node: usize) {
        let mut node = node;
        while node != 0 {
            self.join(node);
            node = self.parents[node];
        }
    }

    fn join(&mut self, node: usize) {
        if !std::mem::replace(&mut self.attached[node], true) {
            self.kids[self.parents[node]].push(Kid::Element(node));
        }
    }
}

/// Finishes a file.
///
/// # Errors
/// [`ReportError::Pdf`] when printpdf's tree is not as expected or cannot be written.
pub fn finish(
    mut file: File,
    paper: &Paper,
    structure: &Structure,
    subsets: &BTreeMap<Face, Subset>,
    meta: &Meta<'_>,
) -> Result<Vec<u8>, ReportError> {
    file.version = "1.7".into();
    let pages: Vec<ObjectId> = file.page_iter().collect();
    if pages.len() != structure.contents.len() {
        return Err(ReportError::Pdf(format!("{} pages laid out, {} written", structure.contents.len(), pages.len())));
    }
    unicode_maps(&mut file, &pages, subsets)?;
    let links = annotations(&mut file, paper, structure, &pages)?;
    let tree = structure_tree(&mut file, structure, &pages, &links);
    let outline = outline(&mut file, paper, &pages);
    describe(&mut file, meta, tree, outline)?;
    // As lopdf does, but on all cores, and not at zlib's slowest level.
    let streams = file.objects.values_mut().filter_map(|object| match object {
        Object::Stream(stream) if stream.allows_compression => Some(stream),
        _ => None,
    });
    parallel::map(streams, compress)
        .into_iter()
        .collect::<std::io::Result<()>>()
        .map_err(|e| ReportError::Pdf(e.to_string()))?;
    let mut digest = Sha256::new();
    digest.update(meta.document.document_hash.as_bytes());
    for object in file.objects.values() {
        if let Object::Stream(stream) = object {
            digest.update(&stream.content);
        }
    }
    let id = Object::String(digest.finalize().iter().take(16).copied().collect(), StringFormat::Hexadecimal);
    file.trailer.set("ID", Object::Array(vec![id.clone(), id]));
    let mut bytes = Vec::new();
    file.save_modern(&mut bytes).map_err(|e| ReportError::Pdf(e.to_string()))?;
    Ok(bytes)
}

fn compress(stream: &mut Stream) -> std::io::Result<()> {
    if stream.dict.has(b"Filter") {
        return Ok(());
    }
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&stream.content)?;
    let compressed = encoder.finish()?;
    if compressed.len() < stream.content.len() {
        stream.dict.set("Filter", "FlateDecode");
        stream.set_content(compressed);
    }
    Ok(())
}

fn fault(error: lopdf::Error) -> ReportError {
    ReportError::Pdf(error.to_string())
}

fn unicode_maps(file: &mut File, pages: &[ObjectId], subsets: &BTreeMap<Face, Subset>) -> Result<(), ReportError> {
    let Some(first) = pages.first() else { return Ok(()) };
    let page = file.get_dictionary(*first).map_err(fault)?;
    let resources = page.get(b"Resources").and_then(Object::as_reference).map_err(fault)?;
    let fonts = file.get_dictionary(resources).and_then(|r| r.get(b"Font")?.as_reference()).map_err(fault)?;
    for subset in subsets.values() {
        let font =
            file.get_dictionary(fonts).and_then(|f| f.get(subset.id.as_bytes())?.as_reference()).map_err(fault)?;
        let map = file.get_dictionary(font).and_then(|f| f.get(b"ToUnicode")?.as_reference()).map_err(fault)?;
        file.set_object(map, Stream::new(Dictionary::new(), cmap(&subset.text)));
    }
    Ok(())
}

fn annotations(
    file: &mut File,
    paper: &Paper,
    structure: &Structure,
    pages: &[ObjectId],
) -> Result<Vec<Option<ObjectId>>, ReportError> {
    let mut ids = Vec::new();
    let mut on_page: Vec<Vec<Object>> = vec![Vec::new(); pages.len()];
    for (n, link) in structure.links.iter().enumerate() {
        let [x, y, width, height] = link.area;
        let place =
            [x, HEIGHT - y - height, x + width, HEIGHT - y].map(|v| Object::Real((v * 100.0).round() as f32 / 100.0));
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
        let id = file.add_object(annotation);
        ids.push(Some(id));
        if let Some(list) = on_page.get_mut(link.page) {
            list.push(id.into());
        }
    }
    for (n, (page, list)) in pages.iter().zip(on_page).enumerate() {
        let page = file.get_object_mut(*page).and_then(Object::as_dict_mut).map_err(fault)?;
        page.remove(b"Annots");
        if !list.is_empty() {
            page.set("Annots", Object::Array(list));
        }
        page.set("StructParents", n as i64);
        page.set("Tabs", "S");
    }
    Ok(ids)
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

fn structure_tree(file: &mut File, structure: &Structure, pages: &[ObjectId], links: &[Option<ObjectId>]) -> ObjectId {
    let root = file.new_object_id();
    let ids: Vec<Option<ObjectId>> =
        (0..structure.roles.len()).map(|n| (n == 0 || structure.attached[n]).then(|| file.new_object_id())).collect();
    let id_of = |n: usize| ids.get(n).copied().flatten();
    for (n, role) in structure.roles.iter().enumerate() {
        let Some(id) = id_of(n) else { continue };
        let parent = if n == 0 { root } else { id_of(structure.parents[n]).unwrap_or(root) };
        let kids = structure.kids[n].iter().filter_map(|kid| kid_object(*kid, pages, links, &id_of)).collect();
        let mut element = dictionary! {
            "Type" => "StructElem", "S" => *role, "P" => parent, "K" => Object::Array(kids),
        };
        if !structure.alts[n].is_empty() {
            element.set("Alt", text_string(&structure.alts[n]));
        }
        if *role == "TH" {
            element.set("A", dictionary! { "O" => "Table", "Scope" => "Column" });
        }
        file.set_object(id, element);
    }
    let mut numbers = Vec::new();
    for (page, owners) in structure.contents.iter().enumerate() {
        let owners = owners.iter().map(|n| id_of(*n).map_or(Object::Null, Object::Reference)).collect();
        let list = file.add_object(Object::Array(owners));
        numbers.extend([Object::Integer(page as i64), list.into()]);
    }
    for (n, link) in structure.links.iter().enumerate() {
        if let Some(owner) = link.owner.and_then(id_of) {
            numbers.extend([Object::Integer((pages.len() + n) as i64), owner.into()]);
        }
    }
    let parents = file.add_object(dictionary! { "Nums" => Object::Array(numbers) });
    let document = id_of(0).map_or(Object::Null, Object::Reference);
    file.set_object(
        root,
        dictionary! {
            "Type" => "StructTreeRoot",
            "K" => Object::Array(vec![document]),
            "ParentTree" => parents,
            "ParentTreeNextKey" => (pages.len() + structure.links.len()) as i64,
        },
    );
    root
}

fn kid_object(
    kid: Kid,
    pages: &[ObjectId],
    links: &[Option<ObjectId>],
    id_of: &dyn Fn(usize) -> Option<ObjectId>,
) -> Option<Object> {
    match kid {
        Kid::Element(n) => id_of(n).map(Object::Reference),
        Kid::Content { page, mcid } => {
            let page = *pages.get(page)?;
            Some(dictionary! { "Type" => "MCR", "Pg" => page, "MCID" => mcid }.into())
        }
        Kid::Link(n) => {
            let link = (*links.get(n)?)?;
            Some(dictionary! { "Type" => "OBJR", "Obj" => link }.into())
        }
    }
}

/// Writes the outline, nested by level, in the document's order.
fn outline(file: &mut File, paper: &Paper, pages: &[ObjectId]) -> Option<ObjectId> {
    let entries = &paper.outline;
    if entries.is_empty() {
        return None;
    }
    let root = file.new_object_id();
    let ids: Vec<ObjectId> = entries.iter().map(|_| file.new_object_id()).collect();
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
        file.set_object(ids[n], item);
    }
    let top = children(None);
    let mut dict = dictionary! { "Type" => "Outlines", "Count" => entries.len() as i64 };
    if let (Some(first), Some(last)) = (top.first(), top.last()) {
        dict.set("First", ids[*first]);
        dict.set("Last", ids[*last]);
    }
    file.set_object(root, dict);
    Some(root)
}

fn describe(file: &mut File, meta: &Meta<'_>, tree: ObjectId, outline: Option<ObjectId>) -> Result<(), ReportError> {
    let document = meta.document;
    let title = format!("{}, {}", document.title, document.period);
    let date = Object::string_literal(document.as_of.format("D:%Y%m%d%H%M%SZ").to_string());
    let info = file.add_object(dictionary! {
        "Title" => text_string(&title),
        "Author" => text_string(&document.organization),
        "Subject" => text_string(&document.subtitle),
        "Creator" => text_string("backproof"),
        "Producer" => text_string("backproof"),
        "CreationDate" => date.clone(),
        "ModDate" => date,
    });
    file.trailer.set("Info", info);
    let xmp = xmp(document, &title);
    let stream = Stream::new(dictionary! { "Type" => "Metadata", "Subtype" => "XML" }, xmp.into_bytes());
    let metadata = file.add_object(stream.with_compression(false));
    let profile = file.add_object(Stream::new(dictionary! { "N" => 3 }, SRGB.to_vec()));
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
    catalog.set("MarkInfo", dictionary! { "Marked" => true });
    catalog.set("StructTreeRoot", tree);
    catalog.set("ViewerPreferences", dictionary! { "DisplayDocTitle" => true });
    catalog.remove(b"PageLayout");
    catalog.set("PageMode", if outline.is_some() { "UseOutlines" } else { "UseNone" });
    if let Some(outline) = outline {
        catalog.set("Outlines", outline);
    }
    Ok(())
}
