//! Fields of locked hashes whose time has come: taken out by the sweeper, or by whoever meets them.

use super::{Key, Locked};
use crate::keyspace::{Location, ShardId, events};
use crate::resp::OwnedArgs;
use crate::types::hash::Hash;

impl Locked<'_> {
    /// Removes up to `limit` fields of hashes in any database of a locked shard whose time has come; answers how many.
    pub fn expire_due_fields(&mut self, id: ShardId, limit: usize) -> usize {
        let now_ms = self.now_ms;
        let mut count = 0;
        while count < limit {
            let mut dbs = self.shard(id).dbs_mut();
            let Some((db, name)) = dbs.find_map(|(db, part)| {
                let name: Box<[u8]> = part.entry(part.find_due_fields(now_ms)?).key().into();
                Some((db, name))
            }) else {
                break;
            };
            drop(dbs);
            let key = Key { name: &name, hash: self.keyspace.hash(&name) };
            // The key itself may have expired: that is a step too.
            count += self.in_db(db, |locked| locked.expire_fields(key, limit - count)).max(1);
        }
        count
    }

    /// Removes up to `limit` fields of a hash whose time has come, and the hash with the last of them; answers how many.
    pub fn expire_fields(&mut self, key: Key<'_>, limit: usize) -> usize {
        let now_ms = self.now_ms;
        self.take_out(key, |hash, removed| _ = hash.remove_due(now_ms, limit, |name| removed.push(name.into())))
    }

    /// Removes those of these fields whose time has come, which a command has met and taken for absent.
    #[cold]
    pub fn expire_met_fields<'f>(&mut self, key: Key<'_>, fields: impl Iterator<Item = &'f [u8]>) {
        let now_ms = self.now_ms;
        self.take_out(key, |hash, removed| {
            removed.extend(fields.filter(|field| hash.remove_if_due(field, now_ms)).map(Box::from));
        });
    }

    /// Lets `remove` take fields out of a hash with due ones, and tells of them; answers how many they were.
    fn take_out(&mut self, key: Key<'_>, remove: impl FnOnce(&mut Hash, &mut Vec<Box<[u8]>>)) -> usize {
        let Some(location) = self.find_hash_with_due_fields(key) else { return 0 };
        let mut removed = Vec::new();
        let part = self.part(key.hash);
        let is_empty = part.edit(location, key.hash, |hash: &mut Hash| {
            remove(hash, &mut removed);
            hash.is_empty()
        });
        let is_empty = is_empty.expect("only hashes have fields that expire");
        if is_empty {
            let entry = part.remove_at(location, key.hash);
            self.effects.entries.push(entry);
        }
        self.expired_fields(key, removed.iter().map(|name| &**name));
        if is_empty {
            self.changed_too(key, events::DEL);
        }
        removed.len()
    }

    fn find_hash_with_due_fields(&mut self, key: Key<'_>) -> Option<Location> {
        let now_ms = self.now_ms;
        let location = self.find_live(self.db, key)?;
        let next_ms = self.part(key.hash).entry(location).next_field_expiry()?;
        (next_ms <= now_ms).then_some(location)
    }

    /// To be called for fields that were taken out of a hash because their time had come: counts them and tells whoever
    /// must know.
    pub fn expired_fields<'f>(&mut self, key: Key<'_>, names: impl ExactSizeIterator<Item = &'f [u8]>) {
        if names.len() == 0 {
            return;
        }
        self.effects.expired_fields += names.len() as u32;
        self.changed_too(key, events::HEXPIRED);
        if self.keyspace.is_journaling() {
            let mut words = OwnedArgs::from(&[b"HDEL", key.name][..]);
            names.for_each(|name| words.push(name));
            self.effects.gone.push(self.db, words.view());
        }
    }
}
