//! What the pages' content says about structure, and the tree that a tagged file keeps of it.

use std::rc::Rc;

use lopdf::{Object, ObjectId, dictionary};

use crate::block::Target;
use crate::error::ReportError;
use crate::pdf::Tags;
use crate::pdf::output::Output;
use crate::pdf::paper::{Node, Tree};
use crate::pdf::unicode::text_string;

/// A child of a structure element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kid {
    /// Marked content of a page: the page from 0, and its number on that page.
    Content(u32, u32),
    /// Another element.
    Element(usize),
    /// A link annotation.
    Link(usize),
}

/// A link annotation.
pub struct Link {
    /// Page, from 0.
    pub page: usize,
    /// Left, top, width, height.
    pub area: [f64; 4],
    /// Where to.
    pub target: Rc<Target>,
    /// Its words.
    pub text: String,
    /// Its structure element.
    pub owner: Option<usize>,
}

/// Structure and links, in the order of reading.
pub struct Structure {
    /// Whether the file keeps the tree.
    pub tags: Tags,
    /// Links of all pages.
    pub links: Vec<Link>,
    nodes: Vec<Node>,
    kids: Vec<Vec<Kid>>,
    attached: Vec<bool>,
    /// Owner of each marked content of each page.
    contents: Vec<Vec<usize>>,
}

impl Structure {
    /// Structure of pages whose content is yet to be numbered.
    pub fn new(tree: Tree, pages: usize, tags: Tags) -> Structure {
        let nodes = if tags == Tags::With { tree.nodes } else { Vec::new() };
        let mut structure = Structure {
            tags,
            links: Vec::new(),
            kids: vec![Vec::new(); nodes.len()],
            attached: vec![false; nodes.len()],
            contents: vec![Vec::new(); pages],
            nodes,
        };
        // Rows, cells and list items keep their order within their table or list even when they are empty.
        for n in 0..structure.nodes.len() {
            if matches!(structure.nodes[n].role, "Caption" | "TR" | "TH" | "TD" | "LI" | "Lbl" | "LBody" | "TOCI") {
                structure.join(n);
            }
        }
        structure
    }

    /// Role of an owner.
    pub fn role(&self, owner: Option<usize>) -> &'static str {
        owner.and_then(|n| self.nodes.get(n)).map_or("Artifact", |node| node.role)
    }

    /// Numbers a new piece of marked content on its page.
    pub fn content(&mut self, page: usize, owner: Option<usize>) -> Option<u32> {
        let owner = owner?;
        let contents = self.contents.get_mut(page)?;
        let number = u32::try_from(contents.len()).ok()?;
        contents.push(owner);
        self.attach(owner);
        self.kids.get_mut(owner)?.push(Kid::Content(u32::try_from(page).ok()?, number));
        Some(number)
    }

    /// Notes a link annotation.
    pub fn link(&mut self, page: usize, owner: Option<usize>, area: [f64; 4], target: &Rc<Target>, text: &str) {
        let kid = Kid::Link(self.links.len());
        let owner = owner.filter(|n| *n < self.nodes.len());
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
            node = self.nodes[node].parent;
        }
    }

    fn join(&mut self, node: usize) {
        if !std::mem::replace(&mut self.attached[node], true) {
            self.kids[self.nodes[node].parent].push(Kid::Element(node));
        }
    }

    /// Writes the tree and the table from content to elements; `None` without tags.
    ///
    /// # Errors
    /// [`ReportError::Pdf`] when it cannot be written.
    pub fn write(
        &self,
        out: &mut Output,
        pages: &[ObjectId],
        links: &[Option<ObjectId>],
    ) -> Result<Option<ObjectId>, ReportError> {
        if self.tags == Tags::Without {
            return Ok(None);
        }
        let root = out.new_id();
        let ids: Vec<Option<ObjectId>> =
            (0..self.nodes.len()).map(|n| (n == 0 || self.attached[n]).then(|| out.new_id())).collect();
        let id_of = |n: usize| ids.get(n).copied().flatten();
        for (n, node) in self.nodes.iter().enumerate() {
            let Some(id) = id_of(n) else { continue };
            let parent = if n == 0 { root } else { id_of(node.parent).unwrap_or(root) };
            let kids = self.kids[n].iter().filter_map(|kid| kid_object(*kid, pages, links, &id_of)).collect();
            let mut element = dictionary! {
                "Type" => "StructElem", "S" => node.role, "P" => parent, "K" => Object::Array(kids),
            };
            if !node.alt.is_empty() {
                element.set("Alt", text_string(&node.alt));
            }
            if node.role == "TH" {
                element.set("A", dictionary! { "O" => "Table", "Scope" => "Column" });
            }
            out.object(id, &element.into())?;
        }
        let mut numbers = Vec::new();
        for (page, owners) in self.contents.iter().enumerate() {
            let owners = owners.iter().map(|n| id_of(*n).map_or(Object::Null, Object::Reference)).collect();
            let list = out.add(Object::Array(owners))?;
            numbers.extend([Object::Integer(page as i64), list.into()]);
        }
        for (n, link) in self.links.iter().enumerate() {
            if let Some(owner) = link.owner.and_then(id_of) {
                numbers.extend([Object::Integer((pages.len() + n) as i64), owner.into()]);
            }
        }
        let parents = out.add(dictionary! { "Nums" => Object::Array(numbers) })?;
        let document = id_of(0).map_or(Object::Null, Object::Reference);
        let tree = dictionary! {
            "Type" => "StructTreeRoot",
            "K" => Object::Array(vec![document]),
            "ParentTree" => parents,
            "ParentTreeNextKey" => (pages.len() + self.links.len()) as i64,
        };
        out.object(root, &tree.into())?;
        Ok(Some(root))
    }
}

fn kid_object(
    kid: Kid,
    pages: &[ObjectId],
    links: &[Option<ObjectId>],
    id_of: &dyn Fn(usize) -> Option<ObjectId>,
) -> Option<Object> {
    match kid {
        Kid::Element(n) => id_of(n).map(Object::Reference),
        Kid::Content(page, number) => {
            let page = *pages.get(page as usize)?;
            Some(dictionary! { "Type" => "MCR", "Pg" => page, "MCID" => i64::from(number) }.into())
        }
        Kid::Link(n) => {
            let link = (*links.get(n)?)?;
            Some(dictionary! { "Type" => "OBJR", "Obj" => link }.into())
        }
    }
}
