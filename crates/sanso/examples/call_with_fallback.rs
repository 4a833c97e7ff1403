//! Three providers, thirty seconds, two retries each: the idea in twenty lines.
//!
//! `ANTHROPIC_API_KEY=... OPENAI_API_KEY=... GEMINI_API_KEY=... cargo run --example call_with_fallback`

use sanso::{ChatRequest, Gateway};

const CHAIN: &str = r#"
model_list:
  - { model_name: best,    litellm_params: { model: anthropic/claude-sonnet-4-6, api_key: os.environ/ANTHROPIC_API_KEY } }
  - { model_name: second,  litellm_params: { model: openai/gpt-4.1,              api_key: os.environ/OPENAI_API_KEY } }
  - { model_name: third,   litellm_params: { model: gemini/gemini-2.5-pro,       api_key: os.environ/GEMINI_API_KEY } }
litellm_settings: { request_timeout: 30, num_retries: 2, fallbacks: [ { best: [ second, third ] } ] }
"#;

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "an example talks to its reader")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let gateway = Gateway::from_yaml(CHAIN)?;
    let answer = gateway.chat(ChatRequest::new("best").user("Why is the sky blue?")).await?;
    println!("{}\n\nserved by {} after:", answer.text(), answer.served_by());
    for attempt in answer.attempts() {
        println!("  {} -> {} in {:?}", attempt.deployment, attempt.outcome, attempt.elapsed);
    }
    Ok(())
}
