//! What the page reads.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::Response;
use sanso::watch::{Degradation, Filter, Kind, Row};
use serde::Serialize;

use super::super::error::{self, ApiError};
use super::super::{App, Shared};
use super::guard::{self, Asker};
use super::query::Query;
use crate::admin::{Admin, Asked};

/// Points in time, unless said otherwise, and at most.
const POINTS: usize = 140;
const MOST_POINTS: usize = 2000;
/// Rows, at most.
const MOST_ROWS: usize = 1000;

pub(super) async fn overview(State(App(app)): State<App>, asker: Asker, uri: Uri) -> Response {
    let look = || {
        guard::look(&app, &asker)?;
        let range = Query::read(&uri, &["range"])?.range()?;
        Ok(app.admin.overview(range))
    };
    answer(look(), &app)
}

pub(super) async fn series(State(App(app)): State<App>, asker: Asker, uri: Uri) -> Response {
    let asked = || {
        guard::look(&app, &asker)?;
        let query = Query::read(&uri, &["range", "points", "model_group"])?;
        let points = query.number("points", 1, MOST_POINTS)?.unwrap_or(POINTS);
        Ok((query.range()?, points, query.text("model_group").map(str::to_owned)))
    };
    let found = match asked() {
        Ok((range, points, group)) => {
            ask(&app, move |admin| admin.series(range, points, group.as_deref())).await
        }
        Err(refused) => Err(refused),
    };
    answer(found, &app)
}

pub(super) async fn requests(State(App(app)): State<App>, asker: Asker, uri: Uri) -> Response {
    let found = match guard::look(&app, &asker).and_then(|()| filter(&uri)) {
        Ok(filter) => ask(&app, move |admin| admin.requests(&filter)).await,
        Err(refused) => Err(refused),
    };
    match found {
        Ok(found) => {
            let requests: Vec<Row<'_>> = found.requests.iter().map(|it| it.row()).collect();
            answer(Ok(Rows { requests, before: found.before.as_deref() }), &app)
        }
        Err(refused) => error::named(refused, &app.gateway),
    }
}

/// A page of the list.
#[derive(Serialize)]
struct Rows<'a> {
    requests: Vec<Row<'a>>,
    /// What the next question says to go on; `null` at the end.
    before: Option<&'a str>,
}

pub(super) async fn request(
    State(App(app)): State<App>,
    Path(id): Path<String>,
    asker: Asker,
) -> Response {
    let found = match guard::look(&app, &asker) {
        Ok(()) => ask(&app, move |admin| admin.request(&id)).await,
        Err(refused) => Err(refused),
    };
    match found {
        Ok(found) => answer(Ok(found.row()), &app),
        Err(refused) => error::named(refused, &app.gateway),
    }
}

fn filter(uri: &Uri) -> Result<Filter, ApiError> {
    let known = ["limit", "before", "q", "model_group", "degradation_level", "kind"];
    let query = Query::read(uri, &known)?;
    let text = |name| query.text(name).map(str::to_owned);
    let degradation_level = text("degradation_level")
        .map(|level| {
            let wrong = || {
                let levels = "full, partial, degraded, unavailable, cancelled, rejected";
                ApiError::new(400, format!("No degradation is called `{level}`: {levels}."))
            };
            Degradation::parse(&level).ok_or_else(wrong)
        })
        .transpose()?;
    let kind = text("kind")
        .map(|kind| {
            let wrong = || {
                let kinds = Kind::ALL.map(Kind::as_str).join(", ");
                ApiError::new(400, format!("No kind of fault is called `{kind}`: {kinds}."))
            };
            Kind::parse(&kind).ok_or_else(wrong)
        })
        .transpose()?;
    Ok(Filter {
        limit: query.number("limit", 1, MOST_ROWS)?,
        before: text("before"),
        q: text("q"),
        model_group: text("model_group"),
        degradation_level,
        kind,
    })
}

/// Asks what may read a file, where a thread may block.
async fn ask<T: Send + 'static>(
    app: &Arc<Shared>,
    what: impl FnOnce(&Admin) -> Result<T, Asked> + Send + 'static,
) -> Result<T, ApiError> {
    let admin = Arc::clone(&app.admin);
    let asked = tokio::task::spawn_blocking(move || what(&admin)).await;
    let asked = asked.map_err(|_| ApiError::new(500, "The question was not answered."))?;
    asked.map_err(refusal)
}

pub(super) fn refusal(asked: Asked) -> ApiError {
    match asked {
        Asked::Badly(why) => ApiError::new(400, why),
        Asked::Unknown(why) => ApiError { code: Some("not_found"), ..ApiError::new(404, why) },
    }
}

pub(super) fn answer<T: Serialize>(found: Result<T, ApiError>, app: &Shared) -> Response {
    let told = found.and_then(|found| {
        serde_json::to_string(&found).map_err(|bug| ApiError::new(500, bug.to_string()))
    });
    match told {
        Ok(told) => error::json(200, told),
        Err(refused) => error::named(refused, &app.gateway),
    }
}
