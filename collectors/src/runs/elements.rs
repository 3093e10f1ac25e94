//! Cuts a JSON text into its objects, in bounded memory: those of one array, or objects that
//! stand one below the other. Only brackets and strings are looked at; each object is parsed by
//! its reader, so that a damaged one does not hide the others.

use std::io::{self, BufRead};

use super::reading::Place;
use crate::lines::LINE_LIMIT;

/// A piece of the text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Element<'a> {
    /// Text of one object.
    Object(&'a [u8]),
    /// An object longer than [`LINE_LIMIT`], skipped.
    TooLong,
    /// Something between the objects that is none.
    Stray,
    /// The text ended inside an object or before the array was closed.
    Cut,
}

pub(crate) struct Elements<R> {
    reader: R,
    buffer: Vec<u8>,
    line: u64,
    index: u64,
    array: Array,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Array {
    Absent,
    Open,
    Closed,
}

impl<R: BufRead> Elements<R> {
    pub(crate) const fn new(reader: R) -> Self {
        Self { reader, buffer: Vec::new(), line: 1, index: 0, array: Array::Absent }
    }

    /// Line reached, from 1.
    pub(crate) const fn line(&self) -> u64 {
        self.line
    }

    /// The next piece and where it begins, or `None` at the end.
    ///
    /// # Errors
    /// Those of reading.
    pub(crate) fn next(&mut self) -> io::Result<Option<(Place, Element<'_>)>> {
        self.buffer.clear();
        let mut stray = false;
        let start = loop {
            let Some(byte) = self.byte()? else {
                if stray {
                    return Ok(Some((self.place(self.line), Element::Stray)));
                }
                if self.array == Array::Open {
                    self.array = Array::Closed;
                    return Ok(Some((Place::Line(self.line), Element::Cut)));
                }
                return Ok(None);
            };
            let line = self.line;
            match byte {
                b'{' if stray => return Ok(Some((self.place(line), Element::Stray))),
                b'{' => break line,
                b'[' if self.array == Array::Absent && self.index == 0 && !stray => self.array = Array::Open,
                b']' if self.array == Array::Open => {
                    self.array = Array::Closed;
                    if stray {
                        self.skip();
                        return Ok(Some((self.place(line), Element::Stray)));
                    }
                }
                b',' if stray => {
                    self.skip();
                    let place = self.place(line);
                    self.index += 1;
                    return Ok(Some((place, Element::Stray)));
                }
                b',' if self.array == Array::Open => {}
                b if b.is_ascii_whitespace() => {}
                _ => stray = true,
            }
            self.skip();
        };
        let place = self.place(start);
        self.index += 1;
        let element = match self.object()? {
            Some(true) => Element::Object(&self.buffer),
            Some(false) => Element::TooLong,
            None => {
                self.array = Array::Closed;
                Element::Cut
            }
        };
        Ok(Some((place, element)))
    }

    /// Reads an object into the buffer: false where it is too long, `None` where the text ends first.
    fn object(&mut self) -> io::Result<Option<bool>> {
        let (mut depth, mut in_string, mut escaped, mut kept) = (0_u64, false, false, true);
        loop {
            let chunk = self.reader.fill_buf()?;
            if chunk.is_empty() {
                return Ok(None);
            }
            let mut end = None;
            for (at, byte) in chunk.iter().enumerate() {
                match byte {
                    b'\n' => self.line += 1,
                    _ if escaped => {}
                    b'"' => in_string = !in_string,
                    b'{' | b'[' if !in_string => depth += 1,
                    b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
                    _ => {}
                }
                escaped = in_string && *byte == b'\\' && !escaped;
                if depth == 0 {
                    end = Some(at + 1);
                    break;
                }
            }
            let used = end.unwrap_or(chunk.len());
            kept = kept && self.buffer.len() + used <= LINE_LIMIT;
            if kept {
                self.buffer.extend_from_slice(chunk.get(..used).unwrap_or_default());
            } else {
                self.buffer.clear();
            }
            self.reader.consume(used);
            if end.is_some() {
                return Ok(Some(kept));
            }
        }
    }

    fn place(&self, line: u64) -> Place {
        if self.array == Array::Absent { Place::Line(line) } else { Place::Item(self.index) }
    }

    /// The next byte, not taken yet.
    fn byte(&mut self) -> io::Result<Option<u8>> {
        Ok(self.reader.fill_buf()?.first().copied())
    }

    fn skip(&mut self) {
        if let Ok(chunk) = self.reader.fill_buf()
            && let Some(byte) = chunk.first()
        {
            self.line += u64::from(*byte == b'\n');
            self.reader.consume(1);
        }
    }
}
