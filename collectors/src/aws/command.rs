//! The command line of a run record: which service, which operation, which options.

use std::collections::BTreeMap;

/// One `aws` command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// Service (`s3api`).
    pub service: String,
    /// Operation (`get-bucket-policy`).
    pub operation: String,
    /// Further words that are no options.
    pub words: Vec<String>,
    /// Options without their dashes; flags have an empty value.
    pub options: BTreeMap<String, String>,
}

impl Call {
    /// True for calls that only ask.
    pub(crate) fn reads(&self) -> bool {
        ["list", "describe", "get", "head"].iter().any(|verb| self.operation.starts_with(verb))
    }

    /// True where only the options named in `harmless` (beside those that don't choose what is answered) were given.
    pub(crate) fn unfiltered(&self, harmless: &[&str]) -> bool {
        const GLOBAL: &[&str] = &[
            "output",
            "region",
            "profile",
            "endpoint-url",
            "color",
            "ca-bundle",
            "cli-read-timeout",
            "cli-connect-timeout",
            "debug",
            "no-cli-pager",
            "no-verify-ssl",
            "page-size",
        ];
        self.options.keys().all(|k| GLOBAL.contains(&k.as_str()) || harmless.contains(&k.as_str()))
    }
}

/// All `aws` commands of a shell line, in order. Substitutions are not followed.
pub(crate) fn calls(line: &str) -> Vec<Call> {
    commands(line).iter().filter_map(|words| call(words)).collect()
}

fn call(words: &[String]) -> Option<Call> {
    let is_aws = |w: &String| {
        let program = w.rsplit(['/', '\\']).next().unwrap_or(w);
        matches!(program.split(':').next(), Some("aws" | "aws.exe" | "aws-cli"))
    };
    let first = words.iter().position(is_aws)?;
    let mut plain = Vec::new();
    let mut options = BTreeMap::new();
    let mut rest = words.iter().skip(first + 1).peekable();
    while let Some(word) = rest.next() {
        let Some(name) = word.strip_prefix("--") else {
            if word.starts_with(['>', '<']) || word.starts_with("2>") {
                // `> file`: the file is no argument of the call.
                if word.ends_with(['>', '<']) {
                    rest.next();
                }
                continue;
            }
            plain.push(word.clone());
            continue;
        };
        if let Some((name, value)) = name.split_once('=') {
            options.insert(name.to_owned(), value.to_owned());
            continue;
        }
        const FLAGS: &[&str] =
            &["debug", "recursive", "quiet", "delete", "human-readable", "summarize", "only-show-errors"];
        let flag = name.starts_with("no-") || FLAGS.contains(&name);
        let value = rest.next_if(|next| !flag && !next.starts_with("--")).cloned().unwrap_or_default();
        options.insert(name.to_owned(), value);
    }
    let mut plain = plain.into_iter();
    Some(Call { service: plain.next()?, operation: plain.next()?, words: plain.collect(), options })
}

/// Words of each simple command of a shell line, quotes undone.
fn commands(line: &str) -> Vec<Vec<String>> {
    let mut out = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(q), _) if c == q => quote = None,
            (Some('\''), _) => word.get_or_insert_default().push(c),
            (_, '\\') => word.get_or_insert_default().extend(chars.next()),
            (Some(_), _) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, ';' | '&' | '|' | '\n') => {
                out.last_mut().into_iter().for_each(|words: &mut Vec<String>| words.extend(word.take()));
                out.push(Vec::new());
            }
            (None, c) if c.is_whitespace() => {
                out.last_mut().into_iter().for_each(|words| words.extend(word.take()));
            }
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    out.last_mut().into_iter().for_each(|words| words.extend(word.take()));
    out
}
