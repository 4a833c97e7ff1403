//! A client that leaves, in each phase of its request.

use std::net::SocketAddr;

use tokio::net::TcpStream;

use crate::client;
use crate::row::Stage;
use crate::support::{metric, soon};

/// When a client leaves. Each is told by what the client or the provider sees, never by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaves {
    /// While the gateway opens a connection: it is there, and nothing has come over it.
    Connecting,
    /// Once the provider has the request.
    Asked,
    /// Once the client has seen this, too.
    Seen(&'static str),
    /// After the provider's refusal, while the gateway waits before it calls again.
    Waiting,
    /// While another waits for the same quota, and this one stands in the line behind.
    InLine,
}

impl Leaves {
    /// Whether a call would have followed later. Someone who comes after it, and stays, is answered
    /// only when that time is over: by then the provider has seen all calls that there are.
    pub(crate) const fn leaves_a_call_out(self) -> bool {
        match self {
            Self::Waiting | Self::InLine => true,
            Self::Connecting | Self::Asked | Self::Seen(_) => false,
        }
    }
}

/// Where a stream's headers go out early, they say that the gateway works at the request.
const BEGUN: &str = "HTTP/1.1 200";

impl Stage {
    /// Asks, leaves, and returns when the gateway has noticed, and with it the provider.
    pub(crate) async fn ask_and_leave(&self, address: SocketAddr, leaves: Leaves) {
        let group = format!("model_group=\"{}\"", self.group());
        let over = async |count: f64| {
            // One whose answer has begun counts as answered.
            let answered = matches!(leaves, Leaves::Seen(text) if text != BEGUN);
            let how = if answered { "degradation=\"full\"" } else { "degradation=\"cancelled\"" };
            let labels = [group.as_str(), how];
            soon(async { while metric(address, "sanso_requests_total", &labels).await < count {} })
                .await;
        };
        match leaves {
            Leaves::Connecting => {
                let client = self.asks_up_to(address, "").await;
                soon(self.provider.seen_when(|seen| seen.connections > 0)).await;
                drop(client);
            }
            Leaves::Asked => drop(self.is_asked_up_to(address, "").await),
            Leaves::Seen(text) => drop(self.is_asked_up_to(address, text).await),
            Leaves::Waiting => drop(self.waits(address).await),
            Leaves::InLine => {
                let before = self.waits(address).await;
                let deployment = format!("deployment=\"{}\"", self.group());
                let gate = [deployment.as_str(), "gate=\"quota\""];
                soon(async { while metric(address, "sanso_gate_shut", &gate).await < 1.0 {} })
                    .await;
                drop(self.asks_up_to(address, BEGUN).await);
                over(1.0).await;
                drop(before);
                return over(2.0).await;
            }
        }
        over(1.0).await;
        soon(self.provider.seen_when(|seen| seen.left > 0)).await;
    }

    async fn asks_up_to(&self, address: SocketAddr, text: &str) -> TcpStream {
        client::send_up_to(address, &self.question(), text).await
    }

    async fn is_asked_up_to(&self, address: SocketAddr, text: &str) -> TcpStream {
        let client = self.asks_up_to(address, text).await;
        soon(self.provider.seen_when(|seen| seen.requests > 0)).await;
        client
    }

    /// The provider has refused, and the gateway has read that and closed its connection.
    async fn waits(&self, address: SocketAddr) -> TcpStream {
        let client = self.asks_up_to(address, BEGUN).await;
        soon(self.provider.seen_when(|seen| seen.left > 0)).await;
        client
    }
}
