-- Builds the sandbox in a new interpreter. Takes a table of functions written in Rust; answers what Rust needs of it.
--
-- Scripts see proxies of the global table and of the libraries: empty tables that read through to the real ones and
-- refuse every write. What catches errors (pcall, xpcall, coroutine.resume, load) is wrapped: an error raised in Rust is
-- turned into what Redis shows of it, and the end of a run passes through all of them.

local host = ...
local raw = _G
local select, type, error, setmetatable, getmetatable = select, type, error, setmetatable, getmetatable
local next, pairs, rawget, rawset, tostring = next, pairs, rawget, rawset, tostring
local pcall, xpcall, loadstring, collectgarbage = pcall, xpcall, loadstring, collectgarbage
local resume, concat, insert, byte = coroutine.resume, table.concat, table.insert, string.byte

-- Proxies and the tables behind them.
local behind = {}

local function freeze(real, metatable_shown)
  local proxy = {}
  behind[proxy] = real
  return setmetatable(proxy, { __index = real, __newindex = host.deny, __metatable = metatable_shown })
end

local sealed = freeze({}, false)

local function got(value, shown)
  return "got " .. (shown == 0 and "no value" or type(value))
end

-- Errors that are caught.

local function caught(ok, ...)
  if ok then return ok, ... end
  local e = ...
  local kind = type(e)
  if kind == "userdata" then
    e = host.as_text(e)
  elseif kind == "table" then
    local err = rawget(e, "err")
    if err ~= nil then e = err end
  end
  return false, e
end

local function caught_whole(ok, ...)
  if ok or type(...) ~= "userdata" then return ok, ... end
  return false, host.as_table((...))
end

local function safe_pcall(...)
  if select("#", ...) == 0 then return false, "attempt to call a boolean value" end
  return caught(pcall(...))
end

local function safe_xpcall(...)
  if select("#", ...) < 2 then error("bad argument #2 to 'xpcall' (value expected)", 2) end
  local f, handler = ...
  if type(handler) ~= "function" then return caught_whole(xpcall(f, handler)) end
  return caught_whole(xpcall(f, function(e)
    if type(e) == "userdata" then
      if host.is_stop(e) then return e end
      e = host.as_table(e)
    end
    return handler(e)
  end))
end

local function safe_resume(...)
  return caught_whole(resume(...))
end

-- Code from text; compiled code could do anything, so none is taken.

local function safe_loadstring(...)
  local text, name = ...
  if type(text) == "number" then text = tostring(text) end
  if type(text) ~= "string" then
    error("bad argument #1 to 'loadstring' (string expected, " .. got(text, select("#", ...)) .. ")", 2)
  end
  if byte(text) == 27 then return nil, "attempt to load a binary chunk" end
  if name == nil then return loadstring(text) end
  return loadstring(text, tostring(name))
end

local function safe_load(...)
  local reader, name = ...
  if type(reader) ~= "function" then
    error("bad argument #1 to 'load' (function expected, " .. got(reader, select("#", ...)) .. ")", 2)
  end
  local pieces = {}
  while true do
    local ok, piece = safe_pcall(reader)
    if not ok then return nil, piece end
    if piece == nil or piece == "" then break end
    if type(piece) ~= "string" then return nil, "reader function must return a string" end
    pieces[#pieces + 1] = piece
  end
  return safe_loadstring(concat(pieces), name == nil and "=(load)" or name)
end

-- Access to tables past their metatables.

local function safe_rawget(...)
  local real = behind[(...)]
  if real then return rawget(real, (select(2, ...))) end
  return rawget(...)
end

local function safe_rawset(...)
  if behind[(...)] then return host.deny_plainly() end
  return rawset(...)
end

local function safe_insert(...)
  local t = ...
  if behind[t] then return host.deny_plainly() end
  if type(t) ~= "table" then
    error("bad argument #1 to 'insert' (table expected, " .. got(t, select("#", ...)) .. ")", 2)
  end
  return insert(...)
end

local function safe_setmetatable(...)
  if behind[(...)] then return host.deny_plainly() end
  return setmetatable(...)
end

local function safe_pairs(...)
  local t = ...
  local real = behind[t]
  if real then
    return function(_, key) return next(real, key) end, t, nil
  end
  if type(t) ~= "table" then
    error("bad argument #1 to 'pairs' (table expected, " .. got(t, select("#", ...)) .. ")", 2)
  end
  return next, t, nil
end

-- The collector is shared by all scripts: they may run it, not set it.
local function safe_collectgarbage(option, argument)
  if option == "stop" or option == "restart" then return 0 end
  if option == "setpause" or option == "setstepmul" then return 200 end
  if option ~= nil and option ~= "collect" and option ~= "count" and option ~= "step" then
    error("bad argument #1 to 'collectgarbage' (invalid option '" .. tostring(option) .. "')", 2)
  end
  return collectgarbage(option, argument)
end

-- Where Lua compares values itself, no look is taken at whether the run is to end: many are compared by a function.

local sort = raw.table.sort

local function long_sort(list)
  return sort(list, function(a, b) return a < b end)
end

-- The libraries.

local kept = { table = raw.table, math = raw.math, string = raw.string, coroutine = raw.coroutine }
kept.coroutine.resume, kept.table.insert = safe_resume, safe_insert
kept.table.sort = host.bounded_sort(sort, long_sort)
kept.math.random, kept.math.randomseed = host.random, host.randomseed

local libraries = {}
for name, library in pairs(kept) do libraries[name] = freeze(library, sealed) end
for name, library in pairs(host.libraries) do libraries[name] = freeze(library, sealed) end

getmetatable("").__metatable = freeze({ __index = libraries.string }, false)

local globals = {
  _VERSION = raw._VERSION, assert = raw.assert, collectgarbage = safe_collectgarbage, error = error,
  gcinfo = raw.gcinfo, getmetatable = getmetatable, ipairs = raw.ipairs, load = safe_load,
  loadstring = safe_loadstring, next = next, pairs = safe_pairs, pcall = safe_pcall, rawequal = raw.rawequal,
  rawget = safe_rawget, rawset = safe_rawset, select = select, setmetatable = safe_setmetatable,
  tonumber = raw.tonumber, tostring = tostring, type = type, unpack = raw.unpack, xpcall = safe_xpcall,
}
for name, library in pairs(libraries) do globals[name] = library end

-- Three sets of globals: of EVAL, of functions, and of a library that is being loaded. A library keeps its environment
-- from its load on, so what that environment reads is exchanged.

local function world(own, redis)
  local real = {}
  for name, value in pairs(own) do real[name] = value end
  real.redis = redis
  return setmetatable(real, { __index = host.missing })
end

local shown = freeze({ __index = host.missing }, false)

local eval_real = world(globals, freeze(host.redis_eval, sealed))
local eval_globals = freeze(eval_real, shown)
eval_real._G = eval_globals

local function_real = world(globals, freeze(host.redis_function, sealed))
local load_real = world({}, freeze(setmetatable(host.redis_load, { __index = host.missing }), sealed))
local function_globals = setmetatable({}, { __index = function_real, __newindex = host.deny, __metatable = shown })
function_real._G = function_globals
behind[function_globals] = function_real
local metatable_of_globals = host.metatable(function_globals)

local function loading(on)
  metatable_of_globals.__index = on and load_real or function_real
end

-- Calls from Rust: true and the value, or false; the handler has told what failed.

-- A program has one value: more of them would be many more than there is room for.
local program

local function value_of_program()
  return (program())
end

local function run(f)
  program = f
  return xpcall(value_of_program, host.failed)
end

local lists, failed = host.lists, host.failed

local function run_script(f)
  eval_real.KEYS, eval_real.ARGV = lists()
  program = f
  return xpcall(value_of_program, failed)
end

local function run_function(f)
  local keys, args = lists()
  return xpcall(function() return (f(keys, args)) end, failed)
end

return eval_globals, function_globals, loading, run, run_script, run_function
