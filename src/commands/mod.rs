//! One file per command.

mod assess;
mod collect;
mod demo;
mod explain;
mod init;
mod packet;
mod publish;
mod report;
mod sample;
mod show;
mod trace;
mod verify;

use clap::CommandFactory;

use crate::cli::{Cli, Command, PeriodArgs, ReportKind};
use crate::failure::{End, Failure};

/// Runs what was asked.
///
/// # Errors
/// What the user has to know, with what to do next.
pub fn run(cli: Cli) -> Result<End, Failure> {
    let globals = &cli.globals;
    match cli.command {
        Command::Demo { dir } => demo::run(dir, globals),
        Command::Init { dir } => init::run(dir, globals),
        Command::Collect { source } => collect::run(&source, globals),
        Command::Assess { period, fail_on } => assess::run(&period, fail_on, globals),
        Command::Show { table, period } => show::run(table, &period, globals),
        Command::Sample { population, size, seed, period } => sample::run(population, size, &seed, &period, globals),
        Command::Report { kind: ReportKind::Monthly { period, out, fail_on } } => {
            report::run(&report::MONTHLY, &period, out, fail_on, globals)
        }
        Command::Report { kind: ReportKind::Review { period, as_of, out, fail_on } } => {
            report::run(&report::REVIEW, &PeriodArgs { period: Some(period), as_of }, out, fail_on, globals)
        }
        Command::Report { kind: ReportKind::Packet(args) } => packet::run(args, globals),
        Command::Trace { id, period, limit } => trace::run(&id.join(" "), &period, limit, globals),
        Command::Verify { path, signers, expect_head } => {
            verify::run(&path, signers.as_deref(), expect_head.as_deref(), globals)
        }
        Command::Publish { packet, target, options } => publish::run(&packet, &target, &options, globals),
        Command::Explain { id } => explain::run(&id, globals),
        Command::Completions { shell } => {
            let mut out = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "backproof", &mut out);
            crate::output::print(&String::from_utf8_lossy(&out))?;
            Ok(End::Done)
        }
    }
}
