//! The examples and edge cases of RST in `controls/checks.toml`.

/// Examples asserted below.
pub(crate) const EXAMPLES: &[(&str, usize)] = &[];
