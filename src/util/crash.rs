//! The report of a crash: a process that is about to end by one of the signals of [`NAMES`] says so in the log, with the
//! place and the calls that led there, and ends by that signal all the same.
//!
//! A signal may come while the thread holds any lock, the allocator's included. So the handler only takes the addresses of
//! the calls into a place that is kept for them, wakes a thread made beforehand, and waits; that thread finds the names and
//! writes the log. Where it does not get there in time, because it needs a lock that the broken thread holds, the handler
//! itself writes the bare facts to the standard error stream.
#![allow(unsafe_code, reason = "signal handlers, and calls of the C library")]

use std::ffi::c_void;
use std::fmt::Write as _;
use std::io::{self, Cursor, PipeReader, PipeWriter, Read, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::time::Duration;

use super::task;

/// Signals that tell of a crash.
const NAMES: [(libc::c_int, &str); 5] = [
    (libc::SIGSEGV, "SIGSEGV"),
    (libc::SIGBUS, "SIGBUS"),
    (libc::SIGFPE, "SIGFPE"),
    (libc::SIGILL, "SIGILL"),
    (libc::SIGABRT, "SIGABRT"),
];
/// Calls that a report shows at most.
const DEPTH_MAX: usize = 64;
/// Characters of a function's name that a report shows at most.
const NAME_MAX: usize = 120;
/// How long the handler waits for the report.
const PATIENCE: Duration = Duration::from_secs(5);
const STEP: Duration = Duration::from_millis(5);

static ENABLED: AtomicBool = AtomicBool::new(false);
static BELL: OnceLock<PipeWriter> = OnceLock::new();
static CRASH: Crash = Crash::none();

/// What is known of the crash; one thread fills it, once in the life of the process.
struct Crash {
    /// 0 until a thread has crashed.
    signal: AtomicI32,
    code: AtomicI32,
    /// What was accessed in vain, or the instruction that failed, of signals that come from a fault.
    address: AtomicUsize,
    /// The process that has sent the signal, of those that were sent.
    sender: AtomicI32,
    thread: AtomicI32,
    depth: AtomicUsize,
    calls: [AtomicUsize; DEPTH_MAX],
    reported: AtomicBool,
}

impl Crash {
    const fn none() -> Crash {
        Crash {
            signal: AtomicI32::new(0),
            code: AtomicI32::new(0),
            address: AtomicUsize::new(0),
            sender: AtomicI32::new(0),
            thread: AtomicI32::new(0),
            depth: AtomicUsize::new(0),
            calls: [const { AtomicUsize::new(0) }; DEPTH_MAX],
            reported: AtomicBool::new(false),
        }
    }

    fn calls(&self) -> impl Iterator<Item = usize> {
        self.calls.iter().take(self.depth.load(Relaxed)).map(|call| call.load(Relaxed))
    }
}

/// Reports are written from now on, or no longer (`crash-log-enabled`). The log must have been started, and the process be
/// in the background if it is to be there: the first call that enables starts a thread.
///
/// # Errors
/// When the system gives no pipe or takes no handler.
pub fn enable(enabled: bool) -> io::Result<()> {
    if enabled && BELL.get().is_none() {
        let (reader, writer) = io::pipe()?;
        if BELL.set(writer).is_ok() {
            task::spawn_thread("crash-report", move || report_when_called(reader));
            NAMES.iter().try_for_each(|(signal, _)| handle(*signal))?;
        }
    }
    ENABLED.store(enabled, Relaxed);
    Ok(())
}

/// Accesses memory that may not be written, for tests of the report.
///
/// # Errors
/// When the system gives no such memory.
pub fn fault() -> io::Error {
    const LEN: usize = 4096;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a new mapping, at an address that the system chooses, is nobody else's memory.
    let page = unsafe { libc::mmap(std::ptr::null_mut(), LEN, libc::PROT_READ, flags, -1, 0) };
    if page != libc::MAP_FAILED {
        // SAFETY: the page is mapped, aligned, and used by nobody else; that it may not be written ends the process.
        unsafe { page.cast::<u8>().write_volatile(1) };
    }
    io::Error::last_os_error()
}

/// Sets the handler. It runs on the stack of the thread: the other one, which std gives each for the case that its own is used
/// up, has no room to follow the calls where processors have many registers to be kept. So a used-up stack is not reported.
fn handle(signal: libc::c_int) -> io::Result<()> {
    let handler: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut c_void) = on_signal;
    // SAFETY: all-zero bytes are a valid `sigaction`: no flags, no other signals held up.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler as libc::sighandler_t;
    action.sa_flags = libc::SA_SIGINFO;
    // SAFETY: the pointer is to a live value, and the handler is of the form that SA_SIGINFO tells.
    match unsafe { libc::sigaction(signal, &raw const action, std::ptr::null_mut()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Nothing here may allocate or take a lock; see the head of the file.
extern "C" fn on_signal(signal: libc::c_int, info: *mut libc::siginfo_t, _: *mut c_void) {
    if ENABLED.load(Relaxed) {
        // SAFETY: the system gives a pointer that is valid as long as the handler runs.
        report(unsafe { &*info });
    }
    // SAFETY: the default action is not code of ours.
    unsafe { libc::signal(signal, libc::SIG_DFL) };
    // SAFETY: no pointers. The signal is held up until the handler is left, so the process ends where it crashed.
    unsafe { libc::raise(signal) };
}

/// Has the crash reported, unless another thread has crashed before, whose report is then waited for.
fn report(info: &libc::siginfo_t) {
    let is_first = CRASH.signal.compare_exchange(0, info.si_signo, SeqCst, SeqCst).is_ok();
    if is_first {
        CRASH.code.store(info.si_code, Relaxed);
        if is_sent(info.si_code) {
            // SAFETY: signals that were sent come with their sender.
            CRASH.sender.store(unsafe { info.si_pid() }, Relaxed);
        } else {
            // SAFETY: those that come from a fault come with an address.
            CRASH.address.store(unsafe { info.si_addr() }.addr(), Relaxed);
        }
        // SAFETY: no pointers.
        CRASH.thread.store(unsafe { libc::gettid() }, Relaxed);
        take_calls();
        if let Some(mut bell) = BELL.get() {
            let _ = bell.write(&[1]);
        }
    }
    for _ in 0..PATIENCE.as_millis() / STEP.as_millis() {
        if CRASH.reported.load(SeqCst) {
            return;
        }
        pause();
    }
    if is_first {
        report_bare();
    }
}

/// Whether a signal with this code was sent by a process, and does not come from a fault.
fn is_sent(code: libc::c_int) -> bool {
    code <= 0
}

fn take_calls() {
    let take = |frame: &backtrace::Frame| {
        let depth = CRASH.depth.load(Relaxed);
        CRASH.calls[depth].store(frame.ip().addr(), Relaxed);
        CRASH.depth.store(depth + 1, Relaxed);
        depth + 1 < DEPTH_MAX
    };
    // SAFETY: of all threads only the first that crashes comes here.
    unsafe { backtrace::trace_unsynchronized(take) };
}

#[allow(clippy::disallowed_methods, reason = "a handler of signals has nothing better to wait on")]
fn pause() {
    std::thread::sleep(STEP);
}

/// Writes what can be written without memory: the signal and the addresses.
fn report_bare() {
    let mut room = [0; 4096];
    let mut text = Cursor::new(room.as_mut_slice());
    let (signal, address) = (CRASH.signal.load(Relaxed), CRASH.address.load(Relaxed));
    let _ = write!(text, "\nNyala crashed by signal: {signal}, address {address:#x}\n--- STACK TRACE\n");
    for call in CRASH.calls() {
        let _ = writeln!(text, "{call:#018x}");
    }
    let len = text.position() as usize;
    // SAFETY: the bytes are those that were just written into `room`.
    unsafe { libc::write(libc::STDERR_FILENO, room.as_ptr().cast(), len) };
}

fn report_when_called(mut bell: PipeReader) {
    if bell.read_exact(&mut [0]).is_err() {
        return;
    }
    let (signal, code) = (CRASH.signal.load(SeqCst), CRASH.code.load(Relaxed));
    let name = NAMES.iter().find(|row| row.0 == signal).map_or("unknown", |row| row.1);
    let thread = CRASH.thread.load(Relaxed);
    let thread = std::fs::read_to_string(format!("/proc/self/task/{thread}/comm")).unwrap_or_default();
    tracing::error!(
        "=== NYALA CRASH REPORT: Nyala {} crashed by signal: {signal} ({name}), si_code: {code}, in thread '{}'",
        env!("CARGO_PKG_VERSION"),
        thread.trim_end(),
    );
    if is_sent(code) {
        tracing::error!("Sent by process: {}", CRASH.sender.load(Relaxed));
    } else {
        tracing::error!("At address: {:#x}", CRASH.address.load(Relaxed));
    }
    tracing::error!("------ STACK TRACE ------\n{}", stack_trace());
    tracing::error!("=== END OF THE CRASH REPORT ===");
    CRASH.reported.store(true, SeqCst);
}

fn stack_trace() -> String {
    let mut text = String::new();
    for call in CRASH.calls() {
        let _ = write!(text, "{call:#018x}");
        backtrace::resolve(std::ptr::without_provenance_mut(call), |symbol| {
            if let Some(name) = symbol.name() {
                // With all their type parameters some names fill pages.
                let name: String = format!("{name:#}").chars().take(NAME_MAX).collect();
                let _ = write!(text, " {name}");
            }
            if let (Some(file), Some(line)) = (symbol.filename(), symbol.lineno()) {
                let _ = write!(text, " ({}:{line})", file.display());
            }
        });
        text.push('\n');
    }
    text
}
