//! The working directory (`dir`): relative texts are resolved against the value before, so that the stored one is
//! always absolute.

use super::value::{Reason, Value};
use crate::util::os::error_text;
use bytes::Bytes;
use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// The path behind a stored directory.
pub(crate) fn path_of(value: &Value) -> PathBuf {
    match value {
        Value::Text(text) => PathBuf::from(OsStr::from_bytes(text)),
        _ => PathBuf::new(),
    }
}

/// The directory the process was started in.
pub(crate) fn started_in() -> Value {
    Value::Text(std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/")).into_os_string().into_vec().into())
}

/// Checks that `arg`, seen from `current`, is a directory one may enter, and gives its absolute path.
pub(crate) fn resolve(arg: &[u8], current: &Value) -> Result<Value, Reason> {
    let path = path_of(current).join(Path::new(OsStr::from_bytes(arg)));
    let resolved = path.canonicalize().map_err(|error| error_text(&error))?;
    // Opening the path with a trailing dot asks for the right to enter it.
    resolved.join(".").metadata().map_err(|error| error_text(&error))?;
    Ok(Value::Text(Bytes::from(resolved.into_os_string().into_vec())))
}
