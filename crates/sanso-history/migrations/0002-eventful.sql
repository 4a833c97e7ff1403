-- Who looks for trouble looks for few among many.
CREATE INDEX request_eventful ON request (at_ms) WHERE eventful = 1;
