//! What a deployment can do, and what a caller gets where no one answers.

use std::time::Duration;

use super::super::{Needs, Preflight};
use super::*;

fn three(info: &str, sections: &str) -> String {
    format!(
        "model_list:
- {{model_name: main, litellm_params: {{model: openai/a}}}}
- {{model_name: spare, litellm_params: {{model: openai/b}}, model_info: {{{info}}}}}
- {{model_name: other, litellm_params: {{model: anthropic/c}}}}
litellm_settings: {{fallbacks: [main: [spare]], request_timeout: 5}}
general_settings: {{master_key: k}}
{sections}"
    )
}

#[test]
fn what_a_deployment_lacks_comes_from_its_dialect_and_its_model_info() {
    let info = "supports_function_calling: false, supports_vision: true, supports_pdf_input: false";
    let config = good(&three(info, ""));
    let lacks: Vec<Needs> = config.deployments.iter().map(|one| one.lacks).collect();
    let anthropic = Needs::AUDIO.and(Needs::SEVERAL).and(Needs::LOGPROBS);
    let all = [Needs::NONE, Needs::TOOLS.and(Needs::FILES), anthropic];
    assert_eq!(lacks, all.map(|lacks| lacks.and(Needs::CONTINUATION)));
    let able = good(&three("supports_assistant_prefill: true", ""));
    assert_eq!(able.deployments[1].lacks, Needs::NONE);
    let notes: Vec<&str> = config.notes.iter().map(|note| note.message.as_str()).collect();
    let said =
        "the fallback `spare` does not support tools, files: requests that need it pass it over";
    assert!(notes.contains(&said), "{notes:?}");
    let off = good(&three(info, "sanso: {preflight: off}"));
    assert!(off.notes.iter().all(|note| !note.message.contains("does not support")));
}

#[test]
fn a_stream_that_nobody_can_carry_on_is_pointed_out() {
    let warned = |info: &str, sections: &str| {
        let config = good(&three(info, sections));
        warnings(&config).iter().any(|said| said.contains("said to go on from a text"))
    };
    let continues = "sanso: {streams: {on_break: continue}}";
    assert!(warned("mode: chat", continues));
    assert!(warned(
        "mode: chat",
        "router_settings: {enable_mid_stream_fallback_continuation: true}"
    ));
    assert!(!warned("supports_assistant_prefill: true", continues));
    assert!(!warned("mode: chat", "sanso: {streams: {on_break: error}}"));
}

#[test]
fn preflight_is_said_for_all_and_for_single_groups() {
    let config = good(&three("", "sanso: {preflight: warn, groups: {spare: {preflight: off}}}"));
    let of = |group: usize| config.groups[group].policy.preflight;
    assert_eq!((of(0), of(1)), (Preflight::Warn, Preflight::Off));
    assert_eq!(good(&three("", "")).policy.preflight, Preflight::Skip);
    let wrong = errors(&three("", "sanso: {preflight: maybe}"));
    assert!(wrong[0].contains("expected one of: skip, warn, off"), "{wrong:?}");
}

#[test]
fn stand_ins_are_off_and_said_for_all_and_for_single_groups() {
    let config = good(&three("", ""));
    assert_eq!(config.policy.degrade, super::super::Degrade::default());
    let all = "degradation: {stored: {stale_for: 1h}, static: Later.}";
    let groups =
        "groups: {spare: {degradation: {stored: false}}, main: {degradation: {static: Sorry.}}}";
    let config = good(&three("", &format!("sanso: {{{all}, {groups}, limits: {{stored: 1MiB}}}}")));
    let unread = |said: &&str| said.contains("unknown key") || said.contains("not built");
    assert!(!warnings(&config).iter().any(unread), "{:?}", warnings(&config));
    let of = |group: usize| {
        let degrade = &config.groups[group].policy.degrade;
        (degrade.stale_for, degrade.says.as_deref())
    };
    assert_eq!(of(0), (Some(Duration::from_secs(3600)), Some("Sorry.")));
    assert_eq!(of(1), (None, Some("Later.")));
    assert_eq!(config.limits.stored, 1 << 20);
}

#[test]
fn stand_ins_that_say_nothing_are_refused() {
    for (said, wanted) in [
        ("stored: {}", "`stale_for` is missing"),
        ("stored: {stale_for: 0}", "`stale_for` must be a duration above zero"),
        ("stored: 1h", "`stored` must be a mapping"),
        ("static: ''", "`static` must be a text that says something"),
        ("static: [a]", "`static` must be a string"),
    ] {
        let wrong = errors(&three("", &format!("sanso: {{degradation: {{{said}}}}}")));
        assert!(wrong.iter().any(|one| one.contains(wanted)), "{said}: {wrong:?}");
    }
}
