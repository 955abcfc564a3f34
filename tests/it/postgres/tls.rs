//! Certificates: who is trusted at each `sslmode`, with authorities of our own.

use std::path::Path;
use std::process::Command;

use super::super::case::Case;
use super::{Server, export, try_export, with_store};

/// An authority, and a certificate of it for `localhost`; under `NAME.pem`, `NAME.key` and `server-NAME.*`.
fn certify(case: &Case, name: &str) {
    let openssl = |arguments: &[&str]| {
        let made = Command::new("openssl").args(arguments).current_dir(case.folder()).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    };
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj"];
    let (root, root_key) = (format!("{name}.pem"), format!("{name}.key"));
    let authority = format!("/CN=authority {name}");
    openssl(&[&["req", "-x509", "-days", "2", "-out", &root, "-keyout", &root_key], &key[..], &[&authority]].concat());
    let (certificate, server_key) = (format!("server-{name}.pem"), format!("server-{name}.key"));
    openssl(&[&["req", "-new", "-out", "request.pem", "-keyout", &server_key], &key[..], &["/CN=localhost"]].concat());
    case.write("names.ext", "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n");
    let signed = ["x509", "-req", "-in", "request.pem", "-days", "2", "-CAcreateserial", "-extfile", "names.ext"];
    openssl(&[&signed[..], &["-CA", &root, "-CAkey", &root_key, "-out", &certificate]].concat());
}

fn give(server: &Server, from: &Path, name: &str) {
    let to = server.path("data").join(name);
    std::fs::copy(from, &to).unwrap();
    std::fs::set_permissions(&to, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    Server::hand_over(&to);
}

#[test]
fn a_certificate_is_asked_for_as_much_as_the_mode_says() {
    let Some(mut server) = Server::start() else { return };
    let case = with_store();
    for name in ["ours", "theirs"] {
        certify(&case, name);
    }
    give(&server, &case.path("server-ours.pem"), "server.crt");
    give(&server, &case.path("server-ours.key"), "server.key");
    server.ask("postgres", "ALTER SYSTEM SET ssl = on");
    server.kill();
    let rules = "local all all trust\nhostssl all all all scram-sha-256\n";
    std::fs::write(server.path("data/pg_hba.conf"), rules).unwrap();
    server.run();
    let by_number = |parameters: &str| server.address(parameters);
    let by_name = |parameters: &str| server.address(parameters).replace("127.0.0.1", "localhost");
    let few = ["--tables", "contacts", "--full"];
    for address in [
        by_number(""),
        by_number("sslmode=prefer"),
        by_number("sslmode=require"),
        by_number("sslmode=require&channel_binding=require"),
        by_number("sslmode=verify-ca&sslrootcert=ours.pem"),
        by_name("sslmode=verify-full&sslrootcert=ours.pem"),
    ] {
        export(&case, &address, &few);
    }
    let refused = |address: &str, words: &[&str]| {
        try_export(&case, address, &few).expect(2).complains(words).complains(&["try: "]);
    };
    refused(&by_number("sslmode=disable"), &["no pg_hba.conf entry", "no encryption"]);
    refused(&by_number("sslmode=verify-full&sslrootcert=ours.pem"), &["not valid for", "sslrootcert=FILE"]);
    for mode in ["require", "verify-ca", "verify-full"] {
        refused(&by_name(&format!("sslmode={mode}&sslrootcert=theirs.pem")), &["certificate", "sslrootcert=FILE"]);
    }
    refused(&by_name("sslmode=verify-full"), &["certificate", "sslrootcert=FILE"]);
    refused(&by_name("sslmode=verify-full&sslrootcert=nobody.pem"), &["nobody.pem", "sslrootcert=FILE"]);
    refused(&by_name("sslmode=verify-full&sslrootcert=ours.key"), &["ours.key", "sslrootcert=FILE"]);
}
