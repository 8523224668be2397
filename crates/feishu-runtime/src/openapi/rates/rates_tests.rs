//! The rate limits on tokio's paused clock.

use std::collections::HashMap;
use std::sync::Arc;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn rates() -> Arc<Rates> {
    Arc::new(Rates::new("cli_1"))
}

fn card(id: usize) -> Place {
    Place::of("PUT", &format!("/open-apis/cardkit/v1/cards/{id}/elements/a/content"), b"")
}

fn reply(id: usize) -> Place {
    Place::of("POST", &format!("/open-apis/im/v1/messages/om_{id}/reply"), b"")
}

/// The most calls in any span of this length.
fn most_within(times: &[Instant], span: Duration) -> usize {
    let mut from = 0;
    let mut most = 0;
    for (at, time) in times.iter().enumerate() {
        while times[from] + span <= *time {
            from += 1;
        }
        most = most.max(at + 1 - from);
    }
    most
}

async fn enter(rates: &Rates, place: &Place) {
    rates.enter(place, Urgency::First, false, None).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn rates_let_a_call_without_known_limits_pass() {
    let rates = rates();
    for _ in 0..10_000 {
        enter(&rates, &Place::of("GET", "/open-apis/contact/v3/users/ou_1", b"")).await;
    }
    assert_eq!(rates.read(), RateCounts::default());
}

#[tokio::test(start_paused = true)]
async fn rates_hold_the_limits_of_the_app_and_of_each_card_for_1000_streams_and_are_fair() {
    let rates = rates();
    let times = Arc::new(Mutex::new(Vec::new()));
    let start = Instant::now();
    let streams: Vec<_> = (0..1000)
        .map(|id| {
            let (rates, times) = (Arc::clone(&rates), Arc::clone(&times));
            tokio::spawn(async move {
                let place = card(id);
                while start.elapsed() < 300 * SECOND {
                    rates.enter(&place, Urgency::Later, false, None).await.unwrap();
                    times.lock().unwrap().push((Instant::now(), id));
                }
            })
        })
        .collect();
    for stream in streams {
        stream.await.unwrap();
    }
    let made = times.lock().unwrap();
    let all: Vec<_> = made.iter().map(|(time, _)| *time).collect();
    assert!(most_within(&all, SECOND) <= 45, "{}", most_within(&all, SECOND));
    assert!(most_within(&all, 60 * SECOND) <= 1000, "{}", most_within(&all, 60 * SECOND));
    assert!(all.len() >= 4_000, "the allowance is used: {}", all.len());
    let mut counts = HashMap::new();
    made.iter().for_each(|(_, id)| *counts.entry(*id).or_insert(0) += 1);
    let (least, most) = (counts.values().min().unwrap(), counts.values().max().unwrap());
    // The first ones share the burst that is there at the start, two for each card; from then on all take turns.
    assert!(counts.len() == 1000 && most - least <= 3, "{} streams, {least} to {most} calls", counts.len());
}

#[tokio::test(start_paused = true)]
async fn rates_hold_the_limit_of_one_card() {
    let (rates, place) = (rates(), card(1));
    let mut times = Vec::new();
    for _ in 0..100 {
        enter(&rates, &place).await;
        times.push(Instant::now());
    }
    assert!(most_within(&times, SECOND) <= 8);
    assert!(times[99] - times[0] < 17 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn rates_do_not_let_one_chat_hold_up_another() {
    let rates = rates();
    let crowd: Vec<_> = (0..20)
        .map(|_| {
            let rates = Arc::clone(&rates);
            tokio::spawn(async move { enter(&rates, &reply(1)).await })
        })
        .collect();
    tokio::task::yield_now().await;
    let start = Instant::now();
    enter(&rates, &reply(2)).await;
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(rates.read().waiting, 18);
    for one in crowd {
        one.await.unwrap();
    }
    assert!(start.elapsed() > 5 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn rates_let_an_answer_go_before_the_next_words_of_streams() {
    let rates = rates();
    for id in 0..20 {
        enter(&rates, &card(id)).await;
    }
    let order = Arc::new(Mutex::new(Vec::new()));
    let go = |name: &'static str, id: usize, urgency: Urgency| {
        let (rates, order) = (Arc::clone(&rates), Arc::clone(&order));
        tokio::spawn(async move {
            rates.enter(&card(id), urgency, false, None).await.unwrap();
            order.lock().unwrap().push(name);
        })
    };
    let all = [
        go("words", 100, Urgency::Later),
        go("more words", 101, Urgency::Later),
        go("the end", 102, Urgency::First),
        go("another end", 103, Urgency::First),
    ];
    for one in all {
        one.await.unwrap();
    }
    assert_eq!(*order.lock().unwrap(), ["the end", "another end", "words", "more words"]);
}

#[tokio::test(start_paused = true)]
async fn rates_go_on_when_the_waiter_that_watches_the_time_is_dropped() {
    let rates = rates();
    for id in 0..20 {
        enter(&rates, &card(id)).await;
    }
    let wait = |id: usize| {
        let rates = Arc::clone(&rates);
        tokio::spawn(async move { enter(&rates, &card(id)).await })
    };
    let (leader, heir, last) = (wait(100), wait(101), wait(102));
    tokio::task::yield_now().await;
    leader.abort();
    tokio::task::yield_now().await;
    assert_eq!(rates.read().waiting, 2);
    let start = Instant::now();
    heir.await.unwrap();
    last.await.unwrap();
    assert!(start.elapsed() < SECOND / 5, "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn rates_stop_a_lane_that_the_platform_refused_and_wait_longer_each_time() {
    let rates = rates();
    let mut waits = Vec::new();
    for _ in 0..4 {
        rates.refused(&card(1), ApiCode(99_991_400), None);
        let start = Instant::now();
        rates.enter(&card(2), Urgency::First, true, None).await.unwrap();
        waits.push(start.elapsed().as_secs());
    }
    assert_eq!(waits, [1, 2, 4, 8]);
    rates.accepted(&card(1));
    rates.refused(&card(1), ApiCode(99_991_400), Some(7 * SECOND));
    let start = Instant::now();
    enter(&rates, &reply(1)).await;
    assert_eq!(start.elapsed(), Duration::ZERO, "replies are other calls");
    enter(&rates, &card(3)).await;
    assert_eq!(start.elapsed().as_secs(), 7, "as the platform says");
    assert_eq!(rates.read().refused, 5);
}

#[tokio::test(start_paused = true)]
async fn rates_stop_one_card_when_the_platform_refused_that_card() {
    let rates = rates();
    rates.refused(&card(1), ApiCode(230_020), None);
    let start = Instant::now();
    enter(&rates, &card(2)).await;
    assert_eq!(start.elapsed(), Duration::ZERO);
    enter(&rates, &card(1)).await;
    assert_eq!(start.elapsed().as_secs(), 1);
}

#[tokio::test(start_paused = true)]
async fn rates_refuse_a_call_that_would_wait_too_long() {
    let rates = rates();
    rates.refused(&card(1), ApiCode(99_991_400), Some(60 * SECOND));
    let refused = rates.enter(&card(2), Urgency::First, false, Some(30 * SECOND)).await;
    assert_eq!(refused, Err(Crowded::Blocked(60 * SECOND)));
    let waiting: Vec<_> = (0..MAX_WAITING)
        .map(|id| {
            let rates = Arc::clone(&rates);
            tokio::spawn(async move { enter(&rates, &card(id)).await })
        })
        .collect();
    tokio::time::sleep(SECOND).await;
    assert_eq!(rates.read().waiting, MAX_WAITING as u64);
    assert_eq!(rates.enter(&card(2), Urgency::First, false, None).await, Err(Crowded::Full));
    assert_eq!(rates.read().crowded, 2);
    for one in waiting {
        one.abort();
    }
    tokio::time::sleep(SECOND).await;
    assert_eq!(rates.read().waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn rates_forget_cards_that_are_idle() {
    let rates = rates();
    for id in 0..2_000 {
        enter(&rates, &card(id)).await;
    }
    let kept = rates.lock().targets.len();
    assert!(kept <= 128, "{kept}");
}
