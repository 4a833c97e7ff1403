//! Base URLs, as far as they must be understood here.

use std::net::{IpAddr, Ipv6Addr};

/// A base URL that can have a path appended, without a slash at its end.
///
/// # Errors
/// What must hold instead.
pub(super) fn check(url: &str) -> Result<String, &'static str> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err("a base URL begins with https:// or http://");
    };
    let authority = rest.split('/').next().unwrap_or_default();
    if !matches!(scheme, "https" | "http") {
        Err("a base URL begins with https:// or http://")
    } else if url.contains(char::is_whitespace) || url.contains(char::is_control) {
        Err("a base URL has no spaces")
    } else if url.contains(['?', '#']) {
        Err("a base URL ends before its `?` or `#`")
    } else if authority.contains('@') {
        Err("a base URL holds no user or password; use `api_key` or `extra_headers`")
    } else if host(url).is_empty() {
        Err("a base URL names a host")
    } else {
        Ok(url.trim_end_matches('/').to_owned())
    }
}

/// The host of a URL, without port and brackets.
pub(super) fn host(url: &str) -> &str {
    let authority = authority(url);
    match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    }
}

/// Host and port of a URL.
pub(super) fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or_default()
}

/// Whether the host is this machine or one of its private network: a loopback, private or link-local
/// address, or a name without a dot, which no public server has.
pub(super) fn is_local(url: &str) -> bool {
    let host = host(url);
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(v4)) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        Ok(IpAddr::V6(v6)) => v6.is_loopback() || is_private_v6(v6),
        Err(_) => {
            let name = host.to_ascii_lowercase();
            !name.contains('.')
                || [".localhost", ".local", ".internal"].iter().any(|end| name.ends_with(end))
        }
    }
}

/// fc00::/7 (unique local) and fe80::/10 (link-local), RFC 4193 and RFC 4291.
const fn is_private_v6(address: Ipv6Addr) -> bool {
    let first = address.segments()[0];
    first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfe80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases_are_checked() {
        assert_eq!(check("https://a.b/v1/"), Ok("https://a.b/v1".to_owned()));
        for bad in [
            "a.b/v1",
            "ftp://a",
            "https://",
            "https:///v1",
            "http://u:p@a/v1",
            "http://a?k=1",
            "http://a b",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn local_hosts_are_known() {
        for local in [
            "http://localhost:1",
            "http://127.0.0.1/v1",
            "http://[::1]:9",
            "http://10.1.2.3",
            "http://192.168.0.1:80/x",
            "http://vllm:8000",
            "http://[fd00::1]",
            "http://host.docker.internal:11434",
        ] {
            assert!(is_local(local), "{local}");
        }
        for public in [
            "https://api.openai.com/v1",
            "http://8.8.8.8",
            "http://[2001:db8::1]/",
            "http://172.32.0.1",
        ] {
            assert!(!is_local(public), "{public}");
        }
    }
}
