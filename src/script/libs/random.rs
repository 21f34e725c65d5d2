//! `math.random` and `math.randomseed`: POSIX's `lrand48`, so that a seed gives the numbers that it gives in Redis.

use std::cell::Cell;
use std::rc::Rc;

use mlua::{Lua, MultiValue, Table};

use super::number_argument;
use crate::script::interpreter::{Blamed, bad_argument, raise};
use crate::util::rng::Rng;

const MULTIPLIER: u64 = 0x5_DEEC_E66D;
const INCREMENT: u64 = 0xB;
const STATE: u64 = (1 << 48) - 1;
/// What a new seed sets the low bits to.
const LOW: u64 = 0x330E;
/// Numbers are below this.
const LIMIT: u64 = i32::MAX as u64;

/// Puts both functions into `host`.
///
/// # Errors
/// None but for want of memory.
pub(in crate::script) fn install(lua: &Lua, host: &Table) -> mlua::Result<()> {
    let state = Rc::new(Cell::new(Rng::from_entropy().next_u64() & STATE));
    let drawn = Rc::clone(&state);
    host.raw_set("random", lua.create_function(move |lua, args: MultiValue| random(lua, &drawn, &args))?)?;
    let seed = move |lua: &Lua, args: MultiValue| {
        let seed = number_argument(lua, &args, 0)?;
        // The low 32 bits of the number as an integer.
        state.set((seed as i64 as u64 & 0xFFFF_FFFF) << 16 | LOW);
        Ok(())
    };
    host.raw_set("randomseed", lua.create_function(seed)?)
}

/// The next number: the upper 31 bits of the state.
fn next(state: &Cell<u64>) -> u64 {
    let moved = state.get().wrapping_mul(MULTIPLIER).wrapping_add(INCREMENT) & STATE;
    state.set(moved);
    moved >> 17
}

fn random(lua: &Lua, state: &Cell<u64>, args: &MultiValue) -> mlua::Result<f64> {
    let unit = (next(state) % LIMIT) as f64 / LIMIT as f64;
    let integer = |index| number_argument(lua, args, index).map(|x| (x as i64 as i32).into());
    let (from, to): (f64, f64) = match args.len() {
        0 => return Ok(unit),
        1 => (1.0, integer(0)?),
        2 => (integer(0)?, integer(1)?),
        _ => return Err(raise(lua, Blamed::Running, "wrong number of arguments")),
    };
    if from > to {
        return Err(bad_argument(lua, Blamed::Running, args.len(), "interval is empty"));
    }
    Ok((unit * (to - from + 1.0)).floor() + from)
}
