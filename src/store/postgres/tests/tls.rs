//! TLS as libpq has it, by handshakes with a server whose certificate is made for the test.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use uuid::Uuid;

use super::server::{Durability, Postgres, server_user};
use super::{PostgresAddress, PostgresError};
use crate::store::postgres::connect::Connections;
use crate::store::postgres::error::Failure;

/// The name that the server's certificate was given to; the server's address is another one.
const NAME: &str = "localhost";
const ADDRESS: &str = "127.0.0.1";

/// Certificates on the disk, as long as the value.
struct Certificates(PathBuf);

impl Certificates {
    /// One of ours, one for the server that it signed, and one that signed nothing.
    fn new() -> Self {
        let directory = std::env::temp_dir().join(format!("evara-tls-{}", Uuid::new_v4()));
        fs::create_dir(&directory).unwrap();
        let made = Self(directory);
        let (ours, other) = (authority("ours"), authority("other"));
        let key = KeyPair::generate().unwrap();
        let server = CertificateParams::new([NAME.to_owned()]).unwrap();
        let server = server.signed_by(&key, &ours).unwrap();
        made.write("ours.pem", &ours.pem());
        made.write("other.pem", &other.pem());
        made.write("server.pem", &server.pem());
        made.write("server.key", &key.serialize_pem());
        made.write("empty.pem", "");
        made
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The server reads no key that others may read.
    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        if name.starts_with("server") {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            if let Some((user, group)) = server_user() {
                chown(&path, Some(user), Some(group)).unwrap();
            }
        }
    }

    /// A server that shows the certificate, to those who ask for TLS.
    fn server(&self) -> Postgres {
        let setting = |name: &str, file: &str| format!("{name}={}", self.path(file).display());
        let certificate = setting("ssl_cert_file", "server.pem");
        let key = setting("ssl_key_file", "server.key");
        Postgres::start(Durability::None, &["ssl=on", &certificate, &key])
    }
}

impl Drop for Certificates {
    fn drop(&mut self) {
        let _left_behind = fs::remove_dir_all(&self.0);
    }
}

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new([]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Whether the line to the server is encrypted, or why there is none.
async fn line(
    server: &Postgres,
    host: &str,
    mode: &str,
    roots: Option<&Path>,
) -> Result<bool, String> {
    let mut url = format!("postgres://evara@{host}:{}/postgres?{mode}", server.port());
    if let Some(roots) = roots {
        url.push_str(&format!("&sslrootcert={}", roots.display()));
    }
    let address = PostgresAddress::parse(&url).unwrap();
    let asked = async {
        let client = Connections::new(&address, 1)?.get().await?;
        let asked = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        let row = client.query_one(asked, &[]).await.map_err(Failure::from)?;
        Ok::<bool, PostgresError>(row.get(0))
    };
    asked
        .await
        .map_err(|error| format!("{:#}", anyhow::Error::new(error)))
}

fn assert_refused(line: &Result<bool, String>, why: &str) {
    let refused = line.as_ref().expect_err(why);
    assert!(refused.contains(why), "{refused}");
}

#[tokio::test]
async fn a_line_is_encrypted_unless_somebody_says_that_it_is_not_to_be() {
    let certificates = Certificates::new();
    let server = certificates.server();
    for (mode, is_encrypted) in [
        ("", true),
        ("sslmode=prefer", true),
        ("sslmode=require", true),
        ("sslmode=disable", false),
    ] {
        assert_eq!(
            line(&server, ADDRESS, mode, None).await,
            Ok(is_encrypted),
            "{mode}"
        );
    }
}

#[tokio::test]
async fn a_certificate_of_an_authority_that_we_know_is_believed_and_no_other() {
    let certificates = Certificates::new();
    let server = certificates.server();
    let (ours, other) = (
        certificates.path("ours.pem"),
        certificates.path("other.pem"),
    );
    // Who gives a root means it to be used.
    for mode in ["sslmode=require", "sslmode=verify-ca"] {
        let good = line(&server, ADDRESS, mode, Some(&ours)).await;
        assert_eq!(good, Ok(true), "{mode}: to whom it was given is not asked");
        assert_refused(
            &line(&server, ADDRESS, mode, Some(&other)).await,
            "UnknownIssuer",
        );
    }
    let system = Some(Path::new("system"));
    let unknown = line(&server, ADDRESS, "sslmode=verify-ca", system).await;
    assert!(unknown.is_err(), "no system knows it");
}

#[tokio::test]
async fn verify_full_asks_to_whom_the_certificate_was_given() {
    let certificates = Certificates::new();
    let server = certificates.server();
    let (ours, other) = (
        certificates.path("ours.pem"),
        certificates.path("other.pem"),
    );
    let full = async |host, roots| line(&server, host, "sslmode=verify-full", Some(roots)).await;
    assert_eq!(full(NAME, &*ours).await, Ok(true));
    assert_refused(&full(ADDRESS, &*ours).await, "not valid for name");
    assert_refused(&full(NAME, &*other).await, "UnknownIssuer");
}

#[tokio::test]
async fn a_server_without_tls_is_refused_where_it_is_required() {
    let certificates = Certificates::new();
    let server = Postgres::start(Durability::None, &[]);
    let ours = certificates.path("ours.pem");
    for mode in [
        "sslmode=require",
        "sslmode=verify-ca",
        "sslmode=verify-full",
    ] {
        let refused = line(&server, NAME, mode, Some(&ours)).await;
        assert_refused(&refused, "server does not support TLS");
    }
    for mode in ["", "sslmode=prefer", "sslmode=disable"] {
        assert_eq!(line(&server, NAME, mode, None).await, Ok(false), "{mode}");
    }
}

#[tokio::test]
async fn roots_that_cannot_be_read_are_a_mistake_before_anybody_is_asked() {
    let certificates = Certificates::new();
    let server = certificates.server();
    for (file, why) in [
        ("empty.pem", "no root"),
        ("absent.pem", "no certificates can be read"),
    ] {
        let roots = certificates.path(file);
        let refused = line(&server, NAME, "sslmode=verify-full", Some(&roots)).await;
        assert_refused(&refused, why);
    }
}
