//! `backproof`: turns the traces that backups leave into audit evidence.
//!
//! This crate is the command line. It alone reads the clock, the environment and the disk layout of a workspace,
//! and wires the stages: collectors -> store -> transform -> reports.

#![allow(clippy::disallowed_methods, reason = "the command line alone reads the clock and the environment")]

use std::process::ExitCode;

use clap::Parser;

mod cli;
mod clock;
mod collecting;
mod commands;
mod failure;
mod judge;
mod output;
mod period;
mod progress;
mod replay;
mod timestamping;
mod workspace;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let globals = cli.globals.clone();
    match commands::run(cli) {
        Ok(end) => ExitCode::from(end.code()),
        Err(failure) => {
            failure.print(&globals);
            ExitCode::from(failure.code())
        }
    }
}
