//! The table of faults, as the specification prints it.

use sanso_core::*;

use crate::provider::KINDS;

/// Kind | same deployment again | next leg | gate | final status, alone and where all say so.
const TABLE: &str = "\
RateLimited | Yes | Yes | Quota | 429 429
QuotaExhausted | Never | Yes | Credential | 503 503
Overloaded | Yes | Yes | Breaker 2 | 503 503
ServerError | Yes | Yes | Breaker 2 | 500 500
Timeout(Connect) | Once | Yes | BreakerAndHost | 504 504
Timeout(FirstToken) | OnlyAlone | Yes | Breaker 2 | 504 504
Timeout(Gap) | OnlyAlone | Yes | Breaker 2 | 504 504
Timeout(Total) | Once | Yes | Breaker 2 | 504 504
Connection(Establish) | Once | Yes | BreakerAndHost | 502 502
Connection(Lost) | Once | Yes | Breaker 2 | 502 502
Connection(Reused) | Once | Yes | Breaker 2 | 502 502
Malformed | Once | Yes | Breaker 2 | 502 502
ContextWindow | Never | ContextList | None | 400 400
ContentPolicy | Never | PolicyList | None | 400 400
Authentication | Never | Yes | Credential | 502 502
NotFound | Never | Yes | Model | 502 404
BadRequest | Never | NotFromFirst | None | 400 400
Soft(Empty) | Once | Yes | Breaker 1 | 502 502
Broken | Once | Yes | Breaker 2 | 502 502
Cancelled | Never | Never | None | 499 499";

#[test]
fn the_table_of_faults() {
    let kinds = KINDS.into_iter().chain([FaultKind::Broken, FaultKind::Cancelled]);
    let row = |kind: FaultKind| {
        let rule = kind.rule();
        let gate = match rule.gate {
            GateRule::Breaker(weight) => format!("Breaker {}", weight.halves()),
            gate => format!("{gate:?}"),
        };
        let (alone, all) = (kind.final_status(None, false), kind.final_status(None, true));
        format!("{kind:?} | {:?} | {:?} | {gate} | {alone} {all}", rule.again, rule.next)
    };
    assert_eq!(kinds.map(row).collect::<Vec<_>>().join("\n"), TABLE);
}

#[test]
fn all_soft_faults_are_treated_alike() {
    let rule = FaultKind::Soft(SoftReason::Empty).rule();
    for reason in SoftReason::ALL {
        assert_eq!(FaultKind::Soft(reason).rule(), rule, "{reason:?}");
        assert_eq!(FaultKind::Soft(reason).final_status(None, true), 502);
    }
    let names: std::collections::HashSet<_> = SoftReason::ALL.into_iter().collect();
    assert_eq!(names.len(), SoftReason::ALL.len());
}

#[test]
fn the_providers_own_status_is_kept_where_it_fits() {
    let status = |kind: FaultKind, own| kind.final_status(Some(own), false);
    assert_eq!(status(FaultKind::ServerError, 520), 520);
    assert_eq!(status(FaultKind::ServerError, 409), 500, "a 4xx would blame the caller");
    assert_eq!(status(FaultKind::ServerError, 600), 500);
    assert_eq!(status(FaultKind::BadRequest, 422), 422);
    assert_eq!(status(FaultKind::ContextWindow, 413), 413);
    assert_eq!(status(FaultKind::ContentPolicy, 200), 400, "a refusal inside a 200");
    assert_eq!(status(FaultKind::Authentication, 401), 502, "never the provider's 401");
    assert_eq!(status(FaultKind::Overloaded, 529), 503);
}

#[test]
fn only_a_spent_quota_with_a_time_names_its_reset() {
    let hour = Some(Duration::from_secs(3_600));
    let of = |kind, hint| Fault::new(kind).with_hint(hint).reset();
    assert_eq!(of(FaultKind::QuotaExhausted, hour), hour);
    assert_eq!(of(FaultKind::QuotaExhausted, Some(Duration::ZERO)), None);
    assert_eq!(of(FaultKind::QuotaExhausted, None), None);
    assert_eq!(of(FaultKind::RateLimited, hour), None);
}
