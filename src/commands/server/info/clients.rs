//! INFO clients.

use super::{Field, NONE};

pub(super) const FIELDS: &[Field] = &[
    ("connected_clients", |v| v.server.clients.len().into()),
    ("cluster_connections", NONE),
    ("maxclients", |v| v.server.config.maxclients().into()),
    ("client_recent_max_input_buffer", |v| v.clients().largest_query.into()),
    ("client_recent_max_output_buffer", |v| v.clients().largest_output.into()),
    ("blocked_clients", |v| v.clients().blocked.into()),
    ("tracking_clients", |v| v.clients().tracking.into()),
    ("pubsub_clients", |v| v.clients().subscribed.into()),
    ("watching_clients", |v| v.clients().watching.into()),
    ("clients_in_timeout_table", NONE),
    ("total_watched_keys", |v| v.clients().watched_keys.into()),
    ("total_blocking_keys", NONE),
    ("total_blocking_keys_on_nokey", NONE),
];
