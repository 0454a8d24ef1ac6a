//! The grace period of presence channels: a member who reloads the page has not left.

use std::collections::VecDeque;
use std::future::pending;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::pusher::ChannelKind;

use crate::broadcast::actor::Departure;

/// Members whose connection has ended and who may come back. They stay members until their grace period ends.
#[derive(Debug)]
pub(crate) struct PresenceGrace {
    hold: Duration,
    /// In the order of their ends: all wait equally long.
    waiting: VecDeque<(Instant, Departure)>,
}

impl PresenceGrace {
    /// A grace period of this length; none when it is zero.
    pub(crate) const fn new(hold: Duration) -> Self {
        Self { hold, waiting: VecDeque::new() }
    }

    /// Holds back the departure of a socket whose connection has ended. Returns it when there is no grace period: in channels
    /// other than presence channels.
    pub(crate) fn hold(&mut self, departure: Departure) -> Option<Departure> {
        if self.hold.is_zero() || departure.channel.name.kind() != ChannelKind::Presence {
            return Some(departure);
        }
        self.waiting.push_back((Instant::now() + self.hold, departure));
        None
    }

    /// The next departure whose grace period has ended, and when its connection did; pending while none waits. Cancel safe.
    pub(crate) async fn ended(&mut self) -> Option<(Departure, std::time::Instant)> {
        match self.waiting.front() {
            Some((time, _)) => sleep_until(*time).await,
            None => pending().await,
        }
        self.waiting.pop_front().map(|(end, departure)| (departure, (end - self.hold).into_std()))
    }
}
