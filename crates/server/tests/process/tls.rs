//! TLS from the first octet, and by STARTTLS.

use crate::rookery::{Data, Server};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) type Secured = BufReader<StreamOwned<ClientConnection, TcpStream>>;

/// Shake hands, trusting the certificate that the server made and nothing else.
pub(crate) fn secure(data: &Data, stream: TcpStream) -> Secured {
    secure_trusting(&data.dir().join("tls/cert.pem"), stream)
}

/// Shake hands, trusting this certificate and nothing else.
pub(crate) fn secure_trusting(certificate: &Path, stream: TcpStream) -> Secured {
    secure_with(certificate, stream, aws_lc_rs::default_provider(), rustls::DEFAULT_VERSIONS, &[])
}

fn secure_with(
    certificate: &Path,
    stream: TcpStream,
    provider: CryptoProvider,
    versions: &[&'static SupportedProtocolVersion],
    alpn: &[&str],
) -> Secured {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    BufReader::new(StreamOwned::new(connection, stream))
}

pub(crate) fn line(stream: &mut impl BufRead) -> String {
    let mut line = String::new();
    stream.read_line(&mut line).unwrap();
    line
}

/// Say a command and hear what comes up to its answer.
pub(crate) fn command(stream: &mut Secured, command: &str) -> Vec<String> {
    stream.get_mut().write_all(format!("{command}\r\n").as_bytes()).unwrap();
    let tag = command.split(' ').next().unwrap();
    let mut lines = vec![line(stream)];
    while !lines.last().unwrap().starts_with(tag) {
        lines.push(line(stream));
    }
    lines
}

fn serve(data: &Data) -> Server {
    data.start(&["serve", "--imap", "127.0.0.1:0", "--imaps", "127.0.0.1:0"])
}

// proves: 9051/11.2/a
#[test]
fn the_certificate_covers_loopback_and_logins_are_allowed_at_once() {
    let data = Data::with_ada();
    let server = serve(&data);
    let stream = TcpStream::connect(server.address("imaps")).unwrap();
    let mut client = secure(&data, stream);
    let greeting = line(&mut client);
    assert!(greeting.starts_with("* OK") && !greeting.contains("LOGINDISABLED"), "{greeting}");
    assert!(!greeting.contains("STARTTLS"), "{greeting}");
    assert!(command(&mut client, "a LOGIN ada tulip").last().unwrap().starts_with("a OK"));
}

// proves: 9051/6.2.1/b 9051/6.2.1/c 9051/11.2/b 9051/11.2/c 3501/6.2.1/a 3501/6.2.1/b
#[test]
fn what_is_pipelined_behind_starttls_is_discarded() {
    let data = Data::with_ada();
    let server = serve(&data);
    let mut stream = TcpStream::connect(server.address("imap")).unwrap();
    let mut plain = BufReader::new(stream.try_clone().unwrap());
    assert!(line(&mut plain).contains("STARTTLS"));
    stream.write_all(b"a STARTTLS\r\nb NOOP\r\n").unwrap();
    assert!(line(&mut plain).starts_with("a OK"));
    assert!(plain.buffer().is_empty());
    let mut client = secure(&data, stream);
    let heard = command(&mut client, "c CAPABILITY");
    assert!(!heard.iter().any(|line| line.starts_with("b ") || line.contains("LOGINDISABLED")));
    assert!(command(&mut client, "d LOGIN ada tulip").last().unwrap().starts_with("d OK"));
}

// proves: 9051/11.1/b 9051/11.1/c
#[test]
fn tls_1_2_and_1_3_are_spoken() {
    let data = Data::with_ada();
    let server = serve(&data);
    for version in [&TLS12, &TLS13] {
        let stream = TcpStream::connect(server.address("imaps")).unwrap();
        let certificate = data.dir().join("tls/cert.pem");
        let provider = aws_lc_rs::default_provider();
        let mut client = secure_with(&certificate, stream, provider, &[version], &[]);
        assert!(line(&mut client).starts_with("* OK"));
        let spoken = client.get_ref().conn.protocol_version();
        assert_eq!(spoken, Some(version.version));
    }
}

/// The suite that any two programs of IMAP4rev2 have in common wants an RSA key.
// proves: 9051/11.1/d
#[test]
fn tls_1_2_has_the_suite_that_everybody_has() {
    let data = Data::with_ada();
    let (cert, key) = (data.beside("cert.pem"), data.beside("key.pem"));
    let rsa = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let params = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(&cert, params.self_signed(&rsa).unwrap().pem()).unwrap();
    std::fs::write(&key, rsa.serialize_pem()).unwrap();
    let files = ["--tls-cert", cert.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
    let server = data.start(&[&["serve", "--imaps", "127.0.0.1:0"][..], &files[..]].concat());
    let stream = TcpStream::connect(server.address("imaps")).unwrap();
    let suites = vec![aws_lc_rs::cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256];
    let provider = CryptoProvider { cipher_suites: suites, ..aws_lc_rs::default_provider() };
    let mut client = secure_with(&cert, stream, provider, &[&TLS12], &[]);
    assert!(line(&mut client).starts_with("* OK"));
}

/// A browser that somebody leads here with a certificate that is also a web server's speaks HTTP inside TLS.
#[test]
fn who_wants_another_protocol_inside_tls_is_refused() {
    let data = Data::with_ada();
    let server = serve(&data);
    let certificate = data.dir().join("tls/cert.pem");
    for (alpn, is_welcome) in
        [(&["imap"][..], true), (&["h2", "imap"][..], true), (&["h2", "http/1.1"][..], false)]
    {
        let stream = TcpStream::connect(server.address("imaps")).unwrap();
        let provider = aws_lc_rs::default_provider();
        let mut client =
            secure_with(&certificate, stream, provider, rustls::DEFAULT_VERSIONS, alpn);
        let mut greeting = String::new();
        let heard = client.read_line(&mut greeting);
        assert_eq!(heard.is_ok() && greeting.starts_with("* OK"), is_welcome, "{alpn:?}");
        assert_eq!(client.get_ref().conn.alpn_protocol(), is_welcome.then_some(&b"imap"[..]));
    }
}

#[test]
fn what_is_not_tls_ends_that_connection_only() {
    let data = Data::with_ada();
    let server = serve(&data);
    let stream = TcpStream::connect(server.address("imaps")).unwrap();
    let mut client = secure(&data, stream);
    assert!(line(&mut client).starts_with("* OK"));
    let long = vec![0x16; 100_000];
    for octets in [
        &b"a NOOP\r\n"[..],
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\xff\xff\x01",
        b"\x80\x2e\x01\x00\x02",
        &[0; 50],
        &long,
    ] {
        let mut stream = TcpStream::connect(server.address("imaps")).unwrap();
        // The server need not take it all.
        let _ = stream.write_all(octets);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said);
        assert!(!said.windows(4).any(|it| it == b"* OK"), "{octets:?}: {said:?}");
        assert!(command(&mut client, "n NOOP").last().unwrap().starts_with("n OK"));
    }
}

/// It has thirty seconds.
#[test]
fn a_handshake_that_never_ends_is_given_up() {
    let data = Data::with_ada();
    let server = data.serve();
    let start = Instant::now();
    let mut silent = TcpStream::connect(server.address("imaps")).unwrap();
    let mut begun = TcpStream::connect(server.address("imaps")).unwrap();
    // The beginning of a record that is not followed by the rest.
    begun.write_all(&[0x16, 3, 1, 2, 0, 1]).unwrap();
    for stream in [&mut silent, &mut begun] {
        stream.set_read_timeout(Some(Duration::from_secs(50))).unwrap();
        let mut said = Vec::new();
        stream.read_to_end(&mut said).expect("it is closed");
    }
    let seconds = start.elapsed().as_secs();
    assert!((29..50).contains(&seconds), "after {seconds} s");
}
