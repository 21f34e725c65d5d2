//! The append-only file when the server starts: loaded, then appended to.

use std::fs::File;
use std::io::{BufReader, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::Replay;
use super::start::{load_beside, load_functions};
use crate::persist::aof::file::{Dir, cut_off};
use crate::persist::aof::load::{Item, LoadError, Reader};
use crate::persist::aof::{Manifest, manifest_name};
use crate::persist::rdb;
use crate::script::Libraries;
use crate::state::{Gate, LoadKind, Server, load_error_text};
use crate::util::clock::{seconds_since, ticks};
use crate::util::os::error_text;
use crate::util::task;

/// Between two looks at what the log's writer has to finish first.
const TICK: Duration = Duration::from_millis(1);
/// Bytes read at once.
const BUFFER_BYTES: usize = 256 * 1024;

/// Starts what the append-only file needs: its threads, and where it is on, loading. Clients are told to wait until
/// that is done. A log that cannot be loaded ends the process, since to go on would be to lose it.
pub fn start_log(server: &Arc<Server>) {
    let writing = Arc::clone(server);
    task::spawn_thread("aof", move || {
        let server = &*writing;
        let journal = &server.keyspace.journal;
        server.aof.run(
            journal,
            || server.clock.now_ms(),
            || {
                let (failed, behind) = (Gate::LOG_FAILED, Gate::LOG_BEHIND);
                let has_failed = server.aof.failure().is_some();
                if has_failed != server.gate().intersects(failed) {
                    server.set_gate(failed, has_failed);
                }
                if server.gate().intersects(behind) && !journal.is_full() {
                    server.set_gate(behind, false);
                    server.keyspace.released.notify_waiters();
                }
                false
            },
        );
    });
    let _ = server.reload_log.set(reload_log);
    let rewriting = Arc::clone(server);
    task::spawn_thread("aof-rewrite", move || rewriting.run_rewrites());
    if !server.config.appendonly() {
        return;
    }
    server.set_gate(Gate::LOADING, true);
    let loading = Arc::clone(server);
    load_beside(move || {
        let loaded = load_log(&loading).and_then(|(dir, manifest)| {
            loading
                .open_log(dir, manifest)
                .map_err(|error| format!("Can't open the append-only file: {}", error_text(&error)))
        });
        if let Err(text) = loaded {
            tracing::error!("{text}");
            std::process::exit(1);
        }
        loading.set_gate(Gate::LOADING, false);
    });
}

/// Loads the log, if there is one.
///
/// # Errors
/// The text for the server's log.
fn load_log(server: &Arc<Server>) -> Result<(Dir, Manifest), String> {
    let path = server.log_dir();
    let stem = server.config.appendfilename();
    let started = ticks();
    let dir =
        Dir::take(&path).map_err(|error| format!("Can't open the append-only dir {}: {error}", path.display()))?;
    let manifest = find_manifest(server, &dir, &stem)?;
    if !manifest.is_empty() {
        load_files(server, &path, &manifest)?;
        tracing::info!("DB loaded from append only file: {:.3} seconds", seconds_since(started));
    }
    Ok((dir, manifest))
}

/// Loads what is in the files once more. While a log that was turned on gets its first base, its files lack what was
/// there before; so that is waited for.
fn reload_log(server: &Arc<Server>) -> Result<(), String> {
    let journal = &server.keyspace.journal;
    while server.aof.with_writer(|writer| writer.lacks_base()) == Some(true) {
        std::thread::park_timeout(TICK);
    }
    server.set_gate(Gate::LOADING, true);
    let reloaded = (|| {
        // What ran before the gate closed has let go of its shards when all of them are locked.
        let mut locked = server.lock_all();
        journal.turn(false);
        server.aof.want(journal.last());
        while server.aof.durable() < journal.last() && server.aof.failure().is_none() {
            std::thread::park_timeout(TICK);
        }
        locked.empty_dbs(None);
        // A snapshot that runs takes its time over what it has not saved yet.
        server.lazy_free.free(locked.unlock());
        server.scripts.change_libraries(|libraries| {
            *libraries = Libraries::default();
            Ok::<_, String>(())
        })?;
        load_files(server, &server.log_dir(), &present_manifest(server)?)
    })();
    let locked = server.lock_all();
    journal.turn(server.aof.is_on());
    drop(locked.unlock());
    server.set_gate(Gate::LOADING, false);
    reloaded
}

/// The files of the log. While it is off, those that it left, or that BGREWRITEAOF has written since.
fn present_manifest(server: &Server) -> Result<Manifest, String> {
    if let Some(manifest) = server.aof.with_writer(|writer| writer.manifest().clone()) {
        return Ok(manifest);
    }
    let manifest = server.log_manifest().map_err(|error| format!("Reading the manifest failed: {error}"))?;
    if manifest.is_empty() { Err("there is no append-only file".to_owned()) } else { Ok(manifest) }
}

fn load_files(server: &Arc<Server>, path: &Path, manifest: &Manifest) -> Result<(), String> {
    let sizes = manifest.loaded().filter_map(|file| std::fs::metadata(path.join(&file.name)).ok());
    server.loading.begin(server.clock.now_ms(), sizes.map(|file| file.len()).sum());
    let mut replay = Replay::new(Arc::clone(server));
    let files = manifest.loaded();
    let last = files.len() - 1;
    for (at, file) in files.enumerate() {
        let is_base = manifest.base.as_ref() == Some(file);
        let kind = if is_base { "base" } else { "incr" };
        let file_started = ticks();
        load_file(server, &mut replay, &path.join(&file.name), at == last)?;
        tracing::info!("DB loaded from {kind} file {}: {:.3} seconds", file.name, seconds_since(file_started));
    }
    if replay.failed() > 0 {
        tracing::warn!("{} commands of the append only file answered an error", replay.failed());
    }
    Ok(())
}

/// Reads the manifest. A log of one file, as Redis had them before version 7, is moved into the directory and becomes the
/// base.
fn find_manifest(server: &Server, dir: &Dir, stem: &str) -> Result<Manifest, String> {
    let name = manifest_name(stem);
    let manifest = Manifest::read(&dir.file(&name))
        .map_err(|error| format!("Reading the manifest file {} failed: {error}", dir.file(&name).display()))?
        .unwrap_or_default();
    let old = server.config.dir().join(stem);
    // A move that was interrupted is finished; where the file has been moved, another one of its name is nobody's.
    let is_old_base = manifest.incremental.is_empty()
        && manifest.base.as_ref().is_some_and(|base| base.name == stem)
        && !dir.file(stem).exists();
    if !old.is_file() || !(manifest.is_empty() || is_old_base) {
        return Ok(manifest);
    }
    let manifest = Manifest::of_one_file(stem);
    let moved = dir.replace(&name, manifest.text().as_bytes()).and_then(|()| std::fs::rename(&old, dir.file(stem)));
    moved
        .and_then(|()| dir.sync())
        .map_err(|error| format!("Can't move {} into the AOF directory: {error}", old.display()))?;
    tracing::info!("Successfully migrated an old-style AOF configuration ({stem}) into the AOF directory.");
    Ok(manifest)
}

fn load_file(server: &Arc<Server>, replay: &mut Replay, path: &Path, is_last: bool) -> Result<(), String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let fatal = |error: LoadError| match error {
        LoadError::Format { .. } => format!(
            "Bad file format reading the append only file {name}: make a backup of your AOF file, then use `nyala check \
             --fix`. {error}"
        ),
        LoadError::Truncated { .. } => format!(
            "Unexpected end of file reading the append only file {name}. You can make a backup of your AOF file, then use \
             `nyala check --fix`, or set aof-load-truncated to yes and restart the server. {error}"
        ),
        LoadError::Command { .. } | LoadError::Io(_) => format!("{name}: {error}"),
    };
    let mut file = File::open(path).map_err(|error| {
        format!("Fatal error: can't open the append log file {name} for reading: {}", error_text(&error))
    })?;
    match load_commands(server, &mut file, replay) {
        Ok(()) => Ok(()),
        Err(LoadError::Truncated { offset }) if is_last && server.config.aof_load_truncated() => {
            replay.drop_unit();
            tracing::warn!("!!! Warning: short read while loading the AOF file {name}!!!");
            tracing::warn!("AOF loaded anyway because aof-load-truncated is enabled");
            cut_off(path, offset).map_err(|error| format!("Error truncating the AOF file {name}: {error}"))?;
            tracing::warn!("Truncated the AOF {name} at offset {offset}");
            Ok(())
        }
        Err(error) => Err(fatal(error)),
    }
}

/// Loads a file: a snapshot, if it begins with one, and the commands behind it.
fn load_commands(server: &Arc<Server>, file: &mut File, replay: &mut Replay) -> Result<(), LoadError> {
    let len = file.metadata()?.len();
    let before = server.loading.loaded_bytes.load(Relaxed);
    let mut start = 0;
    if rdb::is_snapshot(file)? {
        tracing::info!("Reading RDB base file on AOF loading...");
        let summary = server.load_rdb(file, LoadKind::Preamble);
        let summary = summary.map_err(|error| LoadError::Command { offset: 0, text: load_error_text(&error) })?;
        load_functions(server, &summary);
        start = summary.bytes;
        file.seek(SeekFrom::Start(start))?;
    }
    let mut reader = Reader::new(BufReader::with_capacity(BUFFER_BYTES, file), start, len);
    loop {
        let offset = reader.offset();
        server.loading.loaded_bytes.store(before + offset, Relaxed);
        match reader.next_item()? {
            None => return Ok(()),
            Some(Item::Command(argv)) => replay.apply(argv).map_err(|_| {
                let text = format!("Unknown command '{}'", argv.get(0).escape_ascii());
                LoadError::Command { offset, text }
            })?,
            Some(Item::Time(_) | Item::Remark) => {}
        }
    }
}
