//! A server that is confined to its files. Where the kernel has no Landlock there is nothing to test but that this is said.

use crate::rookery::{Data, Server};
use crate::tls;
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

const ANY: &str = "127.0.0.1:0";

/// A server with its configuration in a directory of its own; and whether it is confined.
fn serve(data: &Data, confine: bool) -> (Server, bool) {
    let etc = data.beside("etc");
    std::fs::create_dir_all(&etc).unwrap();
    let file = etc.join("rookery.toml");
    let config = format!("version = 1\nconfine = {confine}\n[auth]\nallow_plaintext = true\n");
    std::fs::write(&file, config).unwrap();
    let config = file.to_str().unwrap();
    let lmtp = format!("unix:{}", data.beside("run/lmtp.sock").display());
    std::fs::create_dir_all(data.beside("run")).unwrap();
    let server = data.start(&["serve", "--imap", ANY, "--lmtp", &lmtp, "--config", config]);
    let log = data.log();
    if confine && log.contains("not confined, though `confine` is set") {
        println!("skipped: this kernel has no Landlock that is of use: {log}");
        return (server, false);
    }
    assert_eq!(log.contains("confined with Landlock"), confine, "{log}");
    (server, confine)
}

/// Let an account's log be a link to where it was moved.
fn lead_out(data: &Data, account: &str, to: &Path) {
    let seg = data.dir().join(format!("accounts/{account}/seg"));
    std::fs::rename(&seg, to).unwrap();
    symlink(to, &seg).unwrap();
}

/// Send a SIGHUP, and wait until all is read for that many times.
fn read_again(data: &Data, server: &Server, times: usize) {
    server.signal("HUP");
    let start = Instant::now();
    while data.log().matches("configuration and certificates read again").count() < times {
        assert!(start.elapsed().as_secs() < 10, "{}", data.log());
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn opens(server: &Server) -> bool {
    let mut client = server.connect("imap");
    client.command("LOGIN ada tulip");
    client.command("SELECT INBOX").pop().unwrap().contains(" OK")
}

#[test]
fn a_link_out_of_the_data_directory_leads_a_confined_server_nowhere() {
    let data = Data::with_ada();
    let outside = data.beside("outside");
    lead_out(&data, "ada", &outside);
    let (server, _) = serve(&data, false);
    assert!(opens(&server), "it follows links where nothing confines it");
    server.signal("TERM");
    assert!(server.wait().success());
    let (server, confined) = serve(&data, true);
    assert_eq!(opens(&server), !confined, "{}", data.log());
}

#[test]
fn a_confined_server_does_its_work_and_reads_its_configuration_again() {
    let data = Data::with_ada();
    let (server, _) = serve(&data, true);
    let mut ada = server.ada();
    ada.append(b"Subject: mine\r\n\r\nmine\r\n").unwrap();
    ada.ok("CREATE Work");
    let run = |args: &[&str]| {
        let done = data.run(args);
        assert_eq!(done.code, 0, "{}", done.err);
    };
    let added = data.run_with(&["account", "add", "bob", "--password-stdin"], b"crocus\n");
    assert_eq!(added.code, 0, "{}", added.err);
    run(&["check", "ada", "--repair"]);
    run(&["account", "delete", "bob"]);
    // Editors put a new file in the place of the old one.
    let (file, new) = (data.beside("etc/rookery.toml"), data.beside("etc/new"));
    std::fs::write(&new, "version = 1\nconfine = true\n[auth]\nallow_plaintext = false\n").unwrap();
    std::fs::rename(&new, &file).unwrap();
    read_again(&data, &server, 1);
    assert!(server.connect("imap").greeting.contains("LOGINDISABLED"));
    server.signal("TERM");
    assert!(server.wait().success());
    assert!(!data.beside("run/lmtp.sock").exists(), "its socket goes with it");
}

/// A new certificate and its key in a directory.
fn certify(dir: &Path, cert: &str, key: &str) {
    std::fs::create_dir_all(dir).unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(dir.join(cert), made.cert.pem()).unwrap();
    std::fs::write(dir.join(key), made.signing_key.serialize_pem()).unwrap();
}

/// Let a link lead elsewhere, at once.
fn lead_to(target: &str, link: &Path) {
    let new = link.with_extension("new");
    symlink(target, &new).unwrap();
    std::fs::rename(&new, link).unwrap();
}

/// A confined server with a certificate that links lead to. `renew` is called again and again, with the number of the
/// renewal, and leads them to another one.
fn renewed(cert: &str, key: &str, renew: impl Fn(&Path, usize)) {
    let data = Data::with_ada();
    let dir = data.beside("certificates");
    renew(&dir, 0);
    let (cert, key) = (dir.join(cert), dir.join(key));
    let config = format!("version = 1\nconfine = true\n[tls]\ncert = {cert:?}\nkey = {key:?}\n");
    let file = data.beside("rookery.toml");
    std::fs::write(&file, config).unwrap();
    let server = data.start(&["serve", "--imaps", ANY, "--config", file.to_str().unwrap()]);
    for times in 0..3 {
        if times > 0 {
            renew(&dir, times);
            read_again(&data, &server, times);
        }
        let stream = TcpStream::connect(server.address("imaps")).unwrap();
        let greeting = tls::line(&mut tls::secure_trusting(&cert, stream));
        assert!(greeting.starts_with("* OK"), "{greeting}");
    }
}

/// Links from a directory that stays to numbered files in another one.
#[test]
fn a_confined_server_reads_certificates_that_are_renewed_beside() {
    renewed("live/cert.pem", "live/key.pem", |dir, number| {
        let (cert, key) = (format!("cert{number}.pem"), format!("key{number}.pem"));
        certify(&dir.join("archive"), &cert, &key);
        std::fs::create_dir_all(dir.join("live")).unwrap();
        for (name, file) in [("cert.pem", cert), ("key.pem", key)] {
            lead_to(&format!("../archive/{file}"), &dir.join("live").join(name));
        }
    });
}

/// A link to a directory that is replaced by another one.
#[test]
fn a_confined_server_reads_certificates_whose_directory_is_replaced() {
    renewed("cert.pem", "key.pem", |dir, number| {
        let version = format!("version{number}");
        certify(&dir.join(&version), "cert.pem", "key.pem");
        lead_to(&version, &dir.join("current"));
        for name in ["cert.pem", "key.pem"] {
            lead_to(&format!("current/{name}"), &dir.join(name));
        }
    });
}
