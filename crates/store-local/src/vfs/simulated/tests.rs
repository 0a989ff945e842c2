//! What the disk forgets, tears and keeps.

use super::power::SECTOR;
use super::*;

fn disk() -> (SimulatedDisk, Arc<dyn VfsFile>) {
    let disk = SimulatedDisk::new();
    disk.create_dir(Path::new("/d")).unwrap();
    disk.sync_dir(Path::new("/")).unwrap();
    let file = disk.create(Path::new("/d/f")).unwrap();
    (disk, file)
}

/// All that a crash can leave of the file.
fn outcomes(disk: &SimulatedDisk) -> Vec<Option<Vec<u8>>> {
    (0..200).map(|seed| disk.crash(seed).read(Path::new("/d/f"))).collect()
}

#[test]
fn a_name_needs_a_sync_of_its_directory() {
    let (disk, file) = disk();
    file.write_at(b"x", 0).unwrap();
    file.sync_data().unwrap();
    assert!(outcomes(&disk).contains(&None) && outcomes(&disk).contains(&Some(b"x".to_vec())));
    disk.sync_dir(Path::new("/d")).unwrap();
    assert!(outcomes(&disk).iter().all(|left| *left == Some(b"x".to_vec())));
}

#[test]
fn a_directory_takes_along_what_was_not_synced_in_it() {
    let (disk, _) = disk();
    disk.rename(Path::new("/d"), Path::new("/e")).unwrap();
    disk.create_dir(Path::new("/d")).unwrap();
    disk.sync_dir(Path::new("/")).unwrap();
    let left: Vec<_> = (0..200).map(|seed| disk.crash(seed)).collect();
    assert!(left.iter().all(|left| left.read(Path::new("/d/f")).is_none()));
    assert!(left.iter().any(|left| left.read(Path::new("/e/f")).is_some()));
    assert!(left.iter().any(|left| left.read(Path::new("/e/f")).is_none()));
}

#[test]
fn what_was_not_synced_is_lost_torn_or_kept() {
    let (disk, file) = disk();
    disk.sync_dir(Path::new("/d")).unwrap();
    file.write_at(&[1; SECTOR], 0).unwrap();
    file.sync_data().unwrap();
    file.write_at(&[2; 3 * SECTOR], SECTOR as u64).unwrap();
    let all: Vec<Vec<u8>> = outcomes(&disk).into_iter().flatten().collect();
    assert!(all.iter().all(|left| left.starts_with(&[1; SECTOR])));
    let torn = |left: &Vec<u8>| left.contains(&2) && left[SECTOR..].contains(&0);
    assert!(all.iter().any(|left| left.len() == SECTOR), "lost");
    assert!(all.iter().any(torn), "written out of order");
    assert!(all.iter().any(|left| left[SECTOR..] == [2; 3 * SECTOR]), "kept");
    assert!(all.iter().any(|left| left.len() > SECTOR && !left.contains(&2)), "zeros");
}

#[test]
fn what_a_failed_sync_forgot_is_seen_and_not_durable() {
    let mut all = Vec::new();
    for before in 0..20 {
        let (disk, file) = disk();
        (0..before).for_each(|_| disk.sync_dir(Path::new("/d")).unwrap());
        disk.sync_dir(Path::new("/d")).unwrap();
        file.write_at(b"12", 0).unwrap();
        disk.fail_at(disk.operations() + 1, io::ErrorKind::Other, false);
        assert!(file.sync_data().is_err());
        file.write_at(b"34", 2).unwrap();
        file.sync_data().unwrap();
        assert_eq!(disk.read(Path::new("/d/f")), Some(b"1234".to_vec()));
        let left = outcomes(&disk);
        assert!(left.iter().all(|it| *it == left[0]));
        all.extend(left[0].clone());
        file.write_at(b"12", 0).unwrap();
        file.sync_data().unwrap();
        assert!(outcomes(&disk).iter().all(|left| *left == Some(b"1234".to_vec())));
    }
    assert!(all.contains(&b"\0\x0034".to_vec()) && all.contains(&b"1234".to_vec()), "{all:?}");
}

#[test]
fn a_file_is_not_cut_where_it_ends() {
    let (disk, file) = disk();
    disk.sync_dir(Path::new("/d")).unwrap();
    file.write_at(b"1234", 0).unwrap();
    file.sync_data().unwrap();
    let mut forgotten = 0;
    for _ in 0..20 {
        file.truncate(2).unwrap();
        disk.fail_at(disk.operations() + 1, io::ErrorKind::Other, false);
        assert!(file.sync_data().is_err());
        file.truncate(2).unwrap();
        file.sync_data().unwrap();
        forgotten += usize::from(outcomes(&disk)[0] == Some(b"1234".to_vec()));
        file.write_at(b"34", 2).unwrap();
        file.sync_data().unwrap();
    }
    assert!(forgotten > 0 && forgotten < 20, "{forgotten}");
}

#[test]
fn a_failing_write_leaves_a_part() {
    let (disk, file) = disk();
    let mut left = Vec::new();
    for _ in 0..5 {
        file.truncate(0).unwrap();
        disk.fail_at(disk.operations() + 1, io::ErrorKind::StorageFull, false);
        assert!(file.write_at(b"12345678", 0).is_err());
        left.push(disk.read(Path::new("/d/f")).unwrap());
        file.write_at(b"12345678", 0).unwrap();
        file.sync_data().unwrap();
    }
    assert!(left.contains(&b"1234".to_vec()), "{left:?}");
}

#[test]
fn a_recording_stops_anywhere() {
    let (disk, file) = disk();
    disk.sync_dir(Path::new("/d")).unwrap();
    disk.record();
    let before = disk.operations();
    file.write_at(b"1", 0).unwrap();
    file.sync_data().unwrap();
    file.write_at(b"2", 1).unwrap();
    disk.rename(Path::new("/d/f"), Path::new("/d/g")).unwrap();
    let mut recording = disk.recording();
    let (f, g) = (Path::new("/d/f"), Path::new("/d/g"));
    assert_eq!(recording.after(before).read(f), Some(Vec::new()));
    assert_eq!(outcomes(recording.after(before + 2)), vec![Some(b"1".to_vec()); 200]);
    let torn = recording.after(before + 3);
    assert_eq!(torn.read(f), Some(b"12".to_vec()));
    assert!(outcomes(torn).contains(&Some(b"1".to_vec())));
    assert!(!recording.is_over());
    assert_eq!(recording.after(u64::MAX).read(g), Some(b"12".to_vec()));
    assert!(recording.is_over() && recording.after(u64::MAX).read(f).is_none());
}

#[test]
fn a_look_fails_once() {
    let (disk, file) = disk();
    disk.fail_look(disk.looks() + 2, io::ErrorKind::Other);
    assert!(disk.open(Path::new("/d/f")).is_ok());
    assert!(file.read_at(&mut [0], 0).is_err());
    assert!(disk.list(Path::new("/d")).is_ok());
}
