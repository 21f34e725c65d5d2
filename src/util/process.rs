//! What Linux tells of this process and its machine under `/proc`. Elsewhere everything is zero or empty.

use std::fs;

/// Bytes of physical memory that the process occupies.
pub fn resident_bytes() -> u64 {
    kilobytes("/proc/self/status", "VmRSS:") * 1024
}

/// Bytes of physical memory of the machine.
pub fn machine_bytes() -> u64 {
    kilobytes("/proc/meminfo", "MemTotal:") * 1024
}

/// Name and release of the kernel, and the processor's name: `Linux 6.1.0 x86_64`.
pub fn system() -> String {
    let kernel = |fact| fs::read_to_string(format!("/proc/sys/kernel/{fact}")).unwrap_or_default();
    let (name, release) = (kernel("ostype"), kernel("osrelease"));
    let name = if name.is_empty() { std::env::consts::OS } else { name.trim() };
    format!("{name} {} {}", release.trim(), std::env::consts::ARCH)
}

/// Processor time, microseconds; the kernel counts in hundredths of a second.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct CpuTime {
    /// In the program.
    pub user_us: u64,
    /// In the kernel on its behalf.
    pub system_us: u64,
    /// In the program, of ended child processes.
    pub child_user_us: u64,
    /// In the kernel, of ended child processes.
    pub child_system_us: u64,
}

/// Processor time of all threads.
pub fn cpu_time() -> CpuTime {
    cpu_time_of("/proc/self/stat")
}

/// Processor time of the first thread.
pub fn main_thread_cpu_time() -> CpuTime {
    let id = std::process::id();
    cpu_time_of(&format!("/proc/self/task/{id}/stat"))
}

/// Fields 14 to 17 of the line, see proc(5). The second field may hold spaces and ends with a parenthesis.
fn cpu_time_of(path: &str) -> CpuTime {
    const TICK_US: u64 = 10_000;
    let line = fs::read_to_string(path).unwrap_or_default();
    let behind_name = line.rsplit_once(')').map_or("", |(_, rest)| rest);
    let mut fields = behind_name.split_ascii_whitespace().skip(11).map(|ticks| ticks.parse().unwrap_or(0) * TICK_US);
    let mut next = || fields.next().unwrap_or(0);
    CpuTime { user_us: next(), system_us: next(), child_user_us: next(), child_system_us: next() }
}

/// The number behind `name` at the start of a line; 0 without such a line.
fn kilobytes(path: &str, name: &str) -> u64 {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("");
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
}

#[cfg(all(test, target_os = "linux", not(miri)))]
mod tests {
    use super::*;

    #[test]
    fn memory_is_known() {
        assert!(resident_bytes() > 100_000);
        assert!(machine_bytes() > resident_bytes());
    }

    #[test]
    fn processor_time_grows_with_work() {
        let before = cpu_time();
        let mut sum = 0u64;
        while cpu_time().user_us + cpu_time().system_us < before.user_us + before.system_us + 20_000 {
            sum = (0..100_000).fold(sum, u64::wrapping_add);
        }
        assert!(main_thread_cpu_time().user_us <= cpu_time().user_us, "{sum}");
    }

    #[test]
    fn the_system_has_a_name() {
        assert!(system().starts_with("Linux "), "{}", system());
    }
}
