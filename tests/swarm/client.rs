//! One who listens: comes, stays for a while, does not read, leaves, and comes back with what he knows, until the
//! storm is over and he knows all there is to know.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use evara_actors::domain::Timestamp;
use evara_actors::ports::Clock as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;
use tokio::sync::watch;
use tokio::time::sleep;
use uuid::Uuid;

use super::desk::Desk;
use super::habits::Habits;
use super::knowledge::Knowledge;
use super::line::{Heard, Line, Shut, Visitor};
use super::said::{Event, Nodes, Said};
use super::stage::{Hidden, Person, Stage};

/// Whoever may no longer see something is told nothing of it after so long.
const SEES_ON_FOR: Duration = Duration::from_secs(5);

/// What happened so lately is news.
const FRESH: Duration = Duration::from_secs(1);

/// Between a frame and its being heard, on a machine that is busy with many others.
const SLACK: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Debug)]
pub(super) struct Client {
    number: usize,
    habits: Habits,
    chance: Pcg64,
    topics: Vec<Knowledge>,
    /// What is wrong beside what he was told.
    complaints: Vec<String>,
    /// By which codes he was sent away, how often.
    pub(super) ends: BTreeMap<u16, u32>,
    /// How often he was not let in, and why.
    pub(super) refusals: BTreeMap<Shut, u32>,
    pub(super) visits: u32,
    /// How often it was said that it is known who he is.
    pub(super) known: u32,
    /// How often he said so in this visit, and was not answered yet.
    asked: u32,
    losses: u32,
    /// Whether the last frame told of what had happened just then.
    is_fresh: bool,
    /// After which break he was found to know everything.
    current_since: Option<u32>,
}

/// Why he does not listen any more.
enum Left {
    /// He knows everything.
    Content,
    /// He comes back after so long.
    For(Duration),
}

impl Client {
    /// By their numbers clients have different habits; some listen to one of these nodes, too, or alone.
    pub(super) fn new(number: usize, nodes: &[Uuid]) -> Self {
        let habits = Habits::of(number);
        let topics = habits.topics(number, nodes);
        Self {
            number,
            habits,
            chance: Pcg64::seed_from_u64(number as u64),
            topics: topics.into_iter().map(Knowledge::of).collect(),
            complaints: Vec::new(),
            ends: BTreeMap::new(),
            refusals: BTreeMap::new(),
            visits: 0,
            known: 0,
            asked: 0,
            losses: 0,
            is_fresh: false,
            current_since: None,
        }
    }

    /// What he was told, by topic.
    pub(super) fn topics(&self) -> &[Knowledge] {
        &self.topics
    }

    /// What is wrong, and with whom.
    pub(super) fn complaints(&self) -> impl Iterator<Item = String> {
        let told = self.topics.iter().flat_map(Knowledge::complaints);
        let all = self.complaints.iter().chain(told);
        all.map(|what| format!("{} ({:?}): {what}", self.number, self.habits))
    }

    fn some_ms(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_millis(self.chance.random_range(least..most))
    }

    fn is(&self, stage: &Stage) -> usize {
        self.number % stage.people.len()
    }

    /// Listens to the end; comes within `crowd`, so that not everyone knocks at once.
    pub(super) async fn listen(
        mut self,
        mut stage: watch::Receiver<Arc<Stage>>,
        (desk, crowd): (Arc<Desk>, Duration),
    ) -> Self {
        let first = self.chance.random_range(0.0..1.0);
        sleep(crowd.mul_f64(first)).await;
        loop {
            let now = Arc::clone(&stage.borrow_and_update());
            if now.is_over {
                self.say_what_is_missing(&now);
                return self;
            }
            if self.losses != now.losses {
                self.losses = now.losses;
                self.topics.iter_mut().for_each(Knowledge::forgives);
            }
            let pause = match self.enter(&now, &desk).await {
                Ok(line) => {
                    desk.lets_in(now.breaks);
                    let left = self.stay(line, &mut stage, &desk).await;
                    desk.lets_out(now.breaks);
                    match left {
                        Left::Content => return self,
                        Left::For(pause) => pause,
                    }
                }
                Err(shut) if self.is_put_off_for_good(shut, &now) => return self,
                Err(shut) => {
                    *self.refusals.entry(shut).or_default() += 1;
                    desk.refuses(now.breaks, shut);
                    self.some_ms(100, 500)
                }
            };
            sleep(pause).await;
        }
    }

    /// Whether there is nothing to come back for.
    fn is_put_off_for_good(&mut self, shut: Shut, now: &Stage) -> bool {
        if let (Shut::Refused(404), [topic]) = (shut, &mut self.topics[..]) {
            topic.is_refused = true;
        }
        let is_out = now.people[self.is(now)].is_out;
        (is_out && shut == Shut::Refused(401)) || self.knows_all(now)
    }

    fn knows_all(&self, now: &Stage) -> bool {
        let truth = now.people[self.is(now)].sees.as_ref();
        truth.is_some_and(|truth| self.topics.iter().all(|topic| topic.is(truth)))
    }

    fn say_what_is_missing(&mut self, now: &Stage) {
        let person = &now.people[self.is(now)];
        let nothing = Nodes::new();
        let truth = person.sees.as_ref().unwrap_or(&nothing);
        let lacking = self.topics.iter().filter(|topic| !topic.is(truth));
        let lacking: Vec<_> = lacking.map(|topic| topic.lacks(truth)).collect();
        if person.is_out {
            self.complaints.push("was put out and is here".to_owned());
        } else {
            self.complaints.extend(lacking);
        }
    }

    async fn enter(&mut self, now: &Stage, desk: &Desk) -> Result<Line, Shut> {
        let Habits {
            is_socket,
            mode,
            is_lazy,
            is_stranger,
        } = self.habits;
        let visitor = Visitor {
            address: now.address,
            token: &now.people[self.is(now)].token,
            is_stranger,
        };
        self.asked = u32::from(is_stranger);
        if is_socket {
            let mut line = Line::socket(visitor, is_lazy).await?;
            for topic in &mut self.topics {
                // Now and then he brings a place that nobody gave him.
                let is_forged = self.chance.random_range(0..16) == 0;
                let name = topic.topic().to_owned();
                let since = topic
                    .comes()
                    .map(|it| if is_forged { "forged" } else { it });
                line.subscribe(&name, mode, since).await;
            }
            self.visits += 1;
            return Ok(line);
        }
        let topic = &mut self.topics[0];
        let name = topic.topic().to_owned();
        let line = Line::stream(visitor, &desk.client, (&name, mode, topic.comes())).await?;
        self.visits += 1;
        Ok(line)
    }

    async fn stay(
        &mut self,
        mut line: Line,
        stage: &mut watch::Receiver<Arc<Stage>>,
        desk: &Desk,
    ) -> Left {
        let mut frames = self.chance.random_range(3..60);
        let breaks = stage.borrow().breaks;
        loop {
            let now = Arc::clone(&stage.borrow_and_update());
            let person = &now.people[self.is(&now)];
            let is_storm = now.is_storm && person.sees.is_none() && !person.is_out;
            if let Some(left) = self.leaves(&now, breaks) {
                return left;
            }
            if now.is_over || (is_storm && frames == 0) {
                if self.chance.random_range(0..2) == 0 {
                    line.leave().await;
                }
                return Left::For(self.some_ms(20, 800));
            }
            if now.is_deaf && self.habits.is_lazy {
                // What he is told waits for him meanwhile, and he for a word from the outside.
                match stage.changed().await {
                    Ok(()) => continue,
                    Err(_nobody_is_there) => return Left::Content,
                }
            }
            if is_storm && self.habits.is_lazy && self.chance.random_range(0..8) == 0 {
                let away = self.some_ms(200, 2_500);
                sleep(away).await;
            }
            if is_storm && self.habits.is_socket && self.chance.random_range(0..16) == 0 {
                line.auth(&person.token).await;
                self.asked += 1;
            }
            tokio::select! {
                // What is heard is judged by what is known then.
                biased;
                _changed = stage.changed() => {}
                heard = line.next() => match heard {
                    Heard::Frame(text) => {
                        frames = u32::saturating_sub(frames, 1);
                        if let Err(pause) = self.hear(&text, &mut line, (person, desk)).await {
                            return Left::For(pause);
                        }
                        self.is_counted(breaks, desk);
                    }
                    Heard::End(told) => {
                        let is_refused = told.as_ref().is_some_and(|(code, _)| *code == 4401);
                        let pause = self.is_sent_away(told);
                        // At the door nobody told him.
                        let is_out = person.is_out && self.habits.is_stranger;
                        let is_done = is_refused && is_out;
                        return if is_done { Left::Content } else { Left::For(pause) };
                    }
                },
            }
        }
    }

    /// Whether there is nothing to stay for, or no line to stay on.
    fn leaves(&mut self, now: &Stage, breaks: u32) -> Option<Left> {
        if self.knows_all(now) {
            return Some(Left::Content);
        }
        if now.breaks != breaks {
            return Some(Left::For(self.some_ms(20, 800)));
        }
        // It may be there for him later.
        let is_refused = self.topics.iter().any(|topic| topic.is_refused);
        is_refused.then(|| Left::For(self.some_ms(300, 1_000)))
    }

    /// Takes a frame in; or says after how long he comes back, where that is what it tells him to.
    async fn hear(
        &mut self,
        text: &str,
        line: &mut Line,
        (person, desk): (&Person, &Desk),
    ) -> Result<(), Duration> {
        let said = match desk.reader.read(text) {
            Ok(said) => said,
            Err(unread) => {
                self.complaints.push(unread);
                return Ok(());
            }
        };
        let now = desk.clock.now();
        if let Some(hidden) = &person.hidden {
            self.must_not_hear(&said, hidden, now);
        }
        let fresh = |event: &Event| now.since(event.at) < FRESH;
        self.is_fresh = said.events().iter().any(fresh);
        match &*said {
            Said::Ping { cursors } => {
                for topic in &mut self.topics {
                    if let Some(cursor) = cursors.get(topic.topic()) {
                        topic.passes_to(cursor);
                    }
                }
                line.pong().await;
            }
            Said::Error { code } => return self.hear_error(code, person),
            Said::Authenticated {} => self.hear_known(),
            Said::Hello {}
            | Said::Subscribed { .. }
            | Said::Unsubscribed { .. }
            | Said::Snapshot { .. }
            | Said::Event { .. }
            | Said::Batch { .. }
            | Said::Lag { .. }
            | Said::Resync { .. } => {
                let mut topics = self.topics.iter_mut();
                let of = |topic: &&mut Knowledge| Some(topic.topic()) == said.topic();
                if let Some(topic) = topics.find(of) {
                    topic.hear(&said);
                }
            }
        }
        Ok(())
    }

    fn hear_known(&mut self) {
        self.known += 1;
        match self.asked.checked_sub(1) {
            Some(asked) => self.asked = asked,
            None => self.complaints.push("is known and did not ask".to_owned()),
        }
    }

    /// Counts him among those who know everything, once: he knows all that he was told, and that is new.
    fn is_counted(&mut self, breaks: u32, desk: &Desk) {
        let is_current = self.is_fresh && self.topics.iter().all(Knowledge::is_whole);
        if is_current && self.current_since != Some(breaks) {
            self.current_since = Some(breaks);
            desk.counts_one_more(breaks);
        }
    }

    fn hear_error(&mut self, code: &str, person: &Person) -> Result<(), Duration> {
        match code {
            "unavailable" => Err(self.some_ms(100, 500)),
            "not_found" | "forbidden" => {
                let of_node = |topic: &&mut Knowledge| topic.topic() != "fleet";
                if let Some(topic) = self.topics.iter_mut().find(of_node) {
                    topic.is_refused = true;
                }
                Ok(())
            }
            "unauthenticated" if person.is_changing => Ok(()),
            other => {
                self.complaints.push(format!("error {other}"));
                Ok(())
            }
        }
    }

    /// What he does not see any more he is not told of, once that has come about. Who reads late is judged by
    /// when it happened.
    fn must_not_hear(&mut self, said: &Said, hidden: &Hidden, now: Timestamp) {
        let since = hidden.since.plus(SEES_ON_FOR);
        let is_late = !self.habits.is_lazy && now > since.plus(SLACK);
        let is_hidden = |id: &Uuid| hidden.nodes.contains(id);
        let of = |event: &Event| event.at > since && !event.is_removal();
        let happened = said.events().iter().filter(|event| of(event));
        let told = said.nodes().filter(|_| is_late);
        let mut seen = happened.map(|event| &event.node).chain(told);
        if let Some(node) = seen.find(|node| is_hidden(&node.node_id)) {
            self.complaints
                .push(format!("sees {node:?}, hidden since {}", hidden.since));
        }
    }

    /// After how long he comes back who was sent away.
    fn is_sent_away(&mut self, told: Option<(u16, String)>) -> Duration {
        let Some((code, reason)) = told else {
            return self.some_ms(20, 400);
        };
        *self.ends.entry(code).or_default() += 1;
        let asked: Option<serde_json::Value> = serde_json::from_str(&reason).ok();
        let asked = asked.and_then(|asked| asked["retry_after_ms"].as_u64());
        asked.map_or_else(|| self.some_ms(20, 400), Duration::from_millis)
    }
}
