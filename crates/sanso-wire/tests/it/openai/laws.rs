//! What holds for every answer, stream and input.

use proptest::prelude::*;
use sanso_wire::ir::{
    Answer, Choice, FinishReason, Media, Message, Part, Request, Role, StreamEvent, Usage,
};
use sanso_wire::openai_chat::{
    StreamDecoder, glance, read_answer, read_request, write_answer, write_request,
};
use sanso_wire::sse::Event;

use super::{call, decode, encode};

fn reason() -> impl Strategy<Value = FinishReason> {
    prop::sample::select(vec![
        FinishReason::Stop,
        FinishReason::Length,
        FinishReason::ToolCalls,
        FinishReason::ContentFilter,
        FinishReason::Error,
        FinishReason::Overloaded,
    ])
}

fn usage() -> impl Strategy<Value = Usage> {
    let count = || 0_u64..1 << 40;
    let some = || prop::option::of(0_u64..1 << 40);
    (count(), count(), some(), some(), some()).prop_map(
        |(prompt, completion, cached, cache_write, reasoning)| Usage {
            prompt,
            completion,
            cached,
            cache_write,
            reasoning,
        },
    )
}

/// Text that is never empty: an empty piece is no event and no part.
fn text() -> impl Strategy<Value = String> {
    any::<(char, String)>().prop_map(|(first, rest)| format!("{first}{rest}"))
}

/// Parts in the order in which answers have them.
fn answer_parts() -> impl Strategy<Value = Vec<Part>> {
    let signed = prop::collection::vec((text(), text()), 0..3);
    let calls = prop::collection::vec((text(), text(), any::<String>()), 0..3);
    let some = || prop::option::of(text());
    (signed, some(), some(), calls).prop_map(|(signed, said, refusal, calls)| {
        let mut parts: Vec<Part> = signed
            .into_iter()
            .map(|(text, signature)| Part::Reasoning { text, signature: Some(signature) })
            .collect();
        parts.extend(said.map(Part::Text));
        parts.extend(refusal.map(Part::Refusal));
        parts.extend(calls.iter().map(|(id, name, args)| Part::ToolCall(call(id, name, args))));
        parts
    })
}

fn answer() -> impl Strategy<Value = Answer> {
    let choices = prop::collection::vec((answer_parts(), prop::option::of(reason())), 0..3);
    (text(), any::<String>(), 1_u64..1 << 40, choices, prop::option::of(usage())).prop_map(
        |(id, model, created, choices, usage)| Answer {
            id,
            model,
            created: Some(created),
            choices: (0..)
                .zip(choices)
                .map(|(index, (parts, finish))| Choice { index, parts, finish })
                .collect(),
            usage,
        },
    )
}

/// What may come between the start and the end of a stream: for calls, whether a new one begins.
#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Reasoning(String),
    Signature(String),
    Refusal(String),
    Call(String, String),
    Arguments(prop::sample::Index, String),
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        text().prop_map(Piece::Text),
        text().prop_map(Piece::Reasoning),
        text().prop_map(Piece::Signature),
        text().prop_map(Piece::Refusal),
        (text(), any::<String>()).prop_map(|(name, args)| Piece::Call(name, args)),
        (any::<prop::sample::Index>(), text()).prop_map(|(at, args)| Piece::Arguments(at, args)),
    ]
}

/// A well-formed stream of up to two candidates.
fn stream() -> impl Strategy<Value = Vec<StreamEvent>> {
    let pieces = prop::collection::vec((0_u32..2, piece()), 0..20);
    (text(), text(), 1_u64..1 << 40, pieces, reason(), usage()).prop_map(
        |(id, model, created, pieces, reason, usage)| {
            let mut events = vec![StreamEvent::Start { id, model, created: Some(created) }];
            let mut calls = [0_u32; 2];
            for (choice, piece) in pieces {
                let begun = &mut calls[choice as usize];
                events.extend(event(choice, piece, begun));
            }
            events.push(StreamEvent::Finish { choice: 0, reason });
            events.extend([StreamEvent::Usage(usage), StreamEvent::End]);
            events
        },
    )
}

fn event(choice: u32, piece: Piece, begun: &mut u32) -> Option<StreamEvent> {
    Some(match piece {
        Piece::Text(text) => StreamEvent::Text { choice, text },
        Piece::Reasoning(text) => StreamEvent::Reasoning { choice, text },
        Piece::Signature(signature) => StreamEvent::ReasoningSignature { choice, signature },
        Piece::Refusal(text) => StreamEvent::Refusal { choice, text },
        Piece::Call(name, arguments) => {
            let index = *begun;
            *begun += 1;
            let call = call(&format!("call_{choice}_{index}"), &name, &arguments);
            StreamEvent::ToolCall { choice, index, call }
        }
        Piece::Arguments(_, _) if *begun == 0 => return None,
        Piece::Arguments(at, fragment) => {
            let index = u32::try_from(at.index(*begun as usize)).unwrap();
            StreamEvent::ToolArguments { choice, index, fragment }
        }
    })
}

/// A conversation that OpenAI's chat can hold.
fn conversation() -> impl Strategy<Value = Vec<Message>> {
    let user = prop::collection::vec(
        prop_oneof![
            text().prop_map(Part::Text),
            "[a-z]{1,9}".prop_map(|path| Part::Image(Media::Url(format!("https://{path}")))),
            "[A-Za-z0-9+/]{4}".prop_map(|base64| {
                let media = Media::Data { media_type: "application/pdf".into(), base64 };
                Part::File { media, name: Some("f.pdf".into()) }
            }),
        ],
        1..4,
    );
    let message = prop_oneof![
        text().prop_map(|text| (Role::System, vec![Part::Text(text)])),
        user.prop_map(|parts| (Role::User, parts)),
        answer_parts().prop_map(|parts| (Role::Assistant, parts)),
        (text(), any::<String>()).prop_map(|(id, text)| {
            (Role::Tool, vec![Part::ToolResult { id, parts: vec![Part::Text(text)] }])
        }),
    ];
    let messages = prop::collection::vec(message, 0..6);
    messages.prop_map(|messages| {
        messages.into_iter().map(|(role, parts)| Message { role, parts }).collect()
    })
}

/// Text that looks like a body, a chunk, or neither.
fn careless() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"choices\"",
        "\"delta\"",
        "\"message\"",
        "\"content\"",
        "\"tool_calls\"",
        "\"function\"",
        "\"arguments\"",
        "\"index\"",
        "\"usage\"",
        "\"error\"",
        "\"model\"",
        "\"messages\"",
        "\"role\"",
        "\"user\"",
        "\"\\ud800\"",
        "null",
        "1",
        "-1",
        "1e9",
        "true",
        "\"type\"",
        "\"text\"",
        "[DONE]",
    ]);
    let whole = prop::sample::select(vec![
        r#"{"choices":[{"delta":{"content":"#,
        r#"{"choices":[{"message":{"tool_calls":[{"function":"#,
        r#"{"model":"m","messages":[{"role":"user","content":"#,
        r#"{"usage":{"prompt_tokens":"#,
        "",
    ]);
    let closing = prop::sample::select(vec!["}}]}", "}]}}]}", "}]}", "}}", ""]);
    (whole, prop::collection::vec(token, 0..12), closing)
        .prop_map(|(start, tokens, end)| format!("{start}{}{end}", tokens.concat()))
}

proptest! {
    #[test]
    fn an_answer_written_reads_the_same(answer in answer()) {
        let body = write_answer(&answer, "none", 0);
        prop_assert_eq!(&read_answer(&body).unwrap(), &answer);
        let glance = glance::answer(&body).unwrap();
        prop_assert_eq!(&*glance.model, &answer.model);
        prop_assert_eq!(glance.usage, answer.usage);
        let has_parts = answer.choices.iter().any(|choice| !choice.parts.is_empty());
        prop_assert_eq!(glance.has_content, has_parts);
    }

    #[test]
    fn a_stream_written_reads_the_same(events in stream()) {
        prop_assert_eq!(decode(&encode(&events, true)), events);
    }

    #[test]
    fn a_conversation_written_reads_the_same(messages in conversation()) {
        let request = Request { messages, ..Request::default() };
        let written = write_request(&request, "m").unwrap();
        let again = write_request(&read_request(&written).unwrap(), "m").unwrap();
        prop_assert_eq!(String::from_utf8(again), String::from_utf8(written));
    }

    #[test]
    fn no_input_makes_a_reader_panic(body in careless()) {
        let _ = read_request(body.as_bytes());
        let _ = read_answer(body.as_bytes());
        let _ = glance::answer(body.as_bytes());
        let event = glance::event(body.as_bytes());
        let mut events = Vec::new();
        let pushed = StreamDecoder::new().push(&Event::unnamed(body.clone()), &mut events);
        if let (Ok(glance), Ok(())) = (event, pushed) {
            prop_assert_eq!(glance.is_done, events == [StreamEvent::End]);
        }
    }
}
