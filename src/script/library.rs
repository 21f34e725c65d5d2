//! Libraries of functions: what FUNCTION LOAD has accepted, shared by all threads.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use ahash::AHashMap;

use super::cache::Standing;
use super::flags::ScriptFlags;

/// A function of a library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// What it is good for.
    pub description: Option<Vec<u8>>,
    /// What it promises.
    pub flags: ScriptFlags,
}

/// A library.
#[derive(Debug)]
pub struct Library {
    /// Its name.
    pub name: String,
    /// Its source, header included.
    pub code: Vec<u8>,
    /// Length of the header without the line end.
    pub header_len: usize,
    /// What it registers, in that order.
    pub functions: Vec<Function>,
    /// What is known of each function's runs.
    pub standings: Vec<Standing>,
    /// Never given to another library of this process.
    pub(super) number: u64,
}

static NEXT_NUMBER: AtomicU64 = AtomicU64::new(1);

impl Library {
    /// A library of these parts.
    #[must_use]
    pub fn new(name: String, code: Vec<u8>, header_len: usize, functions: Vec<Function>) -> Library {
        let standings = functions.iter().map(|_| Standing::default()).collect();
        Library { name, code, header_len, functions, standings, number: NEXT_NUMBER.fetch_add(1, Relaxed) }
    }

    /// The source behind the header: line numbers are kept.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.code[self.header_len..]
    }
}

/// Why a library was not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LibraryError {
    /// Lua's message.
    NotCompiled(Vec<u8>),
    /// It failed, or registered what cannot be: the error, its code first.
    Failed(Vec<u8>),
    /// It took too long.
    Timeout,
    /// It registers no function.
    Empty,
}

impl LibraryError {
    /// The text of the error reply.
    #[must_use]
    pub fn into_text(self) -> Vec<u8> {
        match self {
            LibraryError::NotCompiled(message) => [b"ERR Error compiling function: ", &message[..]].concat(),
            LibraryError::Failed(text) => [b"ERR Error registering functions: ", &text[..]].concat(),
            LibraryError::Timeout => b"ERR Error registering functions: ERR FUNCTION LOAD timeout".to_vec(),
            LibraryError::Empty => b"ERR No functions registered".to_vec(),
        }
    }
}

/// What FUNCTION RESTORE does about what is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// Libraries that are there are an error.
    #[default]
    Append,
    /// All are deleted first.
    Flush,
    /// Those of the same name are replaced.
    Replace,
}

/// All libraries at one time. A change makes another one of these.
#[derive(Debug, Clone, Default)]
pub struct Libraries {
    libraries: BTreeMap<String, Arc<Library>>,
    /// By name in lower case: the library and the position in it.
    functions: AHashMap<String, (Arc<Library>, usize)>,
}

impl Libraries {
    /// Every library, by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<Library>> {
        self.libraries.values()
    }

    /// The library called `name`.
    #[must_use]
    pub fn get(&self, name: &[u8]) -> Option<&Arc<Library>> {
        self.libraries.get(std::str::from_utf8(name).ok()?)
    }

    /// The function called `name`, in any case: its library and its position there.
    #[must_use]
    pub fn function(&self, name: &[u8]) -> Option<(&Arc<Library>, usize)> {
        let name = std::str::from_utf8(name).ok()?;
        let found = self.functions.get(name).or_else(|| self.functions.get(&name.to_ascii_lowercase()));
        found.map(|(library, at)| (library, *at))
    }

    /// Number of functions.
    #[must_use]
    pub fn function_count(&self) -> usize {
        self.functions.len()
    }

    /// Adds a library; with `replaces` in place of the one of the same name.
    ///
    /// # Errors
    /// The text of the error reply, when its name or that of a function is taken. Nothing has changed then.
    pub fn add(&mut self, library: Library, replaces: bool) -> Result<(), Vec<u8>> {
        self.check_name(&library.name, replaces)?;
        let taken = library.functions.iter().find(|function| {
            let other = self.function(function.name.as_bytes());
            other.is_some_and(|(other, _)| other.name != library.name)
        });
        if let Some(function) = taken {
            return Err(format!("ERR Function {} already exists", function.name).into_bytes());
        }
        self.remove(library.name.as_bytes());
        let library = Arc::new(library);
        for (at, function) in library.functions.iter().enumerate() {
            self.functions.insert(function.name.to_ascii_lowercase(), (Arc::clone(&library), at));
        }
        self.libraries.insert(library.name.clone(), library);
        Ok(())
    }

    /// Whether a library of that name may come.
    ///
    /// # Errors
    /// The text of the error reply, when it is taken.
    pub fn check_name(&self, name: &str, replaces: bool) -> Result<(), Vec<u8>> {
        if !replaces && self.libraries.contains_key(name) {
            return Err(format!("ERR Library '{name}' already exists").into_bytes());
        }
        Ok(())
    }

    /// Removes a library; false when there is none of that name.
    pub fn remove(&mut self, name: &[u8]) -> bool {
        let Some(library) = std::str::from_utf8(name).ok().and_then(|name| self.libraries.remove(name)) else {
            return false;
        };
        for function in &library.functions {
            self.functions.remove(&function.name.to_ascii_lowercase());
        }
        true
    }
}
