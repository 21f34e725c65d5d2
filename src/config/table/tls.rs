//! Parameters of the chapter "tls" of the table; see [`super::TOPICS`].

use super::super::param::Param;
use super::super::words::TLS_AUTH;
use super::INT;

const NONE: &str = "Stored; TLS is not served yet.";
const NO_TLS: &str = "TLS is not served yet";

pub(super) const PARAMS: &[Param] = &[
    Param::int("tls-port", "0", 0, 65535, "TLS port; 0 for none.").off_only(&["0"], NO_TLS),
    Param::flag("tls-replication", "no", "Uses TLS towards the primary.").off_only(&["no"], NO_TLS),
    Param::flag("tls-cluster", "no", "Uses TLS on the bus.").off_only(&["no"], NO_TLS),
    Param::word("tls-auth-clients", TLS_AUTH, "yes", "Whether clients must show a certificate.").accepted(NONE),
    Param::word(
        "tls-auth-clients-user",
        &[("CN", 0), ("URI", 1), ("off", 2)],
        "off",
        "Field of a certificate that names the user.",
    )
    .off_only(&["off"], NO_TLS),
    Param::text("tls-cert-file", "", "Certificate of the server.").accepted(NONE),
    Param::text("tls-key-file", "", "Private key of the server.").accepted(NONE),
    Param::text("tls-key-file-pass", "", "Password of the private key.").sensitive().accepted(NONE),
    Param::text("tls-client-cert-file", "", "Certificate for outgoing connections.").accepted(NONE),
    Param::text("tls-client-key-file", "", "Private key for outgoing connections.").accepted(NONE),
    Param::text("tls-client-key-file-pass", "", "Password of that key.").sensitive().accepted(NONE),
    Param::text("tls-dh-params-file", "", "Diffie-Hellman parameters.").accepted(NONE),
    Param::text("tls-ca-cert-file", "", "Certificates that are trusted.").accepted(NONE),
    Param::text("tls-ca-cert-dir", "", "Directory of certificates that are trusted.").accepted(NONE),
    Param::text("tls-protocols", "", "Protocol versions spoken.").accepted(NONE),
    Param::text("tls-ciphers", "", "Ciphers up to TLS 1.2.").accepted(NONE),
    Param::text("tls-ciphersuites", "", "Ciphers of TLS 1.3.").accepted(NONE),
    Param::flag("tls-prefer-server-ciphers", "no", "The server's order of ciphers wins.").accepted(NONE),
    Param::flag("tls-session-caching", "yes", "Lets clients resume sessions.").accepted(NONE),
    Param::int("tls-session-cache-size", "20480", 0, INT, "Sessions remembered.").accepted(NONE),
    Param::int("tls-session-cache-timeout", "300", 0, INT, "Seconds a session is remembered.").accepted(NONE),
    Param::int("tls-auto-reload-interval", "0", 0, INT, "Seconds between looks for new certificates; 0 for never.")
        .accepted(NONE),
];
