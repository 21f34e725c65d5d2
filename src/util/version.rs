//! What this server calls itself.

/// The version of Redis whose commands and replies clients can count on (HELLO, INFO `redis_version`).
pub const REDIS_VERSION: &str = "8.4.0";

/// Nyala's own version.
pub const NYALA_VERSION: &str = env!("CARGO_PKG_VERSION");
