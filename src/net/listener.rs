//! Opens the sockets that the configuration names.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::config::Config;
use crate::util::os::error_text;

/// Open sockets, not yet accepting.
#[derive(Debug)]
pub struct Listeners {
    pub(super) tcp: Vec<std::net::TcpListener>,
    pub(super) unix: Option<std::os::unix::net::UnixListener>,
}

impl Listeners {
    /// Opens the TCP sockets and the Unix socket that the configuration names.
    ///
    /// # Errors
    /// A text that says what could not be opened, as Redis words it.
    pub fn open(config: &Config) -> Result<Listeners, String> {
        let listeners = Listeners { tcp: open_tcp(config)?, unix: open_unix(config)? };
        if listeners.tcp.is_empty() && listeners.unix.is_none() {
            return Err("Configured to not listen anywhere, exiting.".to_owned());
        }
        Ok(listeners)
    }
}

/// Opens the TCP sockets.
///
/// # Errors
/// A text that says what could not be opened, as Redis words it.
pub(super) fn open_tcp(config: &Config) -> Result<Vec<std::net::TcpListener>, String> {
    let port = config.port();
    let mut open = Vec::new();
    if port == 0 {
        return Ok(open);
    }
    for bind in config.bind() {
        // A leading dash marks an address that this machine need not have.
        let (optional, name) = match bind.strip_prefix('-') {
            Some(name) => (true, name),
            None => (false, bind.as_str()),
        };
        match addresses(name, port).and_then(|addresses| open_first(&addresses, config.tcp_backlog())) {
            Ok(listener) => open.push(listener),
            Err(error) => {
                tracing::warn!(
                    "Warning: Could not create server TCP listening socket {name}:{port}: bind: {}",
                    error_text(&error)
                );
                let absent = matches!(
                    error.raw_os_error(),
                    Some(libc::EADDRNOTAVAIL | libc::EAFNOSUPPORT | libc::EPROTONOSUPPORT | libc::ENOPROTOOPT)
                );
                if !(optional && absent) {
                    return Err(format!("Failed listening on port {port} (TCP), aborting."));
                }
            }
        }
    }
    Ok(open)
}

fn addresses(name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    match name {
        "*" => Ok(vec![SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port)]),
        "::*" => Ok(vec![SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), port)]),
        _ => Ok((name, port).to_socket_addrs()?.collect()),
    }
}

fn open_first(addresses: &[SocketAddr], backlog: u32) -> io::Result<std::net::TcpListener> {
    let address = addresses.first().ok_or(io::ErrorKind::AddrNotAvailable)?;
    let socket = Socket::new(Domain::for_address(*address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.bind(&(*address).into())?;
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

fn open_unix(config: &Config) -> Result<Option<std::os::unix::net::UnixListener>, String> {
    let Some(path) = config.unixsocket() else { return Ok(None) };
    // What a server that was killed has left behind; a file that is no socket is somebody's mistake.
    if std::fs::symlink_metadata(&path).is_ok_and(|file| file.file_type().is_socket()) {
        let _ = std::fs::remove_file(&path);
    }
    let failed =
        |error: io::Error| format!("Failed opening Unix socket {}: bind: {}", path.display(), error_text(&error));
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None).map_err(failed)?;
    socket.bind(&SockAddr::unix(&path).map_err(failed)?).map_err(failed)?;
    // Before anybody can connect.
    if config.unixsocketperm() != 0 {
        let permissions = std::fs::Permissions::from_mode(config.unixsocketperm());
        std::fs::set_permissions(&path, permissions).map_err(failed)?;
    }
    socket.listen(i32::try_from(config.tcp_backlog()).unwrap_or(i32::MAX)).map_err(failed)?;
    socket.set_nonblocking(true).map_err(failed)?;
    Ok(Some(socket.into()))
}
