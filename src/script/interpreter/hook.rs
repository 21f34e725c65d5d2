//! Looks, while Lua runs, whether the run is to end.
//!
//! Lua calls a hook each few hundred instructions. It goes by the clock: most calls find that it has looked just now, and
//! are over in some nanoseconds (mlua's hooks take half a microsecond). To count instructions would not do, since one of
//! them may take as long as a function of Lua's own does, or as long strings take to be put together. Once some have taken
//! long the hook is called for each single one, and from then on for twice as many as the last time.

#![allow(unsafe_code, reason = "Lua's own interface is one of C")]

use std::cell::Cell;
use std::ffi::{c_int, c_void};

use mlua::ffi::{self, lua_Debug, lua_State};
use mlua::{Function, Lua};

use crate::util::clock::{ticks, ticks_to_ns};

/// Instructions from one call to the next; about a microsecond.
const INSTRUCTIONS: c_int = 200;
/// Time between two looks.
const LOOK_NS: u64 = 50_000;
/// Instructions that take so long are slow ones.
const SLOW_NS: u64 = 1_000_000;

thread_local! {
    /// When it has looked last, in ticks.
    static LOOKED: Cell<u64> = const { Cell::new(0) };
}

/// Its address is the name of the function in Lua's registry.
static LOOK: u8 = 0;

fn key() -> *const c_void {
    (&raw const LOOK).cast()
}

/// Sets the hook: from now on `look` is called now and then, and ends the run by an error. Coroutines inherit it.
///
/// # Errors
/// None but for want of memory.
pub(super) fn set(lua: &Lua, look: Function) -> mlua::Result<()> {
    let set = |state| {
        // SAFETY: the function is on the stack, and moves into the registry.
        unsafe { ffi::lua_rawsetp(state, ffi::LUA_REGISTRYINDEX, key()) };
        call_each(state, INSTRUCTIONS);
    };
    // SAFETY: the stack is as empty as it was without `look`.
    unsafe { lua.exec_raw(look, set) }
}

fn call_each(state: *mut lua_State, instructions: c_int) {
    // SAFETY: the state is valid: it is that of a running function or hook.
    unsafe { ffi::lua_sethook(state, Some(hook), ffi::LUA_MASKCOUNT, instructions) };
}

unsafe extern "C-unwind" fn hook(state: *mut lua_State, _: *mut lua_Debug) {
    let now = ticks();
    let ns = ticks_to_ns(now.saturating_sub(LOOKED.get()));
    // SAFETY: the state is the one that runs.
    let instructions = unsafe { ffi::lua_gethookcount(state) };
    let next = if ns > SLOW_NS { 1 } else { INSTRUCTIONS.min(instructions * 2) };
    if next != instructions {
        call_each(state, next);
    }
    if ns < LOOK_NS {
        return;
    }
    LOOKED.set(now);
    // SAFETY: a hook has room on the stack; `set` has put a function there.
    unsafe { ffi::lua_rawgetp(state, ffi::LUA_REGISTRYINDEX, key()) };
    // SAFETY: the function is on the stack. Nothing here is to be dropped if it raises an error.
    unsafe { ffi::lua_call(state, 0, 0) };
}
