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
            let (part, used, ended) = match chunk.iter().position(|b| *b == b'\n') {
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

#[cfg(test)]
mod tests {
    use super::*;

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
