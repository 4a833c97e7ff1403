//! A raw HTTP client and requests in each vendor's format.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::HeaderMap;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use sanso_sim::provider::{Provider, Vendor};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    Plain,
    Stream,
    Tools,
    ToolsStream,
}

impl Ask {
    pub(crate) const ALL: [Self; 4] = [Self::Plain, Self::Stream, Self::Tools, Self::ToolsStream];

    pub(crate) fn streams(self) -> bool {
        matches!(self, Self::Stream | Self::ToolsStream)
    }

    fn tools(self) -> bool {
        matches!(self, Self::Tools | Self::ToolsStream)
    }
}

/// A whole answer, or what came of it before the connection was lost.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) clean: bool,
}

impl Got {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The `data` of each event that is JSON.
    pub(crate) fn events(&self) -> Vec<Value> {
        data(self.text())
    }
}

pub(crate) fn data(stream: &str) -> Vec<Value> {
    let lines = stream.lines().filter_map(|line| line.strip_prefix("data: "));
    lines.filter(|data| *data != "[DONE]").map(|data| serde_json::from_str(data).unwrap()).collect()
}

/// An open exchange; its connection closes when this is dropped.
pub(crate) struct Exchange {
    pub(crate) response: Response<Incoming>,
    _connection: JoinSet<()>,
}

pub(crate) async fn open(
    provider: &Provider,
    request: Request<Full<Bytes>>,
) -> Result<Exchange, hyper::Error> {
    let stream = TcpStream::connect(provider.address()).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    let mut driver = JoinSet::new();
    driver.spawn(async move {
        let _ = connection.await;
    });
    let response = sender.send_request(request).await?;
    Ok(Exchange { response, _connection: driver })
}

pub(crate) async fn send(provider: &Provider, request: Request<Full<Bytes>>) -> Got {
    let mut exchange = open(provider, request).await.unwrap();
    let mut body = Vec::new();
    let mut clean = true;
    while let Some(frame) = exchange.response.frame().await {
        match frame {
            Ok(frame) => body.extend_from_slice(&frame.into_data().unwrap()),
            Err(_) => {
                clean = false;
                break;
            }
        }
    }
    let status = exchange.response.status().as_u16();
    Got { status, headers: exchange.response.headers().clone(), body: body.into(), clean }
}

pub(crate) async fn ask(provider: &Provider, ask: Ask) -> Got {
    send(provider, request(provider.vendor(), ask)).await
}

/// A request as a client of this vendor sends it.
pub(crate) fn request(vendor: Vendor, ask: Ask) -> Request<Full<Bytes>> {
    with_body(vendor, ask.streams(), &body(vendor, ask))
}

pub(crate) fn with_body(vendor: Vendor, stream: bool, body: &Value) -> Request<Full<Bytes>> {
    let request = Request::post(path(vendor, stream)).header("host", "simulated");
    let request = match vendor {
        Vendor::OpenAi => request.header("authorization", "Bearer simulated"),
        Vendor::Anthropic => {
            request.header("x-api-key", "simulated").header("anthropic-version", "2023-06-01")
        }
        Vendor::Gemini => request.header("x-goog-api-key", "simulated"),
    };
    request.body(Full::new(body.to_string().into())).unwrap()
}

pub(crate) fn path(vendor: Vendor, stream: bool) -> String {
    match (vendor, stream) {
        (Vendor::OpenAi, _) => "/v1/chat/completions".into(),
        (Vendor::Anthropic, _) => "/v1/messages".into(),
        (Vendor::Gemini, false) => format!("/v1beta/models/{}:generateContent", vendor.model()),
        (Vendor::Gemini, true) => {
            format!("/v1beta/models/{}:streamGenerateContent?alt=sse", vendor.model())
        }
    }
}

pub(crate) fn body(vendor: Vendor, ask: Ask) -> Value {
    let text = if ask.tools() { "How is the weather in Tokyo?" } else { "Why is the sky blue?" };
    let schema = json!({ "type": "object", "properties": { "city": { "type": "string" } } });
    let mut body = match vendor {
        Vendor::OpenAi | Vendor::Anthropic => json!({
            "model": vendor.model(), "max_tokens": 200,
            "messages": [{ "role": "user", "content": text }],
        }),
        Vendor::Gemini => json!({ "contents": [{ "role": "user", "parts": [{ "text": text }] }] }),
    };
    if ask.tools() {
        body["tools"] = match vendor {
            Vendor::OpenAi => json!([{
                "type": "function", "function": { "name": "get_weather", "parameters": schema },
            }]),
            Vendor::Anthropic => json!([{ "name": "get_weather", "input_schema": schema }]),
            Vendor::Gemini => json!([{
                "functionDeclarations": [{ "name": "get_weather", "parametersJsonSchema": schema }],
            }]),
        };
    }
    match vendor {
        Vendor::OpenAi if ask.streams() => {
            body["stream"] = json!(true);
            body["stream_options"] = json!({ "include_usage": true });
        }
        Vendor::Anthropic if ask.streams() => body["stream"] = json!(true),
        Vendor::OpenAi | Vendor::Anthropic | Vendor::Gemini => {}
    }
    body
}
