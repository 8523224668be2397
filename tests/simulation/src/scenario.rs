//! One simulation run: network conditions change, events happen, and at the end the client is stopped.

use std::time::Duration;

use feishu_transport::{
    AppSecret, ConnectionHandle, Error, Limits, LongConnection, Shutdown, ShutdownHandle,
};
use tokio::task::JoinHandle;
use tokio::time::{Instant, advance, sleep, timeout};

use crate::handlers::Handlers;
use crate::link::LinkState;
use crate::messages::{self, open_links};
use crate::platform::Platform;
use crate::weather::Weather;
use crate::world::World;
use crate::{Failure, Summary, bounds};

/// How often the invariants are looked at when nothing happens.
const STEP: Duration = Duration::from_secs(1);
/// Recovery after a sleep, the platform being well.
const WAKE: Duration = Duration::from_secs(6);

pub(crate) async fn live(seed: u64, trace: bool) -> Result<Summary, Failure> {
    let world = World::new(seed, trace);
    let mut run = Run::start(world.clone(), seed);
    let ended = run.through_all_weathers().await;
    let ended = match ended {
        Ok(()) => run.stop().await,
        failed => failed,
    };
    let counters = run.handle.counters();
    let mut state = world.lock();
    let time = state.start.elapsed();
    debug_assert_eq!(ended.is_err(), state.failure.is_some(), "a failure is kept in the world");
    if let Some((at, what)) = state.failure.clone() {
        return Err(Failure { seed, at, what, trace: state.take_trace() });
    }
    Ok(Summary {
        seeds: 1,
        time,
        attempts: counters.attempts,
        connections: counters.connections,
        handled: state.ledger.handled,
        answered: state.ledger.answered,
        lost: counters.answers_lost,
        ambiguous: state.ledger.twice,
        trace: state.take_trace(),
    })
}

/// Something did not hold; the world knows what.
struct Failed;

struct Run {
    world: World,
    connections: usize,
    handle: ConnectionHandle,
    stop: ShutdownHandle,
    running: JoinHandle<Result<(), Error>>,
    messages: u64,
    repeats: Vec<(Instant, u64)>,
}

impl Run {
    fn start(world: World, seed: u64) -> Self {
        let mut state = world.lock();
        let connections = state.dice.pick(&[1, 1, 1, 2, 4]);
        let small = state.dice.one_in(4);
        let max_age = state.dice.one_in(5).then(|| state.dice.millis(60_000, 200_000));
        state.limits = if small { small_limits() } else { Limits::default() };
        let limits = state.limits;
        state.note(format_args!("{connections} connections, max age {max_age:?}, small limits: {small}"));
        drop(state);

        let platform = Platform(world.clone());
        let mut builder = LongConnection::builder("cli_sim", AppSecret::new("sim"))
            .endpoint_source(platform.clone())
            .connect(platform)
            .connections(connections)
            .limits(limits)
            .wall_clock(world.wall_clock())
            .seed(seed);
        if let Some(age) = max_age {
            builder = builder.max_age(age);
        }
        let client = builder.build().expect("a valid client");
        let (stop, stopped) = Shutdown::new();
        let handle = client.handle();
        let running = tokio::spawn(client.run(std::sync::Arc::new(Handlers(world.clone())), stopped));
        let connections = usize::from(connections);
        Self { world, connections, handle, stop, running, messages: 0, repeats: Vec::new() }
    }

    async fn through_all_weathers(&mut self) -> Result<(), Failed> {
        let phases = 2 + self.world.lock().dice.below(5);
        for _ in 0..phases {
            let (weather, length) = {
                let mut state = self.world.lock();
                let has_connected = self.handle.counters().connections > 0;
                let weather = Weather::draw(&mut state.dice, has_connected);
                (weather, state.dice.millis(2_000, 70_000))
            };
            self.turn(weather);
            self.live_for(length, true).await?;
        }
        self.turn(Weather::Clear);
        self.recover().await?;
        // Fair weather, nothing goes wrong: whatever comes must be answered.
        self.live_for(Duration::from_secs(10), false).await
    }

    /// The weather changes; what is open may suffer from it.
    fn turn(&self, weather: Weather) {
        let mut state = self.world.lock();
        state.note(format_args!("weather: {weather:?}"));
        state.weather = weather;
        let hit = if weather.is_fair() { 6 } else { 2 };
        for id in open_links(&state) {
            if state.dice.one_in(hit) {
                hurt(&mut state, id);
            }
        }
    }

    /// Lets time pass, messages come, and things go wrong if they may.
    async fn live_for(&mut self, length: Duration, accidents: bool) -> Result<(), Failed> {
        let until = Instant::now() + length;
        while Instant::now() < until {
            let pause = self.world.lock().dice.millis(1, 2_500);
            self.pass(pause.min(until - Instant::now())).await?;
            self.repeat_what_is_due();
            let what = self.world.lock().dice.below(100);
            match what {
                0..=1 if accidents => self.sleep_and_wake().await?,
                2 if accidents => self.network_changes(),
                3 if accidents => self.handle.rotate(),
                4..=9 if accidents => self.accident(),
                10..=17 => messages::noise(&self.world),
                _ => self.send_messages(),
            }
        }
        Ok(())
    }

    /// Time passes in steps, with a look at everything after each.
    async fn pass(&mut self, time: Duration) -> Result<(), Failed> {
        let until = Instant::now() + time;
        loop {
            sleep(STEP.min(until - Instant::now())).await;
            bounds::check(&self.world, &self.handle, self.connections);
            if self.running.is_finished() && !self.world.lock().ending {
                self.world.fail(format_args!("the client ended by itself: {}", self.handle.state()));
            }
            if self.world.lock().failure.is_some() {
                return Err(Failed);
            }
            if Instant::now() >= until {
                return Ok(());
            }
        }
    }

    fn send_messages(&mut self) {
        let count = {
            let mut state = self.world.lock();
            if state.dice.one_in(20) { state.dice.below(40) } else { 1 + state.dice.below(2) }
        };
        for _ in 0..count {
            self.messages += 1;
            let sent = messages::push(&self.world, self.messages);
            if sent && self.world.lock().dice.one_in(10) {
                // As the platform does with events that were not acknowledged.
                self.repeats.push((Instant::now() + Duration::from_secs(15), self.messages));
            }
        }
    }

    fn repeat_what_is_due(&mut self) {
        let now = Instant::now();
        let all = std::mem::take(&mut self.repeats);
        let (due, later): (Vec<_>, _) = all.into_iter().partition(|(at, _)| *at <= now);
        self.repeats = later;
        for (_, number) in due {
            messages::repeat(&self.world, number);
        }
    }

    fn accident(&self) {
        let mut state = self.world.lock();
        let links = open_links(&state);
        if !links.is_empty() {
            let id = state.dice.pick(&links);
            hurt(&mut state, id);
        }
    }

    /// The machine sleeps (the wall clock moves on alone) or the process is stopped (both clocks do), and connections may
    /// die unseen.
    async fn sleep_and_wake(&mut self) -> Result<(), Failed> {
        let (stopped, healthy) = {
            let mut state = self.world.lock();
            let stopped = state.dice.one_in(3).then(|| state.dice.millis(3_000, 100_000));
            if let Some(stopped) = stopped {
                state.note(format_args!("the process is stopped for {stopped:?}"));
                state.links.values_mut().for_each(LinkState::hold_up);
            } else {
                let slept = 20 + i64::try_from(state.dice.below(36_000)).unwrap_or(0);
                let slept = if state.dice.one_in(8) { -slept } else { slept };
                state.jump_wall_clock(slept);
                state.note(format_args!("slept for {slept} s"));
            }
            state.probed_at = Some(Instant::now() + stopped.unwrap_or_default());
            let weather = state.weather;
            for id in open_links(&state) {
                let (dies, reset) = (state.dice.one_in(2), state.dice.one_in(3));
                let Some(link) = state.links.get_mut(&id) else { continue };
                // A probe with a short deadline gives up a link whose messages come late.
                link.faulted |= weather == Weather::Lossy;
                link.set_window(None);
                link.set_pace(None);
                match (dies, reset) {
                    (true, true) => link.cut(),
                    (true, false) => link.mute(),
                    _ => {}
                }
            }
            // A shorter stop ends no pause between attempts: the runtime may have been busy.
            let is_sleep = stopped.is_none_or(|time| time >= Duration::from_secs(16));
            (stopped, is_sleep && weather == Weather::Clear)
        };
        if let Some(stopped) = stopped {
            advance(stopped).await;
        }
        if healthy {
            self.pass(WAKE).await?;
            let good = self.world.lock().good_links();
            if good < self.connections {
                self.world.fail(format_args!(
                    "{good} good connections {WAKE:?} after waking: {}",
                    self.handle.state()
                ));
            }
        }
        Ok(())
    }

    fn network_changes(&self) {
        {
            let mut state = self.world.lock();
            state.probed_at = Some(Instant::now());
            state.note(format_args!("the network changed"));
            if state.weather == Weather::Lossy {
                state.links.values_mut().for_each(|link| link.faulted = true);
            }
        }
        self.handle.network_changed();
    }

    /// The platform is well: every connection must be there again within the bound.
    async fn recover(&mut self) -> Result<(), Failed> {
        let start = Instant::now();
        self.world.lock().links.values_mut().for_each(|link| link.set_pace(None));
        while self.world.lock().good_links() < self.connections {
            // Asked again each time: the first connection that is there may be told of longer pauses for the others.
            let bound = bounds::recovery(&self.world.lock().longest);
            if start.elapsed() >= bound {
                let state = self.handle.state();
                self.world.fail(format_args!("not reached within {bound:?}; the client says: {state}"));
            }
            self.pass(STEP).await?;
        }
        Ok(())
    }

    /// Stops or drops the client in the midst of everything, and looks at what is left.
    async fn stop(&mut self) -> Result<(), Failed> {
        let grace = {
            let mut state = self.world.lock();
            state.ending = true;
            let grace = (!state.dice.one_in(4)).then(|| state.dice.pick(&[0, 500, 3_000, 10_000]));
            state.note(format_args!("stop with a grace of {grace:?} ms"));
            grace.map(Duration::from_millis)
        };
        self.send_messages();
        if let Some(grace) = grace {
            self.stop.stop(grace);
            // Slow handlers, 0.2 s to say goodbye, 2 s for the peer's goodbye.
            let bound = grace + Duration::from_millis(2_300);
            match timeout(bound, &mut self.running).await {
                Ok(Ok(Ok(()))) => {}
                Ok(ended) => self.world.fail(format_args!("a stop ended the run with {ended:?}")),
                Err(_) => self.world.fail(format_args!("not stopped within {bound:?}")),
            }
        } else {
            self.running.abort();
            let _ = (&mut self.running).await;
        }
        // Handlers may still be running; their answers are lost, which they can see.
        sleep(Duration::from_secs(30)).await;
        self.aftermath();
        if self.world.lock().failure.is_some() { Err(Failed) } else { Ok(()) }
    }

    fn aftermath(&self) {
        let counters = self.handle.counters();
        let mut state = self.world.lock();
        let open = state.links.values().filter(|link| !link.dropped).count();
        if open > 0 {
            state.fail(format_args!("{open} connections are left after the end"));
        }
        if state.handlers > 0 {
            let handlers = state.handlers;
            state.fail(format_args!("{handlers} handlers wait for ever"));
        }
        let alive = tokio::runtime::Handle::current().metrics().num_alive_tasks();
        if alive > 0 {
            state.fail(format_args!("{alive} tasks outlive the client"));
        }
        if counters.answers_pending() > 0 || counters.fragments_waiting > 0 || !counters.is_consistent() {
            state.fail(format_args!("after the end the counters are {counters:?}"));
        }
        if state.ledger.told_lost > counters.answers_lost {
            state
                .fail(format_args!("authors were told of more lost answers than were counted: {counters:?}"));
        }
        if !self.handle.state().is_stopped() {
            let says = self.handle.state();
            state.fail(format_args!("after the end the client says: {says}"));
        }
    }
}

/// Something happens to a connection.
fn hurt(state: &mut crate::world::State, id: u64) {
    let (what, window, latency) = (state.dice.below(6), state.dice.below(3), state.dice.millis(0, 120));
    let pace = state.dice.millis(200, 4_000);
    let Some(link) = state.links.get_mut(&id) else { return };
    let name = match what {
        0 => {
            link.cut();
            "cut"
        }
        1 => {
            link.mute();
            "mute"
        }
        2 => {
            link.close(latency);
            "closed by the platform"
        }
        3 => {
            link.set_window(Some(usize::try_from(window).unwrap_or(0)));
            "not read from any more"
        }
        4 => {
            link.set_pace(Some(pace));
            "on a slow uplink"
        }
        _ => {
            link.set_window(None);
            link.set_pace(None);
            link.unmute();
            "well again"
        }
    };
    state.note(format_args!("link {id} is {name}"));
}

fn small_limits() -> Limits {
    Limits::default()
        .message_bytes(2_000)
        .fragments(5)
        .partial_messages(3)
        .partial_bytes(2_500)
        .completed_ids(4)
}
