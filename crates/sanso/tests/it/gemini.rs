//! Streams as Gemini and its relays send them: without a marker, and with ends that are none.

use sanso::{Gateway, Relayed, StreamEnd};
use serde_json::{Value, json};

use crate::support::{Setup, ask_bytes, drain, relay, soon};
use crate::upstream::{Act, Upstream, open_stream, stream};

/// An event of one candidate with these parts, and perhaps why it ended.
fn event(parts: Value, finish: Option<&str>) -> String {
    let content = json!({ "role": "model", "parts": parts });
    let candidate = json!({ "content": content, "finishReason": finish, "index": 0 });
    format!("data: {}\n\n", json!({ "candidates": [candidate] }))
}

fn says(text: &str, finish: Option<&str>) -> String {
    event(json!([{ "text": text }]), finish)
}

fn setup(upstream: &Upstream) -> Setup {
    Setup::default().model("main", "gemini/scripted", &upstream.base_url()).without_retries()
}

/// What a client of a stream of these events gets, and how it ended.
async fn relayed(script: Vec<u8>) -> (Vec<Value>, Option<StreamEnd>) {
    let upstream = Upstream::answering(script).await;
    let mut relay = relay(&setup(&upstream).gateway()).await;
    let sent = drain(&mut relay).await;
    let data = sent.lines().filter_map(|line| line.strip_prefix("data: "));
    (data.filter_map(|data| serde_json::from_str(data).ok()).collect(), relay.end())
}

fn text(chunks: &[Value]) -> String {
    let deltas = chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str());
    deltas.collect()
}

fn finishes(chunks: &[Value]) -> Vec<&str> {
    chunks.iter().filter_map(|chunk| chunk["choices"][0]["finish_reason"].as_str()).collect()
}

/// Eight of them opened the breaker of a healthy provider.
#[tokio::test]
async fn an_end_that_is_said_too_early_is_none_and_no_break_either() {
    let each = ["One ", "two ", "three"].map(|text| says(text, Some("STOP")));
    let first = [event(json!([]), Some("STOP")), says("One ", None), says("two three", None)];
    for events in [each, first] {
        let (chunks, end) = relayed(stream(&events)).await;
        assert_eq!((&*text(&chunks), end), ("One two three", Some(StreamEnd::Finished)));
        assert!(finishes(&chunks).iter().all(|reason| *reason == "stop"), "{chunks:?}");
    }
}

#[tokio::test]
async fn a_stream_that_is_cut_while_it_speaks_is_a_break_whatever_it_said_before() {
    let cut = open_stream(&[says("One ", Some("STOP")), says("two", None)]);
    let (chunks, end) = relayed(cut).await;
    assert_eq!((&*text(&chunks), end), ("One two", Some(StreamEnd::Broken)));
}

#[tokio::test]
async fn a_held_answer_whose_end_was_said_too_early_is_whole() {
    let events = [says("One ", Some("STOP")), says("two", Some("STOP"))];
    let upstream = Upstream::start(vec![vec![Act::Read, Act::Send(stream(&events))]]).await;
    let gateway: Gateway = setup(&upstream).set("sanso: { streams: { buffer: full } }").gateway();
    let relayed = soon(gateway.relay(ask_bytes(), gateway.arrive())).await.unwrap();
    let Relayed::Whole { body, .. } = relayed else { panic!("{relayed:?}") };
    let body = String::from_utf8(body.to_vec()).unwrap();
    assert!(
        body.contains("One ") && body.contains("two") && body.ends_with("[DONE]\n\n"),
        "{body}"
    );
}

/// It ended as a break, because of the event that was left out.
#[tokio::test]
async fn a_picture_is_a_part_of_a_stream_as_of_a_plain_answer() {
    let picture = json!([{ "inlineData": { "mimeType": "image/png", "data": "aGk=" } }]);
    let (chunks, end) = relayed(stream(&[says("See:", None), event(picture, Some("STOP"))])).await;
    assert_eq!((&*text(&chunks), end), ("See:", Some(StreamEnd::Finished)));
    let images = chunks.iter().map(|chunk| &chunk["choices"][0]["delta"]["images"]);
    let images: Vec<&Value> = images.filter(|images| !images.is_null()).collect();
    assert_eq!(images[0][0]["image_url"]["url"], "data:image/png;base64,aGk=");
    assert_eq!(finishes(&chunks), ["stop"]);
}

/// What cannot be passed on is left out; the text and the end of its event are not.
#[tokio::test]
async fn sound_in_a_stream_takes_nothing_else_with_it() {
    let sound = json!([{ "inlineData": { "mimeType": "audio/wav", "data": "aGk=" } },
        { "text": "hear" }]);
    let (chunks, end) = relayed(stream(&[says("I ", None), event(sound, Some("STOP"))])).await;
    assert_eq!((&*text(&chunks), end), ("I hear", Some(StreamEnd::Finished)));
}
