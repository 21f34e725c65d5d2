//! A connection's socket, TCP or Unix.

use std::io::{self, IoSlice};
use std::task::{Context, Poll};

use bytes::BufMut;
use tokio::net::{TcpStream, UnixStream};

/// A non-blocking stream socket.
#[derive(Debug)]
pub(super) enum Stream {
    /// TCP.
    Tcp(TcpStream),
    /// Unix.
    Unix(UnixStream),
}

/// A socket as accepted, not yet bound to a runtime: it travels to its worker so.
#[derive(Debug)]
pub(super) enum Accepted {
    /// TCP.
    Tcp(std::net::TcpStream),
    /// Unix.
    Unix(std::os::unix::net::UnixStream),
}

impl Accepted {
    /// Binds the socket to the current worker's runtime.
    pub(super) fn into_stream(self) -> io::Result<Stream> {
        Ok(match self {
            Accepted::Tcp(stream) => Stream::Tcp(TcpStream::from_std(stream)?),
            Accepted::Unix(stream) => Stream::Unix(UnixStream::from_std(stream)?),
        })
    }
}

macro_rules! both {
    ($self:expr, $stream:ident => $body:expr) => {
        match $self {
            Stream::Tcp($stream) => $body,
            Stream::Unix($stream) => $body,
        }
    };
}

impl Stream {
    #[inline]
    pub(super) fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        both!(self, stream => stream.poll_read_ready(cx))
    }

    #[inline]
    pub(super) fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        both!(self, stream => stream.poll_write_ready(cx))
    }

    #[inline]
    pub(super) fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        both!(self, stream => stream.try_read(buf))
    }

    pub(super) fn try_read_buf(&self, buf: &mut impl BufMut) -> io::Result<usize> {
        both!(self, stream => stream.try_read_buf(buf))
    }

    #[inline]
    pub(super) fn try_write(&self, buf: &[u8]) -> io::Result<usize> {
        both!(self, stream => stream.try_write(buf))
    }

    pub(super) fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        both!(self, stream => stream.try_write_vectored(slices))
    }
}
