//! A provider behind TLS: a front that does the handshake, and passes all else to a script.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use tokio::io::{AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::server::TlsStream;

/// What a provider shows of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// A certificate with which nothing is wrong.
    Good,
    Expired,
    NotYetValid,
    /// A certificate of another host.
    OfAnother,
    /// A certificate that no one but itself vouches for.
    SelfSigned,
    /// A good certificate, but its last word is missing: the connection is cut without a `close_notify`.
    CutOff,
}

/// The authority that the gateway is told to trust.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Another name than certificates have: else a self-signed one would seem to be issued by it.
        params.distinguished_name.push(DnType::CommonName, "authority of the table");
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// Does the server's side of handshakes, for this protocol alone.
    pub(crate) fn acceptor(&self, shown: Shown, protocol: &str) -> TlsAcceptor {
        let name = if shown == Shown::OfAnother { "elsewhere.test" } else { "127.0.0.1" };
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        match shown {
            Shown::Expired => params.not_after = date_time_ymd(2001, 1, 1),
            Shown::NotYetValid => params.not_before = date_time_ymd(2999, 1, 1),
            Shown::Good | Shown::OfAnother | Shown::SelfSigned | Shown::CutOff => {}
        }
        let key = KeyPair::generate().unwrap();
        let certificate = match shown {
            Shown::SelfSigned => params.self_signed(&key).unwrap(),
            _ => params.signed_by(&key, &self.0).unwrap(),
        };
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key.into())
            .unwrap();
        config.alpn_protocols = vec![protocol.into()];
        TlsAcceptor::from(Arc::new(config))
    }
}

/// Listens, and passes what it has deciphered to `script`. It stops when this is dropped.
pub(crate) struct Front {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    _task: JoinSet<()>,
}

impl Front {
    pub(crate) async fn start(authority: &Authority, shown: Shown, script: SocketAddr) -> Self {
        let acceptor = authority.acceptor(shown, "http/1.1");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut passing = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                count.fetch_add(1, Ordering::Relaxed);
                let acceptor = acceptor.clone();
                passing.spawn(async move {
                    // A client that does not like what it is shown goes: then no script is played.
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let script = TcpStream::connect(script).await.unwrap();
                    pass(stream, script, shown != Shown::CutOff).await;
                });
            }
        });
        Self { address, connections, _task: task }
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

/// Passes on, both ways, until one of them has closed.
async fn pass(stream: TlsStream<TcpStream>, mut script: TcpStream, says_goodbye: bool) {
    let (mut from_client, mut to_client) = tokio::io::split(stream);
    let (mut from_script, mut to_script) = script.split();
    tokio::select! {
        _ = copy(&mut from_client, &mut to_script) => {}
        _ = copy(&mut from_script, &mut to_client) => {
            if says_goodbye {
                let _ = to_client.shutdown().await;
            } else {
                let _ = to_client.flush().await;
            }
        }
    }
}
