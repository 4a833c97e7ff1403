//! The least a Rust gateway can do: read a chat, peek at it, ask the upstream, relay the answer.
//!
//! No retry, no breaker, no header of its own. What sanso costs above this is what sanso adds.

use std::borrow::Cow;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Either, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue, TRANSFER_ENCODING};
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use sanso_bench::args::Args;
use sanso_bench::serve::{MAX_BODY, serve};
use sanso_bench::{Outcome, on_one_thread};
use serde::Deserialize;

fn main() -> Outcome {
    let args = Args::read(&["port", "upstream"])?;
    let upstream: Uri = format!("{}/v1/chat/completions", args.need("upstream")?).parse()?;
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client = Client::builder(TokioExecutor::new()).build(connector);
    let port = args.get("port", 0)?;
    on_one_thread(serve(port, move |request| relay(client.clone(), upstream.clone(), request)))
}

/// What any gateway must know of a chat before it can send it on.
#[derive(Deserialize)]
struct Peek<'a> {
    #[serde(borrow)]
    model: Cow<'a, str>,
    #[serde(default)]
    stream: bool,
}

type Upstream = Client<HttpConnector, Full<Bytes>>;
type Reply = Response<Either<Full<Bytes>, Incoming>>;

async fn relay(client: Upstream, upstream: Uri, request: Request<Incoming>) -> Outcome<Reply> {
    if request.method() == Method::GET {
        return Ok(Response::new(Either::Left(Full::from("{}"))));
    }
    let body = Limited::new(request.into_body(), MAX_BODY).collect().await?.to_bytes();
    let Some(streams) = peek(&body) else {
        let mut reply = Response::new(Either::Left(Full::from("not a chat")));
        *reply.status_mut() = StatusCode::BAD_REQUEST;
        return Ok(reply);
    };
    let mut call = Request::post(upstream).body(Full::new(body))?;
    call.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let mut answer = client.request(call).await?;
    let headers = answer.headers_mut();
    headers.remove(CONNECTION);
    headers.remove(TRANSFER_ENCODING);
    if streams {
        headers.insert("cache-control", HeaderValue::from_static("no-cache"));
    }
    Ok(answer.map(Either::Right))
}

/// Whether the chat is to be streamed; `None` where it is no chat, or names no model.
fn peek(body: &[u8]) -> Option<bool> {
    let peek: Peek<'_> = serde_json::from_slice(body).ok()?;
    (!peek.model.is_empty()).then_some(peek.stream)
}
