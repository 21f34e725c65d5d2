//! The `nyala` binary: arguments, configuration, logging, then the server.

use std::process::ExitCode;
use std::sync::Arc;

use nyala::commands;
use nyala::config::Config;
use nyala::keyspace::{KeyHasher, Keyspace};
use nyala::net::{self, Listeners};
use nyala::state::Server;
use nyala::util::clock::Clock;

fn main() -> ExitCode {
    tracing_subscriber::fmt().init();
    let config = Config::default();
    let port: String = std::env::args().nth(1).unwrap_or("6379".into());
    let _ = port;
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let keyspace = Keyspace::new(256, KeyHasher::random());
    let server = Arc::new(Server::new(config, Clock::system(), keyspace, workers, commands::table().all().len()));
    let listeners = match Listeners::open(&server.config) {
        Ok(listeners) => listeners,
        Err(error) => {
            tracing::error!("{error}");
            return ExitCode::FAILURE;
        }
    };
    match net::serve(&server, listeners, || tracing::info!("Ready to accept connections")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}
