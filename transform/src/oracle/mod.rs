//! An independent oracle: random worlds, judged twice.
//!
//! [`slots`], [`rules`], [`exceptions`] and [`clock`] are written from the text of `controls/checks.toml` and share no
//! code with what they test: plain lists, no index, no cleverness. [`generator`] and [`attempts`] draw worlds,
//! [`product`] gives them to the product, [`properties`] compares.
//!
//! `BACKPROOF_ORACLE_CASES` and `BACKPROOF_ORACLE_SEED` set how many worlds are drawn and which; a plain run always
//! draws the same.

mod attempts;
mod case;
mod clock;
mod exceptions;
mod generator;
mod product;
mod properties;
mod rules;
mod slots;
