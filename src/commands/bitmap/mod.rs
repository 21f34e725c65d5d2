//! Strings as arrays of bits. The arithmetic is in [`crate::types::bitmap`] and [`crate::types::bitfield`].
//!
//! What changes a string changes it in place; reads and combinations of long strings leave the worker.

mod bitfield;
mod bitop;
mod bits;
mod ranges;

use super::context::Budget;
use super::prelude::*;
use crate::keyspace::{Locked, StringValue, Ttl};

/// The group.
pub const GROUP: Group = Group { name: "bitmap", category: Categories::BITMAP, commands: COMMANDS };

const COMMANDS: &[Command] = &[
    Command {
        name: "BITCOUNT",
        arity: -2,
        flags: READONLY,
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(ranges::bitcount),
        doc: Doc {
            since: "2.6.0",
            summary: "Counts the bits that are one in a string or a range of it.",
            complexity: "O(N), N bytes",
            args: &[
                Arg::key("key", 0),
                Arg::block(
                    "index",
                    &[
                        Arg::integer("start"),
                        Arg::integer("end"),
                        Arg::one_of("index_unit", &[Arg::word("byte", "BYTE"), Arg::word("bit", "BIT")])
                            .optional()
                            .since("7.0.0"),
                    ],
                )
                .optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "BITFIELD",
        arity: -2,
        flags: WRITE.or(DENYOOM),
        keys: &[KeySpec::at(1, RW.or(ACCESS).or(UPDATE).or(VARIABLE_FLAGS)).notes("RO and ACCESS if it only has GET")],
        keys_fn: Some(bitfield::keys),
        run: Run::Keys(bitfield::bitfield),
        doc: Doc {
            since: "3.2.0",
            summary: "Reads, writes and increments integers of any width inside a string.",
            complexity: "O(N), N operations",
            args: &[
                Arg::key("key", 0),
                Arg::one_of(
                    "operation",
                    &[
                        Arg::block("encoding_offset", &[Arg::string("encoding"), Arg::integer("offset")]).token("GET"),
                        Arg::block(
                            "write",
                            &[
                                Arg::one_of(
                                    "wrap_sat_fail",
                                    &[Arg::word("wrap", "WRAP"), Arg::word("sat", "SAT"), Arg::word("fail", "FAIL")],
                                )
                                .token("OVERFLOW")
                                .optional(),
                                Arg::one_of(
                                    "write_operation",
                                    &[
                                        Arg::block(
                                            "encoding_offset_value",
                                            &[Arg::string("encoding"), Arg::integer("offset"), Arg::integer("value")],
                                        )
                                        .token("SET"),
                                        Arg::block(
                                            "encoding_offset_increment",
                                            &[
                                                Arg::string("encoding"),
                                                Arg::integer("offset"),
                                                Arg::integer("increment"),
                                            ],
                                        )
                                        .token("INCRBY"),
                                    ],
                                ),
                            ],
                        ),
                    ],
                )
                .optional()
                .multiple(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "BITFIELD_RO",
        arity: -2,
        flags: READONLY.or(FAST),
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(bitfield::bitfield_ro),
        doc: Doc {
            since: "6.0.0",
            summary: "Reads integers of any width inside a string, without writing.",
            complexity: "O(N), N operations",
            args: &[
                Arg::key("key", 0),
                Arg::block("encoding_offset", &[Arg::string("encoding"), Arg::integer("offset")])
                    .token("GET")
                    .optional()
                    .multiple_token(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "BITOP",
        arity: -4,
        flags: WRITE.or(DENYOOM),
        keys: &[KeySpec::at(2, OW.or(UPDATE)), KeySpec::range(3, -1, 1, RO.or(ACCESS))],
        run: Run::Keys(bitop::bitop),
        doc: Doc {
            since: "2.6.0",
            summary: "Combines strings bit by bit and stores the result.",
            complexity: "O(N), N bytes of the longest string",
            args: &[
                Arg::one_of(
                    "operation",
                    &[
                        Arg::word("and", "AND"),
                        Arg::word("or", "OR"),
                        Arg::word("xor", "XOR"),
                        Arg::word("not", "NOT"),
                        Arg::word("diff", "DIFF").since("8.2.0"),
                        Arg::word("diff1", "DIFF1").since("8.2.0"),
                        Arg::word("andor", "ANDOR").since("8.2.0"),
                        Arg::word("one", "ONE").since("8.2.0"),
                    ],
                ),
                Arg::key("destkey", 0),
                Arg::key("key", 1).multiple(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "BITPOS",
        arity: -3,
        flags: READONLY,
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(ranges::bitpos),
        doc: Doc {
            since: "2.8.7",
            summary: "Finds the first bit of the wanted value in a string.",
            complexity: "O(N), N bytes",
            args: &[
                Arg::key("key", 0),
                Arg::integer("bit"),
                Arg::block(
                    "index",
                    &[
                        Arg::integer("start"),
                        Arg::block(
                            "end_index",
                            &[
                                Arg::integer("end"),
                                Arg::one_of("index_unit", &[Arg::word("byte", "BYTE"), Arg::word("bit", "BIT")])
                                    .optional()
                                    .since("7.0.0"),
                            ],
                        )
                        .optional(),
                    ],
                )
                .optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "GETBIT",
        arity: 3,
        flags: READONLY.or(FAST),
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(bits::getbit),
        doc: Doc {
            since: "2.2.0",
            summary: "Reads the bit at an offset of a string.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0), Arg::integer("offset")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SETBIT",
        arity: 4,
        flags: WRITE.or(DENYOOM),
        keys: &[KeySpec::at(1, RW.or(ACCESS).or(UPDATE))],
        run: Run::Keys(bits::setbit),
        doc: Doc {
            since: "2.2.0",
            summary: "Writes the bit at an offset of a string and replies with the old one.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0), Arg::integer("offset"), Arg::integer("value")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
];

/// Bytes that are counted, searched or combined in the time that one element takes elsewhere.
const BYTES_PER_UNIT: usize = 64;

/// Lets `edit` change the string of `key`, which is made `len` bytes long if it is shorter or missing. Answers what
/// `edit` answers, and whether the string has grown.
fn edit_at_least<R>(
    db: &mut Locked<'_>,
    budget: Budget,
    key: Key<'_>,
    len: usize,
    edit: impl FnOnce(&mut [u8]) -> R,
) -> Result<(R, bool), Error> {
    if let Some(mut entry) = db.lookup_write(key) {
        let value = entry.view().value();
        let old_len = value.str_len().ok_or(error::WRONGTYPE)?;
        budget.cost((value.shared_len() + len.saturating_sub(old_len)) / BYTES_PER_UNIT)?;
        return Ok((entry.edit_string(len.max(old_len), edit), len > old_len));
    }
    budget.cost(len / BYTES_PER_UNIT)?;
    let mut string = vec![0; len];
    let result = edit(&mut string);
    db.set_string(key, StringValue::raw_vec(&mut string), Ttl::Clear);
    Ok((result, true))
}
