//! Pure data types and encodings: no RESP, no lock, no clock.
