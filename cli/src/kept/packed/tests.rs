//! What is unpacked is what was packed; and what is no packed program is refused in words.

use super::{LARGEST, pack, unpack};
use crate::kept::Kept;
use program::Program;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

fn kept(name: &str) -> (PathBuf, Kept) {
    let folder = std::env::temp_dir().join(format!("writ-packed-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    let kept = Kept::of(&folder);
    fs::create_dir_all(kept.path("program")).expect("writable");
    (folder, kept)
}

#[test]
fn a_program_comes_back_packed_or_plain_and_a_bent_one_does_not() {
    let (folder, kept) = kept("bent");
    let program = Program::default();
    let hex = program.digest().hex().to_owned();
    let (name, packed) = kept.pack(&hex, &program);
    let (packed_file, plain_file) = (kept.path(&name), kept.path(&format!("program/{hex}.json")));
    let read = || kept.program(&format!("sha256:{hex}")).map_err(|failure| failure.to_string());
    fs::write(&packed_file, &packed).expect("writable");
    assert_eq!(read().as_ref(), Ok(&program));
    // What is there is left as it is, whoever packed it; what holds something else is not.
    let plain = serde_json::to_vec(&program).expect("plain data");
    let mut other = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    other.write_all(&plain).expect("memory");
    let other = other.finish().expect("memory");
    fs::write(&packed_file, &other).expect("writable");
    assert_eq!(kept.pack(&hex, &program), (name.clone(), other));
    fs::write(&packed_file, &packed[..packed.len() / 2]).expect("writable");
    assert_eq!(kept.pack(&hex, &program), (name, packed.clone()));
    let mut refused = 0;
    for at in 0..packed.len() {
        let mut bent = packed.clone();
        bent[at] ^= 0x55;
        for bytes in [&bent[..], &packed[..at]] {
            fs::write(&packed_file, bytes).expect("writable");
            match read() {
                Ok(read) => assert_eq!(read, program, "byte {at}"),
                Err(why) => {
                    assert!(why.contains("this is no program: "), "{why}");
                    refused += 1;
                }
            }
        }
    }
    assert!(refused >= 2 * packed.len() - 16, "{refused} of {}", 2 * packed.len());
    // As earlier versions kept it.
    fs::remove_file(&packed_file).expect("writable");
    fs::write(&plain_file, &plain).expect("writable");
    assert_eq!(read().as_ref(), Ok(&program));
    fs::write(&plain_file, b"{}").expect("writable");
    assert!(read().is_err_and(|why| why.contains("this is no program: ")));
    let _ = fs::remove_dir_all(folder);
}

#[test]
fn what_is_packed_is_unpacked_and_too_much_is_not() {
    for bytes in [&b""[..], b"{}", &[7; 100_000]] {
        assert_eq!(unpack(&pack(bytes)).expect("what was packed"), bytes);
    }
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let million = vec![0; 1 << 20];
    for _ in 0..=LARGEST >> 20 {
        bomb.write_all(&million).expect("memory");
    }
    let bomb = bomb.finish().expect("memory");
    assert!(unpack(&bomb).is_err_and(|why| why.to_string().contains("more than")), "{} bytes", bomb.len());
}
