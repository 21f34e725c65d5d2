//! Messages from other tasks to a client, in order.

use crate::resp::Output;

/// Pending messages, as the bytes that are to be sent.
#[derive(Debug, Default)]
pub struct Mailbox {
    messages: Output,
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
        if limit_bytes > 0 && self.messages.pending() + len > limit_bytes {
            return Err(MailboxFull);
        }
        write(&mut self.messages);
        Ok(())
    }

    /// Moves all messages behind what `output` holds.
    pub fn move_to(&mut self, output: &mut Output) {
        output.append(&mut self.messages);
    }

    /// Pending bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.messages.pending()
    }
}
