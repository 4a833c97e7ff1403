//! Who is believed: by the variable `SSL_CERT_FILE`, and by `ssl_verify: false`.

use crate::bodies::answer;
use crate::client;
use crate::support::{File, Server, config_at};
use crate::tls::{Authority, Front, Shown};
use crate::upstream::{Act, Upstream};

/// The status that a client gets of a provider that shows this, where that is set.
async fn status(authority: &Authority, shown: Shown, settings: &str) -> Option<u16> {
    let script = Upstream::start(vec![vec![Act::Read, Act::Send(answer())]]).await;
    let front = Front::start(authority, shown, script.address).await;
    let server =
        Server::start(&config_at(&format!("https://{}/v1", front.address), settings)).await;
    client::ask(server.address, "main", false).await.status
}

#[tokio::test]
async fn the_file_of_the_variable_stands_in_for_the_systems() {
    let (authority, other) = (Authority::new(), Authority::new());
    for (named, expected) in [(&authority, 200), (&other, 502)] {
        let file = File::new(&named.pem());
        let settings = format!("environment_variables: {{ SSL_CERT_FILE: \"{}\" }}", file.path());
        assert_eq!(status(&authority, Shown::Good, &settings).await, Some(expected));
    }
    assert_eq!(status(&authority, Shown::Good, "").await, Some(502));
}

#[tokio::test]
async fn without_a_check_anyone_is_believed() {
    let authority = Authority::new();
    for shown in [Shown::SelfSigned, Shown::Expired, Shown::OfAnother] {
        let settings = "litellm_settings: { ssl_verify: false }";
        assert_eq!(status(&authority, shown, settings).await, Some(200), "{shown:?}");
    }
}
