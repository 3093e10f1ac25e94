//! Whatever is done to a packet, the shell and `verify` both see it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use super::{allow, copied, key, recipe, shell, signed, verify, write};
use crate::support::{Workspace, files};

const TAGS: &str = "tagmanifest-sha256.txt";
const LIST: &str = "manifest-sha256.txt";
const SIGNATURE: &str = "tagmanifest-sha256.txt.sig";

/// A signed packet that can be changed, and what checks it.
struct Victim {
    w: Workspace,
    packet: std::path::PathBuf,
    commands: String,
    signers: String,
}

impl Victim {
    fn new() -> Self {
        let w = signed();
        let sealed = write(&w, "sealed", &[]);
        let packet = w.path().join("victim");
        copied(&sealed, &packet);
        let signers = allow(&packet).to_str().unwrap().to_owned();
        let it = Self { commands: recipe(&packet), packet, signers, w };
        it.is_sound("as it was written");
        it
    }

    fn valid(&self) -> [bool; 2] {
        let ran = verify(&self.w, &self.packet, &["--signers", &self.signers]);
        assert!(matches!(ran.code, Some(0 | 5)), "{ran:?}");
        [shell(&self.packet, &self.commands, None), ran.code == Some(0)]
    }

    #[track_caller]
    fn is_sound(&self, what: &str) {
        assert_eq!(self.valid(), [true, true], "{what}: [shell, verify] accept");
    }

    #[track_caller]
    fn is_caught(&self, what: &str) {
        assert_eq!(self.valid(), [false, false], "{what}: [shell, verify] accept");
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.packet.join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Writes the hash of a file into a list anew, as whoever changes it without a key would.
    fn rehash(&self, list: &str, name: &str) {
        let digest = sha256(&fs::read(self.path(name)).unwrap());
        let lines = self.text(list);
        let fresh = lines.lines().map(|line| match line.split_once("  ") {
            Some((_, n)) if n == name => format!("{digest}  {name}\n"),
            _ => format!("{line}\n"),
        });
        fs::write(self.path(list), fresh.collect::<String>()).unwrap();
    }

    /// Puts files back as they were.
    fn restore(&self, was: &[(String, Vec<u8>)]) {
        fs::remove_dir_all(&self.packet).unwrap();
        for (name, bytes) in was {
            let path = self.path(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }

    fn sign(&self, key: &Path, namespace: &str) {
        let signature = self.path(SIGNATURE);
        let _ = fs::remove_file(&signature);
        let made = Command::new("ssh-keygen")
            .args(["-q", "-Y", "sign", "-n", namespace, "-f"])
            .arg(key)
            .arg(self.path(TAGS))
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
    }
}

fn sha256(bytes: &[u8]) -> String {
    use std::io::Write;
    use std::process::Stdio;
    let mut child = Command::new("sha256sum").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()[..64].to_owned()
}

#[test]
fn damage_of_any_file_is_seen_by_the_shell_and_by_verify() {
    let v = Victim::new();
    for (name, bytes) in files(&v.packet) {
        let path = v.path(&name);
        let mut flipped = bytes.clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 1;
        let text = String::from_utf8(bytes.clone());
        let line_ends = text.ok().filter(|t| t.contains('\n')).map(|t| t.replace('\n', "\r\n").into_bytes());
        let changes = [
            ("a flipped bit", Some(flipped)),
            ("its last half cut off", Some(bytes[..middle].to_vec())),
            ("its last bytes cut off", Some(bytes[..bytes.len() - 2].to_vec())),
            ("other line ends", line_ends),
        ];
        for (what, changed) in changes {
            if let Some(changed) = changed {
                fs::write(&path, changed).unwrap();
                v.is_caught(&format!("{name}: {what}"));
            }
        }
        fs::remove_file(&path).unwrap();
        v.is_caught(&format!("{name}: deleted"));
        let other = v.path(&format!("{name}.bak"));
        fs::write(&other, &bytes).unwrap();
        v.is_caught(&format!("{name}: renamed"));
        fs::write(&path, &bytes).unwrap();
        v.is_caught(&format!("{name}: there twice"));
        fs::remove_file(&other).unwrap();
    }
    v.is_sound("after all of it was undone");
}

#[test]
fn every_byte_of_the_signed_list_counts() {
    let v = Victim::new();
    let sound = fs::read(v.path(TAGS)).unwrap();
    let signature = v.commands.lines().find(|c| c.starts_with("ssh-keygen")).unwrap();
    assert!(shell(&v.packet, signature, None));
    for at in 0..sound.len() {
        let mut changed = sound.clone();
        changed[at] ^= 1 << (at % 8);
        fs::write(v.path(TAGS), &changed).unwrap();
        assert!(!shell(&v.packet, signature, None), "byte {at}");
        if at % 8 == 0 {
            verify(&v.w, &v.packet, &[]).ends(5);
        }
    }
}

#[test]
fn what_a_forger_would_try_is_seen() {
    let v = Victim::new();
    let sound = files(&v.packet);
    let [a, b] = ["data/findings.csv", "data/waivers.csv"];
    let object = sound.iter().find(|(n, _)| n.starts_with("data/evidence/objects/")).unwrap().0.clone();
    let other_key = key(v.w.path(), "other-key");
    let own_key = v.w.path().join("key");
    let rehashed = |name: &str| {
        v.rehash(LIST, name);
        v.rehash(TAGS, LIST);
    };
    let drop_line = |name: &str| {
        let kept: String = v.text(LIST).lines().filter(|l| !l.ends_with(name)).map(|l| format!("{l}\n")).collect();
        fs::write(v.path(LIST), kept).unwrap();
        v.rehash(TAGS, LIST);
    };
    let duplicated = || {
        let list = v.text(LIST);
        let first = list.lines().next().unwrap();
        fs::write(v.path(LIST), format!("{first}\n{list}")).unwrap();
        v.rehash(TAGS, LIST);
    };
    type Try<'a> = (&'a str, Box<dyn Fn() + 'a>);
    let tries: Vec<Try> = vec![
        (
            "two files swapped",
            Box::new(|| {
                let (left, right) = (v.text(a), v.text(b));
                fs::write(v.path(a), right).unwrap();
                fs::write(v.path(b), left).unwrap();
            }),
        ),
        (
            "a file changed, lists written anew",
            Box::new(|| {
                fs::write(v.path(a), "severity\r\n").unwrap();
                rehashed(a);
            }),
        ),
        (
            "a file dropped, lists written anew",
            Box::new(|| {
                fs::remove_file(v.path(a)).unwrap();
                drop_line(a);
            }),
        ),
        (
            "an object dropped, lists written anew",
            Box::new(|| {
                fs::remove_dir_all(v.path(&object).parent().unwrap()).unwrap();
                drop_line(&object);
            }),
        ),
        ("a planted file", Box::new(|| fs::write(v.path("data/extra.csv"), "x\n").unwrap())),
        ("a planted hidden file", Box::new(|| fs::write(v.path(".extra"), "").unwrap())),
        (
            "a planted file whose name looks like two",
            Box::new(|| {
                fs::write(v.path("data/findings.csv\ndata"), "x\n").unwrap();
            }),
        ),
        ("an empty folder", Box::new(|| fs::create_dir(v.path("data/empty")).unwrap())),
        (
            "a link to the same bytes",
            Box::new(|| {
                let kept = v.w.path().join("kept.csv");
                fs::rename(v.path(a), &kept).unwrap();
                symlink(&kept, v.path(a)).unwrap();
            }),
        ),
        (
            "a folder that is a link",
            Box::new(|| {
                let kept = v.w.path().join("kept");
                let _ = fs::remove_dir_all(&kept);
                fs::rename(v.path("data/oscal"), &kept).unwrap();
                symlink(&kept, v.path("data/oscal")).unwrap();
            }),
        ),
        ("a line twice, lists written anew", Box::new(duplicated)),
        ("another key", Box::new(|| v.sign(&other_key, "backproof-packet@v1"))),
        ("another namespace", Box::new(|| v.sign(&own_key, "backproof-run@v1"))),
        (
            "a signature of a run",
            Box::new(|| {
                fs::copy(v.path("data/evidence/runs/00000001.json.sig"), v.path(SIGNATURE)).map(|_| ()).unwrap();
            }),
        ),
        (
            "all changed and signed by another key",
            Box::new(|| {
                fs::write(v.path(a), "severity\r\n").unwrap();
                rehashed(a);
                v.sign(&other_key, "backproof-packet@v1");
            }),
        ),
    ];
    for (what, change) in tries {
        change();
        v.is_caught(what);
        v.restore(&sound);
    }
    v.is_sound("after all of it was undone");
}

#[test]
fn verify_sees_what_the_shell_cannot() {
    let v = Victim::new();
    let sound = files(&v.packet);
    let own_key = v.w.path().join("key");
    let info = "bag-info.txt";
    let reseal = || {
        v.rehash(TAGS, LIST);
        v.rehash(TAGS, info);
        v.sign(&own_key, "backproof-packet@v1");
    };
    // Signed by the right key, and wrong all the same: what a defect or a careless hand would make.
    let upper =
        |text: String| text.lines().map(|l| format!("{}{}\n", l[..64].to_uppercase(), &l[64..])).collect::<String>();
    let changes: [(&str, &str, &dyn Fn()); 5] = [
        ("hashes in capitals", "list_invalid", &|| fs::write(v.path(LIST), upper(v.text(LIST))).unwrap()),
        ("another size", "file_count", &|| {
            fs::write(v.path(info), v.text(info).replace("Payload-Oxum: ", "Payload-Oxum: 1")).unwrap();
        }),
        ("another head", "head_unexpected", &|| {
            let line = v.text(info).lines().find(|l| l.starts_with("Backproof-Store-Head")).unwrap().to_owned();
            fs::write(v.path(info), v.text(info).replace(&line, &format!("Backproof-Store-Head: {}", "0".repeat(64))))
                .unwrap();
        }),
        ("another signer stated", "signature_invalid", &|| {
            fs::write(v.path(info), v.text(info).replace("SHA256:", "SHA256:x")).unwrap();
        }),
        ("a run manifest changed", "manifest_invalid", &|| {
            let run = "data/evidence/runs/00000001.json";
            fs::write(v.path(run), v.text(run).replacen('{', "{ ", 1)).unwrap();
            v.rehash(LIST, run);
        }),
    ];
    for (what, kind, change) in changes {
        change();
        reseal();
        let found = verify(&v.w, &v.packet, &["--signers", &v.signers]).ends(5).json();
        assert!(found["problems"].to_string().contains(kind), "{what}: {found:#}");
        v.restore(&sound);
    }
    // The signature taken away: the packet says that there was one.
    fs::remove_file(v.path(SIGNATURE)).unwrap();
    let found = verify(&v.w, &v.packet, &[]).ends(5).json();
    assert!(found["problems"].to_string().contains("signature_missing"), "{found:#}");
    v.restore(&sound);
    for mode in [0o400, 0o644, 0o666] {
        for (name, _) in &sound {
            fs::set_permissions(v.path(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        v.is_sound("a copy with other modes");
    }
}
