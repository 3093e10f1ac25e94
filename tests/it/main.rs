//! The whole program, run as people run it: a workspace on disk, a command line, an exit code.
//!
//! One binary, so that polars is linked once. A defect of the product that is known and not yet mended is a test
//! marked `#[ignore = "known defect: …"]`: `cargo test -- --ignored` lists them.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, which is what it is for")]
#![allow(clippy::disallowed_methods, reason = "tests are outside the libraries: they may look at their environment")]

mod bad_input;
mod buckets;
mod documents;
mod ends;
mod faults;
mod heroku;
mod huge;
mod init;
mod network;
mod own;
mod packet;
mod publish;
mod report;
mod same;
mod scenarios;
mod shapes;
mod stops;
mod stores;
mod support;
mod terminal;
mod truth;
