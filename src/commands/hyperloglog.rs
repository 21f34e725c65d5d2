//! HyperLogLogs: estimates of how many different elements were seen. The value is an ordinary string, whose format and
//! arithmetic are in [`crate::types::hyperloglog`].

use super::prelude::*;
use crate::keyspace::{StringValue, Ttl, Value};
use crate::types::hyperloglog::{self as hll, Encoding, HllError, REGISTER_COUNT, Registers, debug};

/// The group.
pub const GROUP: Group = Group { name: "hyperloglog", category: Categories::HYPERLOGLOG, commands: COMMANDS };

const COMMANDS: &[Command] = &[
    Command {
        name: "PFADD",
        arity: -2,
        flags: WRITE.or(DENYOOM).or(FAST),
        keys: &[KeySpec::at(1, RW.or(INSERT))],
        run: Run::Keys(pfadd),
        doc: Doc {
            since: "2.8.9",
            summary: "Counts elements into a HyperLogLog, creating it when absent.",
            complexity: "O(N), N elements",
            args: &[Arg::key("key", 0), Arg::string("element").optional().multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "PFCOUNT",
        arity: -2,
        flags: READONLY.or(MAY_REPLICATE),
        keys: &[KeySpec::range(1, -1, 1, RW.or(ACCESS)).notes("RW because it may refresh the cached estimate")],
        run: Run::Keys(pfcount),
        doc: Doc {
            since: "2.8.9",
            summary: "Estimates how many distinct elements one or more HyperLogLogs saw.",
            complexity: "O(N), N keys",
            args: &[Arg::key("key", 0).multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "PFDEBUG",
        arity: 3,
        flags: WRITE.or(DENYOOM).or(ADMIN),
        keys: &[KeySpec::at(2, RW.or(ACCESS))],
        run: Run::Keys(pfdebug),
        doc: Doc {
            since: "2.8.9",
            summary: "Shows the insides of a HyperLogLog, for tests.",
            syscmd: true,
            args: &[Arg::string("subcommand"), Arg::key("key", 0)],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "PFMERGE",
        arity: -2,
        flags: WRITE.or(DENYOOM),
        keys: &[KeySpec::at(1, RW.or(ACCESS).or(INSERT)), KeySpec::range(2, -1, 1, RO.or(ACCESS))],
        run: Run::Keys(pfmerge),
        doc: Doc {
            since: "2.8.9",
            summary: "Unites HyperLogLogs into the first one named.",
            complexity: "O(N), N keys",
            args: &[Arg::key("destkey", 0), Arg::key("sourcekey", 1).multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "PFSELFTEST",
        arity: 1,
        flags: ADMIN,
        run: Run::Plain(pfselftest),
        doc: Doc { since: "2.8.9", summary: "Checks the HyperLogLog code against itself.", syscmd: true, ..Doc::BASE },
        ..Command::BASE
    },
];

const NO_KEY: Error = Error::new("ERR The specified key does not exist");
const NOT_SPARSE: Error = Error::new("ERR HLL encoding is not sparse");

/// Registers that are merged in the time that one element takes elsewhere.
const REGISTERS_PER_UNIT: usize = 32;

fn pfadd(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    cx.cost(args.remaining())?;
    let sparse_max_bytes = cx.server.config.hll_sparse_max_bytes();

    let updates = match cx.db.lookup_write(key) {
        None => {
            let mut new = hll::new();
            hll::invalidate(&mut new);
            let raised = add_all(&mut new, args, sparse_max_bytes)?;
            cx.db.set_string(key, StringValue::raw_vec(&mut new), Ttl::Clear);
            1 + raised
        }
        Some(mut entry) => match checked(entry.view().value())? {
            (string, Encoding::Dense) => {
                let len = string.len();
                entry.edit_string(len, |string| elements(args).filter(|e| hll::add_dense(string, e)).count())
            }
            (string, Encoding::Sparse) => {
                let mut changed = string.to_vec();
                let raised = add_all(&mut changed, args, sparse_max_bytes)?;
                if raised > 0 {
                    cx.db.set_string(key, StringValue::raw_vec(&mut changed), Ttl::Keep);
                }
                raised
            }
        },
    };
    if updates > 0 {
        cx.db.changed(key, events::PFADD);
        (1..updates).for_each(|_| cx.db.changed_silently(key));
    }

    cx.reply.integer((updates > 0).into());
    DONE
}

fn elements<'a>(args: &mut Args<'a>) -> impl Iterator<Item = &'a [u8]> {
    std::iter::from_fn(|| args.take().ok())
}

/// Adds the arguments that are left; answers how many of them raised a register.
fn add_all(string: &mut Vec<u8>, args: &mut Args<'_>, sparse_max_bytes: usize) -> Result<usize, Error> {
    let mut raised = 0;
    for element in elements(args) {
        raised += usize::from(hll::add(string, element, sparse_max_bytes).map_err(refused)?);
    }
    Ok(raised)
}

fn pfcount(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let count = if args.remaining() == 1 { count_one(cx, args)? } else { count_union(cx, args)? };
    cx.reply.integer(count as i64);
    DONE
}

/// Counts one key. A count that had to be made is stored in the value, which is a change to be replicated.
fn count_one(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Result<u64, Error> {
    let key = args.key()?;
    let Some(entry) = cx.db.lookup_read(key) else { return Ok(0) };
    let (string, _) = checked(entry.value())?;
    if let Some(count) = hll::cached_count(string) {
        return Ok(count);
    }
    let (len, count) = (string.len(), hll::count(string).map_err(refused)?);
    if let Some(mut entry) = cx.db.lookup_write(key) {
        entry.edit_string(len, |string| hll::store_count(string, count));
        cx.db.changed_silently(key);
    }
    Ok(count)
}

fn count_union(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Result<u64, Error> {
    let mut registers = Box::new([0; REGISTER_COUNT]);
    merge_all(cx, args, &mut registers)?;
    Ok(hll::count_registers(&registers))
}

/// Merges all keys that are left; answers whether one of them is dense.
fn merge_all(cx: &mut Cx<'_>, args: &mut Args<'_>, registers: &mut Registers) -> Result<bool, Error> {
    cx.cost(args.remaining() * (REGISTER_COUNT / REGISTERS_PER_UNIT))?;
    let mut any_dense = false;
    while args.more() {
        if let Some(entry) = cx.db.lookup_read(args.key()?) {
            let (string, encoding) = checked(entry.value())?;
            hll::merge_into(registers, string).map_err(refused)?;
            any_dense |= encoding == Encoding::Dense;
        }
    }
    Ok(any_dense)
}

fn pfmerge(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let destination = args.key()?;
    args.rewind();
    let sparse_max_bytes = cx.server.config.hll_sparse_max_bytes();

    // The destination is the first of the sources.
    let mut registers = Box::new([0; REGISTER_COUNT]);
    let any_dense = merge_all(cx, args, &mut registers)?;
    let mut merged = match cx.db.lookup_write(destination) {
        None => hll::new(),
        Some(entry) => checked(entry.view().value())?.0.to_vec(),
    };
    hll::store_merged(&mut merged, &registers, any_dense, sparse_max_bytes).map_err(refused)?;
    cx.db.set_string(destination, StringValue::raw_vec(&mut merged), Ttl::Keep);
    cx.db.changed(destination, events::PFADD);

    cx.reply.ok();
    DONE
}

fn pfdebug(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let word = args.take()?;
    let key = args.key()?;
    let Some(entry) = cx.db.lookup_write(key) else { return Err(NO_KEY) };
    let (string, encoding) = checked(entry.view().value())?;
    let string = string.to_vec();

    let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
    if is("GETREG") {
        let registers = debug::registers(&string).map_err(refused)?;
        make_dense(cx, key, string)?;
        cx.reply.array(registers.len());
        registers.iter().for_each(|&register| cx.reply.integer(register.into()));
    } else if is("DECODE") {
        let text = debug::decode_text(&string).map_err(refused)?;
        cx.reply.bulk(text.ok_or(NOT_SPARSE)?);
    } else if is("ENCODING") {
        cx.reply.simple(debug::encoding_name(encoding).as_bytes());
    } else if is("TODENSE") {
        let was_sparse = make_dense(cx, key, string)?;
        cx.reply.integer(was_sparse.into());
    } else {
        return Err(Error::text([b"ERR Unknown PFDEBUG subcommand '", word, b"'"].concat()));
    }
    DONE
}

/// Stores a value anew as dense; answers whether it was not.
fn make_dense(cx: &mut Cx<'_>, key: Key<'_>, mut string: Vec<u8>) -> Result<bool, Error> {
    let was_sparse = hll::to_dense(&mut string).map_err(refused)?;
    if was_sparse {
        cx.db.set_string(key, StringValue::raw_vec(&mut string), Ttl::Keep);
        cx.db.changed_silently(key);
    }
    Ok(was_sparse)
}

fn pfselftest(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    cx.cost(usize::MAX)?;
    match debug::self_test(cx.now_ms()) {
        Ok(()) => cx.reply.ok(),
        Err(fault) => return Err(Error::text(format!("TESTFAILED {fault}"))),
    }
    DONE
}

/// The value as a HyperLogLog.
fn checked(value: Value<'_>) -> Result<(&[u8], Encoding), Error> {
    let string = match value {
        Value::Str(string) => string,
        Value::Big(string) => string,
        Value::Int(_) => return Err(refused(HllError::NotHll)),
        Value::Object(_) => return Err(error::WRONGTYPE),
    };
    Ok((string, hll::check(string).map_err(refused)?))
}

fn refused(error: HllError) -> Error {
    Error::text(error.to_string())
}
