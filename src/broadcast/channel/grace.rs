//! Departures that are held back for a moment: whoever reloads a page has not left.

use std::collections::VecDeque;
use std::future::pending;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::pusher::ChannelKind;

use crate::broadcast::actor::Departure;

/// People whose last connection to a presence channel may be coming back. Until their time is over they are in it.
#[derive(Debug)]
pub(crate) struct PresenceGrace {
    hold: Duration,
    /// In the order of their times, for each waits as long.
    waiting: VecDeque<(Instant, Departure)>,
}

impl PresenceGrace {
    /// Departures are held back for so long; not at all when it is zero.
    pub(crate) const fn new(hold: Duration) -> Self {
        Self { hold, waiting: VecDeque::new() }
    }

    /// Holds the departure of a socket back whose connection has ended; gives it back when it is of no presence channel.
    pub(crate) fn hold(&mut self, departure: Departure) -> Option<Departure> {
        if self.hold.is_zero() || departure.channel.name.kind() != ChannelKind::Presence {
            return Some(departure);
        }
        self.waiting.push_back((Instant::now() + self.hold, departure));
        None
    }

    /// The next departure whose time is over; never while none waits. Cancel safe.
    pub(crate) async fn due(&mut self) -> Option<Departure> {
        match self.waiting.front() {
            Some((time, _)) => sleep_until(*time).await,
            None => pending().await,
        }
        self.waiting.pop_front().map(|(_, departure)| departure)
    }
}
