//! Files and command lines as redis-server 7.0.15 takes them.

use crate::config::*;
use std::fs;
use std::path::Path;

fn run(args: &[&str], stdin: &str) -> Result<Config, String> {
    match Invocation::parse(args.iter().map(Into::into), &mut stdin.as_bytes()) {
        Ok(Invocation::Run(config)) => Ok(*config),
        Ok(other) => Err(format!("{other:?}")),
        Err(error) => Err(error.to_string()),
    }
}

fn show(config: &Config, name: &str) -> String {
    String::from_utf8_lossy(&config.text(ParamId::find(name.as_bytes()).expect("known"))).into_owned()
}

#[track_caller]
fn file(text: &str, args: &[&str]) -> Result<Config, String> {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("nyala.conf");
    fs::write(&path, text).expect("written");
    let path = path.to_str().expect("UTF-8").to_string();
    let args: Vec<&str> = [path.as_str()].into_iter().chain(args.iter().copied()).collect();
    run(&args, "").map_err(|error| error.replace(&path, "FILE"))
}

#[test]
fn lines_comments_and_quotes() {
    let config =
        file("   timeout   8   \n\t# c\n\nTIMEOUT 9\r\n'port' \"7\\x30\"\nrequirepass 'a b'", &[]).expect("good");
    assert_eq!((config.timeout(), config.port()), (9, 70));
    assert_eq!(config.requirepass().as_deref(), Some(b"a b".as_slice()));
}

#[test]
fn faults_name_file_line_and_reason() {
    for (line, reason) in [
        ("prot 1", "Bad directive or wrong number of arguments"),
        ("timeout", "wrong number of arguments"),
        ("timeout 1 2", "wrong number of arguments"),
        ("timeout a", "argument couldn't be parsed into an integer"),
        ("save 1", "Invalid save parameters"),
        ("save \"\" \"\"", "Invalid save parameters"),
        ("unixsocketperm 8", "argument couldn't be parsed as an octal number"),
        ("unixsocketperm 1000", "argument must be between 0 and 777 inclusive"),
        ("databases 0", "argument must be between 1 and 2147483647 inclusive"),
        ("\"unbalanced", "Unbalanced quotes in configuration line"),
        ("timeout \"1\"x", "Unbalanced quotes in configuration line"),
        ("rename-command config", "Bad directive or wrong number of arguments"),
        ("include", "Bad directive or wrong number of arguments"),
        ("user", "Bad directive or wrong number of arguments"),
        ("loadmodule", "Bad directive or wrong number of arguments"),
        ("loadmodule /x.so", "modules cannot be loaded"),
        ("sentinel a b", "sentinel directive while not in sentinel mode"),
        ("replicaof a", "wrong number of arguments"),
        ("replicaof", "wrong number of arguments"),
        ("replicaof host 70000", "Invalid master port"),
        ("replicaof 10.0.0.1 6379", "the server cannot follow a primary yet"),
        ("cluster-enabled yes", "cluster mode is not built yet; use no"),
        ("aclfile users.acl", "users other than default are not kept yet; use requirepass"),
        ("appendfilename \"\"", "appendfilename can't be empty"),
        ("dbfilename a/b", "dbfilename can't be a path, just a filename"),
        ("dir /nonexistent", "No such file or directory"),
        ("enable-debug-command x", "argument(s) must be one of the following: no, yes, local"),
        ("user alice on", "users other than default are not kept yet"),
    ] {
        let error = file(&format!("port 0\n\n{line}\ntimeout 3\n"), &[]).expect_err(line);
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(
            error,
            format!(
                "*** FATAL CONFIG FILE ERROR (Nyala {version}) ***\nReading the configuration file, at line 3 of \
                 FILE\n>>> '{line}'\n{reason}"
            )
        );
    }
    let error = run(&["/nonexistent/x.conf"], "").expect_err("no file");
    assert_eq!(error, "Fatal error, can't open config file '/nonexistent/x.conf': No such file or directory");
}

#[test]
fn what_is_off_is_taken() {
    let off = "appendonly no\ncluster-enabled no\ntls-port 0\nreplicaof no one\nslaveof NO ONE\naclfile \"\"\n\
               supervised auto\nactivedefrag no\nlist-max-ziplist-entries 5\nmin-slaves-to-write 0\n";
    assert_eq!(file(off, &[]).map(|config| show(&config, "replicaof")), Ok(String::new()));
}

#[test]
fn save_lines_add_up() {
    for (text, args, save) in [
        ("", &[][..], "3600 1 300 100 60 10000"),
        ("save 7 7\n", &[], "7 7"),
        ("save 900 1\nsave 60 5\n", &[], "900 1 60 5"),
        ("save 900 1\nsave \"\"\nsave 60 5\n", &[], "60 5"),
        ("save ''\n", &[], ""),
        ("save\n", &[], ""),
        ("save ''\nsave 5 5\n", &["--save", "900", "1"], "5 5 900 1"),
        ("", &["--save", "900 1"], "900 1"),
        ("", &["--save", ""], ""),
        ("", &["--save"], ""),
        ("", &["--save", "--timeout", "5"], ""),
        ("", &["--save", "900", "1", "--save", "60", "10"], "900 1 60 10"),
        ("", &["--save", "900", "1", "--save", ""], ""),
    ] {
        let config = file(text, args).expect("good");
        assert_eq!(show(&config, "save"), save, "{text:?} {args:?}");
    }
}

#[test]
fn command_lines() {
    let timeout = |args: &[&str], stdin: &str| run(args, stdin).map(|config| (config.timeout(), config.maxclients()));
    assert_eq!(timeout(&[], "timeout 1"), Ok((0, 10000)));
    assert_eq!(timeout(&["--timeout", "5", "--TimeOut", "6"], ""), Ok((6, 10000)));
    assert_eq!(timeout(&["--timeout 5"], ""), Ok((5, 10000)));
    assert_eq!(timeout(&["--timeout", "5", "-"], "maxclients 77\ntimeout 4"), Ok((5, 77)));
    assert_eq!(timeout(&["-", "--timeout", "5"], "maxclients 77\n"), Ok((5, 77)));
    assert_eq!(timeout(&["-"], "maxclients 77\n"), Ok((0, 77)));

    let config = run(&["--requirepass", "--abc", "--bind", "127.0.0.1", "-::1", "--save"], "").expect("good");
    assert_eq!(config.requirepass().as_deref(), Some(b"--abc".as_slice()));
    assert_eq!((config.bind(), config.save().len()), (vec!["127.0.0.1".to_string(), "-::1".into()], 0));
    let config = run(&["--shutdown-on-sigterm", "now", "force", "--bind", "--requirepass", "a b\"c"], "");
    assert_eq!(show(&config.expect("good"), "bind"), "--requirepass a b\"c");

    let config =
        run(&["--client-output-buffer-limit", "normal", "1", "2", "3", "pubsub", "1", "2", "3"], "").expect("good");
    assert_eq!(show(&config, "client-output-buffer-limit"), "normal 1 2 3 slave 268435456 67108864 60 pubsub 1 2 3");
}

#[test]
fn faults_of_the_command_line() {
    for (args, option, line, reason) in [
        (&["--port"][..], 1, "port", "wrong number of arguments"),
        (&["--port", "1", "2"], 1, "port \"1\" \"2\"", "wrong number of arguments"),
        (&["--port", "--bla", "--hz", "5"], 1, "port \"--bla\"", "argument couldn't be parsed into an integer"),
        (&["--hz", "5", "--bogus", "1"], 2, "bogus \"1\"", "Bad directive or wrong number of arguments"),
        (&["-x"], 1, "\"-x\"", "Bad directive or wrong number of arguments"),
        (&["---hz", "5"], 1, "-hz \"5\"", "Bad directive or wrong number of arguments"),
        (&["--port=5"], 1, "port=5", "Bad directive or wrong number of arguments"),
        (&["--hz", "5", "--version"], 2, "version", "Bad directive or wrong number of arguments"),
        (&["--daemonize", "x"], 1, "daemonize \"x\"", "argument must be 'yes' or 'no'"),
        (&["--port", "0\ntimeout 5"], 1, "port \"0\\ntimeout 5\"", "argument couldn't be parsed into an integer"),
        (&["--replicaof", "--127.0.0.1", "abc"], 1, "replicaof \"--127.0.0.1\" \"abc\"", "Invalid master port"),
    ] {
        let error = run(args, "").expect_err(line);
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(
            error,
            format!(
                "*** FATAL CONFIG FILE ERROR (Nyala {version}) ***\nReading the command line, at option \
                 {option}\n>>> '{line}'\n{reason}"
            )
        );
    }
}

#[test]
fn version_and_help_come_first() {
    assert_eq!(run(&["--version"], "").err().as_deref(), Some("Version"));
    assert_eq!(run(&["-v", "x"], "").err().as_deref(), Some("Version"));
    assert_eq!(run(&["--help"], "").err().as_deref(), Some("Help"));
    assert_eq!(run(&["-h"], "").err().as_deref(), Some("Help"));
}

#[test]
fn includes() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).expect("written");
    let main = dir.path().join("main.conf");
    let load = || run(&[main.to_str().expect("UTF-8")], "");
    let root = dir.path().display().to_string();

    write("one.inc", "timeout 1\n");
    write("two.inc", "timeout 2\nmaxclients 5");
    write("main.conf", &format!("include {root}/*.inc\ninclude /nonexistent/*.conf\nmaxclients 6\n"));
    let config = load().expect("good");
    assert_eq!((config.timeout(), config.maxclients()), (2, 6));
    assert_eq!(config.file(), Some(main.as_path()));

    write("main.conf", &format!("dir {root}\ninclude one.inc\n"));
    assert_eq!(load().expect("good").timeout(), 1);

    write("two.inc", "timeout 2\nbogus\n");
    write("main.conf", &format!("\n\ninclude {root}/two.inc\n"));
    assert!(load().expect_err("bogus").contains(&format!("at line 2 of {root}/two.inc\n>>> 'bogus'")));

    write("main.conf", "include /nonexistent/x.conf\n");
    assert!(load().expect_err("missing").ends_with("'/nonexistent/x.conf': No such file or directory"));

    write("main.conf", &format!("include {root}/main.conf\n"));
    assert!(load().expect_err("endless").ends_with("files are included more than 16 deep"));
}

#[test]
fn renames_and_the_default_user() {
    let text =
        "rename-command CONFIG \"\"\nrename-command get fetch\nuser default on >pw ~* &* +@all\nrequirepass other\n";
    let config = file(text, &[]).expect("good");
    let renames = config.renames().iter().map(|rename| (rename.place.1, rename.from.as_str(), rename.to.as_str()));
    assert_eq!(renames.collect::<Vec<_>>(), [(1, "CONFIG", ""), (2, "get", "fetch")]);
    assert_eq!(config.requirepass().as_deref(), Some(b"pw".as_slice()));
    let twice = "user default on nopass ~* &* +@all\nuser default on nopass ~* &* +@all\n";
    assert!(file(twice, &[]).expect_err("twice").contains("Duplicate user found"));
}

#[test]
fn the_file_of_debian_is_taken() {
    let path = Path::new("/etc/redis/redis.conf");
    let Ok(text) = fs::read_to_string(path) else { return };
    // The directory belongs to the package and may be closed to us.
    let text = text.replace("\ndir /var/lib/redis", "\ndir /");
    let config = file(&text, &[]).expect("good");
    assert_eq!((config.port(), config.daemonize()), (6379, true));
    assert_eq!(config.bind(), ["127.0.0.1", "-::1"]);
}
