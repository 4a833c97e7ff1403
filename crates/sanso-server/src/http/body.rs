//! Reading a request's body, up to a limit.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body::{Body as _, Frame};
use http_body_util::BodyExt;

use super::error::ApiError;

/// A body that brings nothing for this long is given up: somebody holds a connection open.
const SILENT_AT_MOST: Duration = Duration::from_secs(60);
/// What is read beyond the limit, and thrown away, so that the connection survives the refusal.
/// Past this many times the limit it is closed instead: somebody is not listening.
const DISCARDED_AT_MOST: usize = 4;

/// The whole body.
///
/// # Errors
/// 413 above `limit` bytes; 400 where it broke off; 408 where it stalled.
pub(super) async fn read(mut body: Body, limit: usize) -> Result<Bytes, ApiError> {
    let announced = body.size_hint().lower();
    if announced > (limit.saturating_mul(DISCARDED_AT_MOST)) as u64 {
        return Err(too_large(limit));
    }
    let mut first: Option<Bytes> = None;
    let mut rest = BytesMut::new();
    let mut size = 0;
    while let Some(frame) = next(&mut body).await? {
        let Ok(frame) = frame else {
            return Err(ApiError::new(400, "The body broke off before its end."));
        };
        let Ok(data) = frame.into_data() else { continue };
        size += data.len();
        if size > limit {
            (first, rest) = (None, BytesMut::new());
            if size > limit.saturating_mul(DISCARDED_AT_MOST) {
                break;
            }
            continue;
        }
        match &first {
            // Most bodies come in one piece, which is used as it is.
            None => first = Some(data),
            Some(piece) => {
                if rest.is_empty() {
                    rest.reserve(usize::try_from(announced).unwrap_or_default().min(limit));
                    rest.extend_from_slice(piece);
                }
                rest.extend_from_slice(&data);
            }
        }
    }
    if size > limit {
        return Err(too_large(limit));
    }
    Ok(if rest.is_empty() { first.unwrap_or_default() } else { rest.freeze() })
}

async fn next(body: &mut Body) -> Result<Option<Result<Frame<Bytes>, axum::Error>>, ApiError> {
    tokio::time::timeout(SILENT_AT_MOST, body.frame()).await.map_err(|_| {
        let silent = SILENT_AT_MOST.as_secs();
        ApiError::new(408, format!("The body brought nothing for {silent} s before its end."))
    })
}

fn too_large(limit: usize) -> ApiError {
    let message = format!(
        "The body is larger than {limit} bytes. Send less, or raise `sanso: {{ limits: {{ body: \
         ... }} }}` in the gateway's configuration."
    );
    ApiError { code: Some("request_too_large"), ..ApiError::new(413, message) }
}
