//! Every recorded exchange, through every function.

use sanso_wire::ir::StreamEvent;
use sanso_wire::openai_chat::{StreamDecoder, glance, read_answer, read_request, write_answer};

use super::{decode, encode, events_of};
use crate::corpus::{self, Exchange};

/// Why recorded requests cannot be translated, by the end of the member at fault.
const UNTRANSLATABLE: &[(&str, &str)] = &[
    ("model", "null: recorded to see what a server that serves one model says to it"),
    ("temperature", "a string: recorded to see what a server says to it"),
    ("functions", "OpenAI's older form, refused with the advice to use tools"),
    ("web_search_options", "runs on the provider's side"),
    ("tools[0].type", "OpenRouter's own web search"),
    (".file", "names a file that lies at OpenAI"),
    ("].type", "audio or video, for which the neutral form has no part"),
];

#[test]
fn recorded_requests_are_read() {
    let (mut refused, mut total) = (Vec::new(), 0);
    for Exchange { name, request, .. } in corpus::chat_completions() {
        total += 1;
        if let Err(error) = read_request(request.as_bytes()) {
            refused.push((name, error.param.unwrap_or_default()));
        }
    }
    let is_known = |param: &str| UNTRANSLATABLE.iter().any(|(end, _)| param.ends_with(end));
    let unknown: Vec<_> = refused.iter().filter(|(_, param)| !is_known(param)).collect();
    assert!(unknown.is_empty(), "{unknown:#?}");
    assert!(refused.len() * 12 <= total, "{} of {total} refused", refused.len());
}

#[test]
fn recorded_answers_survive_translation() {
    let answers = corpus::chat_completions();
    for Exchange { name, body, .. } in
        answers.iter().filter(|exchange| exchange.status == 200 && exchange.format == "json")
    {
        if name.contains("error_in_200") {
            assert!(
                read_answer(body.as_bytes()).is_err() && glance::answer(body.as_bytes()).is_err()
            );
            continue;
        }
        let answer =
            read_answer(body.as_bytes()).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let glance = glance::answer(body.as_bytes()).unwrap();
        assert_eq!(glance.model, answer.model, "{name}");
        assert_eq!(glance.usage, answer.usage, "{name}");
        let has_parts = answer.choices.iter().any(|choice| !choice.parts.is_empty());
        assert_eq!(glance.has_content, has_parts, "{name}");
        let again = read_answer(&write_answer(&answer, "none", 0)).unwrap();
        assert_eq!(again, answer, "{name}");
    }
}

#[test]
fn recorded_streams_survive_translation() {
    let exchanges = corpus::chat_completions();
    for Exchange { name, body, .. } in
        exchanges.iter().filter(|exchange| exchange.status == 200 && exchange.format == "sse")
    {
        let mut decoder = StreamDecoder::new();
        let (mut events, mut failed, mut has_content) = (Vec::new(), false, false);
        for event in events_of(body) {
            let result = decoder.push(&event, &mut events);
            match glance::event(&event.data) {
                Ok(glance) => has_content |= glance.has_content,
                Err(_) => assert!(result.is_err(), "{name}"),
            }
            failed |= result.is_err();
        }
        assert_eq!(failed, name.contains("error_in_stream"), "{name}");
        assert_eq!(has_content, events.iter().any(StreamEvent::is_content), "{name}");
        let chunks = encode(&events, true);
        assert_eq!(settled(&decode(&chunks)), settled(&events), "{name}");
    }
}

/// The events with the usage where the encoder writes it: once, the last one, before the end.
fn settled(events: &[StreamEvent]) -> Vec<StreamEvent> {
    let is_usage = |event: &&StreamEvent| matches!(event, StreamEvent::Usage(_));
    let usage = events.iter().rfind(is_usage);
    let is_ended = events.last() == Some(&StreamEvent::End) || usage.is_none();
    let mut settled: Vec<_> = events
        .iter()
        .filter(|event| !is_usage(event) && **event != StreamEvent::End)
        .cloned()
        .collect();
    settled.extend(usage.filter(|_| is_ended).cloned());
    settled
}
