//! Scripts in the sandbox, with a host that knows a few words.

use super::*;
use crate::resp::{Args, Output, Protocol, Reply};
use crate::script::{Refused, ScriptFlags};

/// Answers `ECHO` with its argument, `KINDS` with one reply of each kind, `STOP` by ending the run; knows no other.
struct Words {
    protocol: Protocol,
    /// Looks until the run is to end.
    looks: usize,
}

impl Words {
    /// Such that a run has some seconds.
    fn patient() -> Words {
        Words { protocol: Protocol::Resp2, looks: 100_000 }
    }

    /// Such that it has some milliseconds.
    fn impatient() -> Words {
        Words { looks: 50, ..Words::patient() }
    }
}

impl Host for Words {
    fn call(&mut self, argv: Args<'_>, read: &mut dyn FnMut(&[u8])) -> Result<(), Refused> {
        let mut output = Output::default();
        let mut reply = Reply::new(&mut output, self.protocol);
        match argv.get(0) {
            b"ECHO" => reply.bulk(argv.get(1)),
            b"FAIL" => reply.error("WRONGTYPE no"),
            b"STOP" => return Err(Refused::Stop(Stop::NeedsAllShards)),
            b"KINDS" => {
                reply.array(8);
                reply.simple(b"fine");
                reply.integer(7);
                reply.null();
                reply.double(1.5);
                reply.bool(true);
                reply.map(1);
                reply.bulk("k");
                reply.bulk("v");
                reply.set(1);
                reply.bulk("m");
                reply.verbatim(b"txt", b"words");
            }
            _ => return Err(Refused::Error(b"ERR Unknown Redis command called from script".to_vec())),
        }
        read(output.as_slice().expect("it is short"));
        Ok(())
    }

    fn set_protocol(&mut self, protocol: Protocol) {
        self.protocol = protocol;
    }

    fn set_repl(&mut self, _: u8) {}

    fn log(&mut self, _: u8, _: &[u8]) {}

    fn may_run(&mut self, argv: Args<'_>) -> Option<bool> {
        (argv.get(0) == b"ECHO").then_some(true)
    }

    fn tick(&mut self) -> Option<Stop> {
        self.looks = self.looks.saturating_sub(1);
        (self.looks == 0).then_some(Stop::Killed)
    }
}

fn ran(mut host: Words, source: &str, keys: &[&str], args: &[&str]) -> (Result<Ran, Vec<u8>>, Protocol) {
    let ran = with_interpreter(|interpreter| {
        let scripts = Scripts::default();
        let digest = Digest::of(source.as_bytes());
        let compiled = interpreter.add_script(&scripts, digest, source.as_bytes(), false)?;
        let (keys, args) = (keys.iter().map(|key| key.as_bytes()), args.iter().map(|arg| arg.as_bytes()));
        Ok(interpreter.run(Program::Script(&compiled), keys, args, &mut host))
    });
    (ran, host.protocol)
}

/// The reply, or `!` and the error with its place.
fn run_with(source: &str, keys: &[&str], args: &[&str]) -> String {
    match ran(Words::patient(), source, keys, args) {
        (Ok(Ran::Value(value)), spoken) => {
            let mut output = Output::default();
            write_value(&mut Reply::new(&mut output, Protocol::Resp3), &value, spoken);
            String::from_utf8_lossy(output.as_slice().expect("it is short")).replace("\r\n", " ").trim_end().to_owned()
        }
        (Ok(Ran::Failed(failure)), _) => {
            let text = String::from_utf8_lossy(&failure.text).into_owned();
            let place = failure.place.map_or_else(String::new, |(source, line)| format!(" {source}:{line}"));
            format!("!{text}{place}")
        }
        (Ok(Ran::Stopped(stop, _)), _) => format!("{stop:?}"),
        (Err(text), _) => format!("?{}", String::from_utf8_lossy(&text)),
    }
}

fn run(source: &str) -> String {
    run_with(source, &[], &[])
}

#[track_caller]
fn expect(source: &str, reply: &str) {
    assert_eq!(run(source), reply, "{source}");
}

#[test]
fn values_become_replies() {
    for (source, reply) in [
        ("return 3.99", ":3"),
        ("return -1/0", ":-9223372036854775808"),
        ("return true", ":1"),
        ("return false", "_"),
        ("return", "_"),
        ("return {1,'2',nil,4}", "*2 :1 $1 2"),
        ("return {{},{{}}}", "*2 *0 *1 *0"),
        ("return {ok='a\\r\\nb'}", "+a  b"),
        ("return {err='bad\\nnews'}", "-bad news"),
        ("return {err=1}", "*0"),
        ("return {double=3.5}", ",3.5"),
        ("return {map={a=1}}", "%1 $1 a :1"),
        ("return {set={a=true}}", "~1 $1 a"),
        ("return {big_number='12'}", "(12"),
        ("return {verbatim_string={string='x',format='text'}}", "=5 tex:x"),
        ("redis.setresp(3) return {true,false}", "*2 #t #f"),
        ("return function() end", "_"),
        ("return setmetatable({},{__index={err='x'}})", "*0"),
    ] {
        expect(source, reply);
    }
    expect("return unpack({1,2,3})", ":1");
    expect("return ('x'):rep(60):byte(1,60)", ":120");
    assert!(run("local t={} t[1]=t return t").ends_with("-ERR reached lua stack limit"));
}

#[test]
fn replies_become_values() {
    expect(
        "local r=redis.call('KINDS') return {r[1].ok,r[2],r[3]==false,r[4],r[5],r[6][1],r[7][1],r[8]}",
        "*8 $4 fine :7 :1 $3 1.5 :1 $1 k $1 m $5 words",
    );
    expect(
        "redis.setresp(3) local r=redis.call('KINDS') \
         return {r[1].ok,r[2],r[3]==nil,r[4].double,r[5],r[6].map.k,r[7].set.m,r[8].verbatim_string.format}",
        "*8 $4 fine :7 #t :1 #t $1 v #t $3 txt",
    );
    assert_eq!(
        run_with("return {KEYS,ARGV,redis.call('ECHO',ARGV[1])}", &["k"], &["a", "b"]),
        "*3 *1 $1 k *2 $1 a $1 b $1 a"
    );
    expect("return redis.call('ECHO',1.5)", "$3 1.5");
    expect("return redis.call('ECHO',0.1)", "$19 0.10000000000000001");
    // Like C's %.17g, whole numbers too.
    expect(
        "return {redis.call('ECHO',1e16),redis.call('ECHO',1e17),redis.call('ECHO',-0)}",
        "*3 $17 10000000000000000 $5 1e+17 $2 -0",
    );
    // Replies that are read elsewhere than the usual ones.
    expect(
        "redis.setresp(3) return {#redis.call('KINDS'), redis.pcall('FAIL').err, redis.call('ECHO','x')}",
        "*3 :8 $12 WRONGTYPE no $1 x",
    );
    expect("return {pcall(redis.call,{})}", "*2 _ $63 ERR Lua redis lib command arguments must be strings or integers");
    expect("return redis.pcall().err", "$64 ERR Please specify at least one argument for this redis lib call");
}

#[test]
fn errors_say_where() {
    for (source, reply) in [
        ("error('bad')", "!ERR user_script:1: bad @user_script:1"),
        ("error({err='My bad'})", "!My bad @user_script:1"),
        ("error({})", "!ERR unknown error @user_script:1"),
        ("error()", "!ERR nil @user_script:1"),
        ("\nlocal a\nreturn a.b", "!ERR user_script:3: attempt to index local 'a' (a nil value) @user_script:3"),
        ("#!lua\n\nerror('x')", "!ERR user_script:3: x @user_script:3"),
        ("return redis.call('nope')", "!ERR Unknown Redis command called from script @user_script:1"),
        ("return redis.call('FAIL')", "!WRONGTYPE no @user_script:1"),
        ("return redis.pcall('FAIL')", "-WRONGTYPE no"),
        ("return {pcall(redis.call,'FAIL')}", "*2 _ $12 WRONGTYPE no"),
        (
            "local c=coroutine.create(function() redis.call('FAIL') end) return {coroutine.resume(c)}",
            "*2 _ -WRONGTYPE no",
        ),
        ("return ({xpcall(function() redis.call('FAIL') end,function(e) return e.err end)})[2]", "$12 WRONGTYPE no"),
        ("redis.call()", "!ERR Please specify at least one argument for this redis lib call @user_script:1"),
        ("redis.call({})", "!ERR Lua redis lib command arguments must be strings or integers @user_script:1"),
        ("syntax error", "?ERR Error compiling script (new function): user_script:1: '=' expected near 'error'"),
        ("\u{1b}Lua", "?ERR Error compiling script (new function): user_script:1: unexpected symbol near 'char(27)'"),
        ("return loadstring('error(1)')()", "!ERR [string \"error(1)\"]:1: 1 error(1):1"),
    ] {
        expect(source, reply);
    }
}

#[test]
fn the_sandbox_is_closed() {
    for name in ["print", "io", "require", "dofile", "loadfile", "newproxy", "getfenv", "setfenv", "debug", "module"] {
        let text = format!(
            "!ERR user_script:1: Script attempted to access nonexistent global variable '{name}' @user_script:1"
        );
        expect(&format!("return {name}"), &text);
    }
    let readonly = "!ERR user_script:1: Attempt to modify a readonly table @user_script:1";
    for source in [
        "x = 10",
        "_G.redis = 1",
        "KEYS = {}",
        "string.foo = 1",
        "redis.call = nil",
        "cjson.encode = nil",
        "getmetatable(_G).__index = 1",
        "getmetatable('').__index.rep = 1",
        "getmetatable(redis).__index = 1",
    ] {
        expect(source, readonly);
    }
    for source in [
        "rawset(_G,'x',1)",
        "setmetatable(_G,{})",
        "setmetatable(redis,{})",
        "rawset(string,'a',1)",
        "table.insert(redis,1)",
    ] {
        expect(source, "!ERR Attempt to modify a readonly table @user_script:1");
    }
    expect("return loadstring(string.dump(function() return 1 end))", "_");
    expect("return {type(os.clock()), os.time}", "*1 $6 number");
    expect("return {rawget(_G,'redis')==redis, rawget(_G,'nope')}", "*1 :1");
    expect("local n=0 for k in pairs(_G) do n=n+1 end return n>20", ":1");
    expect("local f=load(function() return nil end) return type(f)", "$8 function");
    expect("collectgarbage('stop') return collectgarbage('count') > 1", ":1");
    expect("cjson.encode_max_depth(3) return cjson.encode_max_depth()", ":3");
    expect("return cjson.encode_max_depth()", ":1000");
}

#[test]
fn nothing_keeps_a_run_from_its_end() {
    for source in [
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "while true do xpcall(function() while true do end end, function() while true do end end) end",
        "local c=coroutine.wrap(function() while true do end end) while true do pcall(c) end",
        "while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
        "while true do load(function() while true do end end) end",
        "table.sort({3,2,1,5,4}, function() while true do end end)",
        "string.gsub('abc', '.', function() while true do end end)",
        "return string.rep('a', 1e5):find('.-.-.-.-b')",
        "while true do pcall(string.find, string.rep('a', 1e5), '.-.-.-.-b') end",
        "return string.rep('a', 1e5):match('a*a*a*a*b')",
        "return string.rep('a', 1e6):match('%b' .. 'ab')",
        "return string.rep('a', 1e6):find('(a*)%1b')",
        "return string.rep('a', 1e5):gsub('.-.-.-.-b', '')",
        "return string.rep('a', 40):match(string.rep('a?', 40) .. 'b')",
        "for match in string.rep('a', 1e5):gmatch('.-.-.-.-b') do end",
        "local a, b = string.rep('a', 1e7), string.rep('a', 1e6) .. 'b' while true do a:find(b, 1, true) end",
        "local a = string.rep('a', 60) while true do a:find('.-.-b') end",
        "local t = {} for i = 1, 3e5 do t[i] = i * 7919 % 300007 end table.sort(t)",
        "local t = {} for i = 1, 3e5 do t[i] = 'a' end while true do table.concat(t) end",
        "while true do string.rep('a', 1e7) end",
    ] {
        let (ran, _) = ran(Words::impatient(), source, &[], &[]);
        assert!(matches!(ran, Ok(Ran::Stopped(Stop::Killed, _))), "{source}: {ran:?}");
    }
    expect("pcall(redis.call,'STOP') return 1", "NeedsAllShards");
    expect("return 1", ":1");
}

#[test]
fn hunger_is_an_error() {
    // On a thread as those that run commands.
    crate::util::task::spawn_thread("hungry", be_hungry).join().expect("every case holds");
}

fn be_hungry() {
    expect("local function f() return f()+1 end return f()", "!ERR user_script:1: stack overflow @user_script:1");
    assert!(run("local s='x' while true do s=s..s end").contains("not enough memory"));
    assert!(run("return string.rep('x', 2^31-1)").starts_with('!'));
    expect("return #cjson.decode(string.rep('[',1000)..string.rep(']',1000))", ":1");
    assert!(run("return cjson.decode(string.rep('[',1001)..string.rep(']',1001))").contains("too many nested"));
    assert!(
        run("local t={} local r=t for i=1,5000 do t[1]={} t=t[1] end return cjson.encode(r)")
            .contains("excessive nesting")
    );
    assert!(run("return cmsgpack.unpack(string.rep('\\145',20000)..'\\1')").contains("stack overflow"));
    let deep = "local r={} local t=r for i=1,999 do t.x={} t=t.x end ";
    expect(&format!("{deep} return #cjson.encode(r)"), ":5996");
    expect(&format!("{deep} t.x=r return #cmsgpack.pack(r)"), ":49");
    expect("local t={} t.x=t return #cmsgpack.pack(t)", ":49");
    expect("return 1", ":1");
}

/// Whatever these answer, they answer something, and the interpreter goes on.
#[test]
fn no_script_ends_the_process() {
    crate::util::task::spawn_thread("hostile", be_hostile).join().expect("every case holds");
}

fn be_hostile() {
    for (source, said) in [
        ("return string.rep('x', -1)", "$0"),
        ("return string.format('%99999d', 1)", "invalid format"),
        ("return string.format('%.99999f', 1)", "invalid format"),
        ("return #string.format('%99.99f', 1e308)", ":409"),
        ("return string.format('%', 1)", "invalid option"),
        ("return #string.format('%s%q', string.rep('x', 1e6), string.rep('\\0', 1e5))", ":"),
        ("return unpack({}, 1, 1e8)", "too many results to unpack"),
        ("return unpack({}, -2^31, 2^31)", ""),
        ("return #{string.byte(string.rep('x', 1e6), 1, -1)}", "string slice too long"),
        ("local function f() return coroutine.wrap(f)() end return f()", "C stack overflow"),
        ("local function f() return (pcall(f)) end return f()", ""),
        ("local function f() return (xpcall(f, f)) end return f()", ""),
        ("local function f(n) return n > 0 and f(n - 1) + 1 or 0 end return f(150)", ":150"),
        ("for i = 1, 1e4 do coroutine.wrap(function() coroutine.yield() end)() end return 1", ":1"),
        ("local c c = coroutine.create(function() return coroutine.resume(c) end) return {coroutine.resume(c)}", "*"),
        ("local t = {} for i = 1, 1000 do t[i] = i end table.sort(t, function() return true end) return 1", ""),
        ("local t = {} for i = 1, 1000 do t[i] = 0/0 end table.sort(t) return 1", ""),
        (
            "local n = 0 local t = {3,1,2} table.sort(t, function(a, b) n = n + 1 t[n] = nil return a < b end) return 1",
            "",
        ),
        ("return table.concat(setmetatable({}, {__index = function() return 'x' end}), '', 1, 10)", "!"),
        ("local t = setmetatable({}, {}) getmetatable(t).__index = t return t.x", "loop in gettable"),
        ("local t = setmetatable({}, {}) getmetatable(t).__newindex = t t.x = 1", "loop in settable"),
        ("return tostring(setmetatable({}, {__tostring = function() return 1 end}))", ""),
        ("return string.find(string.rep('(', 100), string.rep('(', 100))", "!"),
        ("return string.gsub('x', 'x', string.rep('%0', 1e5)):len()", ":100000"),
        ("return string.find('a', '%')", "malformed pattern"),
        ("return string.find('a', '[a')", "malformed pattern"),
        ("return string.find('a', '%b')", "!"),
        ("return loadstring(string.rep('(', 1e5))", "_"),
        ("return loadstring('return ' .. string.rep('{', 300) .. string.rep('}', 300))", "_"),
        ("return loadstring('local a' .. string.rep(',a', 300))", "_"),
        ("return loadstring('\\27Lua' .. string.rep('\\255', 100))", "_"),
        ("collectgarbage('step', 1e9) return 1", ":1"),
        ("return cjson.encode(0/0)", "!"),
        ("return cjson.encode(1/0)", "!"),
        ("return cjson.encode({[1e9] = 1})", "!"),
        ("return cjson.encode({[0.5] = 1})", "$9 {\"0.5\":1}"),
        ("return cjson.encode(function() end)", "!"),
        ("return cjson.decode('1e99999')", ":"),
        ("return cjson.decode(string.rep('9', 1e5))", ":"),
        ("return #cjson.decode('\"' .. string.rep('\\\\u0041', 1e5) .. '\"')", ":100000"),
        ("return cjson.decode('{\"a\":')", "!"),
        ("return cmsgpack.unpack('\\221\\255\\255\\255\\255')", "!"),
        ("return cmsgpack.unpack('\\223\\255\\255\\255\\255')", "!"),
        ("return cmsgpack.unpack('\\219\\255\\255\\255\\255x')", "!"),
        ("return cmsgpack.unpack_limit('\\1\\1', 2^31, 2^31)", "!"),
        ("return #cmsgpack.pack(0/0, 1/0, -1/0, 2^63, -2^63, 1e308)", ":"),
        ("return struct.unpack('c4294967295', 'x')", "!"),
        ("return struct.unpack('c2147483647', 'x')", "!"),
        ("return struct.pack('i999', 1)", "!"),
        ("return struct.pack('!99999i', 1)", "!"),
        ("return struct.pack(string.rep('i4', 1e4), 1)", "!"),
        ("return struct.size(string.rep('c2147483647', 10))", ""),
        ("return struct.unpack('i4', 'abcd', 2^31)", "!"),
        ("return struct.unpack('i4', 'abcd', 0/0)", ""),
        ("return bit.tobit(0/0)", ":"),
        ("return bit.lshift(1, 2^40)", ":"),
        ("return bit.tohex(-1, -2^31)", "$8 FFFFFFFF"),
    ] {
        let answer = run(source);
        assert!(answer.starts_with(said) || answer.contains(said), "{source}: {answer}");
    }
    expect("return 1", ":1");
}

#[test]
fn libraries_register_functions() {
    let mut host = Words::impatient();
    let mut load = |body: &str| with_interpreter(|interpreter| interpreter.try_library(body.as_bytes(), &mut host));
    let functions = load(
        "\nredis.register_function{function_name='a', callback=function() end, flags={'no-writes'}, description='d'}\nredis.register_function('b', redis.log)",
    );
    let functions = functions.expect("the library is well-formed");
    assert_eq!(functions[0].flags, ScriptFlags::NO_WRITES);
    assert_eq!((&functions[0].description, &functions[1].name[..]), (&Some(b"d".to_vec()), "b"));
    for (body, text) in [
        ("\nx=1", "ERR user_function:2: Attempt to modify a readonly table"),
        ("\nredis.call('a')", "ERR user_function:2: Script attempted to access nonexistent global variable 'call'"),
        ("\nreturn pairs", "ERR user_function:2: Script attempted to access nonexistent global variable 'pairs'"),
        (
            "redis.register_function('a')",
            "ERR calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments).",
        ),
        ("redis.register_function('a', 1)", "ERR second argument to redis.register_function must be a function"),
        ("redis.register_function('a-b', redis.log)", crate::script::flags::BAD_NAME),
        (
            "redis.register_function('a', redis.log) redis.register_function('A', redis.log)",
            "ERR Function already exists in the library",
        ),
    ] {
        assert_eq!(load(body), Err(LibraryError::Failed(text.into())), "{body}");
    }
    assert_eq!(load("while 1 do end"), Err(LibraryError::Timeout));
    assert_eq!(load("return 1"), Err(LibraryError::Empty));
    assert_eq!(load("x x"), Err(LibraryError::NotCompiled(b"user_function:1: '=' expected near 'x'".to_vec())));
}

#[test]
fn functions_see_what_is_theirs() {
    let code = "local n = 0\nlocal lib = redis\nlib.register_function('f', function(keys, args) n = n + 1 return {n, keys, args, redis.call('ECHO', 'x')} end)\nredis.register_function('g', function() return redis.register_function end)\nredis.register_function('h', function() return KEYS end)";
    let mut host = Words::impatient();
    let functions = with_interpreter(|interpreter| interpreter.try_library(code.as_bytes(), &mut host)).unwrap();
    let library = Library::new("lib".into(), code.into(), 0, functions);
    let mut call = |name: &str| {
        let ran = with_interpreter(|interpreter| {
            let (keys, args) = ([&b"k"[..]], [&b"a"[..]]);
            interpreter.run(Program::Function(&library, name), keys.into_iter(), args.into_iter(), &mut host)
        });
        match ran {
            Ran::Value(value) => {
                let mut output = Output::default();
                write_value(&mut Reply::new(&mut output, Protocol::Resp3), &value, Protocol::Resp2);
                String::from_utf8_lossy(output.as_slice().unwrap()).replace("\r\n", " ")
            }
            other => format!("{other:?}"),
        }
    };
    assert_eq!(call("f"), "*4 :1 *1 $1 k *1 $1 a $1 x ");
    assert_eq!(call("f"), "*4 :2 *1 $1 k *1 $1 a $1 x ");
    assert_eq!(call("g"), "_ ");
    assert!(call("h").contains("Failed"));
}
