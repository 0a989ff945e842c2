//! TLS: the only module that knows rustls. Versions 1.2 and 1.3, certificates that can change while
//! connections last, and a self-signed certificate where none is configured.

use crate::config::Config;
use crate::failure::Failure;
use crate::limited_file;
use crate::limits::MAX_CONFIG_SIZE;
use crate::private_file;
use rookery_mailbox::heavy::{self, Owner};
use rustls::ServerConfig;
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::fs::File;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// The certificate in use.
pub(crate) struct Tls {
    current: RwLock<Arc<ServerConfig>>,
}

/// What clients call IMAP that say which protocol they want to speak inside TLS (RFC 7301, registered by RFC 8314 §7).
/// Whoever wants another one only, as a browser does, ends the handshake.
const ALPN: &[u8] = b"imap";

/// Where certificate and key are.
struct Files {
    cert: PathBuf,
    key: PathBuf,
}

impl Tls {
    /// Take the configured certificate, or the self-signed one of the data directory, made if missing.
    pub(crate) fn load(config: &Config) -> Result<Self, Failure> {
        Ok(Self { current: RwLock::new(server_config(config)?) })
    }

    /// Take what the files hold now. When that fails, the former certificate stays.
    pub(crate) fn reload(&self, config: &Config) -> Result<(), Failure> {
        let new = server_config(config)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    /// Shake hands with a client, on the threads for work that takes long: with a large RSA key it is milliseconds, and anybody
    /// may ask for it.
    pub(crate) async fn accept<S>(&self, from: IpAddr, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner).clone();
        let handshake = async { TlsAcceptor::from(current).accept(stream).await };
        heavy::in_turns(Owner::address(from), handshake).await.map_err(io::Error::other)?
    }
}

fn server_config(config: &Config) -> Result<Arc<ServerConfig>, Failure> {
    let files = match (&config.tls.cert, &config.tls.key) {
        (Some(cert), Some(key)) => Files { cert: cert.clone(), key: key.clone() },
        _ => self_signed(config)?,
    };
    let unusable = |error: &dyn std::fmt::Display| {
        let (cert, key) = (files.cert.display(), files.key.display());
        Failure::new(format!("the certificate {cert} with the key {key} cannot be used: {error}"))
            .hint("tls.cert and tls.key are PEM files, the chain first and the key of its first certificate")
    };
    let (chain, key) = (read_chain(&files.cert)?, read_key(&files.key)?);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| unusable(&error))?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(Arc::new(config))
}

fn read_chain(file: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let octets = octets(file).map_err(|error| unread("certificate", file, &error))?;
    match CertificateDer::pem_slice_iter(&octets).collect::<Result<Vec<_>, _>>() {
        Ok(chain) if chain.is_empty() => {
            Err(unread("certificate", file, &pem::Error::NoItemsFound))
        }
        Ok(chain) => Ok(chain),
        Err(error) => Err(unread("certificate", file, &error)),
    }
}

fn read_key(file: &Path) -> Result<PrivateKeyDer<'static>, Failure> {
    let key = octets(file).and_then(|octets| PrivateKeyDer::from_pem_slice(&octets));
    key.map_err(|error| unread("key", file, &error))
}

fn octets(file: &Path) -> Result<Vec<u8>, pem::Error> {
    let read =
        File::open(file).and_then(|mut file| limited_file::octets(&mut file, MAX_CONFIG_SIZE));
    read.map_err(pem::Error::Io)
}

/// Why one of the files cannot be used.
fn unread(what: &str, file: &Path, error: &pem::Error) -> Failure {
    let path = file.display();
    match error {
        pem::Error::Io(error) => Failure::io(format!("reading the {what} file {path}"), error),
        pem::Error::NoItemsFound => {
            Failure::new(format!("the {what} file has no {what} in it: {path}"))
                .hint("tls.cert and tls.key are PEM files; look whether they are swapped")
        }
        error => Failure::new(format!("the {what} file {path} cannot be used: {error}")),
    }
}

/// The data directory's own certificate, kept so that clients which trusted it once can go on doing so.
fn self_signed(config: &Config) -> Result<Files, Failure> {
    let files = own_files(config);
    if make_missing(config)? {
        tracing::warn!(
            cert = %files.cert.display(),
            "no certificate is configured: made a self-signed one, which clients will ask about"
        );
    }
    Ok(files)
}

/// Make the data directory's own certificate if it is missing and none is configured, and say whether it was
/// made.
pub(crate) fn make_missing(config: &Config) -> Result<bool, Failure> {
    let files = own_files(config);
    let is_there = files.cert.exists() && files.key.exists();
    if is_there || config.tls.cert.is_some() {
        return Ok(false);
    }
    make_self_signed(&config.hostname, &files)?;
    Ok(true)
}

fn own_files(config: &Config) -> Files {
    let dir = config.data.join("tls");
    Files { cert: dir.join("cert.pem"), key: dir.join("key.pem") }
}

fn make_self_signed(hostname: &str, files: &Files) -> Result<(), Failure> {
    let failed =
        |error: rcgen::Error| Failure::new(format!("no certificate could be made: {error}"));
    let mut names = vec!["localhost".to_owned()];
    if hostname != "localhost" {
        names.push(hostname.to_owned());
    }
    let mut params = rcgen::CertificateParams::new(names).map_err(failed)?;
    for address in [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)] {
        params.subject_alt_names.push(rcgen::SanType::IpAddress(address));
    }
    params.distinguished_name.push(rcgen::DnType::CommonName, hostname);
    let key = rcgen::KeyPair::generate().map_err(failed)?;
    let cert = params.self_signed(&key).map_err(failed)?;
    if let Some(dir) = files.key.parent() {
        private_file::make_dir(dir)
            .map_err(|error| Failure::io(format!("making {}", dir.display()), &error))?;
    }
    write_pem(&files.key, &key.serialize_pem())?;
    write_pem(&files.cert, &cert.pem())
}

fn write_pem(file: &Path, pem: &str) -> Result<(), Failure> {
    private_file::write(file, pem.as_bytes())
        .map_err(|error| Failure::io(format!("writing {}", file.display()), &error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use tokio::io::ReadBuf;

    #[test]
    fn a_self_signed_certificate_is_made_once_and_kept_private() {
        let dir = tempfile::tempdir().unwrap();
        let config = Config { data: dir.path().to_owned(), ..Config::default() };
        Tls::load(&config).unwrap();
        let key = dir.path().join("tls/key.pem");
        let made = std::fs::read(&key).unwrap();
        assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
        Tls::load(&config).unwrap().reload(&config).unwrap();
        assert_eq!(std::fs::read(&key).unwrap(), made);
    }

    /// A client's octets, and on which threads they were read.
    struct Read(tokio::io::DuplexStream, std::sync::mpsc::Sender<Option<String>>);

    impl AsyncRead for Read {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            let _ = self.1.send(std::thread::current().name().map(str::to_owned));
            Pin::new(&mut self.0).poll_read(cx, buffer)
        }
    }

    impl AsyncWrite for Read {
        fn poll_write(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            octets: &[u8],
        ) -> Poll<io::Result<usize>> {
            Pin::new(&mut self.0).poll_write(cx, octets)
        }

        fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_flush(cx)
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_shutdown(cx)
        }
    }

    #[tokio::test]
    async fn handshakes_are_not_on_the_threads_that_serve() {
        let dir = tempfile::tempdir().unwrap();
        let config = Config { data: dir.path().to_owned(), ..Config::default() };
        let tls = Tls::load(&config).unwrap();
        let (near, far) = tokio::io::duplex(1 << 16);
        let (threads, read_on) = std::sync::mpsc::channel();
        let certificate = read_chain(&dir.path().join("tls/cert.pem")).unwrap().remove(0);
        let mut roots = rustls::RootCertStore::empty();
        roots.add(certificate).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let client = rustls::ClientConfig::builder_with_provider(provider);
        let client = client.with_safe_default_protocol_versions().unwrap();
        let client = client.with_root_certificates(roots).with_no_client_auth();
        let connector = tokio_rustls::TlsConnector::from(Arc::new(client));
        let name = rustls_pki_types::ServerName::try_from("localhost").unwrap();
        let (connected, accepted) = tokio::join!(
            connector.connect(name, near),
            tls.accept(IpAddr::V4(Ipv4Addr::LOCALHOST), Read(far, threads)),
        );
        drop((connected.unwrap(), accepted.unwrap()));
        let threads: Vec<_> = read_on.iter().collect();
        assert!(!threads.is_empty());
        assert!(threads.iter().all(|thread| thread.as_deref() == Some("heavy")), "{threads:?}");
    }

    #[test]
    fn a_broken_certificate_is_refused_and_the_former_one_stays() {
        let dir = tempfile::tempdir().unwrap();
        let config = Config { data: dir.path().to_owned(), ..Config::default() };
        let tls = Tls::load(&config).unwrap();
        std::fs::write(dir.path().join("tls/cert.pem"), "no certificate").unwrap();
        assert!(tls.reload(&config).is_err());
    }

    #[test]
    fn the_file_that_is_wrong_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config { data: dir.path().to_owned(), ..Config::default() };
        Tls::load(&config).unwrap();
        let file = |name: &str| Some(dir.path().join("tls").join(name));
        for (cert, key, message) in [
            ("key.pem", "cert.pem", "the certificate file has no certificate in it: "),
            ("cert.pem", "cert.pem", "the key file has no key in it: "),
            ("none.pem", "key.pem", "reading the certificate file "),
            ("cert.pem", "none.pem", "reading the key file "),
        ] {
            (config.tls.cert, config.tls.key) = (file(cert), file(key));
            let error = Tls::load(&config).err().unwrap().to_string();
            assert!(error.starts_with(message), "{error}");
        }
    }
}
