//! The value of a key that is not a string: one enum over the collection types.

use smallvec::SmallVec;

use super::hash::Hash;
use super::list::List;
use super::set::Set;
use super::stream::Stream;
use super::table;
use super::zset::ZSet;

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

/// A collection type: what an [`Object`] is one of.
pub trait Collection: Sized {
    /// Which one it is.
    const TYPE: ObjectType;

    /// The collection, if `object` is one of this type.
    fn of(object: &Object) -> Option<&Self>;

    /// The same, to be changed.
    fn of_mut(object: &mut Object) -> Option<&mut Self>;

    /// The object that is this collection.
    fn into_object(self) -> Object;

    /// Whether a key that holds it is to go: nothing is in it. A stream stays.
    fn is_spent(&self) -> bool;

    /// Estimated bytes held on the heap; takes constant time.
    fn memory_bytes(&self) -> usize;
}

/// Declares [`Object`] over the collection types, each with `len`, `encoding` and `memory_bytes` of its own.
macro_rules! objects {
    ($($name:ident,)*) => {
        /// A collection held by a key. Strings are not here: the keyspace keeps them packed beside their key.
        ///
        /// The entry's header repeats which variant it is, so that asking for the type of a key reads nothing more.
        #[derive(Debug, Clone)]
        pub enum Object {
            $(#[allow(missing_docs, reason = "named as its type")] $name($name),)*
        }

        impl Object {
            /// The object's type.
            #[inline]
            pub fn object_type(&self) -> ObjectType {
                match *self { $(Self::$name(_) => ObjectType::$name,)* }
            }

            /// Its encoding, as OBJECT ENCODING prints it.
            pub fn encoding(&self) -> &'static str {
                match *self { $(Self::$name(ref object) => object.encoding(),)* }
            }

            /// Number of elements (fields of a hash, members of a set, entries of a stream).
            #[inline]
            pub fn len(&self) -> usize {
                match *self { $(Self::$name(ref object) => object.len(),)* }
            }

            /// True without elements.
            #[inline]
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// Estimated bytes held outside the entry; takes constant time.
            #[inline]
            pub fn memory_bytes(&self) -> usize {
                match *self { $(Self::$name(ref object) => object.memory_bytes(),)* }
            }
        }

        $(impl Collection for $name {
            const TYPE: ObjectType = ObjectType::$name;

            #[inline]
            #[allow(irrefutable_let_patterns, reason = "while there is one variant")]
            fn of(object: &Object) -> Option<&Self> {
                if let Object::$name(own) = object { Some(own) } else { None }
            }

            #[inline]
            #[allow(irrefutable_let_patterns, reason = "while there is one variant")]
            fn of_mut(object: &mut Object) -> Option<&mut Self> {
                if let Object::$name(own) = object { Some(own) } else { None }
            }

            #[inline]
            fn into_object(self) -> Object {
                Object::$name(self)
            }

            #[inline]
            fn is_spent(&self) -> bool {
                !matches!(Self::TYPE, ObjectType::Stream) && self.len() == 0
            }

            #[inline]
            fn memory_bytes(&self) -> usize {
                self.memory_bytes()
            }
        })*
    };
}

impl Object {
    /// The earliest expiry of a field, in milliseconds since 1970, when it is a hash with such fields.
    #[inline]
    pub fn next_field_expiry(&self) -> Option<u64> {
        Hash::of(self).and_then(Hash::next_field_expiry)
    }
}

objects! {
    Hash,
    List,
    ZSet,
    Set,
    Stream,
}

impl Object {
    /// Begins to bring near what is looked at to find these elements, where that is more than one place in memory.
    pub fn prefetch<'e>(&self, elements: impl Iterator<Item = &'e [u8]>) {
        let hashes: SmallVec<[u64; 16]> = elements.map(table::hash).collect();
        match self {
            Object::Hash(hash) => hash.prefetch(&hashes),
            Object::Set(set) => set.prefetch(&hashes),
            Object::ZSet(zset) => zset.prefetch(&hashes),
            Object::List(_) | Object::Stream(_) => {}
        }
    }
}
