//! A message as subscribers get it: formatted once, in a form of which both protocols differ in the first byte alone.

use bytes::Bytes;
use smallvec::SmallVec;

use super::{Delivery, Topic};
use crate::resp::Output;

/// Payloads from this size on are shared by the subscribers; smaller ones are cheaper copied than counted.
const SHARED_FROM: usize = 2 * 1024;

/// Bytes of a usual message, for which no memory is allocated.
const USUAL: usize = 256;

/// A message, ready to be written.
#[derive(Debug)]
pub struct Message {
    /// All of it behind the first byte, or up to the payload where that is shared.
    text: SmallVec<[u8; USUAL]>,
    payload: Option<Bytes>,
}

impl Message {
    /// The message of a delivery, to the subscribers of its channel or of a pattern that fits it.
    #[must_use]
    pub fn new(delivery: &Delivery<'_>, pattern: Option<&[u8]>) -> Message {
        let Delivery { topic, channel, payload, shared, .. } = delivery;
        let mut text = SmallVec::new();
        text.extend_from_slice(match (pattern, topic) {
            (Some(_), _) => b"4\r\n$8\r\npmessage\r\n",
            (None, Topic::ShardChannel) => b"3\r\n$8\r\nsmessage\r\n",
            (None, _) => &b"3\r\n$7\r\nmessage\r\n"[..],
        });
        for name in pattern.iter().copied().chain([*channel]) {
            push_header(&mut text, name.len());
            text.extend_from_slice(name);
            text.extend_from_slice(b"\r\n");
        }
        push_header(&mut text, payload.len());
        if payload.len() >= SHARED_FROM {
            let payload = shared.clone().unwrap_or_else(|| Bytes::copy_from_slice(payload));
            return Message { text, payload: Some(payload) };
        }
        text.extend_from_slice(payload);
        text.extend_from_slice(b"\r\n");
        Message { text, payload: None }
    }

    /// Bytes of it.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        1 + self.text.len() + self.payload.as_ref().map_or(0, |payload| payload.len() + 2)
    }

    /// Whether it has no bytes: never.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Writes it in a version of the protocol, 2 or 3.
    #[inline]
    pub fn write(&self, proto: u8, out: &mut Output) {
        out.reserve(1 + self.text.len());
        out.push(if proto == 3 { b">" } else { b"*" });
        out.push(&self.text);
        if let Some(payload) = &self.payload {
            out.pin(payload.clone());
            out.push(b"\r\n");
        }
    }
}

fn push_header(text: &mut SmallVec<[u8; USUAL]>, len: usize) {
    text.push(b'$');
    text.extend_from_slice(itoa::Buffer::new().format(len).as_bytes());
    text.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::decode::{DecodeLimits, Value, decode};

    fn written(message: &Message, proto: u8) -> Vec<u8> {
        let mut out = Output::default();
        message.write(proto, &mut out);
        let mut slices = [std::io::IoSlice::new(&[]); 8];
        let filled = out.io_slices(&mut slices, usize::MAX);
        slices[..filled].iter().flat_map(|slice| slice.iter().copied()).collect()
    }

    #[test]
    fn both_protocols_say_the_same() {
        for payload in [&b""[..], b"hi", &[b'x'; SHARED_FROM]] {
            for (topic, pattern, kind) in [
                (Topic::Channel, None, "message"),
                (Topic::Channel, Some(&b"c*"[..]), "pmessage"),
                (Topic::ShardChannel, None, "smessage"),
            ] {
                let delivery = Delivery { topic, channel: b"ch", payload, shared: None, limit_bytes: 0 };
                let message = Message::new(&delivery, pattern);
                let mut words: Vec<Value> = vec![Value::Bulk(kind.into())];
                words.extend(pattern.map(|pattern| Value::Bulk(pattern.into())));
                words.extend([Value::Bulk(b"ch".to_vec()), Value::Bulk(payload.to_vec())]);
                for (proto, expected) in [(2, Value::Array(words.clone())), (3, Value::Push(words.clone()))] {
                    let bytes = written(&message, proto);
                    assert_eq!(bytes.len(), message.len());
                    assert_eq!(decode(&bytes, &DecodeLimits::default()), Ok(Some((expected, bytes.len()))));
                }
            }
        }
    }

    #[test]
    fn a_large_payload_is_shared() {
        let payload = Bytes::from(vec![b'x'; SHARED_FROM]);
        let delivery = Delivery {
            topic: Topic::Channel,
            channel: b"ch",
            payload: &payload,
            shared: Some(payload.clone()),
            limit_bytes: 0,
        };
        let message = Message::new(&delivery, None);
        let mut out = Output::default();
        message.write(2, &mut out);
        message.write(3, &mut out);
        let mut slices = [std::io::IoSlice::new(&[]); 8];
        let filled = out.io_slices(&mut slices, usize::MAX);
        let times = slices[..filled].iter().filter(|slice| slice.as_ptr() == payload.as_ptr()).count();
        assert_eq!(times, 2, "the very bytes that were published, for every subscriber");
    }
}
