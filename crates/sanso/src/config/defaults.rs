//! Every value that holds where the file is silent. The numbers are those of the specification of
//! the chain, sections *Defaults*, *Retry*, *Gates* and *Streams*.

use std::time::Duration;

/// Retries within a leg, after its first attempt.
pub const NUM_RETRIES: u32 = 2;

/// Attempts of one request over all legs where nothing sets them; more where `num_retries` promises
/// more.
pub const MAX_ATTEMPTS: u32 = 6;

/// Legs that fallback lists may nest.
pub const MAX_FALLBACKS: u32 = 5;

/// Least wait before a retry, as LiteLLM's `retry_after` means it; backoff and hints add to it.
pub const RETRY_AFTER: Duration = Duration::ZERO;

/// Blind backoff that a request may spend in a leg while another deployment could serve it.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// As [`PATIENCE`], where the provider itself named the time.
pub const PATIENCE_HINTED: Duration = Duration::from_secs(3);

/// One attempt up to its answer: the whole of a plain one, the first content of a stream.
pub const TIMEOUT: Duration = Duration::from_secs(600);

/// Least deadline of a request up to its first content; twice the `timeout` where that is longer.
pub const DEADLINE: Duration = Duration::from_secs(600);

/// DNS, TCP and TLS, inside `timeout`.
pub const CONNECT: Duration = Duration::from_secs(3);

/// Up to the first content of a stream, for an empty prompt.
pub const FIRST_TOKEN: Duration = Duration::from_secs(10);

/// What every 10,000 prompt tokens add to [`FIRST_TOKEN`].
pub const FIRST_TOKEN_PER_10K: Duration = Duration::from_secs(1);

/// [`FIRST_TOKEN`] of models that think before they speak, and of local servers, which may load a
/// model first.
pub const FIRST_TOKEN_PATIENT: Duration = Duration::from_secs(60);

/// Between two contents of a stream; also the least one for models that think.
pub const GAP: Duration = Duration::from_secs(60);

/// Time an opened breaker lets no call through: LiteLLM's `cooldown_time`.
pub const COOLDOWN: Duration = Duration::from_secs(5);

/// What a breaker remembers.
pub const WINDOW: Duration = Duration::from_secs(60);

/// Calls in the window below which a fault rate says nothing.
pub const MIN_CALLS: u32 = 10;

/// Fault rate that opens a breaker without `allowed_fails`.
pub const FAULT_RATE: f64 = 0.5;

/// Share of the window's calls that the faults must reach for `allowed_fails` to open a breaker.
pub const MIN_RATE: f64 = 0.2;

/// Calls that a half-open breaker lets through at once.
pub const PROBES: u32 = 1;

/// Successes after which a half-open breaker starts to recover.
pub const SUCCESS_THRESHOLD: u32 = 2;

/// Longest head of an upstream answer, in bytes.
pub const HEAD: usize = 256 << 10;

/// Longest event of an upstream stream, in bytes.
pub const EVENT: usize = 8 << 20;

/// Longest upstream answer, in bytes.
pub const ANSWER: usize = 64 << 20;

/// Longest request body of a client, in bytes.
pub const BODY: usize = 32 << 20;

/// Tokens of a deployment's retry budget.
pub const RETRY_BUDGET: u32 = 500;

/// Silence of a stream after which its headers go out.
pub const COMMIT_BY: Duration = Duration::from_secs(15);
/// Stored answers in all, in bytes.
pub(crate) const STORED: usize = 64 * 1024 * 1024;
