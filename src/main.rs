//! The `nyala` binary: arguments, configuration, logging, then the server.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use nyala::commands::{self, RenameError};
use nyala::config::{Caller, Config, Invocation, LoadError, LogFormat, Supervised, USAGE};
use nyala::dispatch::{self, start};
use nyala::keyspace::{KeyHasher, Keyspace};
use nyala::net::{self, Listeners};
use nyala::persist::aof::check::{Cut, Dialogue};
use nyala::persist::{self, snapshot};
use nyala::state::{Gate, Server};
use nyala::util::clock::Clock;
use nyala::util::log::{self, Form, Target};
use nyala::util::{alloc, crash, os, task};

/// Shards for each worker where the configuration does not say. Two commands on different keys then meet on a shard
/// about once in 64 times even when all workers are in one at once, which they are for a part of their time only.
const SHARDS_PER_WORKER: usize = 64;
/// Fewest and most shards chosen so. An empty shard costs some hundred bytes; FLUSHALL and the like visit every one.
const SHARDS: (usize, usize) = (64, 1024);
/// Files open besides the clients' sockets: listeners, logs, and those of the workers' runtimes.
const FILES_RESERVED: u64 = 32;

/// Between two looks at how far the data set is loaded.
const BAR_EVERY: Duration = Duration::from_millis(100);

fn main() -> ExitCode {
    match Invocation::parse(std::env::args_os().skip(1), &mut io::stdin()) {
        Ok(Invocation::Version) => print(version()),
        Ok(Invocation::Help) => print(USAGE.trim_end()),
        Ok(Invocation::Check { path, fix, until_s }) => {
            let cut = until_s.map_or(if fix { Cut::Faulty } else { Cut::Nothing }, Cut::Later);
            let mut dialogue = Dialogue { answers: &mut io::stdin().lock(), out: &mut io::stdout() };
            if persist::check_file(&path, cut, &mut dialogue) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Ok(Invocation::Run(config)) => match run(*config) {
            Ok(()) => ExitCode::SUCCESS,
            Err(Failed::BeforeLog(text)) => {
                let _ = writeln!(io::stderr(), "\n{text}");
                ExitCode::FAILURE
            }
            Err(Failed::Logged) => ExitCode::FAILURE,
        },
        Err(error) => {
            let _ = writeln!(io::stderr(), "\n{error}");
            ExitCode::FAILURE
        }
    }
}

fn print(text: impl Display) -> ExitCode {
    match writeln!(io::stdout(), "{text}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn version() -> String {
    let allocator = if cfg!(feature = "system-alloc") { "system" } else { "jemalloc" };
    format!("Nyala server v={} malloc={allocator} bits={}", env!("CARGO_PKG_VERSION"), usize::BITS)
}

/// Why the server did not start.
enum Failed {
    /// There is no log yet: for the standard error stream.
    BeforeLog(String),
    /// The log has it.
    Logged,
}

fn run(config: Config) -> Result<(), Failed> {
    let before_log = |error: &dyn Display| Failed::BeforeLog(error.to_string());
    let logged = |error: &dyn Display| {
        tracing::error!("{error}");
        Failed::Logged
    };
    std::env::set_current_dir(config.dir())
        .map_err(|error| before_log(&format!("Can't chdir to '{}': {error}", config.dir().display())))?;
    install_commands(&config).map_err(|error| before_log(&error))?;
    // Before the first thread.
    if config.daemonize() && config.supervised() == Supervised::No {
        os::daemonize().map_err(|error| before_log(&format!("Can't run in the background: {error}")))?;
    }
    start_log(&config).map_err(|error| before_log(&error))?;
    os::ignore_hangup();
    if let Err(error) = crash::enable(config.crash_log_enabled()) {
        tracing::warn!("A crash will not be reported: {}", os::error_text(&error));
    }
    greet(&config);
    alloc::set_background_thread(config.jemalloc_bg_thread());
    let workers = match config.workers() {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        workers => workers,
    };
    raise_file_limit(&config, workers).map_err(|error| logged(&error))?;
    let listeners = Listeners::open(&config).map_err(|error| logged(&error))?;
    introduce(&config);
    if let Some(path) = config.pidfile()
        && let Err(error) = std::fs::write(&path, format!("{}\n", std::process::id()))
    {
        tracing::warn!("Failed to write PID file {}: {}", path.display(), os::error_text(&error));
    }
    snapshot::remove_temporaries(&config.dir());
    tracing::info!("Server initialized");
    let keyspace = Keyspace::new(shards(&config, workers), KeyHasher::random());
    let server = Arc::new(Server::new(config, Clock::system(), keyspace, workers, commands::table().all().len()));
    start::load_snapshot(&server);
    dispatch::start_log(&server);
    show_loading(&server);
    let served = net::serve(&server, listeners, || ready(&server.config));
    server.stop_log();
    if let Some(path) = server.config.pidfile() {
        tracing::info!("Removing the pid file.");
        let _ = std::fs::remove_file(path);
    }
    served.map_err(|error| logged(&error))?;
    tracing::warn!("Nyala is now ready to exit, bye bye...");
    Ok(())
}

/// Builds the command table; a bad `rename-command` line is told like any other bad line.
fn install_commands(config: &Config) -> Result<(), LoadError> {
    let renames = config.renames();
    let pairs: Vec<_> = renames.iter().map(|rename| (rename.from.clone(), rename.to.clone())).collect();
    let Err(error) = commands::install(&pairs) else { return Ok(()) };
    let (RenameError::NoSuchCommand(at) | RenameError::Exists(at)) = error else {
        unreachable!("nothing looks a command up before")
    };
    let rename = &renames[at];
    let (origin, number) = rename.place.clone();
    let line = format!("rename-command \"{}\" \"{}\"", rename.from, rename.to);
    Err(LoadError::Line { origin, number, line, reason: error.to_string().into() })
}

fn start_log(config: &Config) -> Result<(), String> {
    let logfile = config.logfile();
    let path = logfile.clone().unwrap_or_default();
    let target = logfile.map_or(Target::Stdout, Target::File);
    let form = match config.log_format() {
        LogFormat::Human => Form::Human,
        LogFormat::Json => Form::Json,
    };
    log::start(target, form, config.loglevel().level())
        .map_err(|error| format!("Can't open the log file '{}': {}", path.display(), os::error_text(&error)))?;
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or(String::new(), |place| format!(" at {}:{}", place.file(), place.line()));
        let text = panic.payload().downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.payload().downcast_ref::<String>().map(String::as_str));
        let thread = std::thread::current();
        let thread = thread.name().unwrap_or("unnamed");
        tracing::error!(thread, "panic{place}: {}", text.unwrap_or("no text"));
    }));
    Ok(())
}

fn greet(config: &Config) {
    let pid = std::process::id();
    tracing::warn!("Nyala version={}, bits={}, pid={pid}, just started", env!("CARGO_PKG_VERSION"), usize::BITS);
    match config.file() {
        Some(_) => tracing::warn!("Configuration loaded"),
        None => tracing::warn!("Warning: no config file specified, using the default config."),
    }
}

/// Says where the server is found; who reads that line may connect.
fn introduce(config: &Config) {
    let pid = std::process::id();
    if config.always_show_logo() || logs_to_terminal(config) {
        let _ = writeln!(io::stdout(), "{}", drawing(config.port(), pid));
    } else {
        tracing::info!("Running mode=standalone, port={}, PID: {pid}", config.port());
    }
}

fn logs_to_terminal(config: &Config) -> bool {
    config.logfile().is_none() && config.log_format() == LogFormat::Human && io::stdout().is_terminal()
}

/// Draws on a terminal how far the data set is loaded, until it is.
fn show_loading(server: &Arc<Server>) {
    let is_loading = |server: &Server| server.gate().intersects(Gate::LOADING);
    if !is_loading(server) || !logs_to_terminal(&server.config) {
        return;
    }
    let server = Arc::clone(server);
    task::spawn_thread("progress", move || {
        while is_loading(&server) {
            log::show_bar(&server.loading.bar(server.clock.now_ms()));
            std::thread::park_timeout(BAR_EVERY);
        }
        log::clear_bar();
    });
}

/// The start-up drawing: the head of a striped antelope.
fn drawing(port: u16, pid: u32) -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!(
        r"
      \            //
       \          //
        ||        ||
        ((        ))
    __   \______//   __       Nyala {version}
    \ \__/        \__/ /       Running in standalone mode
     \__   o    o   __/        Port: {port}
        \   ====   /           PID: {pid}
         |  ====  |
         |  ====  |            Stripes, each behind its own lock.
          \  ..  /
           \____/
"
    )
}

fn shards(config: &Config, workers: usize) -> usize {
    match config.shards() {
        0 => (workers * SHARDS_PER_WORKER).next_power_of_two().clamp(SHARDS.0, SHARDS.1),
        shards => shards.next_power_of_two(),
    }
}

/// Makes room for `maxclients` sockets among the files that may be open, or lowers `maxclients` to what there is.
fn raise_file_limit(config: &Config, workers: usize) -> Result<(), String> {
    let wanted_clients = config.maxclients() as u64;
    let reserved = FILES_RESERVED.max(16 + 4 * workers as u64);
    let wanted = wanted_clients + reserved;
    let (limit, refused) = match os::raise_file_limit(wanted) {
        Ok(reached) => reached,
        Err(error) => {
            tracing::warn!("Unable to obtain the current NOFILE limit ({error}), maxclients stays {wanted_clients}.");
            return Ok(());
        }
    };
    let Some(refused) = refused else { return Ok(()) };
    let Some(clients) = limit.checked_sub(reserved).filter(|&clients| clients > 0) else {
        return Err(format!(
            "Your current 'ulimit -n' of {limit} is not enough for the server to start. Please increase your open file \
             limit to at least {}. Exiting.",
            reserved + 1
        ));
    };
    tracing::warn!("You requested maxclients of {wanted_clients} requiring at least {wanted} max file descriptors.");
    tracing::warn!("Server can't set maximum open files to {wanted} because of OS error: {refused}.");
    tracing::warn!(
        "Current maximum open files is {limit}. maxclients has been reduced to {clients} to compensate for low ulimit. \
         If you need higher maxclients increase 'ulimit -n'."
    );
    let clients = clients.to_string();
    config
        .set(&[(b"maxclients", clients.as_bytes())], Caller { local: true, loading: false }, |_| Ok(()))
        .map_err(|error| error.to_string())
}

/// The server accepts connections.
fn ready(config: &Config) {
    if config.port() != 0 {
        tracing::info!("Ready to accept connections tcp");
    }
    if let Some(path) = config.unixsocket() {
        tracing::info!("The server is now ready to accept connections at {}", path.display());
    }
    if matches!(config.supervised(), Supervised::Systemd | Supervised::Auto)
        && let Some(socket) = std::env::var_os("NOTIFY_SOCKET")
        && let Err(error) = notify_ready(Path::new(&socket))
    {
        tracing::warn!("systemd supervision error: {error}");
    }
}

/// Tells the service manager that the server is ready: one datagram, see sd_notify(3).
fn notify_ready(socket: &Path) -> io::Result<()> {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    let address = match socket.as_os_str().as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        _ => SocketAddr::from_pathname(socket)?,
    };
    UnixDatagram::unbound()?.send_to_addr(b"STATUS=Ready to accept connections\nREADY=1\n", &address)?;
    Ok(())
}
