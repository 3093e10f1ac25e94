//! The same rows as PDF: by backproof, tagged and untagged, beside typst, WeasyPrint and headless Chromium.
//!
//! `cargo bench --workspace --bench paper` prints pages, processor time, peak memory and size at 20 and 2,100 rows in a
//! few minutes; `-- --rows 22000 --limit 900 --without Chromium` makes the large ones, each rival stopped after that many
//! seconds of wall time (Chromium took 16 GB there and made no PDF). `-- --quick` makes 22,000 rows with backproof alone and fails where a bar is missed. Rivals come from
//! `tests/run setup-paper`; what is not there is left out, and the table says so.
//!
//! WeasyPrint and Chromium render the HTML that backproof writes of the same document; typst, which reads no HTML, a
//! table of the same cells in the same fonts, sizes and widths.

#![allow(clippy::unwrap_used, reason = "a benchmark that panics has failed, which is what it is for")]
#![allow(clippy::disallowed_methods, reason = "a benchmark measures time")]

mod measure;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use measure::{Bars, Cost, Ended, limited};
use reports::block::{Align, Block, Column, Cover, Document, Heading, Para, ParaRole, State, Table, TableRow};
use reports::block::{badge, code, column, text};

/// The program's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Rows of the bars.
const MANY: usize = 22_000;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    if let [word, how, rows, out] = &args[..]
        && word == "render"
    {
        render(how, rows.parse().unwrap(), Path::new(out));
        return ExitCode::SUCCESS;
    }
    let value = |name: &str| args.iter().position(|a| a == name).and_then(|at| args.get(at + 1));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-paper");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    if args.iter().any(|a| a == "--quick") {
        return quick(&folder);
    }
    let sizes: Vec<usize> = value("--rows").map_or(vec![20, 2_100], |list| {
        list.split(',').map(|n| n.parse().expect("--rows takes numbers with commas between them")).collect()
    });
    let limit = value("--limit").map_or(300, |s| s.parse().expect("--limit takes seconds"));
    let without: Vec<&str> = value("--without").map_or(Vec::new(), |list| list.split(',').collect());
    for rows in sizes {
        compare(&folder, rows, Duration::from_secs(limit), &without);
    }
    if !args.iter().any(|a| a == "--keep") {
        let _ = fs::remove_dir_all(&folder);
    }
    ExitCode::SUCCESS
}

/// Only ours, against the bars.
fn quick(folder: &Path) -> ExitCode {
    let mut bars = Bars::default();
    for (how, seconds, mb) in [("tagged", 10.0, 1_000.0), ("untagged", 5.0, 1_000.0)] {
        let out = folder.join(format!("{how}.pdf"));
        // Other work on the machine makes a run longer and never shorter.
        let costs = (0..2).map(|_| limited(&mut ours(how, MANY, &out), Duration::MAX).0);
        let cost = costs.min_by(|a, b| a.cpu.total_cmp(&b.cpu)).unwrap_or_default();
        println!("{}", Row::of(&format!("backproof, {how}"), MANY, cost, &out).line());
        bars.hold(&format!("{MANY} rows, {how}"), cost.cpu, seconds, "s of processor time");
        bars.hold(&format!("{MANY} rows, {how}"), cost.peak_mb as f64, mb, "MB");
    }
    let _ = fs::remove_dir_all(folder);
    bars.end()
}

fn compare(folder: &Path, rows: usize, limit: Duration, without: &[&str]) {
    let html = folder.join("paper.html");
    let source = folder.join("paper.typ");
    fs::write(&html, reports::html(&document(rows)).unwrap()).unwrap();
    fs::write(&source, typst(rows)).unwrap();
    println!("\n{}", Row::HEAD);
    let mut first: Option<Cost> = None;
    for (name, command) in [
        ("backproof, tagged", Some(ours("tagged", rows, &folder.join("out.pdf")))),
        ("backproof, untagged", Some(ours("untagged", rows, &folder.join("out.pdf")))),
        ("typst", typst_command(&source, &folder.join("out.pdf"))),
        ("WeasyPrint", weasyprint(&html, &folder.join("out.pdf"))),
        ("Chromium", chromium(&html, folder)),
    ] {
        let out = folder.join("out.pdf");
        let _ = fs::remove_file(&out);
        if without.contains(&name) {
            println!("| {name} | {rows} | left out | | | | | | |");
            continue;
        }
        let Some(mut command) = command else {
            println!("| {name} | {rows} | not installed | | | | | | |");
            continue;
        };
        let (cost, ended, _) = limited(command.stderr(Stdio::null()).current_dir(folder), limit);
        match ended {
            Ended::Stopped => println!(
                "| {name} | {rows} | stopped after {} s, {:.1} s CPU, {} MB | | | | | | |",
                limit.as_secs(),
                cost.cpu,
                cost.peak_mb
            ),
            Ended::With(0) if out.is_file() => {
                let row = Row::of(name, rows, cost, &out);
                let by = first.get_or_insert(cost);
                // Linux counts hundredths of a second.
                let cpu = |cost: &Cost| cost.cpu.max(0.01);
                println!(
                    "{} {:.1} | {:.1} |",
                    row.line(),
                    cpu(&cost) / cpu(by),
                    cost.peak_mb as f64 / by.peak_mb as f64
                );
            }
            Ended::With(code) => println!("| {name} | {rows} | no PDF: it ended with {code} | | | | | | |"),
        }
    }
}

/// A line of the table.
struct Row {
    name: String,
    rows: usize,
    pages: String,
    tagged: String,
    cost: Cost,
    bytes: u64,
}

impl Row {
    const HEAD: &'static str = "| engine | rows | pages | tagged | CPU s | peak MB | PDF MB | × CPU | × memory |\n\
                                |---|--:|--:|---|--:|--:|--:|--:|--:|";

    fn of(name: &str, rows: usize, cost: Cost, pdf: &Path) -> Self {
        let told = Command::new("pdfinfo").arg(pdf).output().map(|o| o.stdout).unwrap_or_default();
        let told = String::from_utf8_lossy(&told).into_owned();
        let word = |key: &str| {
            told.lines().find_map(|l| l.strip_prefix(key)).map_or_else(|| "?".to_owned(), |v| v.trim().to_owned())
        };
        Self {
            name: name.to_owned(),
            rows,
            pages: word("Pages:"),
            tagged: word("Tagged:"),
            cost,
            bytes: fs::metadata(pdf).map_or(0, |m| m.len()),
        }
    }

    fn line(&self) -> String {
        format!(
            "| {} | {} | {} | {} | {:.2} | {} | {:.2} |",
            self.name,
            self.rows,
            self.pages,
            self.tagged,
            self.cost.cpu,
            self.cost.peak_mb,
            self.bytes as f64 / 1e6
        )
    }
}

/// Backproof in a process of its own.
fn ours(how: &str, rows: usize, out: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["render", how, &rows.to_string()]).arg(out);
    command
}

fn render(how: &str, rows: usize, out: &Path) {
    let tags = if how == "untagged" { reports::Tags::Without } else { reports::Tags::With };
    fs::write(out, reports::pdf(&document(rows), tags).unwrap()).unwrap();
}

const TITLES: [&str; 8] =
    ["Run", "System", "Plan", "Due (UTC)", "Started, ended (UTC)", "Outcome", "Bytes", "Object and place"];
const WIDTHS: [f64; 8] = [1.6, 1.4, 1.5, 1.3, 1.6, 1.2, 1.3, 1.6];

/// Cells of a row: ids that break, times, a state, a number.
fn cells(n: usize) -> ([String; 8], State) {
    let (day, minute) = (n % 28 + 1, n % 60);
    let state = if n.is_multiple_of(97) { State::Failed } else { State::Success };
    let cells = [
        format!("r-{:05}-{:03}-1", n % 1_000, n / 1_000),
        format!("billing-db-{:04}", n % 1_000),
        format!("nightly-full-{:04}", n % 1_000),
        format!("2026-10-{day:02} 02:{minute:02}"),
        format!("2026-10-{day:02} 02:{minute:02} to 03:{:02}", (minute + 7) % 60),
        state.word().to_owned(),
        (1_000_000_000 + n * 7_919).to_string(),
        format!("{:012x} line {}", (n as u64 + 1) * 0x9e37_79b9_7f4a, n + 1),
    ];
    (cells, state)
}

fn document(rows: usize) -> Document {
    let aligned = |n: usize| if n == 6 { Align::Right } else { Align::Left };
    let columns: Vec<Column> = (0..8).map(|n| column(TITLES[n], aligned(n), WIDTHS[n])).collect();
    let rows = (0..rows)
        .map(|n| {
            let (cells, state) = cells(n);
            let inlines = cells.into_iter().enumerate().map(|(at, words)| match at {
                0 | 1 | 2 | 7 => vec![code(words)],
                5 => vec![badge(state, words)],
                _ => vec![text(words)],
            });
            TableRow { id: format!("run-{n}"), cells: inlines.collect(), strong: false }
        })
        .collect();
    Document {
        title: "Backup runs".to_owned(),
        subtitle: String::new(),
        organization: "Benchmark".to_owned(),
        accent: None,
        logo: None,
        period: "October 2026".to_owned(),
        language: "en-GB".to_owned(),
        document_hash: "0".repeat(64),
        as_of: "2026-11-01T00:00:00Z".parse().unwrap(),
        blocks: vec![
            // Its title is the first heading, which PDF/UA asks for.
            Block::Cover(Cover { full_page: false, facts: Vec::new() }),
            Block::Heading(Heading { level: 1, id: "runs".to_owned(), text: "Backup runs".to_owned() }),
            Block::Para(Para { inlines: vec![text("Every run of the period.")], role: ParaRole::Body }),
            Table::new("all".to_owned(), "All runs".to_owned(), columns, rows).into(),
        ],
    }
}

/// The same table for typst.
fn typst(rows: usize) -> String {
    let quoted = |text: &str| format!("{text:?}");
    let mut out = String::from(
        "#set document(title: \"Backup runs\")\n\
         #set page(paper: \"a4\", margin: (x: 52pt, top: 64pt, bottom: 62pt), numbering: \"1 of 1\",\n\
         header: context if counter(page).get().first() > 1 { text(7.2pt, fill: rgb(\"55606c\"))[Benchmark #h(1fr) Backup runs, October 2026] })\n\
         #set text(font: \"Inter\", size: 8pt, lang: \"en\", region: \"gb\")\n#show raw: set text(font: \"JetBrains Mono\", size: 7.2pt)\n\
         #let c(it) = raw(it.clusters().join(\"\u{200b}\"))\n\
         #let b(colour, it) = [#box(circle(radius: 3pt, fill: rgb(colour))) #it]\n= Backup runs\nEvery run of the period.\n\n*All runs*\n\
         #table(columns: (",
    );
    out.extend(WIDTHS.map(|w| format!("{w}fr,")));
    out.push_str("), inset: (x: 5.5pt, y: 4.2pt), stroke: (x: none, y: 0.5pt + rgb(\"d3d9df\")), table.header(");
    out.extend(TITLES.map(|t| format!("[*{t}*],")));
    out.push_str("),\n");
    for n in 0..rows {
        let (cells, state) = cells(n);
        for (at, words) in cells.iter().enumerate() {
            out.push_str(&match at {
                0 | 1 | 2 | 7 => format!("c({}),", quoted(words)),
                5 if state == State::Success => format!("b(\"2b8a72\", {}),", quoted(words)),
                5 => format!("b(\"b3261e\", {}),", quoted(words)),
                6 => format!("align(right, {}),", quoted(words)),
                _ => format!("{},", quoted(words)),
            });
        }
        out.push('\n');
    }
    out.push_str(")\n");
    out
}

/// Python with the rivals, from `tests/run setup-paper`.
fn python() -> Option<PathBuf> {
    measure::cache().map(|c| c.join("venv-paper/bin/python")).filter(|p| p.is_file())
}

fn typst_command(source: &Path, out: &Path) -> Option<Command> {
    let mut command = Command::new(python()?);
    let fonts = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/fonts");
    command
        .args(["-c", "import sys, typst; typst.compile(sys.argv[1], output=sys.argv[2], font_paths=[sys.argv[3]])"])
        .args([source, out, &fonts]);
    Some(command)
}

fn weasyprint(html: &Path, out: &Path) -> Option<Command> {
    let mut command = Command::new(python()?);
    command.args(["-m", "weasyprint"]).args([html, out]);
    Some(command)
}

fn chromium(html: &Path, folder: &Path) -> Option<Command> {
    Command::new("chromium").arg("--version").output().ok()?;
    let mut command = Command::new("chromium");
    command
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-pdf-header-footer"])
        .arg(format!("--user-data-dir={}", folder.join("chromium").display()))
        .arg(format!("--print-to-pdf={}", folder.join("out.pdf").display()))
        .arg(format!("file://{}", html.display()));
    Some(command)
}
