//! RDB files by the server's parameters: how values are written and read, and loading. Saving is `save.rs`.

use std::cell::Cell;
use std::io::Read;
use std::time::Duration;

use super::{Gate, Server};
use crate::persist::rdb::{self, LoadError, LoadOptions, Summary};
use crate::types::{hash, list, set, zset};
use crate::util::os;

/// What is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadKind {
    /// A snapshot: keys whose time has come are left out.
    Snapshot,
    /// A snapshot into a keyspace that may have some of its keys.
    Merge,
    /// The head of an append-only file, the rest of which has yet to delete keys whose time has come.
    Preamble,
}

impl Server {
    /// How DUMP and snapshots write.
    #[must_use]
    pub fn rdb_options(&self) -> rdb::Options {
        rdb::Options { compress: self.config.rdbcompression(), field_expiry: self.config.rdb_field_expiry() }
    }

    /// The forms that loaded collections take.
    #[must_use]
    pub fn rdb_limits(&self) -> rdb::Limits {
        rdb::Limits {
            list: self.list_limits(),
            set: self.set_limits(),
            zset: self.zset_limits(),
            hash: self.hash_limits(),
        }
    }

    /// How large a block of a list may become.
    #[inline]
    #[must_use]
    pub fn list_limits(&self) -> list::Limits {
        list::Limits::of_setting(self.config.list_max_listpack_size())
    }

    /// How much the smaller forms of a set may hold.
    #[inline]
    #[must_use]
    pub fn set_limits(&self) -> set::SetLimits {
        set::SetLimits {
            intset_entries: self.config.set_max_intset_entries(),
            packed_entries: self.config.set_max_listpack_entries(),
            packed_value_bytes: self.config.set_max_listpack_value(),
        }
    }

    /// How much the small form of a sorted set may hold.
    #[inline]
    #[must_use]
    pub fn zset_limits(&self) -> zset::Limits {
        zset::Limits {
            entries: self.config.zset_max_listpack_entries(),
            value_bytes: self.config.zset_max_listpack_value(),
        }
    }

    /// How much the small form of a hash may hold.
    #[inline]
    #[must_use]
    pub fn hash_limits(&self) -> hash::Limits {
        hash::Limits {
            entries: self.config.hash_max_listpack_entries(),
            value_bytes: self.config.hash_max_listpack_value(),
        }
    }

    /// Loads an RDB file from where `source` stands, and logs what it says. The caller has raised [`Gate::LOADING`] and
    /// told [`Server::loading`] of the beginning. Libraries of functions are left to the caller.
    ///
    /// # Errors
    /// See [`LoadError`]: the keyspace then has a part of the keys.
    pub fn load_rdb(&self, source: &mut dyn Read, kind: LoadKind) -> Result<Summary, LoadError> {
        debug_assert!(self.gate().intersects(Gate::LOADING), "nobody uses the keys meanwhile");
        let now_ms = self.clock.now_ms();
        let options = LoadOptions {
            limits: self.rdb_limits(),
            now_ms,
            databases: self.config.databases(),
            checksum: self.config.rdbchecksum(),
            drop_expired: kind != LoadKind::Preamble,
            replace: kind == LoadKind::Merge,
            threads: self.workers,
        };
        let keys = Cell::new(0);
        let summary = rdb::load(source, &self.keyspace, &options, &self.loading, &|| {
            keys.set(keys.get() + 1);
            delay(self.config.key_load_delay(), keys.get());
            self.shutdown.requested().is_none()
        })?;
        self.log_aux(&summary, now_ms);
        if summary.without_checksum {
            tracing::info!("RDB file was saved with checksum disabled: no check performed.");
        }
        let (keys, expired, empty) = (summary.keys, summary.expired, summary.empty);
        match empty {
            0 => tracing::info!("Done loading RDB, keys loaded: {keys}, keys expired: {expired}."),
            _ => tracing::info!(
                "Done loading RDB, keys loaded: {keys}, keys expired: {expired}, empty keys skipped: {empty}."
            ),
        }
        Ok(summary)
    }

    fn log_aux(&self, summary: &Summary, now_ms: u64) {
        for (name, value) in &summary.aux {
            match (name.as_str(), value.parse::<u64>()) {
                ("redis-ver", _) => tracing::info!("Loading RDB produced by version {value}"),
                ("ctime", Ok(at_s)) => {
                    tracing::info!("RDB age {} seconds", (now_ms / 1000).saturating_sub(at_s));
                }
                ("used-mem", Ok(bytes)) => {
                    tracing::info!("RDB memory usage when created {:.2} Mb", bytes as f64 / (1 << 20) as f64);
                }
                (name, _) if name.starts_with('%') => tracing::info!("RDB '{name}': {value}"),
                _ => {}
            }
        }
    }
}

/// Waits for so many microseconds; below zero, for one at one of so many keys (`key-load-delay`, for tests).
#[allow(clippy::disallowed_methods, reason = "the loading thread alone is held up, and only where a test asks for it")]
fn delay(setting: i64, keys: u64) {
    let us = match setting {
        0 => return,
        1.. => setting.unsigned_abs(),
        _ => u64::from(keys.is_multiple_of(setting.unsigned_abs())),
    };
    if us > 0 {
        std::thread::sleep(Duration::from_micros(us));
    }
}

/// What redis-server would write to its log when a file can not be loaded.
#[must_use]
pub fn load_error_text(error: &LoadError) -> String {
    match error {
        LoadError::Format(error) => match &error.fault {
            rdb::Fault::Truncated => {
                format!("Short read or OOM loading DB. Unrecoverable error, aborting now. ({error})")
            }
            rdb::Fault::Unsupported(text) if text.starts_with("Wrong RDB checksum") => {
                format!("{text}. Aborting now. RDB CRC error")
            }
            _ => format!("Internal error in RDB reading offset {}: {}", error.offset, error.fault),
        },
        LoadError::Io(error) => format!("Error reading the RDB file: {}", os::error_text(error)),
        LoadError::Stopped => "The loading was stopped.".to_owned(),
    }
}
