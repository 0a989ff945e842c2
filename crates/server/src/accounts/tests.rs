use super::*;
use rookery_auth::limits::FREE_FAILURES;
use rookery_auth::{Denied, Directory, Login};
use std::future::Future;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::Instant;

fn accounts() -> (tempfile::TempDir, Arc<Accounts>) {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().to_owned();
    (dir, Arc::new(Accounts::new(Box::new(move |name| root.join(name))).unwrap()))
}

fn add(accounts: &Accounts, name: &str, stored: &str) {
    let name = Name::new(name).unwrap();
    std::fs::create_dir_all(accounts.directory(&name)).unwrap();
    accounts.write(&name, &AccountFile::new(name.as_str(), stored.to_owned())).unwrap();
}

async fn login(accounts: &Arc<Accounts>, user: &str, password: &str) -> Result<Login, Denied> {
    let directory = PeerDirectory::new(Arc::clone(accounts), None);
    directory.login(None, user, password.as_bytes()).await
}

#[tokio::test]
async fn names_in_any_case_open_the_account() {
    let (_dir, accounts) = accounts();
    add(&accounts, "ada@example.org", "{PLAIN}tulip");
    let granted = login(&accounts, "Ada@EXAMPLE.org", "tulip").await.unwrap();
    assert_eq!(granted.account, "ada@example.org");
    assert_eq!(login(&accounts, "ada@example.org", "rose").await, Err(Denied::BadCredentials));
    assert_eq!(login(&accounts, "ada", "tulip").await, Err(Denied::BadCredentials));
    assert_eq!(login(&accounts, "../ada", "tulip").await, Err(Denied::BadCredentials));
}

// proves: 9051/11.7/f
#[tokio::test]
async fn what_everybody_knows_opens_nothing_from_afar() {
    let (_dir, accounts) = accounts();
    add(&accounts, "ada", "{PLAIN}Password1");
    let directory = PeerDirectory::new(Arc::clone(&accounts), Some("192.0.2.1".parse().unwrap()));
    assert_eq!(directory.login(None, "ada", b"Password1").await, Err(Denied::WellKnown));
    assert_eq!(directory.login(None, "ada", b"password").await, Err(Denied::BadCredentials));
    let here = PeerDirectory::new(Arc::clone(&accounts), Some("127.0.0.1".parse().unwrap()));
    assert!(here.login(None, "ada", b"Password1").await.is_ok());
}

#[tokio::test]
async fn only_ones_own_account_can_be_asked_for() {
    let (_dir, accounts) = accounts();
    add(&accounts, "ada", "{PLAIN}tulip");
    let directory = PeerDirectory::new(Arc::clone(&accounts), None);
    assert!(directory.login(Some("ADA"), "ada", b"tulip").await.is_ok());
    assert_eq!(directory.login(Some("bob"), "ada", b"tulip").await, Err(Denied::NotAuthorized));
}

#[tokio::test]
async fn changes_of_the_file_count_at_once() {
    let (dir, accounts) = accounts();
    add(&accounts, "ada", "{PLAIN}tulip");
    assert!(login(&accounts, "ada", "tulip").await.is_ok());
    add(&accounts, "ada", "{PLAIN}rose");
    assert_eq!(login(&accounts, "ada", "tulip").await, Err(Denied::BadCredentials));
    assert!(login(&accounts, "ada", "rose").await.is_ok());

    let file = dir.path().join("ada/account.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("disabled = false", "disabled = true")).unwrap();
    assert_eq!(login(&accounts, "ada", "rose").await, Err(Denied::BadCredentials));
    std::fs::write(&file, "nonsense").unwrap();
    assert_eq!(login(&accounts, "ada", "rose").await, Err(Denied::Unavailable));
    std::fs::remove_file(accounts.file_of(&Name::new("ada").unwrap())).unwrap();
    assert_eq!(login(&accounts, "ada", "rose").await, Err(Denied::BadCredentials));
}

#[test]
fn so_many_files_are_kept_in_memory_and_no_more() {
    use crate::limits::MAX_CACHED_ACCOUNTS;
    let (_dir, accounts) = accounts();
    add(&accounts, "ada", "{PLAIN}tulip");
    let ada = Name::new("ada").unwrap();
    let account = accounts.read(&ada).unwrap().unwrap();
    let kept = || lock(&accounts.cached).len();
    let (version, _) = lock(&accounts.cached).get(&ada).cloned().unwrap();
    for number in 0..MAX_CACHED_ACCOUNTS - 1 {
        let name = Name::new(&format!("a{number}")).unwrap();
        lock(&accounts.cached).insert(name, (version, Arc::clone(&account)));
    }
    assert_eq!(kept(), MAX_CACHED_ACCOUNTS);
    add(&accounts, "eve", "{PLAIN}rose");
    assert!(accounts.read(&Name::new("eve").unwrap()).unwrap().is_some());
    assert!((1..=MAX_CACHED_ACCOUNTS).contains(&kept()), "{}", kept());
    assert_eq!(*accounts.read(&ada).unwrap().unwrap().passwords, account.passwords);
}

#[test]
fn the_file_is_private() {
    let (dir, accounts) = accounts();
    add(&accounts, "ada", "{PLAIN}tulip");
    let metadata = std::fs::metadata(dir.path().join("ada/account.toml")).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
}

// proves: 9051/11.7/d 3501/11.2/d
#[tokio::test(start_paused = true)]
async fn failures_slow_the_next_attempt_down() {
    let (_dir, accounts) = accounts();
    add(&accounts, "ada", "{PLAIN}tulip");
    for _ in 0..4 {
        assert_eq!(login(&accounts, "ada", "rose").await, Err(Denied::BadCredentials));
    }
    let start = tokio::time::Instant::now();
    assert!(login(&accounts, "ada", "tulip").await.is_ok());
    assert!(start.elapsed() >= std::time::Duration::from_millis(500));
}

// Real time: a paused clock would run on while other threads hash.
#[tokio::test]
async fn guesses_side_by_side_wait_as_those_in_a_row_do() {
    let (_dir, accounts) = accounts();
    add(&accounts, "ada", "{PLAIN}tulip");
    let start = Instant::now();
    let mut guesses = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let accounts = Arc::clone(&accounts);
        guesses.spawn(async move {
            assert_eq!(login(&accounts, "ada", "rose").await, Err(Denied::BadCredentials));
            start.elapsed().as_millis()
        });
    }
    let mut waits = guesses.join_all().await;
    waits.sort_unstable();
    for (wait, least) in waits.iter().zip([0, 0, 0, 500, 1000, 2000]) {
        assert!(*wait >= least, "{waits:?}");
    }
}

#[tokio::test]
async fn a_mail_program_s_many_connections_do_not_wait_for_each_other() {
    let (_dir, accounts) = accounts();
    add(&accounts, "ada", "{PLAIN}tulip");
    let start = Instant::now();
    let mut logins = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let accounts = Arc::clone(&accounts);
        logins.spawn(async move { login(&accounts, "ada", "tulip").await.is_ok() });
    }
    assert!(logins.join_all().await.into_iter().all(|granted| granted));
    assert!(start.elapsed() < rookery_auth::limits::MAX_ACCOUNT_DELAY, "{:?}", start.elapsed());
}

/// Says when it is woken.
#[derive(Default)]
struct Alarm(AtomicUsize);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_wakes_nobody_who_waits_for_another_account() {
    let (_dir, accounts) = accounts();
    let (ada, bob) = (Name::new("ada").unwrap(), Name::new("bob").unwrap());
    for _ in 0..=FREE_FAILURES {
        lock(&accounts.throttle).begin(None, "bob", Instant::now());
    }
    let alarm = Arc::new(Alarm::default());
    let waker = Waker::from(Arc::clone(&alarm));
    let mut waiting = Box::pin(attempt::Attempt::begin(&accounts, None, Some(&bob)));
    assert!(waiting.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    let succeed =
        async |name| attempt::Attempt::begin(&accounts, None, Some(name)).await.end(Ok(()));
    for _ in 0..100 {
        succeed(&ada).await;
    }
    assert_eq!(alarm.0.load(Ordering::Relaxed), 0);
    assert_eq!(accounts.waiting.rows(), 1);
    accounts.waiting.wake("bob");
    assert_eq!(alarm.0.load(Ordering::Relaxed), 1);
    drop(waiting);
    assert_eq!(accounts.waiting.rows(), 0, "nothing is kept of who waits no more");
}

#[tokio::test(start_paused = true)]
async fn who_hangs_up_before_the_answer_has_failed() {
    let (_dir, accounts) = accounts();
    add(&accounts, "ada", "{PLAIN}tulip");
    let peer = Some(std::net::IpAddr::from([192, 0, 2, 1]));
    let directory = PeerDirectory::new(Arc::clone(&accounts), peer);
    for guess in 0..5 {
        let user = format!("user{guess}");
        let login = directory.login(None, &user, b"rose");
        assert!(tokio::time::timeout(std::time::Duration::ZERO, login).await.is_err());
    }
    let start = tokio::time::Instant::now();
    assert!(directory.login(None, "ada", b"tulip").await.is_ok());
    assert!(start.elapsed() >= std::time::Duration::from_secs(2), "{:?}", start.elapsed());
}

#[tokio::test]
async fn who_is_remembered_does_not_queue() {
    let (_dir, accounts) = accounts();
    add(&accounts, "ada", "{PLAIN}tulip");
    assert!(login(&accounts, "ada", "tulip").await.is_ok());
    let (free, wait) = std::sync::mpsc::channel::<()>();
    let wait = Arc::new(Mutex::new(wait));
    for _ in 0..crate::limits::MAX_WAITING_LOGINS {
        let wait = Arc::clone(&wait);
        let busy = accounts.hashing.run(move |_| lock(&wait).recv());
        assert!(tokio::time::timeout(std::time::Duration::ZERO, busy).await.is_err());
    }
    assert!(login(&accounts, "ada", "tulip").await.is_ok());
    drop(free);
}

/// The shortest sleep of a timer is a millisecond, which is longer than all else takes. Nothing else waits either: the login is
/// over when it has been looked at once.
#[tokio::test]
async fn who_is_remembered_does_not_wait() {
    let (_dir, accounts) = accounts();
    add(&accounts, "ada", "{PLAIN}tulip");
    assert!(login(&accounts, "ada", "tulip").await.is_ok());
    let mut again = std::pin::pin!(login(&accounts, "ada", "tulip"));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(again.as_mut().poll(&mut context).is_ready());
    // Whoever has failed often does wait.
    for _ in 0..3 {
        assert_eq!(login(&accounts, "ada", "rose").await, Err(Denied::BadCredentials));
    }
    let mut again = std::pin::pin!(login(&accounts, "ada", "tulip"));
    assert!(again.as_mut().poll(&mut context).is_pending());
}

/// "tulip" as other servers keep it.
const FOREIGN: &str = "{PLAIN}tulip";

async fn rehashed(accounts: &Arc<Accounts>, password: &str) -> Result<Login, Denied> {
    let directory = PeerDirectory::new(Arc::clone(accounts), None).rehashing(true);
    directory.login(None, "ada", password.as_bytes()).await
}

/// Wait for what nobody waits for, and say what is stored then.
async fn settled(accounts: &Arc<Accounts>) -> Arc<AccountFile> {
    let name = Name::new("ada").unwrap();
    let is_ours = |file: &AccountFile| !file.passwords.iter().any(|stored| stored == FOREIGN);
    for _ in 0..500 {
        let file = accounts.read(&name).unwrap().unwrap();
        if is_ours(&file) {
            return file;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    accounts.read(&name).unwrap().unwrap()
}

#[tokio::test]
async fn hashes_of_other_servers_become_ours_when_they_were_right() {
    let (dir, accounts) = accounts();
    let name = Name::new("ada").unwrap();
    add(&accounts, "ada", FOREIGN);
    let mut file = AccountFile::clone(&accounts.read(&name).unwrap().unwrap());
    file.passwords.push("{PLAIN}other".to_owned());
    file.hidden_capabilities.push("IDLE".to_owned());
    accounts.write(&name, &file).unwrap();

    assert_eq!(rehashed(&accounts, "rose").await, Err(Denied::BadCredentials));
    let mut logins = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let accounts = Arc::clone(&accounts);
        logins.spawn(async move { rehashed(&accounts, "tulip").await.is_ok() });
    }
    assert!(logins.join_all().await.into_iter().all(|granted| granted));
    let changed = settled(&accounts).await;
    let [own, other] = changed.passwords.as_slice() else { panic!("two passwords") };
    assert!(own.starts_with("{ARGON2ID}$argon2id$"), "{own}");
    assert_eq!(other, "{PLAIN}other");
    file.passwords[0].clone_from(own);
    assert!(*changed == file, "nothing else changes");
    assert_eq!(std::fs::read_dir(dir.path().join("ada")).unwrap().count(), 1);

    let fresh = Arc::new(Accounts::new(Box::new(move |name| dir.path().join(name))).unwrap());
    assert!(
        login(&fresh, "ada", "tulip").await.is_ok() && login(&fresh, "ada", "other").await.is_ok()
    );
    assert_eq!(login(&fresh, "ada", "rose").await, Err(Denied::BadCredentials));
}

/// The file of an account that others keep is left to them, and so is one that cannot be written.
#[tokio::test]
async fn what_stands_in_the_way_of_a_new_hash_keeps_nobody_out() {
    let (dir, accounts) = accounts();
    add(&accounts, "ada", FOREIGN);
    let (file, kept) = (dir.path().join("ada/account.toml"), dir.path().join("kept.toml"));
    std::fs::rename(&file, &kept).unwrap();
    std::os::unix::fs::symlink(&kept, &file).unwrap();
    let right = |stored: &str| rehash::Match {
        name: Name::new("ada").unwrap(),
        stored: stored.to_owned(),
        password: rookery_auth::Secret::new("tulip"),
    };
    assert!(rehashed(&accounts, "tulip").await.is_ok());
    Arc::clone(&accounts).rehash(right(FOREIGN)).await;
    assert!(std::fs::read_to_string(&kept).unwrap().contains(FOREIGN));

    // A password that was changed meanwhile stays the new one.
    std::fs::remove_file(&file).unwrap();
    add(&accounts, "ada", "{PLAIN}rose");
    Arc::clone(&accounts).rehash(right(FOREIGN)).await;
    assert_eq!(settled(&accounts).await.passwords, ["{PLAIN}rose"]);

    // Nobody brings an account back that is gone.
    std::fs::remove_dir_all(dir.path().join("ada")).unwrap();
    Arc::clone(&accounts).rehash(right("{PLAIN}rose")).await;
    assert!(!file.exists());
}

#[tokio::test]
async fn own_hashes_and_what_is_switched_off_stay() {
    let (_dir, accounts) = accounts();
    add(&accounts, "ada", FOREIGN);
    assert!(login(&accounts, "ada", "tulip").await.is_ok());
    let own = accounts.hash("tulip".to_owned()).await.unwrap();
    let is_foreign = |stored: &str| {
        let (name, password) = (Name::new("ada").unwrap(), rookery_auth::Secret::new("tulip"));
        rehash::Match { name, stored: stored.to_owned(), password }.is_foreign()
    };
    assert!(is_foreign(FOREIGN) && !is_foreign(&own));
    assert_eq!(settled_soon(&accounts).await.passwords, [FOREIGN]);
}

/// What is stored a moment later, when it should be what it was.
async fn settled_soon(accounts: &Accounts) -> Arc<AccountFile> {
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    accounts.read(&Name::new("ada").unwrap()).unwrap().unwrap()
}
