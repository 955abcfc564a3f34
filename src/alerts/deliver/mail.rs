//! E-mail: alerts through an SMTP server.
//!
//! With `starttls` nothing is said before TLS stands, whatever the server offers (RFC 3207 leaves that to the client). What the
//! server refuses for good (5xx, RFC 5321 section 4.2.1) is not tried again.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{SmtpTransport, Transport};

use super::{Failure, Letter, Patience, of_tls};
use crate::config::alert;
use crate::event::Time;
use crate::report::Language;

/// An SMTP server and who is written to. It has a password in it, so it cannot be shown.
pub struct Mail {
    /// Name of the server.
    pub server: String,
    /// Its port.
    pub port: u16,
    /// How the connection is kept from listeners.
    pub tls: alert::Tls,
    /// Name and password.
    pub login: Option<(String, String)>,
    /// Who it is from.
    pub from: String,
    /// Who is told.
    pub to: Vec<String>,
    /// Certificates of authorities in the place of the system's, as PEM.
    pub ca_file: Option<PathBuf>,
    /// How long one answer of the server may take.
    pub timeout: Duration,
}

impl Mail {
    /// Sends a letter, dated at this time.
    ///
    /// # Errors
    /// An address is none, or the server did not take the letter; in words, without the password.
    pub fn send(&self, letter: &Letter<'_>, language: Language, now: Time, patience: Patience) -> Result<(), String> {
        let message = self.message(letter, language, now)?;
        let server = self.transport()?;
        patience.try_it(|| match server.send(&message) {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() || error.is_client() || error.is_tls() || of_tls(&error).is_some() => {
                Err(Failure::lasting(told(&error)))
            }
            Err(error) => Err(Failure::passing(told(&error))),
        })
    }

    fn message(&self, letter: &Letter<'_>, language: Language, now: Time) -> Result<Message, String> {
        let mailbox = |text: &str| -> Result<Mailbox, String> {
            text.parse().map_err(|error| format!("'{text}' is not an e-mail address: {error}"))
        };
        let from = mailbox(&self.from)?;
        // The same letter has the same id, should a server take it and its answer be lost.
        let id = format!("<{}.{}@{}>", now.0, letter.alerts.len(), from.email.domain());
        let micros = u64::try_from(now.0).unwrap_or_default();
        let date = SystemTime::UNIX_EPOCH + Duration::from_micros(micros);
        let mut builder = Message::builder().from(from).date(date).message_id(Some(id));
        for to in &self.to {
            builder = builder.to(mailbox(to)?);
        }
        let subject = format!("trichter: {}", letter.heading(language));
        let mut message = builder
            .subject(subject)
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text.clone() + "\n")
            .map_err(|error| error.to_string())?;
        // Nobody's absence is to be told to a program (RFC 3834).
        let name = HeaderName::new_from_ascii_str("Auto-Submitted");
        message.headers_mut().insert_raw(HeaderValue::new(name, "auto-generated".to_owned()));
        Ok(message)
    }

    fn transport(&self) -> Result<SmtpTransport, String> {
        let tls = match self.tls {
            alert::Tls::None => Tls::None,
            alert::Tls::Starttls => Tls::Required(self.parameters()?),
            alert::Tls::Wrapped => Tls::Wrapper(self.parameters()?),
        };
        let mut builder =
            SmtpTransport::builder_dangerous(&self.server).port(self.port).tls(tls).timeout(Some(self.timeout));
        if let Some((login, password)) = &self.login {
            builder = builder.credentials(Credentials::new(login.clone(), password.clone()));
        }
        Ok(builder.build())
    }

    fn parameters(&self) -> Result<TlsParameters, String> {
        let mut builder = TlsParameters::builder(self.server.clone());
        if let Some(path) = &self.ca_file {
            let unusable =
                |why: &dyn std::fmt::Display| format!("certificates in '{}' cannot be used: {why}", path.display());
            let pem = std::fs::read(path).map_err(|error| unusable(&error))?;
            let certificate = Certificate::from_pem(&pem).map_err(|error| unusable(&error))?;
            builder = builder.certificate_store(CertificateStore::None).add_root_certificate(certificate);
        }
        builder.build().map_err(|error| error.to_string())
    }
}

/// What went wrong, with its cause.
fn told(error: &lettre::transport::smtp::Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) if !error.to_string().contains(&cause.to_string()) => format!("{error}: {cause}"),
        _ => error.to_string(),
    }
}
