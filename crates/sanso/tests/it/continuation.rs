//! A stream that breaks after its first content, and who carries it on (`on_break: continue`).

use sanso::StreamEnd;
use sanso_sim::provider::{Provider, Vendor};
use serde_json::{Value, json};

use crate::support::{
    Log, Setup, ask_bytes, drain, in_flight, leave_when, relay, relay_of, soon, trail, until,
};
use crate::upstream::{Act, DONE, FINISH, ROLE, Upstream, open_stream, says, stream};

const CONTINUE: &str = "sanso: { streams: { on_break: continue }, timeouts: { gap: 150ms } }";
const ABLE: &str = "supports_assistant_prefill: true";

/// A stream that is cut after these words.
fn cut(words: &[&str]) -> Vec<u8> {
    let words = words.iter().map(|word| says(word));
    stream(&std::iter::once(ROLE.to_owned()).chain(words).collect::<Vec<_>>())
}

/// A whole stream of these words.
fn whole(words: &[&str]) -> Vec<u8> {
    let words = words.iter().map(|word| says(word));
    let end = [FINISH.to_owned(), DONE.to_owned()];
    stream(&std::iter::once(ROLE.to_owned()).chain(words).chain(end).collect::<Vec<_>>())
}

/// `main` and `spare`, which is able to go on.
fn two(main: &Upstream, spare: &Upstream) -> Setup {
    let setup = Setup::default().upstream("main", main);
    setup.model("spare", "openai/gpt-spare", &spare.base_url()).info(ABLE).with_spare()
}

fn logged(main: &Upstream, spare: &Upstream) -> (sanso::Gateway, Log) {
    two(main, spare).set(CONTINUE).logged()
}

/// The chunks of a stream.
fn chunks(sent: &str) -> Vec<Value> {
    let data = sent.lines().filter_map(|line| line.strip_prefix("data: "));
    data.filter(|data| *data != "[DONE]").map(|data| serde_json::from_str(data).unwrap()).collect()
}

fn text(sent: &str) -> String {
    let of = |chunk: &Value| chunk["choices"][0]["delta"]["content"].as_str().map(str::to_owned);
    chunks(sent).iter().filter_map(of).collect()
}

#[tokio::test]
async fn another_model_goes_on_in_the_same_stream_marked_and_once() {
    let main = Upstream::answering(cut(&["The sky", " is \\n"])).await;
    let spare = Upstream::answering(whole(&[" \\n", "blue", "."])).await;
    let (gateway, mut log) = logged(&main, &spare);
    let mut relay = relay(&gateway).await;
    let sent = drain(&mut relay).await;

    // The white space on which it broke came once.
    assert_eq!(text(&sent), "The sky is \nblue.", "{sent}");
    assert!(sent.ends_with(DONE) && !sent.contains("error"), "{sent}");
    assert_eq!(sent.matches("\"role\":\"assistant\"").count(), 1, "{sent}");
    assert!(chunks(&sent).iter().all(|chunk| chunk["id"] == "s"), "one stream has one id: {sent}");
    let mark = ": x-sanso-served-by: openai/gpt-spare\n";
    let (before, after) = sent.split_once(mark).unwrap_or_else(|| panic!("no mark: {sent}"));
    assert!(text(before) == "The sky is \n" && after.contains(": x-sanso-fallback: true\n"));
    assert_eq!(relay.end(), Some(StreamEnd::Finished));

    let asked = spare.bodies();
    let messages = asked[0]["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[1], json!({"role": "assistant", "content": "The sky is"}));

    let served = relay.served();
    assert_eq!(trail(served), "openai/gpt-scripted=broken openai/gpt-spare=200");
    let line = log.line().await;
    assert_eq!(line["degradation_level"], "partial");
    assert_eq!(line["failure_kinds"], json!(["Broken"]));
    let warning = line["warnings"][0].as_str().unwrap();
    assert!(warning.contains("broke after 12 characters") && warning.contains("gpt-spare"));
    assert_eq!((&line["warnings"][1], &line["skipped"]), (&Value::Null, &json!([])));
    assert_eq!(in_flight(&gateway), 0);
}

#[tokio::test]
async fn any_dialect_goes_on() {
    for vendor in Vendor::ALL {
        let main = Upstream::answering(cut(&["Once upon "])).await;
        let spare = Provider::start(vendor).await.unwrap();
        let setup = Setup::default().upstream("main", &main).provider("spare", &spare);
        let gateway = setup.info(ABLE).with_spare().set(CONTINUE).gateway();
        let mut relay = relay(&gateway).await;
        let sent = drain(&mut relay).await;
        assert!(text(&sent).starts_with("Once upon ") && text(&sent).len() > 12, "{sent}");
        assert!(sent.ends_with(DONE) && !sent.contains("error"), "{vendor:?}: {sent}");
        let models: Vec<_> = chunks(&sent).iter().map(|it| it["model"].to_string()).collect();
        assert!(models.last().unwrap().contains(vendor.model()), "{models:?}");
        assert_eq!(spare.stats().completed, 1, "{vendor:?}");
    }
}

#[tokio::test]
async fn a_provider_is_told_in_its_own_way_to_go_on() {
    let message = json!({"role": "assistant", "content": "Once upon", "prefix": true});
    let cases = [
        ("mistral/m", "messages/1", message),
        ("hosted_vllm/m", "continue_final_message", true.into()),
        ("hosted_vllm/m", "add_generation_prompt", false.into()),
        ("openai/m", "continue_final_message", Value::Null),
    ];
    for (model, member, wanted) in cases {
        let main = Upstream::answering(cut(&["Once upon "])).await;
        let spare = Upstream::answering(whole(&["a time"])).await;
        let setup = Setup::default().upstream("main", &main);
        let setup = setup.model("spare", model, &spare.base_url()).info(ABLE).with_spare();
        let gateway = setup.set(CONTINUE).gateway();
        let sent = drain(&mut *relay(&gateway).await).await;
        assert_eq!(text(&sent), "Once upon a time", "{model}");
        let body = &spare.bodies()[0];
        let found = body.pointer(&format!("/{member}")).cloned().unwrap_or_default();
        assert_eq!(found, wanted, "{model}: {body}");
    }
}

#[tokio::test]
async fn an_answer_that_its_client_began_is_one_message_and_vllm_is_told_so_whatever_it_said() {
    let begun = br#"{"model":"main","stream":true,"add_generation_prompt":true,"continue_final_message":false,"messages":[{"role":"user","content":"Tell me"},{"role":"assistant","content":"Once"}]}"#;
    let parts = br#"{"model":"main","stream":true,"messages":[{"role":"assistant","content":[{"type":"text","text":"Once"}]}]}"#;
    let called = br#"{"model":"main","stream":true,"messages":[{"role":"assistant","content":"Once","tool_calls":[]}]}"#;
    let of = |content: Value| json!({"role": "assistant", "content": content});
    let cases = [
        (begun.as_slice(), 2, of("Once upon".into())),
        (
            parts,
            1,
            of(json!([{"type": "text", "text": "Once"}, {"type": "text", "text": " upon"}])),
        ),
        (called, 2, of(" upon".into())),
    ];
    for (body, count, last) in cases {
        let main = Upstream::answering(cut(&[" upon "])).await;
        let spare = Upstream::answering(whole(&["a time"])).await;
        let setup = Setup::default().upstream("main", &main);
        let setup = setup.model("spare", "hosted_vllm/m", &spare.base_url());
        let gateway = setup.info(ABLE).with_spare().set(CONTINUE).gateway();
        let sent = drain(&mut *relay_of(&gateway, body.into()).await).await;
        assert_eq!(text(&sent), " upon a time");
        let asked = &spare.bodies()[0];
        let messages = asked["messages"].as_array().unwrap();
        assert_eq!((messages.len(), messages.last()), (count, Some(&last)));
        let told = (&asked["continue_final_message"], &asked["add_generation_prompt"]);
        assert_eq!(told, (&true.into(), &false.into()));
    }
}

#[tokio::test]
async fn the_rest_of_the_requests_own_limit_is_left_to_who_goes_on() {
    let main = Upstream::answering(cut(&["12345678", "90123456"])).await;
    let spare = Upstream::answering(whole(&["."])).await;
    let gateway = two(&main, &spare).set(CONTINUE).gateway();
    let body = br#"{"model":"main","stream":true,"max_tokens":10,"messages":[{"role":"user","content":"Why?"}]}"#;
    drain(&mut *relay_of(&gateway, body.as_slice().into()).await).await;
    assert_eq!(spare.bodies()[0]["max_tokens"], 6);
}

#[tokio::test]
async fn who_has_nothing_to_add_ends_the_answer() {
    let main = Upstream::answering(cut(&["All is said."])).await;
    let spare = Upstream::answering(whole(&[])).await;
    let (gateway, mut log) = logged(&main, &spare);
    let mut relay = relay(&gateway).await;
    let sent = drain(&mut relay).await;
    assert_eq!(text(&sent), "All is said.");
    assert!(sent.contains("\"finish_reason\":\"stop\"") && sent.ends_with(DONE), "{sent}");
    assert_eq!(relay.end(), Some(StreamEnd::Finished));
    assert_eq!(log.line().await["degradation_level"], "partial");
}

#[tokio::test]
async fn a_stream_that_stalls_is_let_go_and_carried_on() {
    let stalls = open_stream(&[ROLE.to_owned(), says("Wait")]);
    let main = Upstream::start(vec![vec![Act::Read, Act::Send(stalls), Act::Hold]]).await;
    let spare =
        Upstream::start(vec![vec![Act::Read, Act::Pause, Act::Send(whole(&[", done."]))]]).await;
    let gateway = two(&main, &spare).set(CONTINUE).gateway();
    let mut relay = relay(&gateway).await;
    let watched = async {
        // The first call is stopped before anyone has gone on.
        soon(main.seen_when(|seen| seen.left == 1)).await;
        soon(spare.seen_when(|seen| seen.requests == 1)).await;
        spare.release();
    };
    let (sent, ()) = tokio::join!(drain(&mut relay), watched);
    assert_eq!(text(&sent), "Wait, done.");
}

#[tokio::test]
async fn what_cannot_be_carried_on_is_told_in_band() {
    let thinks = "data: {\"id\":\"s\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"reasoning_content\":\"hm\"}}]}\n\n";
    let thought = stream(&[ROLE.to_owned(), thinks.to_owned(), says("So")]);
    let delta = |delta: &str| {
        let chunk =
            format!(r#"{{"id":"s","model":"m","choices":[{{"index":0,"delta":{delta}}}]}}"#);
        stream(&[ROLE.to_owned(), format!("data: {chunk}\n\n"), says("So")])
    };
    let picture = delta(r#"{"content":"","images":[{"image_url":{"url":"data:,"}}]}"#);
    let captioned = delta(r#"{"content":"See:","images":[{"image_url":{"url":"data:,"}}]}"#);
    let sound = delta(r#"{"audio":{"data":"UklG"}}"#);
    let called = delta(r#"{"function_call":{"name":"f","arguments":"{}"}}"#);
    let plain = cut(&["Half"]);
    let spoken = br#"{"model":"main","stream":true,"modalities":["text","audio"],"messages":[{"role":"user","content":"Why?"}]}"#;
    let tools = br#"{"model":"main","stream":true,"tools":[{"type":"function","function":{"name":"f"}}],"messages":[{"role":"user","content":"Why?"}]}"#;
    let two_of_them =
        br#"{"model":"main","stream":true,"n":2,"messages":[{"role":"user","content":"Why?"}]}"#;
    let usual = ask_bytes();
    let unable = "supports_assistant_prefill: false";
    let cases = [
        ("reasoning has come", thought, CONTINUE, ABLE, usual.clone()),
        ("a picture has come", picture, CONTINUE, ABLE, usual.clone()),
        ("a picture with its text", captioned, CONTINUE, ABLE, usual.clone()),
        ("sound has come", sound, CONTINUE, ABLE, usual.clone()),
        ("a call of the old kind", called, CONTINUE, ABLE, usual.clone()),
        ("sound is asked for", plain.clone(), CONTINUE, ABLE, spoken.as_slice().into()),
        ("tools are offered", plain.clone(), CONTINUE, ABLE, tools.as_slice().into()),
        ("two candidates", plain.clone(), CONTINUE, ABLE, two_of_them.as_slice().into()),
        ("nobody is able", plain.clone(), CONTINUE, unable, usual.clone()),
        ("nobody says so", plain.clone(), CONTINUE, "mode: chat", usual.clone()),
        ("not asked for", plain, "general_settings: {}", ABLE, usual),
    ];
    for (what, script, settings, info, body) in cases {
        let main = Upstream::answering(script).await;
        let spare = Upstream::answering(whole(&["no"])).await;
        let setup = Setup::default().upstream("main", &main);
        let setup = setup.model("spare", "openai/gpt-spare", &spare.base_url()).info(info);
        let gateway = setup.with_spare().set(settings).gateway();
        let mut relay = relay_of(&gateway, body).await;
        let sent = drain(&mut relay).await;
        assert_eq!(relay.end(), Some(StreamEnd::Broken), "{what}: {sent}");
        assert!(sent.contains("\"error\"") && !sent.contains("[DONE]"), "{what}: {sent}");
        assert_eq!(spare.seen().requests, 0, "{what}");
    }
}

#[tokio::test]
async fn a_continuation_that_breaks_is_told_in_band() {
    let main = Upstream::answering(cut(&["One"])).await;
    let spare = Upstream::answering(cut(&[", two"])).await;
    let (gateway, mut log) = logged(&main, &spare);
    let mut relay = relay(&gateway).await;
    let sent = drain(&mut relay).await;
    assert_eq!(text(&sent), "One, two");
    assert!(sent.contains("\"error\"") && !sent.contains("[DONE]"), "{sent}");
    assert_eq!(relay.end(), Some(StreamEnd::Broken));
    assert_eq!(log.line().await["degradation_level"], "unavailable");
}

#[tokio::test]
async fn a_client_that_leaves_meanwhile_stops_who_was_to_go_on() {
    let main = Upstream::answering(cut(&["One"])).await;
    let spare = Upstream::start(vec![vec![Act::Read, Act::Hold]]).await;
    let gateway = two(&main, &spare).set(CONTINUE).gateway();
    let mut relay = relay(&gateway).await;
    leave_when(drain(&mut relay), spare.seen_when(|seen| seen.requests == 1)).await;
    drop(relay);
    soon(spare.seen_when(|seen| seen.left == 1)).await;
    until(|| in_flight(&gateway) == 0).await;
}

#[tokio::test]
async fn what_came_before_the_break_is_not_kept_waiting() {
    let main = Upstream::answering(cut(&["One"])).await;
    let held = [Act::Read, Act::Pause, Act::Send(whole(&[", two"]))];
    let spare = Upstream::start(vec![held.into()]).await;
    let gateway = two(&main, &spare).set(CONTINUE).gateway();
    let mut relay = relay(&gateway).await;
    let first = soon(std::future::poll_fn(|cx| relay.poll_chunk(cx))).await.unwrap();
    assert!(text(std::str::from_utf8(&first).unwrap()) == "One");
    spare.release();
    assert_eq!(text(&drain(&mut relay).await), ", two");
}
