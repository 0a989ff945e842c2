//! Every seed, and every input that once failed, on each target.

use std::io;
use std::path::Path;
use std::process::Command;

/// Where inputs are that once failed: a folder for each target.
const FOUND: &str = "found";

/// Play what `seeds` makes, and what was found, in the order of their names.
fn replay(target: &str, check: fn(&[u8])) {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    play(&here.join(FOUND).join(target), check).expect("what was found can be read");
    let seeds = tempfile::tempdir().expect("a directory");
    match Command::new("python3").arg(here.join("seeds")).arg(seeds.path()).arg(target).output() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => println!("skipped: no python3"),
        made => {
            let made = made.expect("python3 runs");
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
            let played = play(&seeds.path().join(target), check).expect("seeds can be read");
            assert!(played > 0, "{target} has no seeds");
        }
    }
}

/// Play the files in a folder, of which there need be none; says how many there were.
fn play(folder: &Path, check: fn(&[u8])) -> io::Result<usize> {
    let Ok(entries) = folder.read_dir() else { return Ok(0) };
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    files.sort();
    for file in &files {
        let input = std::fs::read(file)?;
        // What a test prints is shown if it fails.
        println!("{}", file.display());
        check(&input);
    }
    Ok(files.len())
}

macro_rules! replayed {
    ($($target:ident)*) => {
        const REPLAYED: &[&str] = &[$(stringify!($target)),*];

        $(#[test]
        fn $target() {
            replay(stringify!($target), crate::$target::check);
        })*
    };
}

replayed! {
    account
    admin
    auth
    command
    files
    framer
    incoming
    inflate
    lmtp
    lmtp_command
    mime
    mutf7
    response
    search
    session
    text
    url
}

/// The names of what is in a folder beside the manifest, without their endings, sorted.
fn names_in(folder: &str) -> Vec<String> {
    let entries = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).read_dir().expect(folder);
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("an entry").path())
        .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn every_target_is_built_and_replayed() {
    assert_eq!(names_in("fuzz_targets"), REPLAYED);
    let manifest = include_str!("../Cargo.toml");
    for target in REPLAYED {
        let entry =
            format!("name = \"{target}\"\npath = \"fuzz_targets/{target}.rs\"\ntest = false\n");
        assert!(manifest.contains(&entry), "{entry} is missing");
    }
    let unknown = names_in(FOUND).into_iter().find(|name| !REPLAYED.contains(&name.as_str()));
    assert_eq!(unknown, None, "what was found in no target is played by none");
}
