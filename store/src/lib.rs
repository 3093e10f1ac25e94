//! The append-only evidence store
