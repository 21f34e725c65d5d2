# Runs one file of Redis's Tcl suite in this process and reports each test on a line of its own.
#
# usage: cd SUITE && tclsh driver.tcl FILE [the suite's own options]
#
# The suite splits its work between a test server and clients which talk over a socket. Here its procedures are loaded
# without that main part, and a file is sourced directly. The reports which a client would send are printed instead, as
#   \x01STATUS<tab>TEXT        (newline, tab and backslash of TEXT escaped)
# Everything else on stdout is the suite's chatter.
#
# On top of the suite's own --durable, these rules let a server that lacks something lose that test and not its file:
#   * a command or an assertion that fails outside a test is reported as `note` and taken as an empty reply;
#   * a start_server block that breaks down, or whose server does not start, ends alone;
#   * a reply that does not come within $REPLY_LIMIT seconds is an error;
#   * after a failed test dead servers are started again, connections that are out of step are opened anew, parameters that
#     the test set for a while (config_get_set) get their values back, and clients that it left waiting are closed;
#   * a request whose reply is not read at once has reached the server before another connection sends one;
#   * a server that saves without a child gets a stand-in for it: its own pid, and to kill that makes the save fail.
# A server that passes is not affected by any of them.

set driver_file [lindex $argv 0]
set argv [concat [lrange $argv 1 end] [list --durable --clients 1 --single $driver_file]]

# --- the suite without its main part -------------------------------------------------------------------------------
set in [open tests/test_helper.tcl]
set text [read $in]
close $in
set main [string last "\nif {\$::client} {" $text]
if {$main < 0} {error "the suite's main part is not where it was: this driver is for another version"}
eval [string range $text 0 $main]
unset in text main

proc setting {name default} {
    expr {[info exists ::env($name)] ? $::env($name) : $default}
}
set ::reply_limit_ms [expr {1000 * [setting REPLY_LIMIT 60]}]
set ::step_limit_ms 5000
set ::start_limit_ms [expr {1000 * [setting START_LIMIT 20]}]

# --- reports -------------------------------------------------------------------------------------------------------
proc report {status text} {
    puts "\x01$status\t[string map [list \\ \\\\ \n \\n \t \\t \r \\r] $text]"
    flush stdout
}
proc send_data_packet {fd status data {elapsed 0}} {
    # A failure arrives as "NAME in FILE\nDETAILS"; the name leads in every report.
    report $status $data
}
# One test looks for a port that is taken, which is the test server's.
set ::test_server_fd stdout
set ::test_server_socket [socket -server {apply {{fd args} {close $fd}}} -myaddr 127.0.0.1 0]
set ::test_server_port [lindex [fconfigure $::test_server_socket -sockname] 2]

proc outside_test {} {
    expr {$::cur_test eq ""}
}

# --- errors outside tests ------------------------------------------------------------------------------------------
rename r suite_r
proc r {args} {
    if {[catch {uplevel 1 [list suite_r {*}$args]} result options]} {
        if {![outside_test]} {return -options $options $result}
        report note "[lrange $args 0 2]: $result"
        if {![in_step]} {catch {reconnect}}
        return {}
    }
    return $result
}
foreach name [info procs assert*] {
    rename $name suite_$name
    proc $name {args} [string map [list @ suite_$name] {
        if {[catch {uplevel 1 [list @ {*}$args]} result options]} {
            if {![outside_test]} {return -options $options $result}
            report note $result
            return {}
        }
        return $result
    }]
}
unset name

# --- blocks that break down ----------------------------------------------------------------------------------------
proc fail_block {what error} {
    report err "$what\n$error\n$::errorInfo"
    incr ::num_failed
}
# Runs the body of a block. Outside a test the suite then sees it end well, and stops the server as usual. Inside one
# every error is passed on as an assertion, the only kind after which the suite puts away the right server.
proc run_block {code} {
    set status [catch {uplevel 1 $code} result options]
    if {$status != 1} {return -code $status $result}
    if {[outside_test]} {
        fail_block "the rest of a block" $result
    } elseif {[string match "assertion:*" $result] || [string match "skipped:*" $result]} {
        return -options $options $result
    } else {
        error "assertion:$result" $::errorInfo
    }
}
rename start_server suite_start_server
proc start_server {options {code undefined}} {
    set tags $::tags
    set servers $::servers
    set body $code
    if {$code ne "undefined"} {set body [list run_block $code]}
    set status [catch {uplevel 1 [list suite_start_server $options $body]} result returned]
    if {$status != 1} {return -code $status $result}
    # The suite puts its tags back only when a block ends well.
    set ::tags $tags
    if {$code eq "undefined" || ![outside_test]} {return -options $returned $result}
    fail_block "a server's start" $result
    foreach srv [lrange $::servers [llength $servers] end] {catch {kill_server $srv}}
    set ::servers $servers
}

# Returns as the suite's: 1 when the port was taken. A server that dies or stays silent is an error at once.
proc wait_server_started {config_file stdout pid} {
    set deadline [expr {[clock milliseconds] + $::start_limit_ms}]
    while 1 {
        set alive [expr {![catch {exec kill -0 $pid}]}]
        set log [exec cat $stdout]
        if {[string first " PID: $pid" $log] >= 0} {return 0}
        if {[string match "*Failed listening on port*" $log]} {return 1}
        if {!$alive} {break}
        if {[clock milliseconds] > $deadline} {
            catch {exec kill -9 $pid}
            break
        }
        after 10
    }
    set said [string range "$log\n[exec cat [file dirname $stdout]/stderr]" end-500 end]
    error "the server did not start: $said"
}

# --- replies that do not come --------------------------------------------------------------------------------------
# Runs SCRIPT, which tries to read from FD without blocking, until it is true or the time is up.
proc poll_channel {fd script} {
    set deadline [expr {[clock milliseconds] + $::reply_limit_ms}]
    set tries 0
    fconfigure $fd -blocking 0
    set code [catch {
        while {![uplevel 1 $script] && ![eof $fd]} {
            # Most replies are there within the first few looks; after that each look is worth a pause.
            if {[incr tries] < 200} continue
            if {[clock milliseconds] > $deadline} {error "no reply within [expr {$::reply_limit_ms / 1000}] s"}
            after [expr {$tries < 1000 ? 1 : 5}]
        }
    } result options]
    catch {fconfigure $fd -blocking 1}
    if {$code && ![string match "*connection abort*" $result]} {return -options $options $result}
}
proc polled {fd} {
    expr {[fconfigure $fd -blocking] && [chan pending input $fd] == 0}
}
rename ::redis::redis_safe_read ::redis::suite_safe_read
proc ::redis::redis_safe_read {fd len} {
    # Only the first byte of a reply is waited for in this way; what follows it comes at once.
    if {$len != 1 || ![polled $fd]} {return [suite_safe_read $fd $len]}
    set got {}
    poll_channel $fd {expr {[set got [read $fd 1]] ne {}}}
    return $got
}
rename ::redis::redis_safe_gets ::redis::suite_safe_gets
proc ::redis::redis_safe_gets {fd} {
    if {![polled $fd]} {return [suite_safe_gets $fd]}
    set got {}
    poll_channel $fd {expr {[gets $fd got] >= 0}}
    return $got
}

# --- the order of several connections ------------------------------------------------------------------------------
# Where several threads read connections, requests that are sent at once over two of them are run in any order. Tests
# that do not wait until a client is blocked mean the order in which they sent. One thread keeps it nearly always, so
# redis-server passes without the wait, and Nyala mostly does (ARRIVAL_MS=0): the wait only takes chance out.
set ::arrival_ms [setting ARRIVAL_MS 5]
set ::on_its_way {}
rename ::redis::__dispatch__raw__ ::redis::suite_dispatch
proc ::redis::__dispatch__raw__ {id method argv} {
    if {$::on_its_way ni [list {} $id]} {
        after $::arrival_ms
        set ::on_its_way {}
    }
    set deferred $::redis::deferred($id)
    set result [suite_dispatch $id $method $argv]
    if {$deferred && [info command ::redis::__method__$method] eq {}} {set ::on_its_way $id}
    return $result
}

# --- children that save --------------------------------------------------------------------------------------------
# The stand-in that was asked for last, and a connection to its server.
set ::stand_in {}
rename get_child_pid suite_get_child_pid
proc get_child_pid {idx} {
    if {![catch {suite_get_child_pid $idx} pid] && $pid ne {}} {return $pid}
    set client [srv $idx client]
    if {![regexp {(rdb_bgsave|aof_rewrite)_in_progress:1} [$client info persistence]]} {return {}}
    set ::stand_in [list [srv $idx pid] $client]
    lindex $::stand_in 0
}
rename exec suite_exec
proc exec {args} {
    if {[lrange $args 0 1] ne {kill -9} || [lindex $args 2] ne [lindex $::stand_in 0]} {
        return [uplevel 1 [list suite_exec {*}$args]]
    }
    set client [lindex $::stand_in 1]
    set ::stand_in {}
    # A rewrite that was asked for just now has yet to begin.
    wait_for_condition 100 10 {![catch {$client debug fail-save}]} else {error "nothing is being saved"}
}

# --- after a failed test -------------------------------------------------------------------------------------------
# Does the connection of a block (0: the present one, -1: the one around it) answer what it was asked last?
proc in_step {{level 0}} {
    set srv [lindex $::servers end+$level]
    if {![dict exists $srv client]} {return 1}
    set token "step[clock microseconds]"
    set limit_ms $::reply_limit_ms
    set ::reply_limit_ms $::step_limit_ms
    set failed [catch {[dict get $srv client] echo $token} reply]
    set ::reply_limit_ms $limit_ms
    # NOAUTH and NOPERM are answers to this very command.
    return [expr {$failed ? [string match "NO*" $reply] : $reply eq $token}]
}
# A test may have left the servers of the blocks around it in disorder as well.
proc mend_servers {} {
    for {set level 0} {-$level < [llength $::servers]} {incr level -1} {
        set srv [lindex $::servers end+$level]
        if {!$::external && [catch {exec kill -0 [dict get $srv pid]}]} {
            report note "a server died; starting it again"
            catch {restart_server $level true false}
        } elseif {![in_step $level]} {
            catch {reconnect $level}
        }
    }
}
# Parameters that the present test set for a while: name and value before, the earliest first.
set ::borrowed {}
rename config_get_set suite_config_get_set
proc config_get_set {param args} {
    set before [uplevel 1 [list suite_config_get_set $param {*}$args]]
    lappend ::borrowed $param $before
    return $before
}
set ::deferring {}
rename redis_deferring_client suite_redis_deferring_client
proc redis_deferring_client {args} {
    set client [uplevel 1 [list suite_redis_deferring_client {*}$args]]
    lappend ::deferring $client
    return $client
}
rename test suite_test
proc test {args} {
    set failed $::num_failed
    set ::borrowed {}
    set ::deferring {}
    uplevel 1 [list suite_test {*}$args]
    if {$::num_failed != $failed} {
        foreach client $::deferring {catch {$client close}}
        mend_servers
        # A save that a test has slowed down would hold up all that follow.
        catch {r config set rdb-key-save-delay 0}
        foreach {before param} [lreverse $::borrowed] {catch {r config set $param $before}}
    }
    return
}

# --- run -----------------------------------------------------------------------------------------------------------
if {[catch {execute_test_file $driver_file} error]} {
    report err "the whole file\n$error\n$::errorInfo"
    report broken $error
    foreach srv $::servers {catch {kill_server $srv}}
}
exit 0
