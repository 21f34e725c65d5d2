//! CONFIG SET: several parameters, all of them or none.

use super::Config;
use super::param::Param;
use super::store::parse;
use super::table::ParamId;
use super::value::{Reason, Value, split_text};
use super::words::Guard;
use crate::util::sync::lock;
use thiserror::Error;

/// Who asks for a change.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// The client is on this machine (loopback or Unix socket).
    pub local: bool,
    /// A data set is being loaded.
    pub loading: bool,
}

/// Why nothing was changed. The text is that of Redis's reply without its code, which is `LOADING` for
/// [`SetError::Loading`] and `ERR` for the others.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SetError {
    /// A parameter may not change while a data set is being loaded; reported before any other fault.
    #[error("Redis is loading the dataset in memory")]
    Loading,
    /// No parameter has this name.
    #[error("Unknown option or number of arguments for CONFIG SET - '{0}'")]
    Unknown(String),
    /// A parameter may not be changed, did not take its value, or its change could not be put into effect.
    #[error("CONFIG SET failed (possibly related to argument '{name}') - {reason}")]
    Failed {
        /// The name as it was given.
        name: String,
        /// What was wrong.
        reason: Reason,
    },
}

impl SetError {
    fn failed(name: &[u8], reason: impl Into<Reason>) -> SetError {
        SetError::Failed { name: String::from_utf8_lossy(name).into_owned(), reason: reason.into() }
    }
}

/// A pair that passed the checks of its name.
struct Wanted<'a> {
    id: ParamId,
    name: &'a [u8],
    text: &'a [u8],
}

impl Config {
    /// Gives parameters new values: (name, text) pairs, names in any case.
    ///
    /// `apply` is called once with the parameters whose value really changed, while the new values are already in
    /// force; it does what the change entails and answers a parameter and a reason when that fails. Then every old value
    /// is put back and `apply` is called again with the same list, so that it can return to them; its answer to that is
    /// not looked at. Changes follow each other: `apply` must not call `set`.
    pub fn set(
        &self,
        pairs: &[(&[u8], &[u8])],
        caller: Caller,
        mut apply: impl FnMut(&[ParamId]) -> Result<(), (ParamId, Reason)>,
    ) -> Result<(), SetError> {
        let wanted = self.check_names(pairs, caller)?;
        let _one_at_a_time = lock(&self.changing);

        let mut old: Vec<(ParamId, Value)> = Vec::new();
        for Wanted { id, name, text } in &wanted {
            let before = self.value(*id);
            match parse(id.param(), &split_text(&id.param().kind, text), &before) {
                Ok(value) if value == before => {}
                Ok(value) => {
                    self.put(*id, value);
                    old.push((*id, before));
                }
                Err(reason) => {
                    self.put_back(old);
                    return Err(SetError::failed(name, reason));
                }
            }
        }

        let mut changed: Vec<ParamId> = old.iter().map(|(id, _)| *id).collect();
        changed.sort_unstable();
        changed.dedup();
        if changed.is_empty() {
            return Ok(());
        }
        let Err((id, reason)) = apply(&changed) else { return Ok(()) };
        self.put_back(old);
        let _ = apply(&changed);
        let name = wanted.iter().find(|pair| pair.id == id).map_or(id.name().as_bytes(), |pair| pair.name);
        Err(SetError::failed(name, reason))
    }

    /// What can be said about the names alone; but for loading, the first pair at fault gives the error.
    fn check_names<'a>(&self, pairs: &[(&'a [u8], &'a [u8])], caller: Caller) -> Result<Vec<Wanted<'a>>, SetError> {
        let denied = |param: &Param| param.deny_loading && self.check_allowed(param, caller).is_ok();
        let mut params = pairs.iter().filter_map(|(name, _)| ParamId::find(name)).map(ParamId::param);
        if caller.loading && params.any(denied) {
            return Err(SetError::Loading);
        }
        let mut wanted: Vec<Wanted<'a>> = Vec::with_capacity(pairs.len());
        for &(name, text) in pairs {
            let Some(id) = ParamId::find(name) else {
                return Err(SetError::Unknown(String::from_utf8_lossy(name).into_owned()));
            };
            self.check_allowed(id.param(), caller).map_err(|reason| SetError::failed(name, reason))?;
            // A name and its alias do not count as a repetition.
            if wanted.iter().any(|pair| pair.name.eq_ignore_ascii_case(name)) {
                return Err(SetError::failed(name, "duplicate parameter"));
            }
            wanted.push(Wanted { id, name, text });
        }
        Ok(wanted)
    }

    fn check_allowed(&self, param: &Param, caller: Caller) -> Result<(), &'static str> {
        let open = match self.enable_protected_configs() {
            Guard::Yes => true,
            Guard::Local => caller.local,
            Guard::No => false,
        };
        if param.immutable {
            return Err("can't set immutable config");
        }
        if param.protected && !open {
            return Err("can't set protected config");
        }
        Ok(())
    }

    /// Undoes changes, the last first.
    fn put_back(&self, old: Vec<(ParamId, Value)>) {
        for (id, value) in old.into_iter().rev() {
            self.put(id, value);
        }
    }
}
