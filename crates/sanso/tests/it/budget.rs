//! Retries are paid from a budget, which a client's own repetitions do not fill.

use sanso_sim::provider::{Problem, Provider, Vendor};

use crate::support::{Setup, ask_bytes, soon};

#[tokio::test]
async fn a_client_that_repeats_its_request_earns_no_retries() {
    for (is_retry, is_retried) in [(false, true), (true, false)] {
        let provider = Provider::start(Vendor::OpenAi).await.unwrap();
        let settings = "litellm_settings: { num_retries: 1, cooldown_time: 0 }\n\
                        sanso: { retry: { budget: 20, retry_after: 0 } }";
        let gateway = Setup::default().provider("main", &provider).set(settings).gateway();
        let ask = async |is_retry| {
            let mut arrival = gateway.arrive();
            arrival.is_retry = is_retry;
            soon(gateway.relay(ask_bytes(), arrival)).await.is_ok()
        };
        // Whatever there is to spend is spent.
        provider.set(Problem::Status(500));
        while {
            let before = provider.stats().calls;
            assert!(!ask(false).await);
            provider.stats().calls - before > 1
        } {}
        provider.set(sanso_sim::provider::Behaviour::Healthy);
        for _ in 0..20 {
            assert!(ask(is_retry).await);
        }
        provider.fail_next(1, Problem::Status(500));
        assert_eq!(ask(false).await, is_retried, "is_retry: {is_retry}");
    }
}
