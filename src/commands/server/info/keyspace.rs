//! INFO keyspace.

use super::view::View;

/// One line for each database that is not empty.
pub(super) fn databases(view: &View<'_>, out: &mut Vec<u8>) {
    for (number, db) in view.keyspace.dbs.iter().enumerate().filter(|(_, db)| db.keys > 0) {
        let (keys, expires, avg_ttl) = (db.keys, db.expires, db.average_ttl_ms());
        let subexpiry = db.field_expires;
        let line = format!("db{number}:keys={keys},expires={expires},avg_ttl={avg_ttl},subexpiry={subexpiry}\r\n");
        out.extend(line.bytes());
    }
}
