//! What goes wrong with HTTP/2, beneath the answer or in the middle of it.

use super::both;
use crate::bodies::{answer_of, whole_events, words};
use crate::http2::{
    Beat, CANCEL, ENHANCE_YOUR_CALM, INTERNAL_ERROR, NO_ERROR, NO_WINDOW, REFUSED_STREAM, SETTINGS,
    Script, content_type, endless_headers, field, frame, status,
};
use crate::leaving::Leaves;
use crate::row::{Expect, Row, TEXT, Wire};
use crate::upstream::ROLE;

pub(super) fn rows() -> Vec<Row> {
    [answered(), refused(), lost(), cut(), stuck(), oversized(), left()].concat()
}

fn row(id: &'static str, what: &'static str, script: Script) -> Row {
    Row::new(id, what, Vec::new()).over(Wire::Http2(script))
}

/// What requests meet in turn; the last for ever.
fn says(id: &'static str, what: &'static str, answers: Vec<Vec<Beat>>) -> Row {
    row(id, what, Script::new(answers))
}

fn head(code: &str, kind: &str) -> Beat {
    Beat::Headers([status(code), content_type(kind)].concat())
}

pub(crate) fn whole() -> Vec<Beat> {
    vec![head("200", "application/json"), Beat::End(answer_of(TEXT).into())]
}

fn whole_stream() -> Vec<Beat> {
    vec![head("200", "text/event-stream"), Beat::End(whole_events().concat().into())]
}

fn fails() -> Vec<Beat> {
    vec![head("500", "application/json"), Beat::End(b"{}".into())]
}

fn begun() -> Vec<Beat> {
    let [one, two, _] = words();
    vec![head("200", "text/event-stream"), Beat::Data([ROLE, &one, &two].concat().into())]
}

/// These beats, and then one more.
fn then(mut beats: Vec<Beat>, last: Beat) -> Vec<Beat> {
    beats.push(last);
    beats
}

fn answered() -> Vec<Row> {
    let mut pieces = begun();
    let [.., three] = words();
    pieces.push(Beat::Data(three.into()));
    pieces.push(Beat::Data(whole_events()[4..].concat().into()));
    pieces.push(Beat::Trailers(field("x-cost", "1")));
    let trailed = vec![
        head("200", "application/json"),
        Beat::Data(answer_of(TEXT).into()),
        Beat::Trailers(field("x-cost", "1")),
    ];
    let last = Beat::GoAway { reason: NO_ERROR, was_seen: true };
    let going = [vec![last], whole()].concat();
    let flood = Beat::Raw(frame(SETTINGS, 0, 0, &[]).repeat(500));
    let flooded = [vec![flood], whole()].concat();
    let one_at_once = Script::new(vec![whole()]).one_stream_at_once();
    let deaf = Script::new(vec![whole_stream()]).deaf_to_pings();
    let rows = [
        says("H2", "answers over HTTP/2", vec![whole()]),
        says("H2", "answers over HTTP/2", vec![whole_stream()]).stream(),
        says("H2", "ends its answer with trailers", vec![trailed]),
        says("H2", "ends its stream with trailers", vec![pieces]).stream(),
        says("G34", "says GOAWAY, and answers what it has", vec![going]),
        says("G36", "floods with SETTINGS", vec![flooded]),
        Row { together: 4, ..row("H2", "takes one request at once", one_at_once) }.calls(4),
        row("H2", "answers no PING", deaf).stream(),
    ];
    rows.map(|row| row.expect(Expect::Answer)).into()
}

/// The provider says that it has not looked at the request: that costs no retry.
fn refused() -> Vec<Row> {
    let late = vec![Beat::GoAway { reason: NO_ERROR, was_seen: false }, Beat::Close];
    let free = |id, what, beats: Vec<Beat>| {
        says(id, what, vec![beats, fails(), whole()]).calls(3).expect(Expect::Answer)
    };
    vec![
        free("G33", "says GOAWAY before the request, then fails once", late),
        free("G35", "refuses the stream, then fails once", vec![Beat::Reset(REFUSED_STREAM)]),
        says("G35", "refuses each stream", vec![vec![Beat::Reset(REFUSED_STREAM)]])
            .calls(4)
            .told("=connection_lost@"),
    ]
}

/// Whether the provider has acted on the request, no one knows: a retry like others.
fn lost() -> Vec<Row> {
    let seen = vec![Beat::GoAway { reason: NO_ERROR, was_seen: true }, Beat::Close];
    let angry = vec![Beat::GoAway { reason: INTERNAL_ERROR, was_seen: true }, Beat::Close];
    let reset = |reason| vec![Beat::Reset(reason)];
    let mut rows = Vec::new();
    for (id, what, beats) in [
        ("G34", "says GOAWAY after the request, and closes", seen),
        ("G34", "says GOAWAY for an error, and closes", angry),
        ("G35", "resets the stream: INTERNAL_ERROR", reset(INTERNAL_ERROR)),
        ("G35", "resets the stream: CANCEL", reset(CANCEL)),
        ("H2", "drops the connection", vec![Beat::Close]),
    ] {
        rows.extend(both(says(id, what, vec![beats]).calls(2).told("=connection_lost@")));
    }
    let calm = says("G35", "asks for calm", vec![reset(ENHANCE_YOUR_CALM)]).calls(2);
    rows.extend(both(calm.told("=overloaded@")));
    // The connection has carried an answer before, and goes on: no reason to redo anything free.
    let warm = vec![whole(), reset(INTERNAL_ERROR), fails(), whole()];
    rows.push(Row { asks: 2, ..says("G35", "resets a later stream, then fails", warm) }.calls(3));
    let busy = vec![head("503", "application/json"), Beat::End(b"{}".into())];
    rows.push(says("H2", "is busy", vec![busy]).calls(2).told("=503@"));
    let headless = vec![Beat::Data(b"{}".into())];
    rows.push(says("H2", "sends a body without a head", vec![headless]).calls(2));
    rows
}

/// After the head: a part is no answer.
fn cut() -> Vec<Row> {
    let mut rows = Vec::new();
    for (id, what, last) in [
        ("G35", "resets in the answer: INTERNAL_ERROR", Beat::Reset(INTERNAL_ERROR)),
        ("G35", "resets in the answer: CANCEL", Beat::Reset(CANCEL)),
        ("G35", "resets in the answer: REFUSED_STREAM", Beat::Reset(REFUSED_STREAM)),
        ("G35", "resets in the answer: ENHANCE_YOUR_CALM", Beat::Reset(ENHANCE_YOUR_CALM)),
        ("G35", "resets in the answer: NO_ERROR", Beat::Reset(NO_ERROR)),
        ("G34", "drops the connection in the answer", Beat::Close),
        ("G16", "ends its answer in the middle", Beat::End(Vec::new())),
    ] {
        let half = vec![head("200", "application/json"), Beat::Data(b"{\"id\":".into())];
        rows.push(says(id, what, vec![then(half, last.clone())]).calls(2));
        let silent = vec![head("200", "text/event-stream"), Beat::Data(ROLE.into())];
        rows.push(says(id, what, vec![then(silent, last.clone())]).stream().calls(2));
        let broken = says(id, what, vec![then(begun(), last)]).stream();
        rows.push(broken.expect(Expect::ErrorInStream));
    }
    rows
}

/// Nothing more comes: the limits fire.
fn stuck() -> Vec<Row> {
    let silent = || Script::new(vec![Vec::new()]);
    let headed = vec![head("200", "application/json")];
    let deaf = silent().deaf_to_pings();
    // Only the second request is sure to come after these SETTINGS.
    let unread = |first| {
        let shut = [vec![Beat::Raw(frame(SETTINGS, 0, 0, &NO_WINDOW))], first].concat();
        Row { asks: 2, ..says("G36", "takes no byte of a request", vec![shut, Vec::new()]) }
    };
    vec![
        row("G7", "never answers over HTTP/2", silent()).calls(2),
        row("G7", "never answers over HTTP/2", silent()).stream(),
        row("G7", "never answers, not even a PING", deaf).stream(),
        unread(whole()),
        unread(whole_stream()).stream(),
        says("G8", "sends a head, then nothing", vec![headed]).calls(2),
        says("G13", "ends no stream after two words", vec![begun()])
            .stream()
            .expect(Expect::ErrorInStream),
    ]
}

fn oversized() -> Vec<Row> {
    let huge = [status("200"), field("x-huge", &"x".repeat(40_000))].concat();
    let huge = vec![Beat::Headers(huge), Beat::End(answer_of(TEXT).into())];
    let endless = vec![Beat::Raw(endless_headers(1, 20_000))];
    let mut rows = Vec::new();
    rows.extend(both(says("G32", "a head beyond the limit, over HTTP/2", vec![huge]).calls(2)));
    rows.push(says("G36", "floods with CONTINUATION", vec![endless]).calls(2));
    rows
}

fn left() -> Vec<Row> {
    let leaves = |leaves, what, beats| {
        Row { leaves: Some(leaves), ..says("G56", what, vec![beats]) }.expect(Expect::Nothing)
    };
    vec![
        leaves(Leaves::Asked, "is silent over HTTP/2, and its client leaves", Vec::new()),
        leaves(Leaves::Seen("one"), "streams over HTTP/2, and its client leaves", begun()).stream(),
    ]
}
