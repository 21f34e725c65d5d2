//! Parameters of the chapter "cluster" of the table; see [`super::TOPICS`].

use super::super::param::{Kind, Param, TextRule};
use super::super::words::ENDPOINT_TYPE;
use super::{INT, LONG};

const NONE: &str = "Stored; there is no cluster yet.";

pub(super) const PARAMS: &[Param] = &[
    Param::flag("cluster-enabled", "no", "Runs as a node of a cluster.")
        .immutable()
        .off_only(&["no"], "cluster mode is not built yet; use no"),
    Param::text("cluster-config-file", "nodes.conf", "File in which a node keeps the state of the cluster.")
        .immutable()
        .accepted(NONE),
    Param::int("cluster-node-timeout", "15000", 0, LONG, "Milliseconds after which a node is taken for failed.")
        .accepted(NONE),
    Param::int("cluster-port", "0", 0, 65535, "Port of the bus; 0 adds 10000 to `port`.").immutable().accepted(NONE),
    Param::int("cluster-databases", "1", 1, INT, "Databases of a cluster.").immutable().hidden().accepted(NONE),
    Param::int("cluster-replica-validity-factor", "10", 0, INT, "How stale a replica may be to take over.")
        .alias("cluster-slave-validity-factor")
        .accepted(NONE),
    Param::flag("cluster-replica-no-failover", "no", "A replica never takes over by itself.")
        .alias("cluster-slave-no-failover")
        .accepted(NONE),
    Param::int("cluster-migration-barrier", "1", 0, INT, "Replicas a primary keeps when one moves away.")
        .accepted(NONE),
    Param::flag("cluster-allow-replica-migration", "yes", "Replicas move to primaries without one.").accepted(NONE),
    Param::flag("cluster-require-full-coverage", "yes", "Answers only while every slot is served.").accepted(NONE),
    Param::flag("cluster-allow-reads-when-down", "no", "Answers reads while the cluster is down.").accepted(NONE),
    Param::flag("cluster-allow-pubsubshard-when-down", "yes", "Serves shard channels while it is down.").accepted(NONE),
    Param::memory("cluster-link-sendbuf-limit", "0", 0, "Greatest buffer of a link; 0 for no limit.").accepted(NONE),
    Param::word("cluster-preferred-endpoint-type", ENDPOINT_TYPE, "ip", "What redirections name.").accepted(NONE),
    Param::text("cluster-announce-ip", "", "Address shown to other nodes.").accepted(NONE),
    Param::of("cluster-announce-hostname", Kind::Text(TextRule::Hostname), "", "Host name shown to clients.")
        .accepted(NONE),
    Param::of("cluster-announce-human-nodename", Kind::Text(TextRule::Hostname), "", "Name of the node in logs.")
        .accepted(NONE),
    Param::int("cluster-announce-port", "0", 0, 65535, "Port shown to other nodes.").accepted(NONE),
    Param::int("cluster-announce-tls-port", "0", 0, 65535, "TLS port shown to other nodes.").accepted(NONE),
    Param::int("cluster-announce-bus-port", "0", 0, 65535, "Bus port shown to other nodes.").accepted(NONE),
    Param::text("cluster-announce-client-ipv4", "", "IPv4 address shown to clients.").accepted(NONE),
    Param::text("cluster-announce-client-ipv6", "", "IPv6 address shown to clients.").accepted(NONE),
    Param::int("cluster-announce-client-port", "0", 0, 65535, "Port shown to clients.").accepted(NONE),
    Param::int("cluster-announce-client-tls-port", "0", 0, 65535, "TLS port shown to clients.").accepted(NONE),
    Param::text("availability-zone", "", "Zone this server says it is in.").accepted(NONE),
    Param::int("cluster-ping-interval", "0", 0, LONG, "Milliseconds between pings.").hidden().accepted(NONE),
    Param::int("cluster-blacklist-ttl", "60", 0, LONG, "Seconds a forgotten node stays forgotten.").accepted(NONE),
    Param::int("cluster-manual-failover-timeout", "5000", 1, INT, "Milliseconds a manual failover may take.")
        .accepted(NONE),
    Param::int("cluster-message-gossip-perc", "10", 1, 100, "Nodes named in a gossip message, percent.")
        .hidden()
        .accepted(NONE),
    Param::word("cluster-config-save-behavior", &[("sync", 0), ("best-effort", 1)], "sync", "How the state is saved.")
        .accepted(NONE),
    Param::flag("cluster-slot-stats-enabled", "no", "Counts work for each slot.").accepted(NONE),
    Param::int("cluster-slot-migration-log-max-len", "1000", 0, LONG, "Moves of slots remembered.").accepted(NONE),
    Param::int("cluster-compatibility-sample-ratio", "0", 0, 100, "Commands checked for cluster use, percent.")
        .accepted(NONE),
];
