//! Any text as configuration, inventory and register: faults are told, nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut parts = text.splitn(3, '\u{1}');
    let names = ["backproof.toml", "inventory.toml", "registers/exceptions.csv"];
    let files: Vec<(String, String)> =
        names.iter().filter_map(|n| Some(((*n).to_owned(), parts.next()?.to_owned()))).collect();
    let kinds: Vec<_> = collectors::KINDS.iter().map(collectors::Kind::keys).collect();
    if let Err(faults) = model::workspace::load(&files, &kinds) {
        let _ = faults.render(false);
    }
});
