//! Small pieces without a home in a higher room: clock, glob, number text, checksums, random numbers, locks, tasks.

pub mod alloc;
pub mod clock;
pub mod crash;
pub mod crc;
mod float_scan;
pub mod glob;
pub mod log;
pub mod long_double;
pub mod lzf;
pub mod memory;
pub mod number;
pub mod os;
pub mod prefetch;
pub mod process;
pub mod quote;
pub mod rng;
pub mod split_args;
pub mod sync;
pub mod task;
pub mod version;
