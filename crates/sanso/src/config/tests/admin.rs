//! `sanso.admin` and `sanso.history`.

use std::time::Duration;

use super::super::{History, describe};
use super::*;

#[test]
fn the_page_and_the_history_are_where_the_file_says() {
    let config = good(&two_models(
        "sanso:
  admin: {listen: \"127.0.0.1:4001\", hosts: [sanso.internal]}
  history: {path: /var/lib/sanso/h.db, max_size: 2GiB, requests: 30d, days: 365d}",
    ));
    assert_eq!(config.admin.listen, Some(([127, 0, 0, 1], 4001).into()));
    assert_eq!(config.admin.hosts, ["sanso.internal"]);
    let history = config.history.as_ref().unwrap();
    assert_eq!(history.path, std::path::Path::new("/var/lib/sanso/h.db"));
    assert_eq!((history.max_size, history.minutes), (Some(2 << 30), None));
    assert_eq!(history.requests, Some(Duration::from_hours(30 * 24)));
    let told = describe(&config);
    assert!(told.contains("admin      127.0.0.1:4001"), "{told}");
    assert!(told.contains("history    /var/lib/sanso/h.db"), "{told}");

    let config = good(&two_models(""));
    assert_eq!((config.admin.listen, &config.history), (None, &Some(History::default())));
    assert_eq!(good(&two_models("sanso: {history: off}")).history, None);
}

#[test]
fn what_cannot_be_is_said_where_it_stands() {
    for (section, words) in [
        ("admin: {listen: nowhere}", "`listen` must be an address and a port"),
        ("admin: {listen: \"127.0.0.1\"}", "`listen` must be an address and a port"),
        ("history: {max_size: 15MiB}", "`max_size` must be 16MiB or more"),
        ("history: {requests: 0}", "`requests` must be a duration above zero"),
        ("history: {hours: 900d}", "`hours`"),
        ("history: 7", "`history` must be a mapping"),
        ("history: {pth: x}", "pth"),
    ] {
        let text = two_models(&format!("sanso: {{{section}}}"));
        // A key that is unknown is a warning: the rest holds.
        let warned = read(&text).map_or_else(
            |_| errors(&text),
            |config| warnings(&config).into_iter().map(str::to_owned).collect(),
        );
        assert!(warned.iter().any(|told| told.contains(words)), "{section}: {warned:?}");
    }
}
