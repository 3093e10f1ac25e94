//! Makes invisible characters visible, so that a name cannot hide or reorder what is printed.

use std::borrow::Cow;

/// Tabs and line ends become blanks; other control characters, and characters that have no shape but change how others
/// are shown (directional overrides, zero-width marks), become their code, `⟨U+202E⟩`.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(special) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' | '\n' | '\r' | '\u{2028}' | '\u{2029}' => out.push(' '),
            c if special(c) => out.push_str(&format!("⟨U+{:04X}⟩", u32::from(c))),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

fn special(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn nothing_stays_hidden() {
        assert_eq!(visible("plain é →"), "plain é →");
        assert_eq!(visible("a\tb\nc"), "a b c");
        assert_eq!(visible("\u{1b}[31m"), "⟨U+001B⟩[31m");
        assert_eq!(visible("x\u{202e}fdp.exe"), "x⟨U+202E⟩fdp.exe");
    }
}
