//! INFO server, and what it tells of Nyala alone.

use std::process;

use super::view::View;
use super::{Field, NONE};
use crate::keyspace::lru_clock;
use crate::util::process as system;
use crate::util::version::{NYALA_VERSION, REDIS_VERSION};

pub(super) const FIELDS: &[Field] = &[
    ("redis_version", |_| REDIS_VERSION.into()),
    ("nyala_version", |_| NYALA_VERSION.into()),
    ("redis_git_sha1", |_| "00000000".into()),
    ("redis_git_dirty", NONE),
    ("redis_build_id", |_| "0000000000000000".into()),
    ("redis_mode", |v| if v.server.config.cluster_enabled() { "cluster" } else { "standalone" }.into()),
    ("os", |_| system::system().into()),
    ("arch_bits", |_| usize::BITS.into()),
    ("monotonic_clock", |_| "processor ticks".into()),
    ("multiplexing_api", |_| if cfg!(target_os = "linux") { "epoll" } else { "kqueue" }.into()),
    ("atomicvar_api", |_| "rust-core".into()),
    ("gcc_version", |_| "0.0.0".into()),
    ("process_id", |_| process::id().into()),
    ("process_supervised", |_| "no".into()),
    ("run_id", |v| v.server.run_id.clone().into()),
    ("tcp_port", |v| u32::from(v.server.config.port()).into()),
    ("server_time_usec", |v| v.now_us.into()),
    ("uptime_in_seconds", |v| v.server.uptime_s().into()),
    ("uptime_in_days", |v| (v.server.uptime_s() / 86_400).into()),
    ("hz", |v| v.server.config.hz().into()),
    ("configured_hz", |v| v.server.config.hz().into()),
    ("lru_clock", |v| lru_clock(v.now_us / 1000).into()),
    ("executable", |_| path(std::env::current_exe().ok().as_deref()).into()),
    ("config_file", |v| path(v.server.config.file()).into()),
    ("io_threads_active", |v| (v.server.workers > 1).into()),
];

fn path(path: Option<&std::path::Path>) -> String {
    path.map_or_else(String::new, |path| path.display().to_string())
}

/// One line for each kind of socket.
pub(super) fn listeners(view: &View<'_>, out: &mut Vec<u8>) {
    let config = &view.server.config;
    let mut lines = Vec::new();
    if config.port() != 0 {
        let binds: String = config.bind().iter().map(|bind| format!("bind={bind},")).collect();
        lines.push(format!("name=tcp,{binds}port={}", config.port()));
    }
    if let Some(path) = config.unixsocket() {
        lines.push(format!("name=unix,bind={}", path.display()));
    }
    for (number, line) in lines.iter().enumerate() {
        out.extend(format!("listener{number}:{line}\r\n").bytes());
    }
}

/// INFO nyala: what Redis has no field for.
pub(super) const OWN_FIELDS: &[Field] = &[
    ("workers", |v| v.server.workers.into()),
    ("shards", |v| v.server.keyspace.shard_count().into()),
    ("shard_lock_contended", |v| v.keyspace.shards.contended.into()),
    ("shard_lock_poisoned", |v| v.keyspace.shards.poisoned.into()),
    ("handler_panics", |v| v.totals.panics.into()),
];
