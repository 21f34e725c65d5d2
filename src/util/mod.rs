//! Small pieces without a home in a higher room: clock, glob, number text, checksums, random numbers, tasks.

pub mod clock;
