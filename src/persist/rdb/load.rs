//! Loading a file into the keyspace: one thread reads and tells the records apart, others read the values and insert them,
//! each those of its own shards.
//!
//! The file is taken in chunks. A record that does not end in its chunk is moved to the front of the next, which is made
//! larger until the record fits: so memory is taken for what the file has, whatever its lengths say.

use std::io::{self, Read};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use super::super::Loading;
use super::decode::{Entry, Error, Fault, Limits, Loaded, Record, read_header, read_record};
use super::format::HEADER_BYTES;
use crate::keyspace::{EntryBox, KeyHash, Keyspace, Near, ShardId, StringValue};
use crate::util::crc::crc64;
use crate::util::sync::lock;
use crate::util::task;

/// Bytes that are read together.
const CHUNK_BYTES: usize = if cfg!(test) { 256 } else { 2 << 20 };
/// Entries whose places are brought near together: to wait for memory for one after the other is a third of the work.
const AHEAD: usize = 16;
/// Chunks that may wait for a thread that inserts.
const QUEUE: usize = 4;
/// Versions from this one on end with a checksum.
const FIRST_WITH_CHECKSUM: u32 = 5;
const CHECKSUM_BYTES: usize = 8;
/// Keys without elements that the log names.
const EMPTY_TOLD: u64 = 10;

/// How to load.
#[derive(Debug, Clone)]
pub struct LoadOptions {
    /// The forms that collections take.
    pub limits: Limits,
    /// The time, in milliseconds since 1970.
    pub now_ms: u64,
    /// Number of databases.
    pub databases: usize,
    /// Whether the checksum at the end has to be right.
    pub checksum: bool,
    /// Leaves out keys whose time has come. Not in front of an append-only file, which has yet to delete them.
    pub drop_expired: bool,
    /// Keys may be there already, and are replaced then.
    pub replace: bool,
    /// Threads that insert, beside the one that reads.
    pub threads: usize,
}

/// What a file had beside its keys.
#[derive(Debug, Default)]
pub struct Summary {
    /// Its version.
    pub version: u32,
    /// Its bytes, up to the end of the checksum.
    pub bytes: u64,
    /// Keys that were loaded.
    pub keys: u64,
    /// Keys whose time had come.
    pub expired: u64,
    /// Keys without elements, which were left out.
    pub empty: u64,
    /// Facts, by their names.
    pub aux: Vec<(String, String)>,
    /// Libraries of functions, by their code.
    pub functions: Vec<Vec<u8>>,
    /// It was written without a checksum.
    pub without_checksum: bool,
}

/// Why a file can not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Its bytes are wrong.
    #[error("{0}")]
    Format(#[from] Error),
    /// It can not be read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The loading was stopped.
    #[error("stopped")]
    Stopped,
}

/// An entry on its way to the thread that inserts it.
#[derive(Debug)]
struct Job {
    shard: ShardId,
    hash: KeyHash,
    db: usize,
    key: KeyText,
    expire_at_ms: Option<u64>,
    lru: u32,
    kind: u8,
    body: Range<usize>,
    offset: u64,
}

impl Job {
    fn key<'a>(&'a self, chunk: &'a [u8]) -> &'a [u8] {
        match &self.key {
            KeyText::InChunk(place) => &chunk[place.clone()],
            KeyText::Own(key) => key,
        }
    }
}

/// A key: bytes of the chunk, unless it was written as an integer or compressed.
#[derive(Debug)]
enum KeyText {
    InChunk(Range<usize>),
    Own(Box<[u8]>),
}

#[derive(Debug)]
struct Batch {
    chunk: Arc<Vec<u8>>,
    jobs: Vec<Job>,
}

/// What the threads have in common.
struct Common<'a> {
    keyspace: &'a Keyspace,
    options: &'a LoadOptions,
    version: u32,
    loading: &'a Loading,
    empty: AtomicU64,
    failed: AtomicBool,
    failure: Mutex<Option<Error>>,
}

/// Loads what `source` has into the keyspace, and keeps `loading` up to date. `each_key` is called for every key that is
/// met, and stops the loading by answering false. Behind the end of the file `source` may have been read further.
/// Locking: single shards, for the time of an insertion. The caller holds none, and sees to it that nobody else uses the
/// keyspace.
///
/// # Errors
/// See [`LoadError`]. The keyspace then has a part of the keys.
pub fn load(
    source: &mut dyn Read,
    keyspace: &Keyspace,
    options: &LoadOptions,
    loading: &Loading,
    each_key: &dyn Fn() -> bool,
) -> Result<Summary, LoadError> {
    let mut head = [0; HEADER_BYTES];
    let taken = read_full(source, &mut head)?;
    let version = read_header(&head[..taken])?;
    let common = Common {
        keyspace,
        options,
        version,
        loading,
        empty: AtomicU64::new(0),
        failed: AtomicBool::new(false),
        failure: Mutex::default(),
    };
    let threads = options.threads.max(1);
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..threads).map(|_| sync_channel(QUEUE)).unzip();
    let receivers: Vec<Mutex<Option<Receiver<Batch>>>> =
        receivers.into_iter().map(|receiver| Mutex::new(Some(receiver))).collect();
    let insert = |at: usize| {
        let receiver = lock(&receivers[at]).take();
        receiver.into_iter().flatten().for_each(|batch| common.insert_batch(&batch));
    };
    let read =
        task::beside("load", threads, insert, || Reader::new(&common, source, senders, crc64(0, &head)).run(each_key));
    if let Some(error) = common.failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error.into());
    }
    let mut summary = read?;
    summary.empty = common.empty.into_inner();
    summary.keys = loading.keys_loaded.load(Relaxed);
    loading.keys_expired.store(summary.expired, Relaxed);
    Ok(summary)
}

fn read_full(source: &mut dyn Read, to: &mut [u8]) -> io::Result<usize> {
    let mut taken = 0;
    while taken < to.len() {
        match source.read(&mut to[taken..]) {
            Ok(0) => break,
            Ok(count) => taken += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(taken)
}

impl Common<'_> {
    fn insert_batch(&self, batch: &Batch) {
        for jobs in batch.jobs.chunks(AHEAD) {
            if self.failed.load(Relaxed) {
                return;
            }
            jobs.iter().for_each(|job| self.keyspace.prefetch_shard(job.hash));
            jobs.iter().for_each(|job| self.keyspace.prefetch(job.db, job.hash, Near::Buckets));
            let loaded = jobs.iter().filter(|job| self.insert_one(&batch.chunk, job)).count();
            self.loading.keys_loaded.fetch_add(loaded as u64, Relaxed);
        }
    }

    /// Inserts an entry; answers whether it is there now, and notes why not.
    fn insert_one(&self, chunk: &[u8], job: &Job) -> bool {
        let key = job.key(chunk);
        match self.insert(chunk, job) {
            Ok(()) => return true,
            Err(Error { fault: Fault::EmptyKey, .. }) => {
                if self.empty.fetch_add(1, Relaxed) < EMPTY_TOLD {
                    tracing::info!("skipping empty key: {}", key.escape_ascii());
                }
            }
            Err(error) => {
                tracing::warn!("Error loading the key '{}': {error}", key.escape_ascii());
                self.failed.store(true, Relaxed);
                lock(&self.failure).get_or_insert(error);
            }
        }
        false
    }

    fn insert(&self, chunk: &[u8], job: &Job) -> Result<(), Error> {
        let key = job.key(chunk);
        let record = Entry {
            key: key.into(),
            expire_at_ms: None,
            idle_s: None,
            frequency: None,
            kind: job.kind,
            body: &chunk[job.body.clone()],
            offset: job.offset,
        };
        let due_ms = self.options.drop_expired.then_some(self.options.now_ms);
        let entry = match record.value(self.version, &self.options.limits, due_ms)? {
            Loaded::Int(number) => EntryBox::string(key, StringValue::Int(number), job.expire_at_ms, job.lru),
            Loaded::Text(text) => EntryBox::string(key, StringValue::encode(&text), job.expire_at_ms, job.lru),
            Loaded::Object(object) => EntryBox::object(key, object, job.expire_at_ms, job.lru),
        };
        let old = self.keyspace.lock(job.shard).db_mut(job.db).insert(entry, job.hash);
        match old {
            Some(_) if !self.options.replace => {
                Err(Error { offset: job.offset, fault: Fault::Corrupt("a key that comes twice") })
            }
            _ => Ok(()),
        }
    }
}

/// The thread that reads.
struct Reader<'a> {
    common: &'a Common<'a>,
    source: &'a mut dyn Read,
    senders: Vec<SyncSender<Batch>>,
    /// Of all bytes in front of the chunk.
    crc: u64,
    /// Where the chunk begins in the file.
    offset: u64,
    db: usize,
    summary: Summary,
}

/// What became of a chunk.
enum Parsed {
    /// The record at this place does not end in it.
    Until(usize),
    /// The file ends at this place.
    End(usize),
}

impl<'a> Reader<'a> {
    fn new(common: &'a Common<'a>, source: &'a mut dyn Read, senders: Vec<SyncSender<Batch>>, crc: u64) -> Self {
        let summary = Summary { version: common.version, ..Summary::default() };
        Reader { common, source, senders, crc, offset: HEADER_BYTES as u64, db: 0, summary }
    }

    fn run(mut self, each_key: &dyn Fn() -> bool) -> Result<Summary, LoadError> {
        let mut rest = Vec::new();
        let mut wanted = CHUNK_BYTES;
        loop {
            let mut chunk = std::mem::take(&mut rest);
            let had = chunk.len();
            chunk.resize(wanted, 0);
            let taken = read_full(self.source, &mut chunk[had..])?;
            let is_last = had + taken < wanted;
            chunk.truncate(had + taken);
            let chunk = Arc::new(chunk);
            let parsed = self.parse(&chunk, is_last, each_key)?;
            if self.common.failed.load(Relaxed) {
                return Err(LoadError::Stopped);
            }
            let (Parsed::Until(end) | Parsed::End(end)) = parsed;
            self.offset += end as u64;
            self.common.loading.loaded_bytes.store(self.offset, Relaxed);
            if let Parsed::End(_) = parsed {
                self.summary.bytes = self.offset;
                return Ok(self.summary);
            }
            self.crc = crc64(self.crc, &chunk[..end]);
            rest = chunk[end..].to_vec();
            // Twice as much of a record that is larger than a chunk.
            wanted = (2 * rest.len()).max(CHUNK_BYTES);
        }
    }

    fn parse(&mut self, chunk: &Arc<Vec<u8>>, is_last: bool, each_key: &dyn Fn() -> bool) -> Result<Parsed, LoadError> {
        let mut jobs: Vec<Vec<Job>> = self.senders.iter().map(|_| Vec::new()).collect();
        let mut at = 0;
        let parsed = loop {
            let (record, taken) = match read_record(&chunk[at..], self.offset + at as u64, self.common.version) {
                Err(Error { fault: Fault::Truncated, .. }) if !is_last => break Parsed::Until(at),
                read => read?,
            };
            match record {
                Record::End => match self.end(chunk, at + taken, is_last)? {
                    Some(end) => break Parsed::End(end),
                    None => break Parsed::Until(at),
                },
                Record::Entry(entry) => {
                    if !each_key() {
                        return Err(LoadError::Stopped);
                    }
                    if let Some(job) = self.job(chunk, &entry) {
                        jobs[usize::from(job.shard.0) % self.senders.len()].push(job);
                    }
                }
                other => self.note(other, at)?,
            }
            at += taken;
        };
        for (sender, jobs) in self.senders.iter().zip(jobs) {
            if !jobs.is_empty() {
                // Nobody takes it only when the thread has panicked.
                let sent = sender.send(Batch { chunk: Arc::clone(chunk), jobs });
                sent.map_err(|_| LoadError::Stopped)?;
            }
        }
        Ok(parsed)
    }

    fn job(&mut self, chunk: &[u8], entry: &Entry<'_>) -> Option<Job> {
        let Common { keyspace, options, .. } = self.common;
        let is_due = entry.expire_at_ms.is_some_and(|at_ms| at_ms < options.now_ms.cast_signed());
        if is_due && options.drop_expired {
            self.summary.expired += 1;
            return None;
        }
        let hash = keyspace.hash(&entry.key);
        let access = keyspace.access_mode.at(options.now_ms);
        let key = match &entry.key {
            std::borrow::Cow::Borrowed(key) => KeyText::InChunk(place(chunk, key)),
            std::borrow::Cow::Owned(key) => KeyText::Own(key.as_slice().into()),
        };
        Some(Job {
            shard: keyspace.shard_of(hash),
            hash,
            db: self.db,
            key,
            expire_at_ms: entry.expire_at_ms.map(|at_ms| at_ms.max(0).cast_unsigned()),
            lru: match (entry.idle_s, entry.frequency) {
                (Some(idle_s), _) => access.with_idle(idle_s),
                (_, Some(counter)) => access.with_frequency(counter),
                _ => access.fresh(),
            },
            kind: entry.kind,
            body: place(chunk, entry.body),
            offset: entry.offset,
        })
    }

    fn note(&mut self, record: Record<'_>, at: usize) -> Result<(), LoadError> {
        match record {
            Record::SelectDb(db) => {
                let known = usize::try_from(db).ok().filter(|&db| db < self.common.options.databases);
                let Some(db) = known else {
                    let what = format!(
                        "Data file was created with a Server configured to handle more than {} databases",
                        self.common.options.databases
                    );
                    return Err(Error { offset: self.offset + at as u64, fault: Fault::Unsupported(what) }.into());
                };
                self.db = db;
            }
            Record::Aux { name, value } => {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                let (name, value) = (text(&name), text(&value));
                if let ("used-mem", Ok(bytes)) = (name.as_str(), value.parse()) {
                    self.common.loading.saved_memory_bytes.store(bytes, Relaxed);
                }
                self.summary.aux.push((name, value));
            }
            Record::Function(code) => self.summary.functions.push(code.into_owned()),
            Record::ResizeDb { .. } | Record::Skipped | Record::Entry(_) | Record::End => {}
        }
        Ok(())
    }

    /// The end of the file, whose last record ends at `at`: where the checksum behind it ends, or `None` when that is
    /// yet to be read.
    fn end(&mut self, chunk: &[u8], at: usize, is_last: bool) -> Result<Option<usize>, LoadError> {
        if self.summary.version < FIRST_WITH_CHECKSUM {
            return Ok(Some(at));
        }
        let Some(told) = chunk[at..].first_chunk::<CHECKSUM_BYTES>() else {
            let truncated = Error { offset: self.offset + chunk.len() as u64, fault: Fault::Truncated };
            return if is_last { Err(truncated.into()) } else { Ok(None) };
        };
        let told = u64::from_le_bytes(*told);
        self.summary.without_checksum = told == 0;
        let own = crc64(self.crc, &chunk[..at]);
        if self.common.options.checksum && told != 0 && told != own {
            let what = format!("Wrong RDB checksum expected: ({own:x}) but got ({told:x})");
            return Err(Error { offset: self.offset + at as u64, fault: Fault::Unsupported(what) }.into());
        }
        Ok(Some(at + CHECKSUM_BYTES))
    }
}

/// Where a part of the chunk lies in it.
fn place(chunk: &[u8], part: &[u8]) -> Range<usize> {
    let start = part.as_ptr().addr() - chunk.as_ptr().addr();
    start..start + part.len()
}

#[cfg(all(test, not(feature = "loom")))]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::super::{Encoder, Options, VERSION};
    use super::*;
    use crate::keyspace::KeyHasher;

    fn options() -> LoadOptions {
        LoadOptions {
            limits: Limits::usual(),
            now_ms: 1000,
            databases: 4,
            checksum: true,
            drop_expired: true,
            replace: false,
            threads: 2,
        }
    }

    fn keyspace() -> Keyspace {
        Keyspace::new(8, KeyHasher::random())
    }

    fn load_bytes(mut bytes: &[u8], options: &LoadOptions) -> Result<(Keyspace, Summary), LoadError> {
        let keyspace = keyspace();
        let summary = load(&mut bytes, &keyspace, options, &Loading::default(), &|| true)?;
        Ok((keyspace, summary))
    }

    /// `count` keys of growing length in each of two databases, some past their time.
    fn file(count: usize) -> Vec<u8> {
        let mut encoder = Encoder::new(Options { compress: false, ..Options::default() });
        let mut file = Vec::new();
        encoder.header(&mut file, VERSION);
        encoder.aux(&mut file, "redis-bits", "64");
        encoder.function(&mut file, b"lib");
        for db in [0, 3] {
            encoder.select_db(&mut file, db, count, count / 5);
            for number in 0..count {
                let key = format!("key {number}");
                let text = vec![number as u8; number * 3];
                let expire_at_ms = (number % 5 == 0).then_some(if number % 10 == 0 { 500 } else { 5000 });
                let entry = EntryBox::string(key.as_bytes(), StringValue::encode(&text), expire_at_ms, 0);
                encoder.entry(&mut file, entry.view());
            }
        }
        let crc = crc64(0, &file);
        encoder.end(&mut file, Some(crc));
        file
    }

    #[test]
    fn files_come_back() {
        let file = file(300);
        let (keyspace, summary) = load_bytes(&file, &options()).unwrap();
        assert_eq!((summary.version, summary.bytes), (VERSION, file.len() as u64));
        assert_eq!((summary.keys, summary.expired, summary.empty), (540, 60, 0));
        assert_eq!(summary.functions, [b"lib".to_vec()]);
        assert!(summary.aux.contains(&("redis-bits".into(), "64".into())));
        for number in (0..300).filter(|number| number % 10 != 0) {
            let key = format!("key {number}");
            let hash = keyspace.hash(key.as_bytes());
            let shard = keyspace.lock(keyspace.shard_of(hash));
            let entry = shard.db(3).and_then(|db| db.get(key.as_bytes(), hash)).expect("it was saved");
            let text = entry.value().text(&mut itoa::Buffer::new()).map(<[u8]>::to_vec);
            assert_eq!(text, Some(vec![number as u8; number * 3]));
            assert_eq!(entry.expire_at_ms(), (number % 5 == 0).then_some(5000));
        }
        let all = LoadOptions { drop_expired: false, ..options() };
        assert_eq!(load_bytes(&file, &all).unwrap().1.keys, 600);
    }

    #[test]
    fn every_cut_is_told_with_its_place() {
        let file = file(20);
        for cut in 0..file.len() {
            match load_bytes(&file[..cut], &options()) {
                Err(LoadError::Format(Error { offset, fault: Fault::Truncated })) => assert_eq!(offset, cut as u64),
                other => panic!("{cut}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_is_behind_the_end_is_left_alone() {
        let mut file = file(20);
        let len = file.len() as u64;
        file.extend(b"*1\r\n$4\r\nPING\r\n");
        assert_eq!(load_bytes(&file, &options()).unwrap().1.bytes, len);
    }

    #[test]
    fn wrong_files() {
        let mut file = file(20);
        let fails = |file: &[u8], options: &LoadOptions| load_bytes(file, options).unwrap_err().to_string();
        let last = file.len() - 1;
        file[last] ^= 1;
        assert!(fails(&file, &options()).contains("Wrong RDB checksum"));
        assert!(load_bytes(&file, &LoadOptions { checksum: false, ..options() }).is_ok());
        file[last] ^= 1;
        assert!(fails(&file, &LoadOptions { databases: 2, ..options() }).contains("more than 2 databases"));
        let mut encoder = Encoder::new(Options::default());
        let mut twice = b"REDIS0004".to_vec();
        let entry = EntryBox::string(b"k", StringValue::Int(1), None, 0);
        encoder.entry(&mut twice, entry.view());
        encoder.entry(&mut twice, entry.view());
        twice.push(255);
        assert!(fails(&twice, &options()).contains("twice"));
        assert!(load_bytes(&twice, &LoadOptions { replace: true, ..options() }).is_ok());
        // A set without members, then a list without elements in a collection's place: left out.
        let empty = load_bytes(b"REDIS0004\x02\x01s\0\x01\x01l\0\xff", &options()).unwrap().1;
        assert_eq!((empty.keys, empty.empty), (0, 2));
        let stop = load(&mut &twice[..], &keyspace(), &options(), &Loading::default(), &|| false);
        assert!(matches!(stop, Err(LoadError::Stopped)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn flipped_bits_are_told_or_do_no_harm(flips in prop::collection::vec((any::<prop::sample::Index>(), 0u8..8), 1..4)) {
            let mut file = file(40);
            let len = file.len();
            for (at, bit) in flips {
                file[at.index(len)] ^= 1 << bit;
            }
            let _ = load_bytes(&file, &LoadOptions { checksum: false, ..options() });
        }
    }
}
