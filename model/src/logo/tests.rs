use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::*;

fn part(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut crc = Crc::new();
    crc.update(kind);
    crc.update(body);
    [&(body.len() as u32).to_be_bytes()[..], kind, body, &crc.sum().to_be_bytes()].concat()
}

/// A file of these lines, each with its filter first.
fn png(width: u32, depth: u8, colour: u8, more: &[Vec<u8>], lines: &[&[u8]]) -> Vec<u8> {
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::default());
    packer.write_all(&lines.concat()).unwrap();
    let header = [&width.to_be_bytes()[..], &(lines.len() as u32).to_be_bytes(), &[depth, colour, 0, 0, 0]].concat();
    let parts = [part(b"IHDR", &header), more.concat(), part(b"IDAT", &packer.finish().unwrap()), part(b"IEND", &[])];
    [SIGNATURE.to_vec(), parts.concat()].concat()
}

fn rgb(bytes: Vec<u8>) -> Vec<u8> {
    Logo::read(bytes).unwrap().rgb
}

#[test]
fn every_form_of_colour_is_read() {
    assert_eq!(rgb(png(1, 8, 2, &[], &[&[0, 1, 2, 3]])), [1, 2, 3]);
    assert_eq!(rgb(png(1, 16, 2, &[], &[&[0, 1, 9, 2, 9, 3, 9]])), [1, 2, 3]);
    assert_eq!(rgb(png(9, 1, 0, &[], &[&[0, 0b1010_0000, 0b1000_0000]]))[..6], [255, 255, 255, 0, 0, 0]);
    assert_eq!(rgb(png(2, 4, 0, &[], &[&[0, 0xf1]])), [255, 255, 255, 17, 17, 17]);
    // Half of black and nothing of red, on white.
    assert_eq!(rgb(png(1, 8, 4, &[], &[&[0, 0, 128]])), [127; 3]);
    assert_eq!(rgb(png(1, 8, 6, &[], &[&[0, 255, 0, 0, 0]])), [255; 3]);
    let palette = [part(b"PLTE", &[1, 2, 3, 4, 5, 6]), part(b"tRNS", &[255, 0])];
    assert_eq!(rgb(png(2, 8, 3, &palette, &[&[0, 0, 1]])), [1, 2, 3, 255, 255, 255]);
    let hidden = [part(b"tRNS", &[0, 1, 0, 2, 0, 3])];
    assert_eq!(rgb(png(2, 8, 2, &hidden, &[&[0, 1, 2, 3, 4, 5, 6]])), [255, 255, 255, 4, 5, 6]);
}

#[test]
fn filters_are_undone() {
    let lines: [&[u8]; 5] = [&[0, 10, 20], &[1, 10, 10], &[2, 1, 1], &[3, 1, 1], &[4, 1, 1]];
    let logo = Logo::read(png(2, 8, 0, &[], &lines)).unwrap();
    let grey: Vec<u8> = logo.rgb.iter().step_by(3).copied().collect();
    assert_eq!(grey, [10, 20, 10, 20, 11, 21, 6, 14, 7, 15]);
    assert_eq!((logo.width, logo.height, logo.sha256.len()), (2, 5, 64));
    assert_eq!(serde_json::to_value(&logo).unwrap(), logo.sha256, "its hash stands for it");
}

#[test]
fn another_file_a_large_one_and_a_damaged_one_are_refused() {
    let good = png(1, 8, 2, &[], &[&[0, 1, 2, 3]]);
    let told = |bytes: Vec<u8>| Logo::read(bytes).unwrap_err().to_string();
    assert_eq!(told(b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_vec()), "is no PNG file");
    assert!(told(vec![0; MOST_BYTES + 1]).contains("more than 524288 bytes"));
    assert!(told(png(1_000_001, 8, 0, &[], &[&[0]])).contains("1000001 × 1 pixels"));
    let mut interlaced = png(1, 8, 2, &[], &[&[0, 1, 2, 3]]);
    let header = [&1_u32.to_be_bytes()[..], &1_u32.to_be_bytes(), &[8, 2, 0, 0, 1]].concat();
    interlaced.splice(8..33, part(b"IHDR", &header));
    assert_eq!(told(interlaced), "is interlaced");
    for (wrong, said) in [
        (png(2, 8, 2, &[], &[&[0, 1, 2, 3]]), "as many pixels"),
        (png(1, 8, 2, &[], &[&[9, 1, 2, 3]]), "filter"),
        (png(1, 8, 3, &[], &[&[0, 1]]), "palette"),
        (png(1, 3, 2, &[], &[&[0, 1]]), "header"),
        (png(1, 8, 2, &[part(b"ABCD", &[])], &[&[0, 1, 2, 3]]), "does not know"),
        (png(0, 8, 2, &[], &[&[0]]), "header"),
    ] {
        assert!(told(wrong.clone()).contains(said), "{said}: {}", told(wrong));
    }
    for end in 0..good.len() {
        assert!(Logo::read(good[..end].to_vec()).is_err(), "cut after {end}");
    }
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        assert!(Logo::read(bad).is_err(), "bit of byte {at}");
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(
        width in 0_u32..40, depth in 0_u8..18, colour in 0_u8..8,
        body in proptest::collection::vec(0_u8.., 0..200), line in proptest::collection::vec(0_u8.., 0..60), extra in "[PtI][LRD][TNA][ETS]",
    ) {
        let _ = Logo::read(body.clone());
        let mut kind = [0; 4];
        kind.copy_from_slice(extra.as_bytes());
        let _ = Logo::read(png(width, depth, colour, &[part(&kind, &body)], &[&line]));
    }
}
