//! The rules of the tree that the compiler does not hold: the direction of imports between rooms, file sizes, ASCII,
//! where `unsafe` may stand, headers, names, and the records of `make compat`. Each rule's exceptions are rows of a
//! table with a reason, and a row that is no longer needed fails too.

mod rooms;
mod text;
mod tree;
