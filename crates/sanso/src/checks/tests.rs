//! Each check with what it catches and what it leaves alone, and hostile schemas.

use proptest::prelude::*;
use sanso_wire::envelope::Envelope;
use sanso_wire::ir::StreamEvent;
use serde_json::{Value, json};

use super::schema::{Schema, Unusable};
use super::*;

/// The checks of these names, as the file would switch them on.
fn checks(names: &[&str]) -> Checks {
    let on = |name| names.contains(&name);
    Checks::new(&config::Checks {
        empty: true,
        truncated: on("truncated"),
        loops: on("loop"),
        schema: on("schema"),
        tools: on("tools"),
        tool_schemas: on("tool_schemas"),
        refusal: on("refusal"),
        patterns: [].into(),
    })
    .unwrap()
}

const ALL: &[&str] = &["truncated", "loop", "schema", "tools", "tool_schemas", "refusal"];

fn asked(rest: Value) -> Envelope {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "?"}]});
    body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    Envelope::read(body.to_string().into()).unwrap()
}

fn choice(parts: Vec<Part>, finish: FinishReason) -> Choice {
    Choice { index: 0, parts, finish: Some(finish) }
}

fn answer(choices: Vec<Choice>) -> Answer {
    Answer { choices, ..Answer::default() }
}

fn says(text: &str) -> Answer {
    answer(vec![choice(vec![Part::Text(text.to_owned())], FinishReason::Stop)])
}

fn calls(name: &str, arguments: &str) -> Answer {
    let (id, name) = ("c".to_owned(), name.to_owned());
    let call = ToolCall { id, name, arguments: arguments.to_owned(), signature: None };
    answer(vec![choice(vec![Part::ToolCall(call)], FinishReason::ToolCalls)])
}

fn with_schema(schema: Value) -> Value {
    let json_schema = json!({"name": "n", "schema": schema});
    json!({"response_format": {"type": "json_schema", "json_schema": json_schema}})
}

fn person() -> Value {
    let properties = json!({"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0}});
    let required = json!(["name", "age"]);
    json!({"type": "object", "properties": properties, "required": required,
           "additionalProperties": false})
}

#[test]
fn nothing_is_read_where_no_check_but_empty_is_on() {
    assert!(Checks::new(&config::Checks::default()).is_none());
}

#[test]
fn only_a_limit_that_the_request_did_not_set_truncates() {
    let cut = answer(vec![choice(vec![Part::Text("The".to_owned())], FinishReason::Length)]);
    let checks = checks(&["truncated", "schema"]);
    assert_eq!(checks.look(&cut, &asked(json!({}))), Some(SoftReason::Truncated));
    for limit in ["max_tokens", "max_completion_tokens"] {
        let limited = json!({limit: 1, "response_format": {"type": "json_object"}});
        assert_eq!(self::checks(ALL).look(&cut, &asked(limited)), None);
    }
    assert_eq!(checks.look(&says("The end."), &asked(json!({}))), None);
}

#[test]
fn a_text_has_the_schema_that_was_asked_for_or_not() {
    let request = asked(with_schema(person()));
    let checks = checks(&["schema"]);
    assert_eq!(checks.look(&says(r#" {"name": "Ada", "age": 36} "#), &request), None);
    assert_eq!(checks.format_valid(None), Some(true));
    for wrong in [
        "",
        "Ada is 36.",
        r#"{"name": "Ada"}"#,
        r#"{"name": "Ada", "age": -1}"#,
        r#"{"name": "Ada", "age": 36, "x": 1}"#,
        r#"{"name": "Ada", "age": 36"#,
        "```json\n{\"name\": \"Ada\", \"age\": 36}\n```",
    ] {
        assert_eq!(checks.look(&says(wrong), &request), Some(SoftReason::Schema), "{wrong}");
    }
    assert_eq!(checks.format_valid(Some(SoftReason::Schema)), Some(false));
    assert_eq!(checks.unchecked(), None);
}

#[test]
fn a_json_object_is_one() {
    let request = asked(json!({"response_format": {"type": "json_object"}}));
    let checks = checks(&["schema"]);
    for (text, expected) in
        [("{}", None), (r#"{"a":[1]}"#, None), ("[]", Some(())), ("7", Some(())), ("{", Some(()))]
    {
        let expected = expected.map(|()| SoftReason::Schema);
        assert_eq!(checks.look(&says(text), &request), expected, "{text}");
    }
}

#[test]
fn a_tool_call_or_a_refusal_in_place_of_json_is_not_measured_by_the_schema() {
    let mut body = with_schema(person());
    body["tools"] = json!([{"type": "function", "function": {"name": "find"}}]);
    let request = asked(body);
    assert_eq!(checks(&["schema", "tools"]).look(&calls("find", "{}"), &request), None);
    let refused = vec![Part::Refusal("I will not.".to_owned())];
    let refused = answer(vec![choice(refused, FinishReason::Stop)]);
    assert_eq!(checks(&["schema"]).look(&refused, &request), None);
    assert_eq!(checks(&["refusal"]).look(&refused, &request), Some(SoftReason::Refusal));
    let plain = asked(json!({}));
    assert_eq!(checks(&["schema"]).look(&says("Any text."), &plain), None);
}

#[test]
fn calls_of_unknown_tools_and_arguments_that_do_not_parse_are_useless() {
    let parameters = json!({"type": "object", "required": ["city"]});
    let weather = json!({"name": "weather", "parameters": parameters});
    let request = asked(json!({"tools": [{"type": "function", "function": weather}]}));
    let by_name = checks(&["tools"]);
    let soft = Some(SoftReason::Tools);
    for (name, arguments, expected, by_schema) in [
        ("weather", r#"{"city": "Kyoto"}"#, None, None),
        ("weather", "{}", None, soft),
        ("weather", " ", None, soft),
        ("weather", r#"{"city": "Ky"#, soft, soft),
        ("weather", r#""Kyoto""#, soft, soft),
        ("wether", "{}", soft, soft),
        ("", "{}", soft, soft),
    ] {
        let answer = calls(name, arguments);
        assert_eq!(by_name.look(&answer, &request), expected, "{name}({arguments})");
        let strict = checks(&["tools", "tool_schemas"]);
        assert_eq!(strict.look(&answer, &request), by_schema, "{name}({arguments})");
    }
    let older = asked(json!({"functions": [weather]}));
    assert_eq!(by_name_of(&older, "weather"), None);
    assert_eq!(by_name_of(&older, "other"), soft);
    let search = asked(json!({"tools": [{"type": "web_search"}]}));
    assert_eq!(by_name_of(&search, "anything"), None, "names that we cannot know");
    let custom = asked(json!({"tools": [{"type": "custom", "custom": {"name": "code"}}]}));
    assert_eq!(checks(ALL).look(&calls("code", "print(1)"), &custom), None);
    assert_eq!(by_name_of(&asked(json!({})), "weather"), soft, "none was offered");
}

fn by_name_of(request: &Envelope, name: &str) -> Option<SoftReason> {
    checks(&["tools"]).look(&calls(name, "{}"), request)
}

#[test]
fn one_good_candidate_is_enough() {
    let request = asked(json!({"response_format": {"type": "json_object"}, "n": 2}));
    let text = |text: &str| choice(vec![Part::Text(text.to_owned())], FinishReason::Stop);
    let checks = checks(&["schema", "refusal"]);
    assert_eq!(checks.look(&answer(vec![text("no"), text("{}")]), &request), None);
    let both = answer(vec![text("no"), text("neither")]);
    assert_eq!(checks.look(&both, &request), Some(SoftReason::Schema));
}

#[test]
fn patterns_of_the_operator_are_looked_for_anywhere() {
    let pattern = config::Pattern::new("(?i)internal error|\\bTODO\\b").unwrap();
    let rules = config::Checks { patterns: [pattern].into(), ..config::Checks::default() };
    let checks = Checks::new(&rules).unwrap();
    let request = asked(json!({}));
    assert_eq!(checks.look(&says("An INTERNAL Error came."), &request), Some(SoftReason::User));
    assert_eq!(checks.look(&says("# TODO: write"), &request), Some(SoftReason::User));
    assert_eq!(checks.look(&says("TODOS is a word"), &request), None);
}

// === hostile schemas ===

fn deep(levels: usize, wrap: impl Fn(Value) -> Value) -> Value {
    (0..levels).fold(json!({}), |inner, _| wrap(inner))
}

/// Thirty definitions that each ask the next one twice.
fn doubling(keyword: &str) -> Value {
    let next = |n: usize| json!({"$ref": format!("#/$defs/d{}", n + 1)});
    let define = |n: usize| (format!("d{n}"), json!({keyword: [next(n), next(n)]}));
    let mut definitions: serde_json::Map<String, Value> = (0..30).map(define).collect();
    definitions.insert("d30".to_owned(), json!({"type": "object"}));
    json!({"$ref": "#/$defs/d0", "$defs": definitions})
}

#[test]
fn references_out_of_a_schema_are_never_followed() {
    // Whoever connects here has followed one.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let http = format!("http://{}/schema.json", listener.local_addr().unwrap());
    for reference in [http.as_str(), "file:///etc/hostname", "other.json", "//127.0.0.1/x"] {
        let schema = json!({"$ref": reference}).to_string();
        assert_eq!(Schema::compile(&schema).unwrap_err(), Unusable::Invalid, "{reference}");
        let meta = json!({"$schema": reference, "type": "object"}).to_string();
        if let Ok(schema) = Schema::compile(&meta) {
            assert_eq!(schema.accepts(&json!({})), Ok(true));
        }
    }
    let connected = listener.accept().map(|_| ()).unwrap_err();
    assert_eq!(connected.kind(), std::io::ErrorKind::WouldBlock, "a connection was made");
}

#[test]
fn schemas_that_would_take_forever_are_left_alone() {
    let nested = deep(40, |inner| json!({"a": inner}));
    let twice = json!([{"$ref": "#"}, {"$ref": "#"}]);
    let self_doubling = json!({"properties": {"a": {"allOf": twice}}});
    let foreign_base = json!({"allOf": [{"$id": "http://x/", "$ref": "#/$defs/a"}],
                              "$defs": {"a": {}}});
    for (schema, value) in [
        (doubling("allOf"), json!({})),
        (doubling("anyOf"), json!({})),
        (doubling("oneOf"), json!({})),
        (self_doubling, nested),
        (json!({"$ref": "#"}), json!({})),
        (json!({"allOf": [{"$ref": "#"}]}), json!({})),
        (foreign_base, json!({})),
    ] {
        if let Ok(schema) = Schema::compile(&schema.to_string()) {
            assert_eq!(schema.accepts(&value), Err(Unusable::Costly), "{schema:?}");
        }
    }
}

#[test]
fn keywords_that_are_compiled_for_each_way_to_them_are_left_alone() {
    for keyword in ["unevaluatedProperties", "unevaluatedItems"] {
        let schema = json!({"properties": {"a": {"allOf": [{keyword: false}]}}}).to_string();
        assert_eq!(Schema::compile(&schema).unwrap_err(), Unusable::Costly);
    }
    let dynamic = json!({"items": {"$dynamicRef": "#node"}}).to_string();
    assert_eq!(Schema::compile(&dynamic).unwrap_err(), Unusable::Costly);
}

#[test]
fn hostile_patterns_are_refused_or_linear() {
    let pattern = |pattern: &str| json!({"type": "string", "pattern": pattern}).to_string();
    let bomb = Schema::compile(&pattern("^(a+)+$")).unwrap();
    let text = format!("{}b", "a".repeat(10_000));
    assert_eq!(bomb.accepts(&json!(text)), Ok(false));
    let large = Schema::compile(&pattern("^(a{1,1000}){1,1000}$"));
    assert_eq!(large.unwrap_err(), Unusable::Invalid);
    let behind = Schema::compile(&pattern("^(?=a)b"));
    assert_eq!(behind.unwrap_err(), Unusable::Invalid, "look-around takes a backtracker");
    let counted = Schema::compile(&pattern(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$")).unwrap();
    assert_eq!(counted.accepts(&json!("2026-11-24T10:00:00Z")), Ok(true));
    assert_eq!(counted.accepts(&json!("yesterday")), Ok(false));
    assert_eq!(counted.accepts(&json!("2".repeat(1 << 20))), Err(Unusable::Costly));
}

#[test]
fn large_and_deep_schemas_do_no_harm() {
    let large = json!({"enum": ["x".repeat(300_000)]}).to_string();
    assert_eq!(Schema::compile(&large).unwrap_err(), Unusable::Large);
    let text = format!("{}{}", r#"{"not":"#.repeat(5_000), "}".repeat(5_000));
    assert_eq!(Schema::compile(&text).unwrap_err(), Unusable::Invalid);
    let hundred = deep(100, |inner| json!({"allOf": [inner]})).to_string();
    if let Ok(schema) = Schema::compile(&hundred) {
        assert_eq!(schema.accepts(&json!({})), Ok(true));
    }
}

/// Definitions that each lead to the next one, as deep as a schema's size allows.
fn long_chain(links: usize, link: impl Fn(Value) -> Value) -> Value {
    let define = |n: usize| (n.to_string(), link(json!({"$ref": format!("#/$defs/{}", n + 1)})));
    let mut definitions: serde_json::Map<String, Value> = (0..links).map(define).collect();
    definitions.insert(links.to_string(), json!({"type": "object"}));
    json!({"$ref": "#/$defs/0", "$defs": definitions})
}

#[test]
fn a_long_chain_of_references_does_not_overflow_the_stack() {
    let links: [fn(Value) -> Value; 4] = [
        |next| next,
        |next| json!({"allOf": [next]}),
        |next| json!({"properties": {"a": next}}),
        |next| json!({"items": next}),
    ];
    for link in links {
        let schema = long_chain(5_000, link).to_string();
        assert!(schema.len() < 256 << 10);
        if let Ok(schema) = Schema::compile(&schema) {
            let _ = schema.accepts(&json!({"a": {"a": {}}}));
        }
        let short = Schema::compile(&long_chain(20, link).to_string()).unwrap();
        assert!(short.accepts(&json!({})).is_ok());
    }
}

#[test]
fn honest_recursive_schemas_are_checked() {
    let tree = json!({
        "$ref": "#/$defs/node",
        "$defs": {"node": {
            "type": "object",
            "properties": {
                "value": {"type": "number"},
                "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
            },
            "required": ["value"],
        }},
    });
    let schema = Schema::compile(&tree.to_string()).unwrap();
    let leaf = json!({"value": 1});
    let wide = json!({"value": 0, "children": vec![leaf; 2_000]});
    let grown = json!({"value": 0, "children": vec![wide; 10]});
    assert_eq!(schema.accepts(&grown), Ok(true));
    let ill = json!({"value": 0, "children": [{"children": []}]});
    assert_eq!(schema.accepts(&ill), Ok(false));
    let named = json!({"$id": "https://example.com/list", "type": "object",
                       "properties": {"next": {"$ref": "#"}}, "additionalProperties": false});
    let schema = Schema::compile(&named.to_string()).unwrap();
    assert_eq!(schema.accepts(&json!({"next": {"next": {}}})), Ok(true));
    assert_eq!(schema.accepts(&json!({"next": {"last": {}}})), Ok(false));
}

#[test]
fn an_answer_that_could_not_be_checked_counts_as_good_and_says_so() {
    let checks = checks(&["schema"]);
    let request = asked(with_schema(json!({"$ref": "https://example.com/x.json"})));
    assert_eq!(checks.look(&says("{}"), &request), None);
    assert!(checks.unchecked().unwrap().contains("was not checked"));
    assert_eq!(checks.format_valid(None), None);
    // What is no JSON at all fails whatever its schema says.
    assert_eq!(checks.look(&says("Sorry?"), &request), Some(SoftReason::Schema));
}

// === no input harms ===

/// A stream of it in pieces, kept as the live path does.
fn gathered(answer: &Answer) -> Option<Answer> {
    let mut gathered = Gathered::default();
    for choice in &answer.choices {
        let (index, mut calls) = (choice.index, 0);
        for part in &choice.parts {
            match part {
                Part::Text(text) => text.chars().for_each(|letter| {
                    gathered.note(&StreamEvent::Text { choice: index, text: letter.to_string() });
                }),
                Part::ToolCall(call) => {
                    let begun = ToolCall { arguments: String::new(), ..call.clone() };
                    gathered.note(&StreamEvent::ToolCall {
                        choice: index,
                        index: calls,
                        call: begun,
                    });
                    gathered.note(&StreamEvent::ToolArguments {
                        choice: index,
                        index: calls,
                        fragment: call.arguments.clone(),
                    });
                    calls += 1;
                }
                _ => {}
            }
        }
        let reason = choice.finish.unwrap();
        gathered.note(&StreamEvent::Finish { choice: index, reason });
    }
    gathered.into_answer()
}

#[test]
fn a_stream_longer_than_what_is_kept_is_let_go() {
    let mut gathered = Gathered::default();
    let text = "x".repeat(TEXT_BYTES / 2);
    for _ in 0..3 {
        gathered.note(&StreamEvent::Text { choice: 0, text: text.clone() });
    }
    assert_eq!(gathered.into_answer(), None);
    let mut many = Gathered::default();
    let finish = |choice| StreamEvent::Finish { choice, reason: FinishReason::Stop };
    (0..100_000).for_each(|choice| many.note(&finish(choice)));
    assert_eq!(many.into_answer(), None, "empty candidates are bounded, too");
}

/// JSON of any shape, with the words of schemas strewn in.
fn any_json() -> impl Strategy<Value = Value> {
    let words = [
        "$ref",
        "#",
        "#/properties",
        "allOf",
        "items",
        "type",
        "object",
        "properties",
        "pattern",
        "(a|b)*",
        "required",
        "additionalProperties",
        "unevaluatedProperties",
        "$id",
    ];
    let word = prop::sample::select(words.to_vec());
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        word.clone().prop_map(Value::from),
    ];
    let key = prop_oneof![3 => word.prop_map(str::to_owned), 1 => ".{0,6}".prop_map(|it| it)];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(key.clone(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A graph of definitions that mostly ask later ones, each twice or thrice, and a value of some depth.
/// Of such graphs some took minutes to compile before `unevaluated...` was left alone.
fn graphs() -> impl Strategy<Value = (Value, Value)> {
    let keywords = [
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "if",
        "then",
        "else",
        "properties",
        "additionalProperties",
        "unevaluatedProperties",
        "items",
        "contains",
        "unevaluatedItems",
        "dependentSchemas",
        "patternProperties",
    ];
    let keyword = prop::sample::select(keywords.to_vec());
    let definition = prop::collection::vec((keyword, prop::array::uniform3(1..40_usize)), 1..4);
    let definitions = prop::collection::vec(definition, 3..28).prop_map(|definitions| {
        let count = definitions.len();
        let define = |(number, definition): (usize, Vec<(&str, [usize; 3])>)| {
            // A step of one or two, or back to anywhere.
            let to = |step: usize| match step {
                1..32 => (number + 1 + step % 2).min(count - 1),
                back => back % count,
            };
            let schema = |step| json!({"$ref": format!("#/$defs/d{}", to(step))});
            let keywords = definition.into_iter().map(|(keyword, steps)| {
                let [one, two, three] = steps.map(schema);
                let argument = match keyword {
                    "allOf" | "anyOf" | "oneOf" => json!([one, two, three]),
                    "properties" | "dependentSchemas" => json!({"a": one, "b": two}),
                    "patternProperties" => json!({"^[ab]": one}),
                    _ => one,
                };
                (keyword.to_owned(), argument)
            });
            (format!("d{number}"), Value::Object(keywords.collect()))
        };
        let graph: serde_json::Map<String, Value> =
            definitions.into_iter().enumerate().map(define).collect();
        json!({"$ref": "#/$defs/d0", "$defs": graph})
    });
    let values = prop::collection::vec(0..3, 0..12).prop_map(|shapes| {
        shapes.into_iter().fold(json!({}), |inner, shape| match shape {
            0 => json!([inner, inner]),
            1 => json!({"a": inner, "b": inner}),
            _ => json!({"a": inner}),
        })
    });
    (definitions, values)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_graph_of_definitions_takes_forever((schema, value) in graphs()) {
        if let Ok(schema) = Schema::compile(&schema.to_string()) {
            let _ = schema.accepts(&value);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_and_no_request_harms(
        text in "(?s).{0,400}",
        repeated in "\\PC{1,30}",
        times in 0..200_usize,
        format in any_json(),
        schema in any_json(),
        tools in any_json(),
    ) {
        let mut body = with_schema(schema.clone());
        body["tools"] = json!([{"type": "function", "function": {"name": "f", "parameters": schema}}, tools]);
        let requests = [asked(body), asked(json!({"response_format": format, "tools": tools}))];
        let long = format!("{text}{}", repeated.repeat(times));
        for request in &requests {
            for answer in [says(&text), says(&long), calls("f", &text), calls(&text, "{}")] {
                let checks = checks(ALL);
                let found = checks.look(&answer, request);
                prop_assert_eq!(checks.look(&answer, request), found, "twice the same");
                let streamed = gathered(&answer).unwrap();
                prop_assert_eq!(checks.look(&streamed, request), found, "streamed the same");
            }
        }
    }

    #[test]
    fn no_schema_takes_forever(schema in any_json(), value in any_json()) {
        if let Ok(schema) = Schema::compile(&schema.to_string()) {
            let _ = schema.accepts(&value);
        }
    }
}
