//! The few calls of the operating system that std does not have.
#![allow(unsafe_code, reason = "calls of the C library")]

use std::fs::OpenOptions;
use std::io;
use std::os::fd::AsRawFd;

/// The text of an error of the operating system without Rust's trailing number.
pub fn error_text(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// Seconds to add to UTC for the local time at `unix_s`.
pub fn utc_offset_s(unix_s: i64) -> i64 {
    let mut local = std::mem::MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: both pointers are to live values of the right types; the call touches nothing else of ours.
    let done = unsafe { libc::localtime_r(&raw const unix_s, local.as_mut_ptr()) };
    if done.is_null() {
        return 0;
    }
    // SAFETY: all-zero bytes are a valid `tm`, whatever the call filled in.
    unsafe { local.assume_init() }.tm_gmtoff
}

/// Lets the threads of normal priority go before the current one where processors are scarce.
pub fn lower_priority() {
    // About a third of the time of a thread of normal priority.
    const NICE: libc::c_int = 5;
    // SAFETY: no pointers; on Linux these count for single threads: the first, which has the process's number, and, for
    // 0, the current one. Without the right to do so all stays as it is, which is well too.
    let first = unsafe { libc::getpriority(libc::PRIO_PROCESS, std::process::id()) };
    // SAFETY: as above.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, first + NICE) };
}

/// Open files this process may have: now, and at most without privileges.
pub fn file_limits() -> io::Result<(u64, u64)> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the pointer is to a live value of the right type.
    check(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) })?;
    Ok((limit.rlim_cur, limit.rlim_max))
}

/// Lets this process open `wanted` files, or as many as it may; answers how many that are, and why not more.
pub fn raise_file_limit(wanted: u64) -> io::Result<(u64, Option<io::Error>)> {
    let (now, most) = file_limits()?;
    if now >= wanted {
        return Ok((now, None));
    }
    let Err(refused) = set_file_limits(wanted, most.max(wanted)) else { return Ok((wanted, None)) };
    match set_file_limits(most.max(now), most) {
        Ok(()) => Ok((most, Some(refused))),
        Err(_) => Ok((now, Some(refused))),
    }
}

fn set_file_limits(now: u64, most: u64) -> io::Result<()> {
    let limit = libc::rlimit { rlim_cur: now, rlim_max: most };
    // SAFETY: the pointer is to a live value of the right type.
    check(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) })
}

/// Takes a lock on an open file or directory, which ends when that is closed; false when another process has it.
pub fn lock_file(file: &std::fs::File) -> io::Result<bool> {
    // SAFETY: the descriptor is open as long as `file` is borrowed.
    match check(unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) }) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(error),
    }
}

/// Lets the process live on when its terminal goes away. (std ignores SIGPIPE by itself.)
pub fn ignore_hangup() {
    // SAFETY: ignoring a signal installs no handler.
    unsafe { libc::signal(libc::SIGHUP, libc::SIG_IGN) };
}

/// Goes on in the background: in a new session, without a terminal, standard streams at `/dev/null`. The calling process
/// exits with 0.
///
/// # Errors
/// When the system refuses to fork.
///
/// # Panics
/// When the process has more than one thread: the others would be lost.
pub fn daemonize() -> io::Result<()> {
    let threads = std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
    assert_eq!(threads, 1, "a process is sent to the background before it starts threads");
    continue_in_child()?;
    // SAFETY: the call has no arguments and touches no memory.
    check(unsafe { libc::setsid() })?;
    // The leader of a session could get a terminal again; its child cannot.
    continue_in_child()?;
    let null = OpenOptions::new().read(true).write(true).open("/dev/null")?;
    for stream in 0..=2 {
        // SAFETY: both are descriptors of this process; the standard streams stay open.
        check(unsafe { libc::dup2(null.as_raw_fd(), stream) })?;
    }
    Ok(())
}

fn continue_in_child() -> io::Result<()> {
    // SAFETY: the process has one thread, so the child has all there is.
    let pid = unsafe { libc::fork() };
    check(pid)?;
    if pid > 0 {
        // SAFETY: ends the process without running exit handlers, which belong to the child now.
        unsafe { libc::_exit(0) };
    }
    Ok(())
}

fn check(answer: i32) -> io::Result<()> {
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_limit_is_raised_or_the_reason_told() {
        let (now, most) = file_limits().unwrap();
        assert_eq!(raise_file_limit(now).unwrap().0, now);
        let (reached, why) = raise_file_limit(most.saturating_add(1)).unwrap();
        assert!(reached > most || why.is_some());
        assert!(reached >= now);
    }

    #[test]
    fn offsets_are_less_than_a_day() {
        assert!(utc_offset_s(1_700_000_000).abs() < 86_400);
    }
}
