//! The file itself: objects are packed, compressed and let go as they come, so that a thousand pages are never held as
//! a tree of objects (ISO 32000-1, 7.5.7 object streams and 7.5.8 cross-reference streams).

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use lopdf::{Dictionary, Object, ObjectId, Stream, StringFormat, dictionary};

use crate::error::ReportError;

/// Objects in one object stream.
const PACK: usize = 200;

/// A file in the making.
pub struct Output {
    bytes: Vec<u8>,
    /// Where each object lies, by number.
    places: Vec<Place>,
    /// Objects that wait for their stream: number, and where their text begins in `texts`.
    pack: Vec<(u32, usize)>,
    texts: Vec<u8>,
}

#[derive(Clone, Copy)]
enum Place {
    /// Nowhere: the number is not used.
    Free,
    /// At this byte.
    At(usize),
    /// In an object stream, at this position.
    In(u32, usize),
}

impl Output {
    /// A file whose numbers up to `taken` are given to objects that follow later.
    pub fn new(taken: u32) -> Output {
        // The second line tells programs that move files that this one is not text.
        let bytes = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
        Output { bytes, places: vec![Place::Free; taken as usize + 1], pack: Vec::new(), texts: Vec::new() }
    }

    /// A new number.
    pub fn new_id(&mut self) -> ObjectId {
        self.places.push(Place::Free);
        (self.places.len() as u32 - 1, 0)
    }

    /// Writes an object; a stream stands by itself, everything else is packed.
    ///
    /// # Errors
    /// [`ReportError::Pdf`] when compression fails.
    pub fn object(&mut self, id: ObjectId, object: &Object) -> Result<(), ReportError> {
        if let Object::Stream(stream) = object {
            return self.stream(id, stream);
        }
        self.pack.push((id.0, self.texts.len()));
        text(object, &mut self.texts);
        self.texts.push(b'\n');
        if self.pack.len() == PACK { self.flush() } else { Ok(()) }
    }

    /// Writes an object under a new number.
    ///
    /// # Errors
    /// As [`Output::object`].
    pub fn add(&mut self, object: impl Into<Object>) -> Result<ObjectId, ReportError> {
        let id = self.new_id();
        self.object(id, &object.into())?;
        Ok(id)
    }

    /// Writes everything that waits, and the table of all objects. `trailer` names catalog, description and identity.
    ///
    /// # Errors
    /// As [`Output::object`].
    pub fn end(mut self, mut trailer: Dictionary) -> Result<Vec<u8>, ReportError> {
        self.flush()?;
        let id = self.new_id();
        let start = self.bytes.len();
        self.set(id.0, Place::At(start));
        let mut table = Vec::with_capacity(7 * self.places.len());
        for place in &self.places {
            let (kind, first, second) = match *place {
                Place::Free => (0, 0, usize::from(u16::MAX)),
                Place::At(byte) => (1, byte, 0),
                Place::In(stream, at) => (2, stream as usize, at),
            };
            table.push(kind);
            table.extend(u32::try_from(first).map_err(|_| too_large())?.to_be_bytes());
            table.extend(u16::try_from(second).map_err(|_| too_large())?.to_be_bytes());
        }
        trailer.set("Type", "XRef");
        trailer.set("Size", self.places.len() as i64);
        trailer.set("W", Object::Array(vec![1.into(), 4.into(), 2.into()]));
        self.stream(id, &compressed(Stream::new(trailer, table))?)?;
        self.bytes.extend(format!("startxref\n{start}\n%%EOF\n").into_bytes());
        Ok(self.bytes)
    }

    /// The bytes so far.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn set(&mut self, number: u32, place: Place) {
        if let Some(slot) = self.places.get_mut(number as usize) {
            *slot = place;
        }
    }

    fn stream(&mut self, id: ObjectId, stream: &Stream) -> Result<(), ReportError> {
        self.set(id.0, Place::At(self.bytes.len()));
        let mut dict = stream.dict.clone();
        dict.set("Length", stream.content.len() as i64);
        writeln!(self.bytes, "{} {} obj", id.0, id.1).map_err(fault)?;
        text(&Object::Dictionary(dict), &mut self.bytes);
        self.bytes.extend(b"\nstream\n");
        self.bytes.extend(&stream.content);
        self.bytes.extend(b"\nendstream\nendobj\n");
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ReportError> {
        if self.pack.is_empty() {
            return Ok(());
        }
        let id = self.new_id();
        let pack = std::mem::take(&mut self.pack);
        let mut content = String::new();
        for (at, (number, start)) in pack.iter().enumerate() {
            content.push_str(&format!("{number} {start} "));
            self.set(*number, Place::In(id.0, at));
        }
        let dict = dictionary! { "Type" => "ObjStm", "N" => pack.len() as i64, "First" => content.len() as i64 };
        let mut content = content.into_bytes();
        content.append(&mut self.texts);
        self.stream(id, &compressed(Stream::new(dict, content))?)
    }
}

/// A stream with its content compressed, where that makes it smaller and nothing has been done to it.
///
/// # Errors
/// [`ReportError::Pdf`] when compression fails.
pub fn compressed(mut stream: Stream) -> Result<Stream, ReportError> {
    if stream.dict.has(b"Filter") || !stream.allows_compression {
        return Ok(stream);
    }
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    let deflated = encoder.write_all(&stream.content).and_then(|()| encoder.finish()).map_err(fault)?;
    if deflated.len() < stream.content.len() {
        stream.dict.set("Filter", "FlateDecode");
        stream.content = deflated;
    }
    Ok(stream)
}

fn fault(error: std::io::Error) -> ReportError {
    ReportError::Pdf(error.to_string())
}

fn too_large() -> ReportError {
    ReportError::Pdf("the file would be larger than 4 GB; choose a shorter period or fewer frameworks".to_owned())
}

/// Appends an object as text.
fn text(object: &Object, out: &mut Vec<u8>) {
    match object {
        Object::Null => out.extend(b"null"),
        Object::Boolean(value) => out.extend(if *value { &b"true"[..] } else { b"false" }),
        Object::Integer(value) => out.extend(value.to_string().into_bytes()),
        Object::Real(value) => out.extend(value.to_string().into_bytes()),
        Object::Name(name) => self::name(name, out),
        Object::String(bytes, StringFormat::Hexadecimal) => {
            const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
            out.push(b'<');
            for byte in bytes {
                out.extend([DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
            }
            out.push(b'>');
        }
        Object::String(bytes, StringFormat::Literal) => {
            out.push(b'(');
            for byte in bytes {
                match byte {
                    b'(' | b')' | b'\\' => out.extend([b'\\', *byte]),
                    b'\r' => out.extend(b"\\r"),
                    _ => out.push(*byte),
                }
            }
            out.push(b')');
        }
        Object::Array(items) => {
            out.push(b'[');
            for (n, item) in items.iter().enumerate() {
                if n > 0 {
                    out.push(b' ');
                }
                text(item, out);
            }
            out.push(b']');
        }
        Object::Dictionary(dict) => {
            out.extend(b"<<");
            for (key, value) in dict {
                name(key, out);
                out.push(b' ');
                text(value, out);
            }
            out.extend(b">>");
        }
        // A stream is always an object of its own.
        Object::Stream(_) => out.extend(b"null"),
        Object::Reference((number, generation)) => out.extend(format!("{number} {generation} R").into_bytes()),
    }
}

fn name(name: &[u8], out: &mut Vec<u8>) {
    out.push(b'/');
    for byte in name {
        if byte.is_ascii_graphic() && !b"()<>[]{}/%#".contains(byte) {
            out.push(*byte);
        } else {
            out.extend(format!("#{byte:02X}").into_bytes());
        }
    }
}
