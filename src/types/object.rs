//! The value of a key that is not a string: one enum over the collection types.

/// A collection held by a key. Strings are not here: the keyspace keeps them packed beside their key.
///
/// Each collection type becomes one variant; the entry's header repeats which one it is, so that asking for the type
/// of a key does not follow the pointer.
#[derive(Debug, Clone)]
pub enum Object {}

/// Which collection type an [`Object`] is, as TYPE prints it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectType {
    /// `list`
    List,
    /// `set`
    Set,
    /// `zset`
    ZSet,
    /// `hash`
    Hash,
    /// `stream`
    Stream,
}

impl Object {
    /// The object's type.
    pub fn object_type(&self) -> ObjectType {
        match *self {}
    }

    /// Its encoding, as OBJECT ENCODING prints it.
    pub fn encoding(&self) -> &'static str {
        match *self {}
    }

    /// Number of elements (fields of a hash, members of a set, entries of a stream).
    pub fn len(&self) -> usize {
        match *self {}
    }

    /// True without elements; such a key is to be removed.
    pub fn is_empty(&self) -> bool {
        match *self {}
    }

    /// Estimated bytes held outside the entry; takes constant time.
    pub fn memory_bytes(&self) -> usize {
        match *self {}
    }
}
