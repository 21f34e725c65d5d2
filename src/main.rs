//! The `nyala` binary: arguments, configuration, logging, then the server.

fn main() {}
