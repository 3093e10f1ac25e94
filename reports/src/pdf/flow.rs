//! Fills pages with chunks: the smallest pieces that no page break divides.
//!
//! A chunk may be bound to the one after it (a heading to its text, a table's header to its first row), and may name
//! a header to repeat when a page begins with it. Nothing is ever dropped: a bound group taller than a page is
//! divided between its chunks.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::pdf::paper::{HEIGHT, Item, OutlineEntry, Paper, Placed, Tree};

/// Left and right margin.
pub const SIDE: f64 = 52.0;
/// First line a chunk may use.
pub const TOP: f64 = 64.0;
/// Last line a chunk may use.
pub const BOTTOM: f64 = HEIGHT - 62.0;
/// Height of a page's content.
pub const ROOM: f64 = BOTTOM - TOP;

/// A header to repeat at the top of a page.
#[derive(Debug, Clone)]
pub struct Header {
    /// Height.
    pub height: f64,
    /// Items, relative to the header's top.
    pub items: Vec<Placed>,
}

/// The smallest piece that no page break divides.
#[derive(Debug, Clone, Default)]
pub struct Chunk {
    /// Height.
    pub height: f64,
    /// Room above it, dropped at the top of a page.
    pub before: f64,
    /// Items in that room (above the chunk's top), dropped with it.
    pub above: Vec<Placed>,
    /// Stays on the page of the next chunk.
    pub keep: bool,
    /// Begins a new page.
    pub new_page: bool,
    /// Header to repeat when a page begins with this chunk.
    pub repeat: Option<Rc<Header>>,
    /// Items, relative to the chunk's top.
    pub items: Vec<Placed>,
    /// Anchors at its top.
    pub anchors: Vec<String>,
    /// Entry of the outline: level and title.
    pub outline: Option<(u8, String)>,
}

struct Filler {
    pages: Vec<Vec<Placed>>,
    anchors: BTreeMap<String, (usize, f64)>,
    outline: Vec<OutlineEntry>,
    y: f64,
    /// Nothing stands on the page yet but a repeated header.
    fresh: bool,
}

/// Fills pages.
pub fn fill(chunks: Vec<Chunk>, tree: Tree) -> Paper {
    let mut filler =
        Filler { pages: vec![Vec::new()], anchors: BTreeMap::new(), outline: Vec::new(), y: TOP, fresh: true };
    let mut rest = chunks.into_iter().peekable();
    while let Some(first) = rest.next() {
        let mut group = vec![first];
        while group.last().is_some_and(|c| c.keep) {
            match rest.next() {
                Some(next) => group.push(next),
                None => break,
            }
        }
        filler.group(group);
    }
    Paper { pages: filler.pages, anchors: filler.anchors, outline: filler.outline, tree }
}

impl Filler {
    fn group(&mut self, group: Vec<Chunk>) {
        let height: f64 = group.iter().enumerate().map(|(n, c)| c.height + if n == 0 { 0.0 } else { c.before }).sum();
        let first = group.first();
        let before = first.map_or(0.0, |c| c.before);
        if !self.fresh && (first.is_some_and(|c| c.new_page) || self.y + before + height > BOTTOM) {
            let header = first.and_then(|c| c.repeat.clone());
            // A group taller than a page starts where it stands when most of the page is still free.
            let oversize = height + header.as_ref().map_or(0.0, |h| h.height) > ROOM;
            if !(oversize && self.y < TOP + ROOM / 2.0) || first.is_some_and(|c| c.new_page) {
                self.turn(header);
            }
        }
        for chunk in group {
            self.chunk(chunk);
        }
    }

    fn chunk(&mut self, mut chunk: Chunk) {
        if !self.fresh && self.y + chunk.before + chunk.height > BOTTOM {
            self.turn(chunk.repeat.clone());
        }
        if !self.fresh {
            self.y += chunk.before;
            chunk.items.append(&mut chunk.above);
        }
        let page = self.pages.len() - 1;
        for id in chunk.anchors {
            self.anchors.insert(id, (page, self.y));
        }
        if let Some((level, title)) = chunk.outline {
            self.outline.push(OutlineEntry { level, title, page, y: self.y });
        }
        for placed in &mut chunk.items {
            placed.item.lower(self.y);
        }
        if let Some(items) = self.pages.last_mut() {
            items.append(&mut chunk.items);
        }
        self.y += chunk.height;
        self.fresh = false;
    }

    fn turn(&mut self, header: Option<Rc<Header>>) {
        self.pages.push(Vec::new());
        self.y = TOP;
        self.fresh = true;
        let (Some(header), Some(page)) = (header, self.pages.last_mut()) else { return };
        for placed in &header.items {
            // The repetition is furniture: the header was read where the table began.
            let mut item = placed.item.clone();
            if matches!(item, Item::Link { .. }) {
                continue;
            }
            item.lower(self.y);
            page.push(Placed { owner: None, item });
        }
        self.y += header.height;
    }
}
