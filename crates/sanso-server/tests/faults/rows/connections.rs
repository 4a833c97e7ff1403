//! What breaks beneath HTTP.

use super::{both, says, says_and_resets};
use crate::bodies;
use crate::row::{Expect, Row, Wire};
use crate::upstream::Act;

pub(super) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    let refused = Row::new("G1", "refuses the connection", vec![]);
    rows.extend(both(Row { scripts: None, ..refused }.calls(0)));
    let lost = Row::new("G2", "loses what would open a connection", vec![]);
    rows.extend(both(lost.over(Wire::BlackHole).calls(0)));
    rows.extend(both(Row::new("G3", "accepts, then resets", vec![vec![Act::Reset]]).calls(0)));
    rows.extend(both(
        Row::new("G4", "resets in the middle of the head", says_and_resets("HTTP/1.1 200 O"))
            .calls(2),
    ));
    rows.extend(both(Row::new("G5", "closes without an answer", says("")).calls(2)));
    rows.push(
        Row {
            asks: 2,
            ..Row::new(
                "G6",
                "closes a pooled connection that was used again",
                vec![
                    vec![Act::Read, Act::Send(bodies::answer()), Act::Read],
                    vec![Act::Read, Act::Send(bodies::answer())],
                ],
            )
        }
        .calls(3)
        .expect(Expect::Answer),
    );
    rows
}
