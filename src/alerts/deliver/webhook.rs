//! A webhook: alerts as JSON, posted to an address.
//!
//! 2xx is taken for told. What a server answers in any other way is tried again only where a later try may go better: 408, 429
//! and 5xx (RFC 9110, section 15). Redirections are not followed: an alert goes where it was meant to go.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};

use super::{Failure, Letter, Patience, of_tls};

/// A webhook. It has secrets in it, so it cannot be shown.
pub struct Webhook {
    /// The address.
    pub url: String,
    /// What is shown as `Authorization: Bearer …`.
    pub token: Option<String>,
    /// Certificates of authorities in the place of the system's, as PEM.
    pub ca_file: Option<PathBuf>,
    /// How long one try may take.
    pub timeout: Duration,
}

impl Webhook {
    /// Posts a letter.
    ///
    /// # Errors
    /// The address is none, or nobody took the letter; in words, without the address.
    pub fn post(&self, letter: &Letter<'_>, patience: Patience) -> Result<(), String> {
        let url = url::Url::parse(&self.url).map_err(|_| "its address is not a URL".to_owned())?;
        if !["http", "https"].contains(&url.scheme()) || url.host().is_none() {
            return Err("its address does not begin with https:// or http://".into());
        }
        if self.token.is_some() && url.scheme() == "http" && !is_here(&url) {
            return Err("its token could be read on the way: the address begins with http://".into());
        }
        let agent = self.agent(url.scheme() == "https")?;
        let body = serde_json::to_vec(letter).map_err(|error| error.to_string())?;
        patience.try_it(|| {
            let mut request = agent.post(&self.url).header("Content-Type", "application/json");
            if let Some(token) = &self.token {
                request = request.header("Authorization", format!("Bearer {token}"));
            }
            match request.send(body.as_slice()) {
                Ok(answer) => told(answer.status().as_u16()),
                Err(error) => Err(failure(&error)),
            }
        })
    }

    fn agent(&self, is_secure: bool) -> Result<Agent, String> {
        let builder = Agent::config_builder()
            .timeout_global(Some(self.timeout))
            .http_status_as_error(false)
            .max_redirects(0)
            // Which proxies there are is not looked up in the environment.
            .proxy(None)
            .user_agent(concat!("trichter/", env!("CARGO_PKG_VERSION")));
        if !is_secure {
            return Ok(builder.build().new_agent());
        }
        let roots: Vec<Certificate<'static>> = match &self.ca_file {
            None => {
                let known = rustls_native_certs::load_native_certs().certs;
                known.iter().map(|certificate| Certificate::from_der(certificate.as_ref()).to_owned()).collect()
            }
            Some(path) => authorities(path)?,
        };
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .root_certs(RootCerts::Specific(Arc::new(roots)))
            .unversioned_rustls_crypto_provider(Arc::new(aws_lc_rs::default_provider()))
            .build();
        Ok(builder.tls_config(tls).build().new_agent())
    }
}

/// Whether the address is on this machine, where nobody listens on the way.
fn is_here(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn authorities(path: &Path) -> Result<Vec<Certificate<'static>>, String> {
    let unreadable =
        |why: &dyn std::fmt::Display| format!("certificates in '{}' cannot be used: {why}", path.display());
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| unreadable(&error))?;
    let certificates: Vec<_> = certificates
        .map(|certificate| certificate.map(|certificate| Certificate::from_der(certificate.as_ref()).to_owned()))
        .collect::<Result<_, _>>()
        .map_err(|error| unreadable(&error))?;
    if certificates.is_empty() { Err(unreadable(&"no certificate is in it")) } else { Ok(certificates) }
}

fn told(status: u16) -> Result<(), Failure> {
    match status {
        200..=299 => Ok(()),
        408 | 429 | 500..=599 => Err(Failure::passing(format!("it answered with status {status}"))),
        300..=399 => Err(Failure::lasting(format!("it answered with status {status}: it points elsewhere"))),
        _ => Err(Failure::lasting(format!("it answered with status {status}"))),
    }
}

/// Only what is known to show no address is handed on.
fn failure(error: &ureq::Error) -> Failure {
    // The client names no source of its errors, so its cases are looked into.
    let of_tls = match error {
        ureq::Error::Io(error) => of_tls(error),
        ureq::Error::Rustls(error) => Some(error),
        _ => None,
    };
    if let Some(error) = of_tls {
        return Failure::lasting(format!("TLS failed: {error}"));
    }
    match error {
        ureq::Error::Timeout(_) => Failure::passing("it did not answer in time"),
        ureq::Error::HostNotFound => Failure::passing("its host was not found"),
        ureq::Error::Io(error) => Failure::passing(format!("the connection failed: {}", error.kind())),
        ureq::Error::ConnectionFailed => Failure::passing("it could not be reached"),
        ureq::Error::Tls(why) => Failure::lasting(format!("TLS failed: {why}")),
        ureq::Error::Protocol(_) => Failure::passing("what it answered is not HTTP"),
        _ => Failure::lasting("the request could not be made"),
    }
}
