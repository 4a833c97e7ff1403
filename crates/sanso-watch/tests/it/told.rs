//! What is told stays true: after a restart, beside other alerts, and when it lasts.

use sanso_watch::*;

use crate::rig::*;

#[test]
fn a_restart_keeps_the_cause_of_an_open_alert() {
    let mut rig = Rig::new();
    rig.run(10, 60, |_| fallback(Kind::ServerError));
    let before = [Signal::FallbackRate, Signal::ProviderErrorRate].map(|of| rig.alert(of));
    assert_eq!(before[0].cause.code, CauseCode::ProviderIncident);
    assert_eq!(before[0].served_instead.as_deref(), Some("b"));
    rig.restart();
    rig.pass(2 * MINUTE);
    for before in before {
        let after = rig.alert(before.signal);
        assert_eq!(after.cause, before.cause);
        assert_eq!(after.served_instead, before.served_instead);
        assert_eq!(after.same_model_share, before.same_model_share);
    }
}
