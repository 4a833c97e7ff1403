//! What one request learned of a key, a model, a host or a quota, the next one knows.

use sanso_sim::provider::{Problem, Provider, Vendor};
use tokio::net::TcpListener;

use crate::support::{KEY, Setup, ask, metric, soon, trail, until};
use crate::upstream::{Upstream, answer, response};

fn shut(gateway: &sanso::Gateway, gate: &str) -> f64 {
    metric(gateway, "sanso_gate_shut", &[&format!("gate=\"{gate}\"")])
}

#[tokio::test]
async fn a_refused_key_moves_the_request_on_and_is_not_asked_again() {
    for vendor in Vendor::ALL {
        let provider = Provider::start(vendor).await.unwrap();
        let spare = Provider::start(Vendor::OpenAi).await.unwrap();
        let setup = Setup::default().provider("main", &provider).provider("spare", &spare);
        let gateway = setup.with_spare().gateway();
        provider.set(Problem::BadKey);
        for request in 0..4 {
            let answer = soon(gateway.chat(ask())).await.unwrap();
            assert!(answer.served().fallback, "request {request}");
        }
        assert!(provider.stats().calls <= 2, "{vendor:?}: {}", provider.stats().calls);
        assert_eq!(shut(&gateway, "credential"), 1.0);
        assert_eq!(shut(&gateway, "breaker"), 0.0, "a key is no outage");
    }
}

#[tokio::test]
async fn with_nobody_left_the_error_names_the_gate_and_no_key() {
    let provider = Provider::start(Vendor::OpenAi).await.unwrap();
    let gateway = Setup::default().provider("main", &provider).without_retries().gateway();
    provider.set(Problem::BadKey);
    let mut error = soon(gateway.chat(ask())).await.unwrap_err();
    assert_eq!(error.status(), 502, "never the provider's 401");
    error = soon(gateway.chat(ask())).await.unwrap_err();
    error = soon(gateway.chat(ask())).await.err().unwrap_or(error);
    assert_eq!(error.status(), 502);
    let message = error.to_string();
    assert!(message.contains("the gateway's key refused"), "{message}");
    assert!(!message.contains(KEY), "{message}");
}

#[tokio::test]
async fn three_refused_connections_shut_the_host_for_all_that_are_there() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/v1", nobody.local_addr().unwrap());
    drop(nobody);
    let spare = Provider::start(Vendor::OpenAi).await.unwrap();
    let setup =
        Setup::default().model("main", "openai/one", &base).model("main", "openai/two", &base);
    let gateway = setup.provider("spare", &spare).with_spare().gateway();
    let mut refused = 0;
    for _ in 0..6 {
        let answer = soon(gateway.chat(ask())).await.unwrap();
        refused += answer.served().attempts.len() - 1;
    }
    assert_eq!(refused, 3);
    assert_eq!(shut(&gateway, "host"), 2.0);
}

/// One call that was silent after connecting kept all others from a host that was there again.
#[tokio::test]
async fn a_host_is_open_as_soon_as_a_connection_to_it_stands() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    let base = format!("http://{address}/v1");
    let setup =
        Setup::default().model("main", "openai/one", &base).model("main", "openai/two", &base);
    let gateway = setup.set("litellm_settings: { num_retries: 4 }").gateway();
    assert_eq!(soon(gateway.chat(ask())).await.unwrap_err().status(), 502);
    assert_eq!(shut(&gateway, "host"), 2.0);
    let listener = TcpListener::bind(address).await.unwrap();
    let forced = gateway.chat(ask());
    let silent = async {
        let _connection = listener.accept().await.unwrap();
        until(|| shut(&gateway, "host") == 0.0).await;
    };
    tokio::select! {
        answer = forced => panic!("{answer:?}"),
        () = soon(silent) => {}
    }
}

#[tokio::test]
async fn an_answer_that_says_nothing_is_left_sends_the_next_request_elsewhere() {
    let headers = "application/json\r\nx-ratelimit-limit-requests: 1\r\n\
                   x-ratelimit-remaining-requests: 0\r\nx-ratelimit-reset-requests: 1m0s";
    let limited = Upstream::answering(response("200 OK", headers, answer("yes"))).await;
    let spare = Provider::start(Vendor::OpenAi).await.unwrap();
    let setup = Setup::default().upstream("main", &limited).provider("spare", &spare);
    let gateway = setup.with_spare().gateway();
    let first = soon(gateway.chat(ask())).await.unwrap();
    assert_eq!(trail(first.served()), "openai/gpt-scripted=200");
    let second = soon(gateway.chat(ask())).await.unwrap();
    assert_eq!(trail(second.served()), "openai/gpt-4.1=200");
    assert_eq!(shut(&gateway, "quota"), 1.0);
}
