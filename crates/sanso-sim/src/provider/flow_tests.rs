use http_body_util::BodyExt;
use proptest::prelude::*;
use sanso_core::Rng;
use tokio::sync::watch;

use super::*;
use crate::clock::Stopwatch;
use crate::provider::Stats;

fn chunk(text: String, tokens: u32) -> Chunk {
    Chunk { bytes: text.into(), tokens }
}

/// As many chunks as there are counts, of so many tokens each.
fn events(tokens: &[u32]) -> Events {
    let content = tokens.iter().enumerate().map(|(n, &tokens)| chunk(format!("{n};"), tokens));
    Events {
        opening: vec!["open;".into()],
        content: content.collect(),
        ending: vec![chunk("end".into(), 0)],
        error: Bytes::new(),
    }
}

fn stream(
    events: &Events,
    after: Option<u32>,
    end: End,
    pace: &Pace,
) -> (Flow, watch::Receiver<Stats>) {
    let stats = watch::Sender::new(Stats::default());
    let (_, call) = InFlight::arrive(&stats);
    let flow = Flow::stream(events, after, end, pace, &mut Rng::from_seed(3), call);
    (flow, stats.subscribe())
}

/// What is sent, and whether the end is a clean one.
async fn read(flow: &mut Flow) -> (String, bool) {
    let mut text = String::new();
    loop {
        match flow.frame().await {
            None => return (text, true),
            Some(Err(_)) => return (text, false),
            Some(Ok(frame)) => {
                text += std::str::from_utf8(&frame.into_data().unwrap()).unwrap();
            }
        }
    }
}

const PACE: Pace = Pace {
    first_token: Duration::from_millis(400),
    per_token: Duration::from_millis(10),
    jitter: 0.0,
};

#[tokio::test(start_paused = true)]
async fn a_stream_takes_its_time_by_the_token() {
    let (mut flow, stats) = stream(&events(&[1, 5, 1]), None, End::Whole, &PACE);
    let clock = Stopwatch::start();
    let opening = flow.frame().await.unwrap().unwrap();
    assert_eq!(opening.into_data().unwrap(), "open;");
    assert_eq!(clock.elapsed(), Duration::ZERO);
    assert_eq!(read(&mut flow).await, ("0;1;2;end".to_owned(), true));
    assert_eq!(clock.elapsed(), Duration::from_millis(400 + 60));
    let stats = *stats.borrow();
    assert_eq!((stats.completed, stats.in_flight), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_stall_outlasts_a_day() {
    let (mut flow, stats) = stream(&events(&[1, 1]), Some(1), End::Stall, &PACE);
    let day = Duration::from_secs(86_400);
    assert!(tokio::time::timeout(day, read(&mut flow)).await.is_err());
    drop(flow);
    assert_eq!((stats.borrow().cancelled, stats.borrow().in_flight), (1, 0));
}

proptest! {
    /// A stream that breaks off says what the whole one says, up to a point, and never its ending.
    #[test]
    fn half_a_stream_is_the_beginning_of_the_whole(
        tokens in prop::collection::vec(1_u32..6, 0..12),
        after in 0_u32..40,
        cut in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let events = events(&tokens);
        let end = if cut { End::Cut } else { End::Failed };
        let (mut flow, stats) = stream(&events, Some(after), end, &Pace::INSTANT);
        let (half, clean) = runtime.block_on(read(&mut flow));
        drop(flow);
        let (mut flow, _) = stream(&events, None, End::Whole, &Pace::INSTANT);
        let (whole, _) = runtime.block_on(read(&mut flow));
        prop_assert!(whole.starts_with(&half) && !half.ends_with("end"));
        prop_assert_eq!(clean, !cut);
        let sent: u32 = tokens.iter().take(half.matches(';').count() - 1).sum();
        prop_assert!(sent <= after);
        let stats = *stats.borrow();
        prop_assert_eq!((stats.failed, stats.cancelled, stats.in_flight), (1, 0, 0));
    }

    #[test]
    fn jitter_keeps_within_its_share(jitter in 0.0..1.0_f64, tokens in 0_u32..50, seed: u64) {
        let pace = Pace { jitter, ..PACE };
        let mut rng = Rng::from_seed(seed);
        let nominal = PACE.wait(true, tokens, &mut rng).as_secs_f64();
        let wait = pace.wait(true, tokens, &mut rng).as_secs_f64();
        prop_assert!((wait - nominal).abs() <= nominal * jitter + 1e-6, "{wait} of {nominal}");
    }

    #[test]
    fn no_pace_is_too_mad_to_be_kept(first: u64, each: u64, jitter: f64, tokens: u32, first_one: bool) {
        let pace = Pace {
            first_token: Duration::from_secs(first),
            per_token: Duration::from_secs(each),
            jitter,
        };
        prop_assert!(pace.wait(first_one, tokens, &mut Rng::from_seed(1)) <= 2 * Duration::from_secs(86_400));
    }
}
