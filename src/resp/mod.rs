//! Bytes to requests and replies to bytes, RESP2 and RESP3. No IO, no store.
