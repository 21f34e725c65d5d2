//! Messages from other tasks to a client, in order.

use bytes::Bytes;

/// Pending messages and their size.
#[derive(Debug, Default)]
pub struct Mailbox {
    messages: Vec<Bytes>,
    bytes: usize,
}

/// The client does not read as fast as it is written to.
#[derive(Debug, PartialEq, Eq)]
pub struct MailboxFull;

impl Mailbox {
    /// Adds a message.
    ///
    /// # Errors
    /// When the pending bytes would exceed `limit_bytes` (0: no limit).
    pub fn push(&mut self, message: Bytes, limit_bytes: usize) -> Result<(), MailboxFull> {
        if limit_bytes > 0 && self.bytes + message.len() > limit_bytes {
            return Err(MailboxFull);
        }
        self.bytes += message.len();
        self.messages.push(message);
        Ok(())
    }

    /// Takes all messages.
    #[must_use]
    pub fn take(&mut self) -> Vec<Bytes> {
        self.bytes = 0;
        std::mem::take(&mut self.messages)
    }

    /// Pending bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}
