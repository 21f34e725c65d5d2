//! How far the loading of a file has come, and what the last one brought: for INFO and the log.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Characters of a bar that is full.
const BAR_WIDTH: usize = 30;

/// Written by whoever loads, read by INFO. All numbers are for show.
#[derive(Debug, Default)]
pub struct Loading {
    /// When it began, in seconds since 1970.
    pub started_at_s: AtomicU64,
    /// Bytes of the file, or of all files.
    pub total_bytes: AtomicU64,
    /// Bytes that were read.
    pub loaded_bytes: AtomicU64,
    /// Bytes that the data set took in the server that has written the file.
    pub saved_memory_bytes: AtomicU64,
    /// Keys that the last file, or the one that is read now, has brought so far.
    pub keys_loaded: AtomicU64,
    /// Keys that were left out since their time had come.
    pub keys_expired: AtomicU64,
}

impl Loading {
    /// Begins anew with a file, or files, of `total_bytes`.
    pub fn begin(&self, now_ms: u64, total_bytes: u64) {
        self.started_at_s.store(now_ms / 1000, Relaxed);
        self.total_bytes.store(total_bytes, Relaxed);
        for counter in [&self.loaded_bytes, &self.saved_memory_bytes, &self.keys_loaded, &self.keys_expired] {
            counter.store(0, Relaxed);
        }
    }

    /// How much is read, in percent.
    #[must_use]
    pub fn percent(&self) -> f64 {
        let total = self.total_bytes.load(Relaxed).max(1);
        self.loaded_bytes.load(Relaxed) as f64 / total as f64 * 100.0
    }

    /// A line for a terminal: a bar, how much is read, and how long the rest takes.
    #[must_use]
    pub fn bar(&self, now_ms: u64) -> String {
        let percent = self.percent().clamp(0.0, 100.0);
        let full = (percent / 100.0 * BAR_WIDTH as f64) as usize;
        let mut line = format!("Loading [{:<BAR_WIDTH$}] {percent:3.0} %", "=".repeat(full));
        let keys = self.keys_loaded.load(Relaxed);
        if keys > 0 {
            let _ = write!(line, ", {keys} keys");
        }
        if full > 0 {
            let _ = write!(line, ", {} s left", self.eta_s(now_ms));
        }
        line
    }

    /// Seconds until the end, going by the pace so far.
    #[must_use]
    pub fn eta_s(&self, now_ms: u64) -> u64 {
        let elapsed_s = (now_ms / 1000).saturating_sub(self.started_at_s.load(Relaxed));
        let (loaded, total) = (self.loaded_bytes.load(Relaxed), self.total_bytes.load(Relaxed));
        match (elapsed_s, loaded) {
            // Nothing is known yet: Redis's word for it is 1.
            (0, _) | (_, 0) => 1,
            _ => (elapsed_s as f64 * total.saturating_sub(loaded) as f64 / loaded as f64) as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_foreseen_from_the_pace() {
        let loading = Loading::default();
        loading.keys_loaded.store(5, Relaxed);
        loading.begin(10_000, 1000);
        assert_eq!((loading.percent(), loading.eta_s(11_000), loading.keys_loaded.load(Relaxed)), (0.0, 1, 0));
        loading.loaded_bytes.store(250, Relaxed);
        assert_eq!((loading.percent(), loading.eta_s(20_000)), (25.0, 30));
    }

    #[test]
    fn a_bar_for_people() {
        let loading = Loading::default();
        loading.begin(10_000, 1000);
        assert_eq!(loading.bar(10_000), "Loading [                              ]   0 %");
        loading.loaded_bytes.store(500, Relaxed);
        loading.keys_loaded.store(7, Relaxed);
        assert_eq!(loading.bar(20_000), "Loading [===============               ]  50 %, 7 keys, 10 s left");
        loading.loaded_bytes.store(1001, Relaxed);
        assert!(loading.bar(20_000).starts_with("Loading [==============================] 100 %"));
    }
}
