//! Parameters of the chapter "network" of the table; see [`super::TOPICS`].

use super::super::param::{Kind, Param};
use super::INT;

pub(super) const PARAMS: &[Param] = &[
    Param::of(
        "bind",
        Kind::Addresses,
        "* -::*",
        "Addresses to listen on; one after `-` may be missing on this machine.",
    ),
    Param::int("port", "6379", 0, 65535, "TCP port; 0 for none."),
    Param::text("unixsocket", "", "Path of a Unix socket to listen on.").immutable(),
    Param::of("unixsocketperm", Kind::Octal, "0", "Permissions of the Unix socket; 0 leaves them to the umask.")
        .immutable(),
    Param::text("unixsocketgroup", "", "Group that owns the Unix socket.")
        .immutable()
        .hidden()
        .off_only(&[""], "the group of the socket is not changed; leave it empty"),
    Param::int("tcp-backlog", "511", 0, INT, "Connections the kernel holds before they are accepted.").immutable(),
    Param::int("tcp-keepalive", "300", 0, INT, "Seconds of silence before the kernel probes a peer; 0 for never."),
    Param::flag("protected-mode", "yes", "Refuses clients from other machines while there is no password."),
    Param::text("bind-source-addr", "", "Address that outgoing connections come from.")
        .accepted("Stored; the server opens no connections."),
    Param::int("socket-mark-id", "0", 0, u32::MAX as i64, "Mark set on sockets for the kernel's routing.")
        .immutable()
        .off_only(&["0"], "sockets are not marked; use 0"),
    Param::flag("mptcp", "no", "Listens for Multipath TCP.")
        .immutable()
        .hidden()
        .off_only(&["no"], "Multipath TCP is not spoken; use no"),
    Param::int("max-new-connections-per-cycle", "10", 1, 1000, "Connections accepted in one turn.")
        .accepted("Stored; the accept loop has its own bound."),
    Param::int("max-new-tls-connections-per-cycle", "1", 1, 1000, "TLS connections accepted in one turn.")
        .accepted("Stored; TLS is not served yet."),
    Param::int("rdma-port", "0", 0, 65535, "RDMA port; 0 for none.").off_only(&["0"], "RDMA is not spoken; use 0"),
    Param::of("rdma-bind", Kind::Addresses, "", "RDMA addresses.")
        .off_only(&[""], "RDMA is not spoken; leave it empty"),
    Param::int("rdma-rx-size", "1048576", 65536, 16_777_216, "RDMA receive buffer, bytes.")
        .immutable()
        .hidden()
        .accepted("Stored; RDMA is not spoken."),
    Param::int("rdma-completion-vector", "-1", -1, 1024, "RDMA completion vector.")
        .immutable()
        .hidden()
        .accepted("Stored; RDMA is not spoken."),
];
