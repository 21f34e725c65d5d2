//! What the reader took from the buffers, in order.

use super::buffer::{Buffer, Part};

/// Effects taken from the stream.
#[derive(Debug)]
pub struct Batch {
    /// For each buffer what was taken from it and not yet read.
    pub(super) taken: Vec<Buffer>,
    /// Number of the last effect read.
    read: u64,
    /// For the number `read + 1 + index`: which buffer has it, at which part, at which byte.
    places: Vec<Place>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Place {
    seat: u32,
    part: u32,
    byte: usize,
}

/// One effect: the bytes of its commands, and for each run of commands of one database what it is.
#[derive(Debug, Clone, Copy)]
pub struct Recorded<'a> {
    bytes: &'a [u8],
    parts: &'a [Part],
}

impl<'a> Recorded<'a> {
    /// Its number.
    pub fn seq(self) -> u64 {
        self.parts[0].seq
    }

    /// When it happened, in milliseconds since 1970.
    pub fn at_ms(self) -> u64 {
        self.parts[0].at_ms
    }

    /// Whether its commands, if they are several, must be repeated all at once.
    pub fn is_unit(self) -> bool {
        self.parts[0].is_atomic && self.parts.iter().map(|part| part.commands).sum::<u32>() > 1
    }

    /// Its commands as requests, by runs of one database.
    pub fn parts(self) -> impl Iterator<Item = (usize, &'a [u8])> {
        let Recorded { mut bytes, parts } = self;
        parts.iter().map(move |part| {
            let (own, rest) = bytes.split_at(part.len);
            bytes = rest;
            (part.db as usize, own)
        })
    }
}

impl Batch {
    pub(super) fn new(seats: usize, read: u64) -> Batch {
        Batch { taken: (0..seats).map(|_| Buffer::default()).collect(), read, places: Vec::new() }
    }

    /// Number of the last effect that was read.
    pub fn read(&self) -> u64 {
        self.read
    }

    /// Whether nothing is there to read.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Finds the place of every number up to `last`.
    pub(super) fn sort(&mut self, last: u64) {
        self.places.clear();
        self.places.resize((last - self.read) as usize, Place::default());
        for (seat, buffer) in self.taken.iter().enumerate() {
            let (mut byte, mut previous) = (0, 0);
            for (at, part) in buffer.parts.iter().enumerate() {
                // Numbers of one buffer only rise; what came after the counter was read is left for the next time.
                if part.seq > last {
                    break;
                }
                if part.seq != previous {
                    self.places[(part.seq - self.read - 1) as usize] =
                        Place { seat: seat as u32, part: at as u32, byte };
                    previous = part.seq;
                }
                byte += part.len;
            }
        }
    }

    /// Shows every effect in order, up to and with number `until` at most, and forgets them.
    pub fn read_until(&mut self, until: u64, mut show: impl FnMut(Recorded<'_>)) {
        let count = self.places.len().min(until.saturating_sub(self.read) as usize);
        for (place, seq) in self.places[..count].iter().zip(self.read + 1..) {
            let Buffer { bytes, parts } = &self.taken[place.seat as usize];
            let parts = &parts[place.part as usize..];
            let own = parts.iter().take_while(|part| part.seq == seq).count();
            let len: usize = parts[..own].iter().map(|part| part.len).sum();
            show(Recorded { bytes: &bytes[place.byte..][..len], parts: &parts[..own] });
        }
        self.drop_first(count);
    }

    fn drop_first(&mut self, count: usize) {
        let last = self.read + count as u64;
        for buffer in &mut self.taken {
            let read = buffer.parts.iter().take_while(|part| part.seq <= last);
            let (parts, bytes) = read.fold((0, 0), |(parts, bytes), part| (parts + 1, bytes + part.len));
            buffer.drop_first(parts, bytes);
        }
        let all = last + (self.places.len() - count) as u64;
        self.read = last;
        self.sort(all);
    }
}
