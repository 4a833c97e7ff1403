-- Finished requests. What is searched for most has a column; `finished` is all of it, as JSON.
CREATE TABLE request (
  seq         INTEGER PRIMARY KEY,
  id          TEXT    NOT NULL UNIQUE,
  at_ms       INTEGER NOT NULL, -- its end, milliseconds since the epoch
  model_group TEXT    NOT NULL,
  eventful    INTEGER NOT NULL, -- 1: a fault on the way, a soft fault, or not answered in full
  finished    TEXT    NOT NULL
) STRICT;
CREATE INDEX request_at ON request (at_ms);

-- Requests by who answered them, per span of time: 60, 3600 or 86400 seconds, from a multiple of that.
CREATE TABLE served (
  span_s        INTEGER NOT NULL,
  start_s       INTEGER NOT NULL, -- seconds since the epoch
  model_group   TEXT    NOT NULL, -- asked for
  task          TEXT    NOT NULL, -- '': none, or none that is configured
  leg_group     TEXT    NOT NULL, -- the group of the leg that answered; '': none
  deployment    TEXT    NOT NULL, -- that answered; '': none
  full          INTEGER NOT NULL,
  partial       INTEGER NOT NULL,
  degraded      INTEGER NOT NULL,
  unavailable   INTEGER NOT NULL,
  cancelled     INTEGER NOT NULL,
  rejected      INTEGER NOT NULL,
  soft          INTEGER NOT NULL,
  input_tokens  INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  cost_nano_usd INTEGER NOT NULL,
  priced        INTEGER NOT NULL, -- requests whose cost is known
  ttft          BLOB    NOT NULL, -- histograms: pairs of varints, empty buckets and a count
  duration      BLOB    NOT NULL,
  PRIMARY KEY (span_s, start_s, model_group, task, leg_group, deployment)
) STRICT, WITHOUT ROWID;

-- Attempts by how they ended, per span of time.
CREATE TABLE attempt (
  span_s      INTEGER NOT NULL,
  start_s     INTEGER NOT NULL,
  model_group TEXT    NOT NULL, -- asked for
  task        TEXT    NOT NULL,
  provider    TEXT    NOT NULL,
  deployment  TEXT    NOT NULL,
  outcome     TEXT    NOT NULL, -- success, or the kind of its fault
  count       INTEGER NOT NULL,
  PRIMARY KEY (span_s, start_s, model_group, task, provider, deployment, outcome)
) STRICT, WITHOUT ROWID;

-- What else happened: moves of breakers and gates, marks.
CREATE TABLE moment (
  seq        INTEGER PRIMARY KEY,
  kind       TEXT    NOT NULL, -- breaker, gate or mark
  deployment TEXT    NOT NULL, -- '': of a mark
  at_ms      INTEGER NOT NULL,
  moment     TEXT    NOT NULL, -- all of it, as JSON
  UNIQUE (kind, deployment, at_ms, moment)
) STRICT;
CREATE INDEX moment_at ON moment (kind, at_ms);
