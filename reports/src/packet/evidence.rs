//! Index of evidence, and how to verify the packet without trusting the program that made it.

use model::dossier::Dossier;

use super::{Anchors, withheld_anchor};
use crate::block::{Align, Block, List, Table, TableRow, code, column, row, strong, text as plain};
use crate::parts::{count, heading, note, para, short, table, text};

pub(super) fn blocks(d: &Dossier, anchors: &Anchors) -> Vec<Block> {
    let mut out = vec![heading(1, "evidence", "Index of evidence")];
    out.push(note(
        "Objects as sources gave them, byte for byte, each named by its SHA-256. Elsewhere hashes are printed by their first twelve digits; the HTML links to the files.",
    ));
    let rows: Vec<_> = d
        .sources
        .iter()
        .flat_map(|s| s.objects.iter().map(move |o| (s, o)))
        .map(|(s, o)| row(vec![vec![anchors.linked(o, o)], text(s.name.clone())]))
        .collect();
    if rows.is_empty() {
        out.push(para(text("No object was collected.")));
    } else {
        let columns = vec![
            column("SHA-256, name of the file below evidence/objects/", Align::Left, 6.6),
            column("Source", Align::Left, 2.4),
        ];
        out.push(Table::new("objects-table", count(rows.len(), "object", "objects"), columns, rows).dense().into());
    }
    out.extend(withheld(d));
    out.push(heading(2, "files", "Files of this packet"));
    let files = [
        ("packet.html, packet.pdf, packet.xlsx", "this document, and its figures and populations as a workbook"),
        ("assessment.json", "every result with its reasons, rows and parameters"),
        ("figures.html", "every figure with links to the rows that it counts, and from each row to its object"),
        ("figures.csv, lineage.csv", "every figure and the rows that it counts, down to object and place"),
        ("completeness.csv", "sources with what they cover, rows and problems"),
        ("findings.csv, waivers.csv, samples.csv", "exceptions noted, approved exceptions, rows drawn"),
        ("populations/", "whole populations as CSV; runs, expected runs and recovery points as Parquet and XLSX too"),
        ("oscal/assessment-results.json, oscal/poam.json", "the same results in NIST's format"),
        (
            "evidence/objects/, evidence/runs/",
            "raw evidence, one file an object, and the manifests that tell how it was got",
        ),
        ("withheld.csv", "objects that are not in it, with hash, size and reason, where there are any"),
        ("workspace/", "inventory, registers and configuration as they were read"),
        ("manifest-sha256.txt, tagmanifest-sha256.txt", "hashes of all files (in the folder above)"),
        ("VERIFY.md", "the exact commands (in the folder above)"),
    ];
    out.push(table(
        "files-table",
        "What is in it",
        vec![column("File", Align::Left, 4.0), column("What it holds", Align::Left, 6.0)],
        files.into_iter().map(|(file, what)| row(vec![vec![code(file)], text(what)])).collect(),
    ));
    out.extend(verify(d));
    out
}

/// What is said in place of the objects that are left out.
fn withheld(d: &Dossier) -> Vec<Block> {
    if d.withheld.is_empty() {
        return Vec::new();
    }
    let rows = d
        .withheld
        .iter()
        .map(|w| TableRow {
            id: withheld_anchor(&w.sha256),
            ..row(vec![
                vec![code(w.sha256.clone())],
                text(w.bytes.to_string()),
                text(w.reason.clone()),
                text(w.source.clone()),
                text(short(Some(w.collected_at))),
            ])
        })
        .collect();
    let columns = vec![
        column("SHA-256", Align::Left, 3.4),
        column("Bytes", Align::Right, 1.2),
        column("Reason", Align::Left, 3.0),
        column("Source", Align::Left, 1.8),
        column("Read (UTC)", Align::Left, 1.4),
    ];
    vec![
        heading(2, "withheld", "Objects that are withheld"),
        note(
            "They are not in this packet. Every figure counts the rows that were read from them all the same, and their hashes stand: \
             whoever is shown the bytes can tell that they are these.",
        ),
        Table::new("withheld-table", count(d.withheld.len(), "object", "objects"), columns, rows).into(),
    ]
}

fn verify(d: &Dossier) -> Vec<Block> {
    let step = |words: &str, command: &str| vec![plain(format!("{words} ")), code(command)];
    vec![
        heading(1, "verify", "How to verify this packet"),
        para(text(
            "In the folder that holds bagit.txt, with tools that every system has. VERIFY.md has the commands for this packet, ready to paste.",
        )),
        Block::List(List {
            ordered: true,
            items: vec![
                step("No file was changed:", "sha256sum --strict --check manifest-sha256.txt"),
                step("Neither were the lists of files:", "sha256sum --strict --check tagmanifest-sha256.txt"),
                step("No file was added:", "find data -type f | sort, compared with the names in manifest-sha256.txt"),
                step(
                    "Who vouches for it, where it is signed:",
                    "ssh-keygen -Y verify -f allowed_signers -I SIGNER -n backproof-packet@v1 -s tagmanifest-sha256.txt.sig < tagmanifest-sha256.txt",
                ),
                step("All of it at once, and more:", "backproof verify PACKET"),
            ],
        }),
        para(vec![
            plain("Computed from run "),
            strong(d.store.last_run.to_string()),
            plain(" of the evidence store "),
            code(d.store.store_id.clone()),
            plain("; the SHA-256 of that run's manifest, which names all runs before it, is "),
            code(d.store.last_manifest.clone()),
            plain(format!(
                ", {}. Whoever holds this hash from another day can tell whether evidence was removed since.",
                d.store.signed_by.as_deref().map_or_else(|| "unsigned".to_owned(), |k| format!("signed by {k}"))
            )),
        ]),
        note(
            "What this does not prove: that a source told the truth, that a tool's log is right, or that what was never collected did not exist. Sources \
             and completeness says what was read and what it covers.",
        ),
    ]
}
