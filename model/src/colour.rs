//! Colours that an organisation may choose, kept readable.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// A colour of the sRGB space that can be read as small text on white paper: `#1d5b92`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour([u8; 3]);

/// Least contrast between text and its ground (WCAG 2.2, success criterion 1.4.3).
pub const CONTRAST: f64 = 4.5;

/// Why a colour was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ColourError {
    /// Not of the form `#rrggbb`.
    #[error("\"{0}\" is not a colour such as #1d5b92")]
    Form(String),
    /// Too light on white.
    #[error("{0} is too light to be read on white paper")]
    Light(String),
}

impl Colour {
    /// Red, green and blue.
    #[must_use]
    pub const fn rgb(self) -> [u8; 3] {
        self.0
    }

    /// The same colour for a dark ground: mixed with white until it can be read there.
    #[must_use]
    pub fn on_dark(self, ground: [u8; 3]) -> String {
        let mixed = |n: u16| self.0.map(|c| u8::try_from((u16::from(c) * (20 - n) + 255 * n) / 20).unwrap_or(u8::MAX));
        let found = (0..=20).map(mixed).find(|c| contrast(*c, ground) >= CONTRAST).unwrap_or([255; 3]);
        hex(found)
    }
}

/// Contrast of two colours, from 1 to 21 (WCAG 2.2).
fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Relative luminance (WCAG 2.2).
fn luminance(colour: [u8; 3]) -> f64 {
    let linear = |c: u8| {
        let c = f64::from(c) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    };
    let [r, g, b] = colour.map(linear);
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

fn hex([r, g, b]: [u8; 3]) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

impl FromStr for Colour {
    type Err = ColourError;

    fn from_str(text: &str) -> Result<Self, ColourError> {
        let form = || ColourError::Form(text.to_owned());
        let digits = text.strip_prefix('#').filter(|d| d.len() == 6 && d.bytes().all(|b| b.is_ascii_hexdigit()));
        let value = digits.and_then(|d| u32::from_str_radix(d, 16).ok()).ok_or_else(form)?;
        let [_, r, g, b] = value.to_be_bytes();
        let colour = Self([r, g, b]);
        if contrast(colour.0, [255; 3]) < CONTRAST { Err(ColourError::Light(text.to_owned())) } else { Ok(colour) }
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(self.0))
    }
}

impl Serialize for Colour {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_that_cannot_be_read_on_white_is_refused() {
        assert_eq!("#1D5B92".parse::<Colour>().unwrap().to_string(), "#1d5b92");
        assert_eq!("#ffcc00".parse::<Colour>(), Err(ColourError::Light("#ffcc00".to_owned())));
        for text in ["1d5b92", "#12345", "#1234567", "#12345g", "", "red", "#äöü"] {
            assert_eq!(text.parse::<Colour>(), Err(ColourError::Form(text.to_owned())));
        }
        // Contrasts as calculators of the web give them.
        assert!((contrast([0; 3], [255; 3]) - 21.0).abs() < 1e-9);
        assert!((contrast([0x76; 3], [255; 3]) - 4.54).abs() < 0.01);
    }

    #[test]
    fn on_a_dark_ground_it_gets_as_light_as_it_must() {
        let ground = [0x12, 0x17, 0x1c];
        let dark: Colour = "#000000".parse().unwrap();
        let light = dark.on_dark(ground);
        let value = u32::from_str_radix(&light[1..], 16).unwrap().to_be_bytes();
        assert!(contrast([value[1], value[2], value[3]], ground) >= CONTRAST, "{light}");
    }
}
