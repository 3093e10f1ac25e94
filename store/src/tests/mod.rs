//! Tests of the store as a whole.

mod mutilation;
#[cfg(unix)]
mod signing;
mod storing;
