//! The page over all packets at a place, made anew from the packets that are there.

use reports::portal::{self, BESIDE, Packet};
use sha2::{Digest, Sha256};
use store::bag::{BAG_INFO, TAG_LIST};

use crate::failure::Failure;
use crate::output::hex;

/// Name of the page.
pub const INDEX: &str = "index.html";
const ASSESSMENT: &str = "data/assessment.json";
/// Most bytes that are read of an assessment, and of any other file.
const LARGE: u64 = 256 << 20;
const SMALL: u64 = 16 << 20;

/// A place where packets lie side by side.
pub trait Shelf {
    /// Names of the folders there, ascending.
    fn folders(&self) -> Result<Vec<String>, Failure>;
    /// Bytes of a file of at most so many; `None` where there is none.
    fn read(&self, name: &str, most: u64) -> Result<Option<Vec<u8>>, Failure>;
    /// Writes a page; true where it was not there with these bytes.
    fn page(&self, name: &str, content: Vec<u8>) -> Result<bool, Failure>;
}

/// Makes the page anew; true where it changed.
pub fn renew(shelf: &dyn Shelf) -> Result<bool, Failure> {
    let (mut packets, mut unread) = (Vec::new(), Vec::new());
    for folder in shelf.folders()? {
        let file = |name: &str, most| shelf.read(&format!("{folder}/{name}"), most);
        // Other folders may lie there.
        let Some(info) = file(BAG_INFO, SMALL)? else { continue };
        let (Some(assessment), Some(list)) = (file(ASSESSMENT, LARGE)?, file(TAG_LIST, SMALL)?) else {
            unread.push((folder, "it is not whole: publish it again".to_owned()));
            continue;
        };
        let mut beside = Vec::new();
        for (title, ending) in BESIDE {
            if shelf.read(&format!("{folder}{ending}"), LARGE)?.is_some() {
                beside.push((title, ending));
            }
        }
        match Packet::read(&folder, &info, &assessment, &sha256(&list), &beside) {
            Ok(packet) => packets.push(packet),
            Err(why) => unread.push((folder, why)),
        }
    }
    shelf.page(INDEX, portal::index(&packets, &unread)?.into_bytes())
}

/// SHA-256 in lower-case hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}
