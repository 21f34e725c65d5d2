//! The first line of a script or library (`#!lua name=... flags=...`) and the flags that it states.

use bitflags::bitflags;

bitflags! {
    /// What a script promises or asks for.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct ScriptFlags: u8 {
        /// It writes nothing.
        const NO_WRITES = 1;
        /// It may run when memory is full.
        const ALLOW_OOM = 1 << 1;
        /// It may run on a stale replica.
        const ALLOW_STALE = 1 << 2;
        /// It may not run in cluster mode.
        const NO_CLUSTER = 1 << 3;
        /// Its keys may belong to several slots.
        const ALLOW_CROSS_SLOT_KEYS = 1 << 4;
    }
}

const NAMES: &[(&str, ScriptFlags)] = &[
    ("no-writes", ScriptFlags::NO_WRITES),
    ("allow-oom", ScriptFlags::ALLOW_OOM),
    ("allow-stale", ScriptFlags::ALLOW_STALE),
    ("no-cluster", ScriptFlags::NO_CLUSTER),
    ("allow-cross-slot-keys", ScriptFlags::ALLOW_CROSS_SLOT_KEYS),
];

impl ScriptFlags {
    /// The flag of that name.
    #[must_use]
    pub fn named(name: &[u8]) -> Option<ScriptFlags> {
        NAMES.iter().find(|(known, _)| known.as_bytes() == name).map(|(_, flag)| *flag)
    }

    /// The names of the flags that stand.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        NAMES.iter().filter(move |(_, flag)| self.contains(*flag)).map(|(name, _)| *name)
    }
}

/// What the first line of a script says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Header {
    /// The flags; `None` without such a line, which leaves a script all the freedom of old.
    pub flags: Option<ScriptFlags>,
    /// Length of the line in bytes, without its end: what is left of the source keeps its line numbers.
    pub len: usize,
}

impl Header {
    /// Of an EVAL script. See the Redis documentation, "Eval scripts with flags".
    ///
    /// # Errors
    /// The text of the error reply.
    pub fn of_script(source: &[u8]) -> Result<Header, Vec<u8>> {
        if !source.starts_with(b"#!") {
            return Ok(Header::default());
        }
        let line = first_line(source).ok_or(&b"ERR Invalid script shebang"[..])?;
        let mut words = line.split(|&b| b == b' ').filter(|word| !word.is_empty());
        let engine = words.next().unwrap_or_default();
        if engine != b"#!lua" {
            return Err([b"ERR Unexpected engine in script shebang: ", engine].concat());
        }
        let mut flags = ScriptFlags::default();
        for word in words {
            let Some(list) = word.strip_prefix(b"flags=") else {
                return Err([b"ERR Unknown lua shebang option: ", word].concat());
            };
            for name in list.split(|&b| b == b',').filter(|_| !list.is_empty()) {
                flags |= ScriptFlags::named(name)
                    .ok_or_else(|| [b"ERR Unexpected flag in script shebang: ", name].concat())?;
            }
        }
        Ok(Header { flags: Some(flags), len: line.len() })
    }

    /// The library's name in the first line of a library, and the length of that line.
    ///
    /// # Errors
    /// The text of the error reply.
    pub fn of_library(source: &[u8]) -> Result<(String, usize), Vec<u8>> {
        let error = |text: &str| Err(text.as_bytes().to_vec());
        if !source.starts_with(b"#!") {
            return error("ERR Missing library metadata");
        }
        let Some(line) = first_line(source) else { return error("ERR Invalid library metadata") };
        let mut words = line.split(|&b| b == b' ').filter(|word| !word.is_empty());
        let engine = words.next().and_then(|word| word.strip_prefix(b"#!")).unwrap_or_default();
        let mut given = None;
        for word in words {
            let Some(name) = word.strip_prefix(b"name=") else {
                return Err([b"ERR Invalid metadata value given: ", word].concat());
            };
            if given.replace(name).is_some() {
                return error("ERR Invalid metadata value, name argument was given multiple times");
            }
        }
        let Some(name) = given else { return error("ERR Library name was not given") };
        let name = match name {
            [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => inner,
            bare => bare,
        };
        if !is_name(name) {
            return error(BAD_NAME);
        }
        if !engine.eq_ignore_ascii_case(b"lua") {
            return Err([b"ERR Engine '", engine, b"' not found"].concat());
        }
        Ok((String::from_utf8_lossy(name).into_owned(), line.len()))
    }
}

/// The error for names of libraries and functions.
pub(super) const BAD_NAME: &str =
    "ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character long";

/// Whether a library or function may be called so.
#[must_use]
pub(super) fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|&b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The first line without its end, if it has one.
fn first_line(source: &[u8]) -> Option<&[u8]> {
    memchr::memchr(b'\n', source).map(|end| &source[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_state_flags() {
        assert_eq!(Header::of_script(b"return 1"), Ok(Header::default()));
        let header = Header::of_script(b"#!lua flags=no-writes,allow-oom  flags=allow-stale\nreturn 1").unwrap();
        assert_eq!(header.len, 50);
        assert_eq!(header.flags.unwrap().names().collect::<Vec<_>>(), ["no-writes", "allow-oom", "allow-stale"]);
        assert_eq!(Header::of_script(b"#!lua flags=\n").unwrap().flags, Some(ScriptFlags::empty()));
        for (source, text) in [
            ("#!lua", "ERR Invalid script shebang"),
            ("#!python\n", "ERR Unexpected engine in script shebang: #!python"),
            ("#!\n", "ERR Unexpected engine in script shebang: #!"),
            ("#!lua name=x\n", "ERR Unknown lua shebang option: name=x"),
            ("#!lua flags=no-writes,\n", "ERR Unexpected flag in script shebang: "),
        ] {
            assert_eq!(Header::of_script(source.as_bytes()), Err(text.as_bytes().to_vec()));
        }
    }

    #[test]
    fn libraries_state_their_name() {
        assert_eq!(Header::of_library(b"#!LUA name=\"a_1\" \nx"), Ok(("a_1".to_owned(), 17)));
        for (source, text) in [
            ("return 1", "ERR Missing library metadata"),
            ("#!lua name=a", "ERR Invalid library metadata"),
            ("#!lua\n", "ERR Library name was not given"),
            ("#!lua name=a b\n", "ERR Invalid metadata value given: b"),
            ("#!lua name=a name=b\n", "ERR Invalid metadata value, name argument was given multiple times"),
            ("#!lua name=a-b\n", BAD_NAME),
            ("#!foo name=a\n", "ERR Engine 'foo' not found"),
            ("#! name=a\n", "ERR Engine '' not found"),
        ] {
            assert_eq!(Header::of_library(source.as_bytes()), Err(text.as_bytes().to_vec()));
        }
    }
}
