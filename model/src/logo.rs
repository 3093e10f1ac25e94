//! The logo of an organisation: a PNG, read strictly, as reports embed it.
//!
//! PNG alone: it runs nothing, fetches nothing and means the same everywhere, which SVG does not. Colours are taken as sRGB,
//! and profiles in the file are passed over. Interlaced files are refused.

use std::fmt;
use std::io::Read;

use flate2::Crc;
use flate2::read::ZlibDecoder;
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

/// Most bytes of a file: it lies in every HTML report.
pub const MOST_BYTES: usize = 512 << 10;
/// Most pixels: enough for 300 dots an inch at any size that a report prints.
pub const MOST_PIXELS: u64 = 1_000_000;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A logo, whole and checked.
#[derive(Clone, PartialEq, Eq)]
pub struct Logo {
    /// The file as it was given.
    pub png: Vec<u8>,
    /// SHA-256 of it, in hexadecimal: what stands for the logo where inputs are recorded.
    pub sha256: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Red, green and blue of each pixel, row by row, with what is transparent laid on white.
    pub rgb: Vec<u8>,
}

/// Why a file was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogoError {
    /// Another kind of file.
    #[error("is no PNG file")]
    Form,
    /// Too many bytes.
    #[error("has more than {MOST_BYTES} bytes")]
    Bytes,
    /// Too many pixels.
    #[error("has {0} × {1} pixels; {MOST_PIXELS} in all are the most")]
    Pixels(u32, u32),
    /// Interlaced.
    #[error("is interlaced")]
    Interlaced,
    /// Damaged, or not as the standard says.
    #[error("is damaged: {0}")]
    Damaged(&'static str),
}

impl Logo {
    /// Reads a PNG file.
    ///
    /// # Errors
    /// [`LogoError`] for anything but a whole PNG within the limits.
    pub fn read(png: Vec<u8>) -> Result<Self, LogoError> {
        if png.len() > MOST_BYTES {
            return Err(LogoError::Bytes);
        }
        let mut rest = png.strip_prefix(SIGNATURE).ok_or(LogoError::Form)?;
        let mut header = None;
        let (mut palette, mut transparent, mut data) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            let (kind, body, after) = chunk(rest)?;
            rest = after;
            match (kind, &header) {
                (b"IHDR", None) => header = Some(Header::read(body)?),
                (b"IHDR", Some(_)) => return Err(LogoError::Damaged("it has two headers")),
                (_, None) => return Err(LogoError::Damaged("it does not begin with its header")),
                (b"PLTE", _) => palette = body.to_vec(),
                (b"tRNS", _) => transparent = body.to_vec(),
                (b"IDAT", _) => data.extend_from_slice(body),
                (b"IEND", _) => break,
                // A capital says that a picture cannot be shown without this chunk.
                ([first, ..], _) if first.is_ascii_uppercase() => {
                    return Err(LogoError::Damaged("it holds a part that the standard does not know"));
                }
                _ => {}
            }
        }
        let header = header.ok_or(LogoError::Damaged("it has no header"))?;
        let lines = header.lines(&data)?;
        let rgb = header.rgb(&lines, &palette, &transparent)?;
        let sha256 = Sha256::digest(&png).iter().map(|b| format!("{b:02x}")).collect();
        Ok(Self { sha256, width: header.width, height: header.height, rgb, png })
    }

    /// Width and height with which it fits a box, no larger than a pixel a unit.
    #[must_use]
    pub fn fit(&self, width: f64, height: f64) -> (f64, f64) {
        let (w, h) = (f64::from(self.width), f64::from(self.height));
        let scale = (width / w).min(height / h).min(1.0);
        (w * scale, h * scale)
    }
}

impl fmt::Debug for Logo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Logo({} × {}, {})", self.width, self.height, self.sha256)
    }
}

impl Serialize for Logo {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.sha256)
    }
}

/// Kind and body of a chunk, and what follows it.
type Chunk<'a> = (&'a [u8; 4], &'a [u8], &'a [u8]);

/// The first chunk.
fn chunk(bytes: &[u8]) -> Result<Chunk<'_>, LogoError> {
    const CUT: LogoError = LogoError::Damaged("it ends too early");
    let (length, rest) = bytes.split_first_chunk::<4>().ok_or(CUT)?;
    let (kind, after) = rest.split_first_chunk::<4>().ok_or(CUT)?;
    let (body, after) = after.split_at_checked(u32::from_be_bytes(*length) as usize).ok_or(CUT)?;
    let (sum, after) = after.split_first_chunk::<4>().ok_or(CUT)?;
    let mut crc = Crc::new();
    crc.update(kind);
    crc.update(body);
    if crc.sum() != u32::from_be_bytes(*sum) {
        return Err(LogoError::Damaged("a checksum does not hold"));
    }
    Ok((kind, body, after))
}

/// What the first chunk says.
struct Header {
    width: u32,
    height: u32,
    /// Bits a sample.
    depth: u8,
    colour: Colours,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Colours {
    Grey,
    Rgb,
    Palette,
    GreyAlpha,
    RgbAlpha,
}

impl Header {
    fn read(body: &[u8]) -> Result<Self, LogoError> {
        const WRONG: LogoError = LogoError::Damaged("its header is not as the standard says");
        let [w0, w1, w2, w3, h0, h1, h2, h3, depth, colour, 0, 0, interlaced] = *body else { return Err(WRONG) };
        let (width, height) = (u32::from_be_bytes([w0, w1, w2, w3]), u32::from_be_bytes([h0, h1, h2, h3]));
        let colour = match (colour, depth) {
            (0, 1 | 2 | 4 | 8 | 16) => Colours::Grey,
            (2, 8 | 16) => Colours::Rgb,
            (3, 1 | 2 | 4 | 8) => Colours::Palette,
            (4, 8 | 16) => Colours::GreyAlpha,
            (6, 8 | 16) => Colours::RgbAlpha,
            _ => return Err(WRONG),
        };
        match u64::from(width) * u64::from(height) {
            0 => return Err(WRONG),
            pixels if pixels > MOST_PIXELS => return Err(LogoError::Pixels(width, height)),
            _ => {}
        }
        if interlaced != 0 {
            return Err(LogoError::Interlaced);
        }
        Ok(Self { width, height, depth, colour })
    }

    const fn samples(&self) -> usize {
        match self.colour {
            Colours::Grey | Colours::Palette => 1,
            Colours::GreyAlpha => 2,
            Colours::Rgb => 3,
            Colours::RgbAlpha => 4,
        }
    }

    /// Bytes of a line of pixels.
    const fn line(&self) -> usize {
        (self.width as usize * self.samples() * self.depth as usize).div_ceil(8)
    }

    /// The lines of samples, unpacked and without their filters.
    fn lines(&self, data: &[u8]) -> Result<Vec<u8>, LogoError> {
        let (line, height) = (self.line(), self.height as usize);
        let whole = (line + 1) * height;
        let mut packed = Vec::with_capacity(whole);
        ZlibDecoder::new(data)
            .take(whole as u64 + 1)
            .read_to_end(&mut packed)
            .map_err(|_| LogoError::Damaged("its pixels cannot be unpacked"))?;
        if packed.len() != whole {
            return Err(LogoError::Damaged("it has not as many pixels as its header says"));
        }
        // A filter looks one pixel back, and at least one byte.
        let back = (self.samples() * self.depth as usize).div_ceil(8);
        let mut out: Vec<u8> = Vec::with_capacity(line * height);
        let mut above = vec![0; line];
        for row in packed.chunks_exact(line + 1) {
            let Some((filter, row)) = row.split_first() else { break };
            let mut this: Vec<u8> = Vec::with_capacity(line);
            for (n, byte) in row.iter().enumerate() {
                let before = |of: &[u8]| n.checked_sub(back).and_then(|at| of.get(at)).copied().unwrap_or(0);
                let (left, up, corner) = (before(&this), above.get(n).copied().unwrap_or(0), before(&above));
                let guess = match filter {
                    0 => 0,
                    1 => left,
                    2 => up,
                    3 => u16::midpoint(left.into(), up.into()) as u8,
                    4 => paeth(left, up, corner),
                    _ => return Err(LogoError::Damaged("it has a filter that the standard does not know")),
                };
                this.push(byte.wrapping_add(guess));
            }
            out.extend_from_slice(&this);
            above = this;
        }
        Ok(out)
    }

    /// Pixels as red, green and blue on white.
    fn rgb(&self, lines: &[u8], palette: &[u8], transparent: &[u8]) -> Result<Vec<u8>, LogoError> {
        let samples = self.samples();
        let mut out = Vec::with_capacity(self.width as usize * self.height as usize * 3);
        for line in lines.chunks_exact(self.line()) {
            let pixel: Vec<u16> = (0..self.width as usize * samples).map(|n| self.sample(line, n)).collect();
            for pixel in pixel.chunks_exact(samples) {
                // One colour that is transparent, as 16-bit samples.
                let hidden = || {
                    let same = |(n, s): (usize, &u16)| transparent.get(n * 2..n * 2 + 2) == Some(&s.to_be_bytes()[..]);
                    transparent.len() == samples * 2 && pixel.iter().enumerate().all(same)
                };
                let ([r, g, b], alpha) = match (self.colour, pixel) {
                    (Colours::Palette, [index]) => {
                        let at = usize::from(*index);
                        let colour = palette.get(at * 3..).and_then(|p| p.first_chunk::<3>()).copied();
                        let colour = colour.ok_or(LogoError::Damaged("a pixel has a colour that its palette lacks"))?;
                        (colour, transparent.get(at).copied().unwrap_or(u8::MAX))
                    }
                    (Colours::Grey, [grey]) => ([self.eight(*grey); 3], if hidden() { 0 } else { u8::MAX }),
                    (Colours::Rgb, [r, g, b]) => {
                        ([*r, *g, *b].map(|s| self.eight(s)), if hidden() { 0 } else { u8::MAX })
                    }
                    (_, [grey, alpha]) => ([self.eight(*grey); 3], self.eight(*alpha)),
                    (_, [r, g, b, alpha]) => ([*r, *g, *b].map(|s| self.eight(s)), self.eight(*alpha)),
                    _ => continue,
                };
                out.extend([r, g, b].map(|c| on_white(c, alpha)));
            }
        }
        Ok(out)
    }

    /// A sample of a line, in its own depth.
    fn sample(&self, line: &[u8], n: usize) -> u16 {
        let byte = |at: usize| line.get(at).copied().unwrap_or(0);
        match self.depth {
            16 => u16::from_be_bytes([byte(n * 2), byte(n * 2 + 1)]),
            8 => byte(n).into(),
            depth => {
                let depth = usize::from(depth);
                let shift = 8 - depth - n * depth % 8;
                u16::from(byte(n * depth / 8) >> shift & ((1 << depth) - 1))
            }
        }
    }

    /// A sample in eight bits.
    const fn eight(&self, sample: u16) -> u8 {
        match self.depth {
            16 => (sample >> 8) as u8,
            8 => sample as u8,
            depth => (sample * 255 / ((1 << depth) - 1)) as u8,
        }
    }
}

/// The neighbour that lies nearest to left + up − corner (PNG, 9.4).
fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let distance = |to: u8| (i16::from(left) + i16::from(up) - i16::from(corner) - i16::from(to)).abs();
    match (distance(left), distance(up), distance(corner)) {
        (a, b, c) if a <= b && a <= c => left,
        (_, b, c) if b <= c => up,
        _ => corner,
    }
}

fn on_white(colour: u8, alpha: u8) -> u8 {
    let (c, a) = (u32::from(colour), u32::from(alpha));
    ((c * a + 255 * (255 - a) + 127) / 255) as u8
}

#[cfg(test)]
mod tests;
