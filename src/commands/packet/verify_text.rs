//! `VERIFY.md`: how to check a packet with what every machine has.

use std::collections::BTreeMap;

use model::dossier::Dossier;
use model::time::{Instant, utc_text};
use store::bag;

use crate::output::printable;

/// The page. `public` is the line of a `.pub` file of the key that signs; `timestamps` are replies of authorities, what each
/// is over, and when that existed.
pub fn page(
    d: &Dossier,
    public: Option<&str>,
    withheld: &BTreeMap<String, String>,
    timestamps: &[(String, String, Instant)],
) -> String {
    let period = &d.assessment.period;
    let mut out = format!(
        "# How to verify this packet\n\n{}, {}. Evidence up to {}. Head of the evidence store: run {},\n`{}`.\n\n\
         Open a POSIX shell in this folder (the one that holds `bagit.txt`). Each command below must end with exit code 0.\n\
         They need `ssh-keygen` (OpenSSH 8.2 or later), `sha256sum`, `find` and the usual text tools; on macOS write\n\
         `shasum -a 256` for `sha256sum` and leave out `--strict --quiet`. `backproof verify` on this folder does the same and more.\n\n",
        text(&d.assessment.organization),
        text(&d.period_title),
        utc_text(period.as_of),
        d.store.last_run,
        d.store.last_manifest
    );
    let mut step = 0;
    let mut section = |out: &mut String, title: &str, why: &str, commands: &str| {
        step += 1;
        out.push_str(&format!("## {step}. {title}\n\n{why}\n\n```sh\n{commands}\n```\n\n"));
    };
    match public {
        Some(public) => {
            let (principal, line) = signer(public);
            out.push_str(&format!(
                "Write the line of the organisation's key to a file `allowed_signers` beside this folder. Take it from the\n\
                 organisation itself, by another way than this packet; it must read\n\n    {line}\n\n"
            ));
            section(
                &mut out,
                "Signature",
                "Who made the list of lists. It prints `Good \"backproof-packet@v1\" signature`.",
                &format!(
                    "ssh-keygen -Y verify -f ../allowed_signers -I {principal} -n {} -s tagmanifest-sha256.txt.sig < tagmanifest-sha256.txt",
                    store::PACKET_NAMESPACE
                ),
            );
        }
        None => out.push_str(
            "**This packet is unsigned.** The commands show damage. They cannot show who made it: whoever changes a file and\n\
             writes the lists anew leaves no trace. Compare the SHA-256 of `tagmanifest-sha256.txt` with one that you were given\n\
             by another way.\n\n",
        ),
    }
    section(
        &mut out,
        "Checksums",
        "Every listed file is there and unchanged. They print nothing.",
        "sha256sum --strict --quiet -c tagmanifest-sha256.txt\nsha256sum --strict --quiet -c manifest-sha256.txt",
    );
    let signed = if public.is_some() { " tagmanifest-sha256.txt.sig" } else { "" };
    section(
        &mut out,
        "Nothing else is here",
        "No links, no empty folders, and every file is listed exactly once. They print nothing.",
        &format!(
            "test -z \"$(find . ! -type f ! -type d -o -type d -empty)\"\n\
             test -z \"$({{ cut -c 67- manifest-sha256.txt tagmanifest-sha256.txt; printf '%s\\n' tagmanifest-sha256.txt{signed}; find . -type f | cut -c 3-; }} | LC_ALL=C sort | LC_ALL=C uniq -c | grep -v '^ *2 ')\""
        ),
    );
    section(
        &mut out,
        "Nothing newer was left out",
        "With the hash of a run manifest that you noted earlier in `EXPECTED_HEAD` (from an older packet, a receipt, a mail): the\nstore still holds that run. Without one there is nothing to compare with.",
        "test -z \"${EXPECTED_HEAD:-}\" || sha256sum data/evidence/runs/*.json | grep -q \"^$EXPECTED_HEAD \"",
    );
    out.push_str(&stamps(timestamps));
    out.push_str(&rests_on(d, withheld));
    out
}

/// How to check timestamps. The commands are no steps: they need certificates that nobody but the reader can vouch for.
fn stamps(timestamps: &[(String, String, Instant)]) -> String {
    let mut out = "## Timestamps\n\n\
        A time-stamping authority (RFC 3161) says in a signed reply that a file existed at a time. Its signature is checked with\n\
        OpenSSL and the authority's certificate, which you take from the authority itself, here as `../authority.pem`.\n\n"
        .to_owned();
    let newest = timestamps.iter().max_by_key(|(reply, _, at)| (at, reply));
    match newest {
        Some((reply, over, at)) => out.push_str(&format!(
            "{} of the run manifests have one. The newest says that `{over}`, and with it every run before, existed by {}:\n\n    \
             openssl ts -verify -data {over} -in {reply} -CAfile ../authority.pem\n\n",
            timestamps.len(),
            utc_text(*at),
        )),
        None => out.push_str("No run manifest in this packet has one.\n\n"),
    }
    out.push_str(
        "One over the packet as a whole can't lie in it. Where there is one, it lies beside this folder, under its name and `.tsr`:\n\n    \
         openssl ts -verify -data tagmanifest-sha256.txt -in \"$PWD.tsr\" -CAfile ../authority.pem\n\n",
    );
    out
}

/// What was not checked, and how to follow a figure.
fn rests_on(d: &Dossier, withheld: &BTreeMap<String, String>) -> String {
    let mut out = "## From a figure to its bytes\n\n\
        `data/figures.csv` lists every figure. Its value is the number of rows of `data/lineage.csv` that have its population, one\n\
        of its roles, and, where `by` names a column, `key` in that column. Each row names the object it was read from\n\
        (`data/evidence/objects/ab/<sha256>`) and the place in it: `line:N`, or a JSON pointer; compressed objects are to be\n\
        unpacked first. Rows without an object name a file below `data/workspace/` and its line, or a place in\n\
        `data/assessment.json`. The run manifests in `data/evidence/runs/` tell how, when and as whom each object was got.\n\n\
        ## What this does not prove\n\n\
        - That the sources told the truth, and that every source was asked: see scope and completeness in the packet.\n\
        - When it was made: its dates come from the evidence. Timestamps show by when something existed, once their signatures are\n  checked, and not that it did not exist before.\n\
        - That nothing newer was removed, unless you have a hash to compare with (step on `EXPECTED_HEAD`).\n"
        .to_owned();
    let missing = d.sources.iter().filter(|s| s.status != model::evidence::SourceStatus::Complete).count();
    if missing > 0 {
        out.push_str(&format!("- What {missing} incomplete sources would have told: see `data/completeness.csv`.\n"));
    }
    if !withheld.is_empty() {
        out.push_str(&format!(
            "- What {} withheld objects say. `data/withheld.csv` lists them; figures count the rows read from them all the same.\n",
            withheld.len()
        ));
    }
    out.push_str(&format!("\nSigned by: the `{}` line of `bag-info.txt`.\n", bag::SIGNED_BY));
    out
}

/// Principal and line of allowed signers of a public key.
pub fn signer(public: &str) -> (String, String) {
    let mut words = public.split_whitespace();
    let key: Vec<&str> = words.by_ref().take(2).collect();
    let plain = |c: char| c.is_ascii_alphanumeric() || "@._-+".contains(c);
    let comment = words.next().filter(|w| !w.starts_with('-') && w.chars().all(plain));
    let principal = comment.unwrap_or("packet").to_owned();
    let namespaces = format!("{},{}", store::PACKET_NAMESPACE, store::RUN_NAMESPACE);
    let line = format!("{principal} namespaces=\"{namespaces}\" {}", key.join(" "));
    (principal, line)
}

/// Outside text in Markdown.
fn text(value: &str) -> String {
    printable(value).replace(['\n', '\r', '`', '*', '_', '#', '<', '[', '|'], " ")
}
