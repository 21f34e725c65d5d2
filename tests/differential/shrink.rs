//! Makes a program that shows a difference as short as it gets.

use crate::pair::{Difference, Pair};
use crate::program::Call;

/// Runs spent on one program.
const RUNS_MAX: usize = 400;
/// A difference must show in each of so many runs, or it came from the time that passed between the servers.
const REPEATS: usize = 3;

/// The difference with as few commands before it as possible; nothing when it does not show again.
pub(crate) fn shrink(pair: &mut Pair, program: Vec<Call>) -> Option<Difference> {
    let mut best = pair.run(&program)?;
    for _ in 1..REPEATS {
        best = pair.run(&program)?;
    }
    let mut runs = 0;
    let mut size = best.program.len().div_ceil(2);
    loop {
        let mut at = 0;
        let mut shorter = false;
        while at < best.program.len() && runs < RUNS_MAX {
            let mut without = best.program.clone();
            without.drain(at..without.len().min(at + size));
            runs += 1;
            match pair.run(&without) {
                Some(difference) => {
                    best = difference;
                    shorter = true;
                }
                None => at += size,
            }
        }
        if size == 1 && !shorter || runs >= RUNS_MAX {
            return Some(best);
        }
        size = size.div_ceil(2);
    }
}
