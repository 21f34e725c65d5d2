//! Messages from other tasks to a client, in order.

use crate::resp::Output;

/// Pending messages, as the bytes that are to be sent.
#[derive(Debug, Default)]
pub struct Mailbox {
    /// Made for the first message: most clients never get one.
    messages: Option<Box<Output>>,
}

/// The client does not read as fast as it is written to.
#[derive(Debug, PartialEq, Eq)]
pub struct MailboxFull;

impl Mailbox {
    /// Adds a message of `len` bytes, which `write` writes.
    ///
    /// # Errors
    /// When the pending bytes would exceed `limit_bytes` (0: no limit).
    #[inline]
    pub fn push(&mut self, len: usize, limit_bytes: usize, write: impl FnOnce(&mut Output)) -> Result<(), MailboxFull> {
        if limit_bytes > 0 && self.bytes() + len > limit_bytes {
            return Err(MailboxFull);
        }
        write(self.messages.get_or_insert_default());
        Ok(())
    }

    /// Moves all messages behind what `output` holds.
    pub fn move_to(&mut self, output: &mut Output) {
        if let Some(messages) = &mut self.messages {
            output.append(messages);
        }
    }

    /// Pending bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.messages.as_ref().map_or(0, |messages| messages.pending())
    }
}
