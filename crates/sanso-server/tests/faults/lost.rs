//! One lost HTTP/2 connection takes many answers with it, and is one fault; streams that are reset one
//! by one are as many.

use sanso_sim::provider::{Provider, Vendor};

use crate::bodies::words;
use crate::client::{self, Seen};
use crate::http2::{Beat, INTERNAL_ERROR, Script, Server as Http2, content_type, status};
use crate::row::TEXT;
use crate::rows::http2::whole;
use crate::support::{File, Server};
use crate::tls::Authority;
use crate::upstream::ROLE;

/// More than a row that surely opens a breaker.
const TOGETHER: usize = 25;

/// Half an answer.
fn half(stream: bool) -> Vec<Beat> {
    let [one, two, _] = words();
    let (kind, data) = match stream {
        true => ("text/event-stream", [ROLE, &one, &two].concat()),
        false => ("application/json", "{\"id\":".to_owned()),
    };
    vec![Beat::Headers([status("200"), content_type(kind)].concat()), Beat::Data(data.into())]
}

/// A provider whose connection brings one answer alone, and then as many at once.
struct Scene {
    http2: Http2,
    server: Server,
    _spare: Provider,
    _trusted: File,
}

impl Scene {
    async fn set(answers: Vec<Vec<Beat>>) -> Self {
        let authority = Authority::new();
        let script = Script::new([vec![whole()], answers].concat()).gather(TOGETHER);
        let http2 = Http2::start(&authority, script).await;
        let spare = Provider::start(Vendor::OpenAi).await.unwrap();
        let trusted = File::new(&authority.pem());
        let server = Server::start(&config(&http2, &spare, &trusted)).await;
        assert_eq!(client::ask(server.address, "main", false).await.status, Some(200));
        Self { http2, server, _spare: spare, _trusted: trusted }
    }

    async fn ask(&self, stream: bool) -> Vec<Seen> {
        let asks = (0..TOGETHER).map(|_| client::ask(self.server.address, "main", stream));
        futures_util::future::join_all(asks).await
    }

    async fn openings(&self) -> f64 {
        self.server.metric("sanso_breaker_openings_total", &[]).await
    }
}

/// All that ask at once get half an answer, and are cut. How often the breaker opens.
async fn openings(stream: bool, cut: impl Fn(usize) -> Option<Beat>) -> f64 {
    let halves = (1..=TOGETHER).map(|nth| half(stream).into_iter().chain(cut(nth)).collect());
    let scene = Scene::set(halves.collect()).await;
    for seen in scene.ask(stream).await {
        let by_spare = seen.header("x-sanso-fallback") == "true" && seen.error.is_none();
        let told = seen.error.is_some() && !seen.done;
        assert!(if stream { told } else { by_spare }, "{seen:?}");
    }
    assert_eq!(scene.http2.seen().connections, 1);
    assert_eq!(scene.http2.seen().requests, 1 + TOGETHER);
    scene.openings().await
}

fn config(http2: &Http2, spare: &Provider, trusted: &File) -> String {
    let (address, base, trusted) = (http2.address, spare.base_url(), trusted.path());
    format!(
        "model_list:
  - {{ model_name: main, litellm_params: {{ model: openai/gpt-x, api_base: \"https://{address}/v1\", \
         api_key: sk-1 }} }}
  - {{ model_name: spare, litellm_params: {{ model: openai/gpt-4.1, api_base: \"{base}\", api_key: sk-1 }} }}
litellm_settings: {{ num_retries: 0, allowed_fails: 3, fallbacks: [{{ main: [spare] }}], \
         ssl_verify: \"{trusted}\" }}
"
    )
}

#[tokio::test]
async fn what_is_lost_with_one_connection_counts_once() {
    let dropped = |nth| (nth == TOGETHER).then_some(Beat::Close);
    assert_eq!(openings(false, dropped).await, 0.0, "plain");
    assert_eq!(openings(true, dropped).await, 0.0, "streams");
}

#[tokio::test]
async fn streams_that_are_reset_count_each() {
    let reset = |_| Some(Beat::Reset(INTERNAL_ERROR));
    assert_eq!(openings(false, reset).await, 1.0, "plain");
    assert_eq!(openings(true, reset).await, 1.0, "streams");
}

/// It had carried an answer, and was closed without one: all that it took along is redone, free.
#[tokio::test]
async fn what_a_used_connection_drops_is_redone() {
    let mut answers = vec![Vec::new(); TOGETHER - 1];
    answers.extend([vec![Beat::Close], whole()]);
    let scene = Scene::set(answers).await;
    for seen in scene.ask(false).await {
        assert_eq!((seen.status, seen.header("x-sanso-fallback")), (Some(200), "false"));
        assert_eq!(seen.text, TEXT);
    }
    assert_eq!(scene.http2.seen().requests, 1 + 2 * TOGETHER);
    assert_eq!(scene.openings().await, 0.0);
}
