//! Edge cases of OBJ in `controls/checks.toml`.

/// Examples asserted below.
pub(crate) const EXAMPLES: &[(&str, usize)] = &[];
