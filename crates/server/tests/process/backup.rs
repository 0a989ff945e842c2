//! Copying the directory of an account while the server runs and clients change everything in it.

use crate::kill::{History, Worker};
use crate::rookery::{Data, Server};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const WORKERS: usize = 6;
const COPIES: usize = 6;

/// Copy a directory, as an administrator does. What has gone while it was copied does not matter: temporary files and old
/// index snapshots.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    let copied = Command::new("cp").arg("-r").args([from, to]).env("LC_ALL", "C").output().unwrap();
    for line in String::from_utf8_lossy(&copied.stderr).lines() {
        assert!(line.ends_with("No such file or directory") && !line.contains("/seg/"), "{line}");
    }
}

/// The account in this copy is sound, and holds for each client what it had been told of before the copying began, with none, some
/// or all of what came until it ended.
fn check(copy: &Data, workers: &[Worker], histories: &[History], before: &[usize]) {
    let checked = copy.run(&["check", "user0"]);
    assert_eq!(checked.code, 0, "{}{}", checked.out, checked.err);
    let server = copy.serve();
    for ((worker, history), before) in workers.iter().zip(histories).zip(before) {
        worker.verify_copy(&server, history, *before);
    }
    let checked = copy.run(&["check", "user0"]);
    assert_eq!(checked.code, 0, "{}{}", checked.out, checked.err);
}

fn serve(data: &Data) -> Server {
    std::fs::write(data.beside("users"), "user0:{PLAIN}tulip-field\n").unwrap();
    let imported = data.run(&["account", "import", data.beside("users").to_str().unwrap()]);
    assert_eq!(imported.code, 0, "{}", imported.err);
    data.serve()
}

#[test]
fn a_copy_of_an_account_under_load_is_sound_and_lacks_nothing_acknowledged() {
    let data = Data::new();
    let server = serve(&data);
    let workers: Vec<_> = (0..WORKERS).map(|number| Worker::new(number, 1, 4)).collect();
    let histories: Vec<History> = workers.iter().map(|_| History::default()).collect();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let mut working = workers.clone();
        for (worker, history) in working.iter_mut().zip(&histories) {
            let clients = (worker.connect(&server), server.connect("lmtp"));
            let (mut worker, is_over) = (worker.clone(), &is_over);
            scope.spawn(move || worker.work_until(clients, history, is_over));
        }
        for number in 0..COPIES {
            std::thread::sleep(Duration::from_millis(150));
            let before: Vec<usize> = histories.iter().map(History::acknowledged).collect();
            let there = Data::new();
            copy(&data.dir().join("accounts/user0"), &there.dir().join("accounts/user0"));
            eprintln!("copy {number}: {} changes acknowledged", before.iter().sum::<usize>());
            check(&there, &workers, &histories, &before);
        }
        is_over.store(true, Ordering::SeqCst);
    });
    assert!(histories.iter().map(History::acknowledged).sum::<usize>() > 10 * COPIES);
}
