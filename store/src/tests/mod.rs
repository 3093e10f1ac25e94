//! Tests of the store as a whole.

mod bag;
mod crashes;
mod mutilation;
#[cfg(unix)]
mod signing;
mod stamping;
mod storing;
