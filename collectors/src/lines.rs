//! Lines of a document in bounded memory.

use std::io::{self, BufRead};

/// Longest line that is read: 4 MiB. A longer one is skipped to its end and reported.
pub const LINE_LIMIT: usize = 4 << 20;

/// One line, without its line end.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// Its bytes.
    Text(&'a [u8]),
    /// Longer than [`LINE_LIMIT`].
    TooLong,
}

/// Reads line by line; numbers start at 1.
#[derive(Debug)]
pub struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
    number: u64,
    ended_by_newline: bool,
}

impl<R: BufRead> Lines<R> {
    /// Lines of `reader`.
    pub const fn new(reader: R) -> Self {
        Self { reader, buffer: Vec::new(), number: 0, ended_by_newline: true }
    }

    /// False where the last line read has no line end: the file may have been cut.
    pub const fn ended_by_newline(&self) -> bool {
        self.ended_by_newline
    }

    /// The next line and its number, or `None` at the end.
    ///
    /// # Errors
    /// Those of reading, a damaged compressed stream among them.
    #[allow(clippy::should_implement_trait, reason = "it lends the line, which an iterator cannot")]
    pub fn next(&mut self) -> io::Result<Option<(u64, Line<'_>)>> {
        self.buffer.clear();
        let mut too_long = false;
        let mut any = false;
        self.ended_by_newline = false;
        loop {
            let chunk = self.reader.fill_buf()?;
            if chunk.is_empty() {
                break;
            }
            any = true;
            let (part, used, ended) = match memchr::memchr(b'\n', chunk) {
                Some(at) => (&chunk[..at], at + 1, true),
                None => (chunk, chunk.len(), false),
            };
            if too_long || self.buffer.len() + part.len() > LINE_LIMIT {
                too_long = true;
                self.buffer.clear();
            } else {
                self.buffer.extend_from_slice(part);
            }
            self.reader.consume(used);
            if ended {
                self.ended_by_newline = true;
                break;
            }
        }
        if !any {
            return Ok(None);
        }
        self.number += 1;
        if too_long {
            return Ok(Some((self.number, Line::TooLong)));
        }
        let text = self.buffer.strip_suffix(b"\r").unwrap_or(&self.buffer);
        Ok(Some((self.number, Line::Text(text))))
    }
}

/// Least text in a [`Block`] but the last.
const BLOCK: usize = 1 << 20;

/// Lines of a document that stand together: the piece of work when several threads read it.
#[derive(Debug)]
pub struct Block {
    text: Vec<u8>,
    before: u64,
}

impl Block {
    /// Each line with its number, and whether a line end closes it.
    pub fn lines(&self) -> impl Iterator<Item = (u64, Line<'_>, bool)> {
        let mut rest = self.text.as_slice();
        let mut number = self.before;
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            number += 1;
            let (line, after, ended) = match memchr::memchr(b'\n', rest) {
                Some(at) => (rest.get(..at)?, rest.get(at + 1..)?, true),
                None => (rest, &[][..], false),
            };
            rest = after;
            if line.len() > LINE_LIMIT {
                return Some((number, Line::TooLong, ended));
            }
            Some((number, Line::Text(line.strip_suffix(b"\r").unwrap_or(line)), ended))
        })
    }
}

/// Cuts a document into blocks of whole lines, in bounded memory. It ends before damage, which [`Blocks::damage`] tells.
#[derive(Debug)]
pub struct Blocks<R> {
    reader: R,
    /// Read, and not handed on: the beginning of a line.
    begun: Vec<u8>,
    lines: u64,
    damage: Option<io::Error>,
    ended: bool,
}

impl<R: BufRead> Blocks<R> {
    /// Blocks of `reader`.
    pub const fn new(reader: R) -> Self {
        Self { reader, begun: Vec::new(), lines: 0, damage: None, ended: false }
    }

    /// Why reading broke off before the end, with the number of lines handed on.
    #[must_use]
    pub fn damage(self) -> Option<(u64, io::Error)> {
        self.damage.map(|e| (self.lines, e))
    }

    /// Reads on until `text` holds a block, whose length it answers.
    fn fill(&mut self, text: &mut Vec<u8>) -> io::Result<usize> {
        // Of a line beyond the limit only enough is kept to tell that it is.
        let mut open = text.len();
        loop {
            let chunk = match self.reader.fill_buf() {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            if chunk.is_empty() {
                self.ended = true;
                return Ok(text.len());
            }
            let end = memchr::memchr(b'\n', chunk).unwrap_or(chunk.len());
            let kept = chunk.get(if open > LINE_LIMIT { end } else { 0 }..).unwrap_or_default();
            let last = memchr::memrchr(b'\n', kept);
            open = last.map_or(open + kept.len(), |at| kept.len() - at - 1);
            text.extend_from_slice(kept);
            let used = chunk.len();
            self.reader.consume(used);
            if text.len() >= BLOCK && open < text.len() {
                return Ok(text.len() - open);
            }
        }
    }
}

impl<R: BufRead> Iterator for Blocks<R> {
    type Item = Block;

    fn next(&mut self) -> Option<Block> {
        if self.ended {
            return None;
        }
        let mut text = std::mem::take(&mut self.begun);
        text.reserve(BLOCK + (BLOCK >> 1));
        match self.fill(&mut text) {
            Ok(end) => self.begun.extend_from_slice(text.get(end..).unwrap_or_default()),
            Err(e) => (self.damage, self.ended) = (Some(e), true),
        }
        // After damage the last line is not whole.
        let end = if self.damage.is_some() { memchr::memrchr(b'\n', &text).map_or(0, |at| at + 1) } else { text.len() };
        text.truncate(end - self.begun.len());
        let before = self.lines;
        self.lines += memchr::memchr_iter(b'\n', &text).count() as u64;
        (!text.is_empty()).then_some(Block { text, before })
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Read};

    use proptest::prelude::*;

    use super::*;

    /// Number, text (none where too long) and whether a newline ended it; and the error that ended all.
    type Given = (Vec<(u64, Option<Vec<u8>>, bool)>, Option<io::ErrorKind>);

    /// What [`Lines`] gives, with the kind of the error that ended it.
    fn one_by_one(reader: impl BufRead) -> Given {
        let mut lines = Lines::new(reader);
        let mut out = Vec::new();
        loop {
            let (number, text) = match lines.next() {
                Ok(None) => return (out, None),
                Ok(Some((number, Line::TooLong))) => (number, None),
                Ok(Some((number, Line::Text(text)))) => (number, Some(text.to_vec())),
                Err(e) => return (out, Some(e.kind())),
            };
            out.push((number, text, lines.ended_by_newline()));
        }
    }

    fn in_blocks(reader: impl BufRead) -> Given {
        let mut blocks = Blocks::new(reader);
        let mut out = Vec::new();
        for block in blocks.by_ref() {
            out.extend(block.lines().map(|(number, line, ended)| match line {
                Line::TooLong => (number, None, ended),
                Line::Text(text) => (number, Some(text.to_vec()), ended),
            }));
        }
        let damage = blocks.damage();
        if let Some((lines, _)) = &damage {
            assert_eq!(*lines, out.len() as u64, "all lines before the damage are counted");
        }
        (out, damage.map(|(_, e)| e.kind()))
    }

    /// Gives `0`, then fails.
    struct Broken<'a>(&'a [u8]);

    impl Read for Broken<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() { Err(io::ErrorKind::InvalidData.into()) } else { self.0.read(buffer) }
        }
    }

    proptest! {
        #[test]
        fn blocks_hold_the_lines_that_are_read_one_by_one(
            lengths in proptest::collection::vec(prop_oneof![0_usize..40, 200_000_usize..1_500_000, LINE_LIMIT - 1..LINE_LIMIT + 300_000], 0..9),
            end in prop_oneof![Just("\n"), Just("\r\n")],
            closed: bool,
            broken: bool,
            buffer in prop_oneof![Just(7_000_usize), Just(1 << 18)],
        ) {
            let mut text: Vec<u8> = Vec::new();
            for (n, length) in lengths.iter().enumerate() {
                text.resize(text.len() + length, b'a' + n as u8);
                text.extend_from_slice(end.as_bytes());
            }
            if !closed {
                text.truncate(text.len().saturating_sub(end.len()));
            }
            if broken {
                let reader = || BufReader::with_capacity(buffer, Broken(&text));
                prop_assert_eq!(in_blocks(reader()), one_by_one(reader()));
            } else {
                let reader = || BufReader::with_capacity(buffer, text.as_slice());
                prop_assert_eq!(in_blocks(reader()), one_by_one(reader()));
            }
        }
    }

    #[test]
    fn a_line_without_end_takes_no_more_memory_than_the_longest_that_is_read() {
        let endless = BufReader::with_capacity(1 << 18, io::repeat(b'x').take(64 << 20));
        let mut blocks = Blocks::new(endless);
        let block = blocks.next().unwrap();
        assert!(block.text.capacity() < LINE_LIMIT + (4 << 20), "{}", block.text.capacity());
        assert_eq!(block.lines().collect::<Vec<_>>(), [(1, Line::TooLong, false)]);
        assert!(blocks.next().is_none());
    }

    #[test]
    fn a_line_beyond_the_limit_is_skipped_and_the_next_one_read() {
        let mut input = vec![b'x'; LINE_LIMIT + 1];
        input.extend_from_slice(b"\nafter\r\nlast");
        let mut lines = Lines::new(input.as_slice());
        assert_eq!(lines.next().unwrap(), Some((1, Line::TooLong)));
        assert_eq!(lines.next().unwrap(), Some((2, Line::Text(b"after"))));
        assert!(lines.ended_by_newline());
        assert_eq!(lines.next().unwrap(), Some((3, Line::Text(b"last"))));
        assert!(!lines.ended_by_newline());
        assert_eq!(lines.next().unwrap(), None);
    }
}
