//! A local model as the last leg: no key, and time to load.

use std::time::Duration;

use sanso_sim::provider::{Problem, Provider, Vendor};

use crate::support::{Setup, ask, soon, trail};
use crate::upstream::{Upstream, answer, response};

#[tokio::test]
async fn a_local_model_is_a_leg_like_any_other_without_a_key_and_with_patience() {
    for model in ["ollama/llama", "hosted_vllm/llama", "lm_studio/llama", "openai/llama"] {
        let main = Provider::start(Vendor::OpenAi).await.unwrap();
        main.set(Problem::Status(500));
        let local =
            Upstream::answering(response("200 OK", "application/json", answer("yes"))).await;
        let setup = Setup::default().provider("main", &main);
        let gateway = setup.keyless("spare", model, &local.base_url()).with_spare().gateway();
        let reply = soon(gateway.chat(ask())).await.unwrap();
        assert_eq!(trail(reply.served()), format!("openai/gpt-4.1=500 {model}=200"));
        let config = gateway.config();
        let leg = config.deployments.iter().find(|one| one.group == "spare").unwrap();
        assert!(leg.local && leg.api_key.is_none(), "{model}");
        assert_eq!(leg.timeouts.first_token_patient, Duration::from_secs(60));
    }
}
