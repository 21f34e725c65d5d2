//! The values in force.

use super::dir;
use super::param::{Kind, Param, Status};
use super::table::{COUNT, ParamId};
use super::value::{self, OutputLimit, Reason, Value};
use crate::util::sync::{read, write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, RwLock};

/// The values of all parameters, shared by every thread.
///
/// Numeric kinds are atomics: a reader needs one relaxed load and no lock. Texts and lists are behind one lock, held
/// only to copy a value. Changes take the lock `changing`, so they follow each other.
#[derive(Debug)]
pub struct Config {
    numbers: [AtomicI64; COUNT],
    /// Copy of `client-output-buffer-limit`, read whenever output grows.
    limits: [[AtomicU64; 3]; 3],
    cold: RwLock<Vec<Value>>,
    pub(super) changing: Mutex<()>,
    pub(super) file: Option<PathBuf>,
    pub(super) renames: Vec<super::Rename>,
}

impl Default for Config {
    fn default() -> Config {
        Config::new()
    }
}

impl Config {
    /// Every parameter at its default; `dir` is the directory the process was started in.
    pub fn new() -> Config {
        let config = Config {
            numbers: [const { AtomicI64::new(0) }; COUNT],
            limits: Default::default(),
            cold: RwLock::new(vec![Value::Number(0); COUNT]),
            changing: Mutex::new(()),
            file: None,
            renames: Vec::new(),
        };
        for id in ParamId::all() {
            config.put(id, default_of(id.param()));
        }
        config
    }

    /// The file the values came from and CONFIG REWRITE writes to, as an absolute path.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The commands that `rename-command` lines rename or disable, in the order of the lines.
    pub fn renames(&self) -> &[super::Rename] {
        &self.renames
    }

    /// Stored number of a parameter of a numeric kind.
    pub(super) fn number(&self, id: ParamId) -> i64 {
        self.numbers[id.index()].load(Relaxed)
    }

    pub(super) fn value(&self, id: ParamId) -> Value {
        let cold = read(&self.cold);
        match &cold[id.index()] {
            Value::Number(_) => Value::Number(self.number(id)),
            value => value.clone(),
        }
    }

    pub(super) fn put(&self, id: ParamId, value: Value) {
        match value {
            Value::Number(number) => self.numbers[id.index()].store(number, Relaxed),
            value => {
                if let Value::OutputLimits(limits) = &value {
                    self.put_limits(limits);
                }
                write(&self.cold)[id.index()] = value;
            }
        }
    }

    fn put_limits(&self, limits: &[OutputLimit; 3]) {
        for (cells, limit) in self.limits.iter().zip(limits) {
            cells[0].store(limit.hard_bytes, Relaxed);
            cells[1].store(limit.soft_bytes, Relaxed);
            cells[2].store(limit.soft_seconds, Relaxed);
        }
    }

    pub(super) fn limit(&self, class: super::ClientClass) -> OutputLimit {
        let [hard_bytes, soft_bytes, soft_seconds] =
            self.limits[class as usize].each_ref().map(|cell| cell.load(Relaxed));
        OutputLimit { hard_bytes, soft_bytes, soft_seconds }
    }

    /// The text of a parameter as CONFIG GET shows it.
    pub fn text(&self, id: ParamId) -> Vec<u8> {
        value::print(&id.param().kind, &self.value(id))
    }
}

/// The value of a parameter that nothing set.
pub(super) fn default_of(param: &Param) -> Value {
    if param.kind == Kind::Dir {
        return dir::started_in();
    }
    let args = value::split_text(&param.kind, param.default.as_bytes());
    value::parse(param, &args, &Value::Number(0)).expect("a test parses every default")
}

/// Parses arguments for a parameter and refuses what the server does not do.
pub(super) fn parse(param: &Param, args: &[&[u8]], current: &Value) -> Result<Value, Reason> {
    let value = value::parse(param, args, current)?;
    if let Status::OffOnly { off, reason } = param.status {
        let text = value::print(&param.kind, &value);
        if !off.iter().any(|known| known.as_bytes() == text) {
            return Err(reason.into());
        }
    }
    Ok(value)
}
