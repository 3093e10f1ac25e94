//! An independent oracle: random worlds, judged twice.
//!
//! [`slots`], [`rules`], [`exceptions`] and [`clock`] are written from the text of `controls/checks.toml` and share no
//! code with what they test: plain lists, no index, no cleverness. [`generator`] and [`attempts`] draw worlds,
//! [`product`] gives them to the product, [`properties`] compares.
//!
//! Compared: the ends of the period; each slot with its deadline and outcome; the state of FRQ-01, FRQ-02, RET-01,
//! RET-02, EXC-01, EXC-02 and EXC-03 of each unit, and whether it is waived; `backup_success_rate`,
//! `restore_test_success_rate` and `backup_policy_exceptions` as whole numbers. Of every check and metric: that the
//! order of evidence and a second collection change nothing, and that no exception makes a pass.
//!
//! Not compared: reasons, details and the rows a result rests on; continuous protection and log segments; records
//! without a zone, a plan or a system, and skewed clocks; obligations stricter than the policy; keys and colder storage
//! (RET-02); EXC-03 where its exception names FRQ-01, a waiver of which takes a part only, or a statement of checks that
//! are not judged here.
//!
//! Where the text leaves a choice the oracle reads it as the product does, and a comment there says so.
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
