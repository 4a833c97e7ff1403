//! `sanso.admin` and `sanso.history`: where what happens can be looked at, and where it is kept.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::field::Field;
use super::reader::{Reader, Table};

/// The page and its endpoints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admin {
    /// An address of their own; `None` leaves them on the main one.
    pub listen: Option<SocketAddr>,
    /// Names under which the page is reached, besides addresses and `localhost`. They matter where no
    /// master key is set: another name may be a stranger's, pointed at this machine.
    pub hosts: Vec<String>,
}

/// The history file. `None` fields leave it to the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// Where it is.
    pub path: PathBuf,
    /// Bytes that it is kept under.
    pub max_size: Option<usize>,
    /// How long requests are kept.
    pub requests: Option<Duration>,
    /// How long sums per minute are kept.
    pub minutes: Option<Duration>,
    /// How long sums per hour are kept.
    pub hours: Option<Duration>,
    /// How long sums per day are kept.
    pub days: Option<Duration>,
}

/// In the directory that the gateway is started in.
const FILE: &str = "sanso-history.db";
/// Room for what the history writes at once, 2,000 requests of about 1 kB, and several times that.
const LEAST: usize = 16 << 20;

impl Admin {
    pub(super) fn read(mut table: Table<'_>, reader: &mut Reader<'_>) -> Self {
        let listen = table.take("listen").and_then(|field| address(&field, reader));
        let hosts = table.take("hosts").and_then(|field| field.list(reader)).unwrap_or_default();
        let hosts = hosts.iter().filter_map(|host| host.text(reader)).collect();
        table.finish(&[], reader);
        Self { listen, hosts }
    }
}

fn address(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<SocketAddr> {
    match field.text(reader)?.trim().parse() {
        Ok(address) => Some(address),
        Err(_) => field.wrong(reader, "an address and a port, such as \"127.0.0.1:4001\""),
    }
}

impl Default for History {
    fn default() -> Self {
        let path = PathBuf::from(FILE);
        Self { path, max_size: None, requests: None, minutes: None, hours: None, days: None }
    }
}

impl History {
    /// `false` keeps none; YAML 1.1 reads `off` as `false`.
    pub(super) fn read(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        if field.is_false() {
            return None;
        }
        let mut history = Self::default();
        let Some(mut table) = field.table(reader) else { return Some(history) };
        if let Some(path) = table.take("path").and_then(|field| field.text(reader)) {
            history.path = path.into();
        }
        history.max_size = table.take("max_size").and_then(|field| max_size(&field, reader));
        let mut keep = |key| {
            let field: Option<Field<'_>> = table.take(key);
            field.and_then(|field| field.limit(reader))
        };
        history.requests = keep("requests");
        history.minutes = keep("minutes");
        history.hours = keep("hours");
        history.days = keep("days");
        table.finish(&[], reader);
        Some(history)
    }
}

fn max_size(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<usize> {
    match field.size(reader)? {
        size if size < LEAST => field.wrong(reader, "16MiB or more"),
        size => Some(size),
    }
}
