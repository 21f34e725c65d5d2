//! `redis.call` and `redis.pcall` on their usual path, and the lists KEYS and ARGV: straight on Lua's stack.
//!
//! mlua makes a handle of every value that a function takes or gives, which costs more than a short command does. What is
//! not usual is left to the functions of [`super::api`]: arguments that are neither strings nor numbers, errors, and replies
//! of kinds that scripts do not see by default. For the same reason short calls of some functions of `string` are left to
//! Lua's own: see [`bounded_function`].
//!
//! Lua raises an error (of memory, here) by a jump over the frames of Rust in between. So what calls it holds nothing that
//! would have to be dropped, and what holds something calls it only to look at values, which raises none.

#![allow(unsafe_code, reason = "Lua's own interface is one of C")]

use std::any::Any;
use std::cell::RefCell;
use std::ffi::{c_char, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};

use mlua::ffi::{self, lua_State};
use mlua::{Function, Lua};

use super::api::write_number;
use super::replies::{take, take_line};
use crate::resp::{Args, OwnedArgs};
use crate::script::host::{Refused, with_host};
use crate::script::libs::pattern::is_bounded;
use crate::util::number::parse_i64;

/// Memory of a buffer that is kept from one run to the next, in bytes.
const KEPT_BYTES: usize = 64 << 10;
/// Arrays inside each other that are read here; commands of the usual kind nest less.
const DEPTH_MAX: usize = 8;
/// Elements of a list that take a short time to be sorted.
const SHORT_LIST: usize = 1000;

/// What is left of a call for [`super::api`] to answer.
pub(super) enum Left {
    /// The reply's bytes.
    Reply(Vec<u8>),
    /// The command was not run.
    Refused(Refused),
    /// There is nobody who would run it.
    NoHost,
    /// It has panicked.
    Panicked(Box<dyn Any + Send>),
}

#[derive(Default)]
struct Scratch {
    /// The call at hand.
    argv: OwnedArgs,
    reply: Vec<u8>,
    left: Option<Left>,
    /// What the next [`lists`] shows, so many of them as keys.
    listed: OwnedArgs,
    key_count: usize,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Sets KEYS and ARGV of the run that begins.
pub(super) fn set_lists<'a>(keys: impl Iterator<Item = &'a [u8]>, args: impl Iterator<Item = &'a [u8]>) {
    SCRATCH.with_borrow_mut(|Scratch { argv, reply, listed, key_count, .. }| {
        for buffer in [&mut *argv, &mut *listed].into_iter().filter(|buffer| buffer.memory_bytes() > KEPT_BYTES) {
            *buffer = OwnedArgs::default();
        }
        if reply.capacity() > KEPT_BYTES {
            *reply = Vec::new();
        }
        listed.clear();
        keys.for_each(|key| listed.push(key));
        *key_count = listed.view().len();
        args.for_each(|arg| listed.push(arg));
    });
}

/// What the direct call has left to do, if anything: nothing when its arguments were not fit for a call.
pub(super) fn take_left() -> Option<Left> {
    SCRATCH.with_borrow_mut(|scratch| scratch.left.take())
}

/// The function that answers the lists set by [`set_lists`].
///
/// # Errors
/// None but for want of memory.
pub(super) fn lists_function(lua: &Lua) -> mlua::Result<Function> {
    // SAFETY: `lists` is a C function as Lua calls them.
    unsafe { lua.create_c_function(lists) }
}

/// The function that runs a command, and leaves what is not usual to `rest`.
///
/// # Errors
/// None but for want of memory.
pub(super) fn call_function(lua: &Lua, rest: Function) -> mlua::Result<Function> {
    // SAFETY: the closure takes `rest`, which alone is on the stack, and leaves the function in its place.
    unsafe { lua.exec_raw(rest, |state| Stack(state).close_over(call, 1)) }
}

/// What a function looks at that may take very long for some arguments.
#[derive(Debug, Clone, Copy)]
pub(in crate::script) enum Looking {
    /// Texts: see [`is_bounded`].
    AtTexts,
    /// A list, unless a function compares its elements.
    AtList,
}

/// A function of Lua's own that may take very long for some arguments: for those it is `ours`, called from it, that runs.
/// In all other cases nothing of this is seen, be it in an error's text or in time.
///
/// # Errors
/// None but for want of memory.
pub(in crate::script) fn bounded_function(
    lua: &Lua,
    looking: Looking,
    theirs: Function,
    ours: Function,
) -> mlua::Result<Function> {
    let function = match looking {
        Looking::AtTexts => call_for_texts,
        Looking::AtList => call_for_list,
    };
    // SAFETY: the closure takes both functions, which alone are on the stack, and leaves one in their place.
    unsafe { lua.exec_raw((ours, theirs), |state| Stack(state).close_over(function, 2)) }
}

/// Lua's stack inside of a C function. Made at the head of one alone, of the state that Lua gives it: that state is valid
/// as long as the function runs.
#[derive(Clone, Copy)]
struct Stack(*mut lua_State);

impl Stack {
    fn len(self) -> c_int {
        // SAFETY: see `Stack`.
        unsafe { ffi::lua_gettop(self.0) }
    }

    fn clear(self) {
        // SAFETY: see `Stack`; a stack may be cut down to nothing.
        unsafe { ffi::lua_settop(self.0, 0) }
    }

    fn kind(self, at: c_int) -> c_int {
        // SAFETY: see `Stack`; an index past the end has a kind of its own.
        unsafe { ffi::lua_type(self.0, at) }
    }

    /// The number at an index that holds one.
    fn number(self, at: c_int) -> f64 {
        // SAFETY: see `Stack`; a number is read as it is.
        unsafe { ffi::lua_tonumber(self.0, at) }
    }

    /// The string at an index that holds one. It may be used as long as it stays on the stack.
    fn text<'a>(self, at: c_int) -> &'a [u8] {
        let mut len = 0;
        // SAFETY: see `Stack`; a string is not converted, so nothing is allocated.
        let start = unsafe { ffi::lua_tolstring(self.0, at, &raw mut len) };
        // SAFETY: Lua's strings are so many bytes, never change, and lie still as long as something refers to them.
        unsafe { std::slice::from_raw_parts(start.cast(), len) }
    }

    /// Number of elements of the list at an index that holds one.
    fn elements(self, at: c_int) -> usize {
        // SAFETY: see `Stack`.
        unsafe { ffi::lua_objlen(self.0, at) }
    }

    /// Whether so many more values have room.
    fn has_room(self, values: c_int) -> bool {
        // SAFETY: see `Stack`.
        unsafe { ffi::lua_checkstack(self.0, values) != 0 }
    }

    fn push_nil(self) {
        // SAFETY: see `Stack`; callers have looked for room.
        unsafe { ffi::lua_pushnil(self.0) }
    }

    fn push_bool(self, yes: bool) {
        // SAFETY: see `Stack`; callers have looked for room.
        unsafe { ffi::lua_pushboolean(self.0, yes.into()) }
    }

    fn push_number(self, x: f64) {
        // SAFETY: see `Stack`; callers have looked for room.
        unsafe { ffi::lua_pushnumber(self.0, x) }
    }

    /// May raise an error.
    fn push_text(self, text: &[u8]) {
        let start = text.as_ptr().cast::<c_char>();
        // SAFETY: see `Stack`; Lua copies the bytes; callers have looked for room.
        unsafe { ffi::lua_pushlstring_(self.0, start, text.len()) };
    }

    /// A table with room for so many elements and fields. May raise an error.
    fn push_table(self, elements: usize, fields: c_int) {
        let elements = c_int::try_from(elements).unwrap_or(c_int::MAX);
        // SAFETY: see `Stack`; callers have looked for room.
        unsafe { ffi::lua_createtable(self.0, elements, fields) }
    }

    /// Moves the last value into the table below it. May raise an error.
    fn set_element(self, at: usize) {
        let at = c_int::try_from(at).unwrap_or(c_int::MAX);
        // SAFETY: see `Stack`; callers have pushed a table and a value.
        unsafe { ffi::lua_rawseti_(self.0, -2, at) };
    }

    /// Moves the last two values, name and value, into the table below them. May raise an error.
    fn set_field(self) {
        // SAFETY: see `Stack`; callers have pushed a table and two values.
        unsafe { ffi::lua_rawset(self.0, -3) }
    }

    /// Calls the function's upvalue with all that is on the stack; answers the number of results. May raise an error.
    fn call_upvalue(self) -> c_int {
        let count = self.len();
        // SAFETY: see `Stack`; a C function has room for some values more than its arguments.
        unsafe { ffi::lua_pushvalue(self.0, ffi::lua_upvalueindex(1)) };
        // SAFETY: there is a first index: what was just pushed has one at least.
        unsafe { ffi::lua_insert(self.0, 1) };
        // SAFETY: the function is followed by `count` arguments.
        unsafe { ffi::lua_call(self.0, count, ffi::LUA_MULTRET) };
        self.len()
    }

    /// Makes a closure of the last values. May raise an error.
    fn close_over(self, function: ffi::lua_CFunction, values: c_int) {
        // SAFETY: see `Stack`; callers have pushed so many values.
        unsafe { ffi::lua_pushcclosure(self.0, function, values) }
    }

    /// The C function that is the function's second upvalue.
    fn second_upvalue(self) -> Option<ffi::lua_CFunction> {
        // SAFETY: see `Stack`; an index past the upvalues has no function.
        unsafe { ffi::lua_tocfunction(self.0, ffi::lua_upvalueindex(2)) }
    }
}

/// Answers two tables.
unsafe extern "C-unwind" fn lists(state: *mut lua_State) -> c_int {
    let stack = Stack(state);
    let scratch = SCRATCH.with(RefCell::as_ptr);
    // SAFETY: nobody else borrows it: on this thread nothing but Lua runs until this function ends, and no finalizer of
    // Lua's collector comes here.
    let Scratch { listed, key_count, .. } = unsafe { &*scratch };
    push_list(stack, listed.view(), 0, *key_count);
    push_list(stack, listed.view(), *key_count, listed.view().len());
    2
}

/// May raise an error.
fn push_list(stack: Stack, items: Args<'_>, from: usize, to: usize) {
    stack.push_table(to - from, 0);
    for at in from..to {
        stack.push_text(items.get(at));
        stack.set_element(at - from + 1);
    }
}

/// `redis.call` and `redis.pcall`.
unsafe extern "C-unwind" fn call(state: *mut lua_State) -> c_int {
    let stack = Stack(state);
    if let Some(reply) = run(stack) {
        stack.clear();
        // SAFETY: the bytes are this thread's until its next call, which cannot begin before this function ends.
        let mut rest = unsafe { &*reply };
        if push_reply(stack, &mut rest, 0) {
            return 1;
        }
        stack.clear();
        leave_reply();
    }
    stack.call_upvalue()
}

/// See [`bounded_function`].
unsafe extern "C-unwind" fn call_for_texts(state: *mut lua_State) -> c_int {
    let stack = Stack(state);
    // A number is a short text, and anything else is refused.
    let text = |at| if stack.kind(at) == ffi::LUA_TSTRING { stack.text(at) } else { b"" };
    call_one(stack, is_bounded(text(1), text(2), text(3)))
}

/// See [`bounded_function`].
unsafe extern "C-unwind" fn call_for_list(state: *mut lua_State) -> c_int {
    let stack = Stack(state);
    let is_long = stack.kind(1) == ffi::LUA_TTABLE
        && matches!(stack.kind(2), ffi::LUA_TNIL | ffi::LUA_TNONE)
        && stack.elements(1) > SHORT_LIST;
    call_one(stack, !is_long)
}

/// Calls Lua's function, or ours.
fn call_one(stack: Stack, is_bounded: bool) -> c_int {
    match stack.second_upvalue() {
        // SAFETY: it takes its arguments from this state's stack as the calling function does, and uses no upvalues.
        Some(theirs) if is_bounded => unsafe { theirs(stack.0) },
        _ => stack.call_upvalue(),
    }
}

/// Runs the command that is on the stack; answers its reply, or leaves something else.
fn run(stack: Stack) -> Option<*const [u8]> {
    SCRATCH.with_borrow_mut(|Scratch { argv, reply, left, .. }| {
        *left = None;
        if !read_arguments(stack, argv) {
            return None;
        }
        let mut keep = |bytes: &[u8]| {
            reply.clear();
            reply.extend_from_slice(bytes);
        };
        let called = catch_unwind(AssertUnwindSafe(|| with_host(|host| host.call(argv.view(), &mut keep))));
        *left = Some(match called {
            Ok(Some(Ok(()))) => return Some(&raw const reply[..]),
            Ok(Some(Err(refused))) => Left::Refused(refused),
            Ok(None) => Left::NoHost,
            Err(panic) => Left::Panicked(panic),
        });
        None
    })
}

/// Leaves the reply to be read elsewhere.
#[cold]
fn leave_reply() {
    SCRATCH.with_borrow_mut(|scratch| scratch.left = Some(Left::Reply(std::mem::take(&mut scratch.reply))));
}

/// False when they are none, or not fit for a command.
fn read_arguments(stack: Stack, argv: &mut OwnedArgs) -> bool {
    argv.clear();
    for at in 1..=stack.len() {
        match stack.kind(at) {
            ffi::LUA_TSTRING => argv.push(stack.text(at)),
            ffi::LUA_TNUMBER => write_number(argv, stack.number(at)),
            _ => return false,
        }
    }
    !argv.view().is_empty()
}

/// Pushes the value of a reply; false when it is not of the kinds known here. May raise an error.
fn push_reply(stack: Stack, rest: &mut &[u8], depth: usize) -> bool {
    let Some((kind, line)) = take_line(rest) else { return false };
    match kind {
        b'$' if line == b"-1" => stack.push_bool(false),
        b'$' => {
            let Some(text) = length(line).and_then(|len| take(rest, len)) else { return false };
            stack.push_text(text);
        }
        b':' => match parse_i64(line) {
            Some(n) => stack.push_number(n as f64),
            None => return false,
        },
        b'+' => {
            stack.push_table(0, 1);
            stack.push_text(b"ok");
            stack.push_text(line);
            stack.set_field();
        }
        b'*' if line == b"-1" => stack.push_bool(false),
        b'*' => return push_array(stack, rest, line, depth),
        b'_' => stack.push_nil(),
        _ => return false,
    }
    true
}

/// May raise an error.
fn push_array(stack: Stack, rest: &mut &[u8], line: &[u8], depth: usize) -> bool {
    let Some(len) = length(line).filter(|_| depth < DEPTH_MAX && stack.has_room(4)) else { return false };
    // No element has fewer than three bytes.
    stack.push_table(len.min(rest.len() / 3), 0);
    for at in 1..=len {
        if !push_reply(stack, rest, depth + 1) {
            return false;
        }
        stack.set_element(at);
    }
    true
}

fn length(line: &[u8]) -> Option<usize> {
    parse_i64(line).and_then(|len| usize::try_from(len).ok())
}
