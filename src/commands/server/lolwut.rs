//! LOLWUT: the flank of a nyala, another one each time, and the version.

use super::super::prelude::*;
use crate::util::rng::Rng;
use crate::util::version::{NYALA_VERSION, REDIS_VERSION};

/// Largest drawing.
const SIZE_MAX: (i64, i64) = (1000, 1000);

/// `LOLWUT [VERSION version [columns [rows]]]`: there is one version of the drawing.
pub(super) fn lolwut(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let (mut columns, mut rows) = (64, 12);
    if args.eat_with_value("VERSION") {
        args.integer()?;
        if args.more() {
            columns = args.integer()?.clamp(1, SIZE_MAX.0);
        }
        if args.more() {
            rows = args.integer()?.clamp(1, SIZE_MAX.1);
        }
        while args.more() {
            args.integer()?;
        }
    }

    let mut text = stripes(&mut Rng::from_entropy(), columns as usize, rows as usize);
    text.push_str(&format!("\nNyala {NYALA_VERSION}. Redis ver. {REDIS_VERSION}\n"));

    cx.reply.verbatim(b"txt", text.as_bytes());
    DONE
}

/// Stripes from the back to the belly: each wanders, none crosses its neighbour, some end early.
fn stripes(rng: &mut Rng, columns: usize, rows: usize) -> String {
    const APART: usize = 5;
    let mut stripes: Vec<Stripe> = (0..(columns / APART).max(1))
        .map(|number| Stripe {
            at: number * APART + rng.index(APART.min(columns)),
            length: rows / 2 + rng.index(rows / 2 + 1),
            drift: rng.unit(),
        })
        .collect();
    let mut text = "_".repeat(columns) + "\n";
    for row in 0..rows {
        let mut line = vec![b' '; columns];
        for number in 0..stripes.len() {
            let left = if number == 0 { 0 } else { stripes[number - 1].at + 1 };
            let right = stripes.get(number + 1).map_or(columns, |next| next.at);
            let stripe = &mut stripes[number];
            if row >= stripe.length || left >= right {
                continue;
            }
            line[stripe.at] = stripe.step(rng, left..right);
        }
        text.push_str(String::from_utf8_lossy(&line).trim_end());
        text.push('\n');
    }
    text
}

struct Stripe {
    at: usize,
    length: usize,
    /// How much it tends to the right, from 0 to 1.
    drift: f64,
}

impl Stripe {
    /// Moves by at most one column within `room`; answers the stroke that shows where it goes.
    fn step(&mut self, rng: &mut Rng, room: std::ops::Range<usize>) -> u8 {
        let (straight, lean) = (rng.unit() < 0.5, rng.unit() < self.drift);
        if !straight && lean && self.at + 1 < room.end {
            self.at += 1;
            return b'\\';
        }
        if !straight && !lean && self.at > room.start {
            self.at -= 1;
            return b'/';
        }
        b'|'
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawings_keep_their_size_and_differ() {
        for (columns, rows) in [(1, 1), (4, 3), (64, 12), (200, 40)] {
            let text = stripes(&mut Rng::from_seed(7), columns, rows);
            assert_eq!(text.lines().count(), rows + 1);
            assert!(text.lines().all(|line| line.len() <= columns));
        }
        assert_ne!(stripes(&mut Rng::from_seed(1), 64, 12), stripes(&mut Rng::from_seed(2), 64, 12));
    }
}
