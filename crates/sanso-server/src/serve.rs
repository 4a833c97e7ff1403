//! `sanso serve`.

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use axum::ServiceExt;
use axum::extract::Request;
use axum::serve::ListenerExt;
use sanso::Gateway;
use sanso::config::Config;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::admin::Admin;
use crate::check::{complain_of, load};
use crate::cli::Serve;
use crate::drain::{DRAIN, Drain};
use crate::http::{self, App};
use crate::output::{complain, refuse, say};

/// Serves until SIGTERM or SIGINT. Exits 2, before listening, where the configuration is not fit.
pub(crate) fn run(options: &Serve) -> ExitCode {
    let config = match load(&options.config, options.reading) {
        Ok(config) => config,
        Err(report) => return refuse(report),
    };
    complain_of(&config);
    let admin_host = config.admin.listen.map(|address| address.ip());
    let open = [Some(options.host), admin_host].into_iter().flatten().find(|it| !it.is_loopback());
    if let (None, Some(host)) = (&config.master_key, open) {
        return refuse(format!(
            "error: {host} can be reached from other machines, and no master key is set\n  = help: set \
             `general_settings: {{ master_key: os.environ/SANSO_MASTER_KEY }}`, or listen on \
             127.0.0.1"
        ));
    }
    crate::log::start(config.log);
    let gateway = match gateway(config, options.no_request_log) {
        Ok(gateway) => gateway,
        Err(report) => return refuse(report),
    };
    let address = SocketAddr::new(options.host, options.port);
    match runtime().and_then(|runtime| runtime.block_on(listen(gateway, address))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(format!("error: cannot serve on {address}: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn gateway(config: Config, no_log: bool) -> Result<Gateway, sanso::config::Report> {
    if no_log {
        Gateway::from_config(config)
    } else {
        Gateway::with_request_log(config, Box::new(io::stdout()))
    }
}

/// A worker per core that we may use; on a single one none that would only wait for others.
pub(crate) fn runtime() -> io::Result<Runtime> {
    let cores = std::thread::available_parallelism()?.get();
    let mut builder =
        if cores == 1 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    builder.enable_all().build()
}

async fn listen(gateway: Gateway, address: SocketAddr) -> io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let admin = match gateway.config().admin.listen {
        Some(address) => Some(TcpListener::bind(address).await?),
        None => None,
    };
    let signals = Signals::listen()?;
    // Bound, and deaf to no signal, before it is said: who reads the line may connect, or stop us.
    let page = admin.as_ref().map_or(Ok(address), TcpListener::local_addr)?;
    say(format!(
        r#"{{"event":"listening","message":"listening on http://{address}","page":"http://{page}/"}}"#
    ));
    let stop = async move {
        signals.stop().await;
        tracing::info!("stopping: {DRAIN:?} at most for requests in flight");
    };
    serve(gateway, Listeners { api: listener, admin }, stop).await
}

/// Where it is listened.
pub(crate) struct Listeners {
    pub(crate) api: TcpListener,
    /// Where the page has an address of its own.
    pub(crate) admin: Option<TcpListener>,
}

/// Serves until `stop`, then for as long as requests in flight take, up to [`DRAIN`].
pub(crate) async fn serve(
    gateway: Gateway,
    on: Listeners,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let drain = Drain::new();
    let draining = drain.clone();
    let stop = async move {
        stop.await;
        draining.begin();
        draining.linger().await;
    };
    let admin = Admin::start(gateway)?;
    // By itself, so that nothing that it does keeps a connection waiting.
    #[expect(clippy::disallowed_methods, reason = "it ends with the serving, below")]
    let ticking = tokio::spawn({
        let admin = Arc::clone(&admin);
        async move { admin.run().await }
    });
    let app = App::new(Arc::clone(&admin), drain.clone());
    let api = http::routes(app.clone(), on.admin.is_none());
    let listener = on.api.tap_io(|stream| {
        // Small events must not wait for the next one.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
    });
    let serving = axum::serve(listener, ServiceExt::<Request>::into_make_service(api))
        .with_graceful_shutdown(stop);
    let page = async {
        match on.admin {
            Some(listener) => axum::serve(listener, http::admin_routes(app)).await,
            None => std::future::pending().await,
        }
    };
    let served = tokio::select! {
        result = async { serving.await } => result,
        result = page => result,
        () = drain.is_over() => {
            tracing::warn!("requests were cut: they did not end within {DRAIN:?}");
            Ok(())
        }
    };
    ticking.abort();
    admin.close().await;
    served
}

/// The signals that are answered, from when this is made.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Returns when SIGTERM or SIGINT arrives. SIGHUP is answered with a line: reload comes later.
    async fn stop(mut self) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hangup.recv() => tracing::warn!(
                    "SIGHUP: this version cannot reload its configuration; restart it instead"
                ),
            }
        }
    }
}
