//! What a command group's file needs, in one `use`.

pub use super::error::{self, Error};
pub use super::spec::{Arg, BeginSearch, Categories, Command, Doc, FindKeys, Flags, Group, KeyFlags, KeySpec, Run};
pub use super::{Args, Cx, DONE, Flow, Key, Outcome};
pub use crate::keyspace::events::{self, Event};

macro_rules! aliases {
    ($type:ident: $($name:ident)*) => {
        $(#[allow(missing_docs, reason = "an alias for rows")] pub const $name: $type = $type::$name;)*
    };
}
aliases!(Flags: WRITE READONLY DENYOOM ADMIN PUBSUB NOSCRIPT BLOCKING LOADING STALE SKIP_MONITOR SKIP_SLOWLOG ASKING FAST
    NO_AUTH MAY_REPLICATE NO_MULTI NO_ASYNC_LOADING ALLOW_BUSY NO_MANDATORY_KEYS MOVABLEKEYS PROTECTED
    TOUCHES_ARBITRARY_KEYS SENSITIVE);
aliases!(KeyFlags: RW RO OW RM ACCESS UPDATE INSERT DELETE NOT_KEY INCOMPLETE VARIABLE_FLAGS);
