//! Debounce of departures: `channel_vacated` and `member_removed`.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use tokio::time::Instant;

use crate::broadcast::WebhookTrigger;
use crate::pusher::AppId;

/// What a departure and the return that cancels it have in common: a user in a channel, or the channel as a whole.
type Presence = (AppId, String, Option<String>);

/// Departures that wait, because a client that reloads its page returns at once.
#[derive(Default)]
pub(super) struct DepartureDebounce {
    /// The next one on top: a departure after a grace period is due sooner than one without.
    due: BinaryHeap<Reverse<(Instant, Presence)>>,
    departures: HashMap<Presence, (Instant, WebhookTrigger)>,
    /// Those that are due, while other nodes are asked whether they are departures.
    asked: HashSet<Presence>,
}

impl DepartureDebounce {
    pub(super) fn hold(&mut self, departure: WebhookTrigger, due: Instant) {
        let presence = presence(&departure);
        self.due.push(Reverse((due, presence.clone())));
        self.departures.insert(presence, (due, departure));
    }

    /// Forgets the departure that this return undoes; false when there is none.
    pub(super) fn cancel(&mut self, back: &WebhookTrigger) -> bool {
        let presence = presence(back);
        self.departures.remove(&presence).is_some() | self.asked.remove(&presence)
    }

    /// Notes that other nodes are asked about a departure, which can still be cancelled.
    pub(super) fn ask(&mut self, departure: &WebhookTrigger) {
        self.asked.insert(presence(departure));
    }

    /// The others have answered; false when the departure was cancelled meanwhile.
    pub(super) fn answered(&mut self, departure: &WebhookTrigger) -> bool {
        self.asked.remove(&presence(departure))
    }

    pub(super) fn take_due(&mut self, now: Instant) -> Option<WebhookTrigger> {
        while self.due.peek().is_some_and(|Reverse((due, _))| *due <= now) {
            let Reverse((due, presence)) = self.due.pop()?;
            // A departure that was cancelled, or held anew since, is none any more.
            if self.departures.get(&presence).is_some_and(|(current, _)| *current == due) {
                return self.departures.remove(&presence).map(|(_, departure)| departure);
            }
        }
        None
    }

    pub(super) fn is_empty(&self) -> bool {
        self.due.is_empty()
    }
}

fn presence(WebhookTrigger { app, event, .. }: &WebhookTrigger) -> Presence {
    (app.id, event.channel.clone(), event.user_id.clone())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::broadcast::WebhookEvent;
    use crate::pusher::{App, ChannelName, WebhookEventKind};

    fn trigger(name: WebhookEventKind) -> WebhookTrigger {
        let channel = ChannelName::parse("presence-c").expect("valid");
        WebhookTrigger {
            app: Arc::new(App::example()),
            event: WebhookEvent::of_user(name, &channel, "7"),
            at: std::time::Instant::now(),
        }
    }

    #[test]
    fn whoever_is_back_in_time_has_not_left_and_whoever_leaves_again_is_held_anew() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let mut held = DepartureDebounce::default();
        held.hold(trigger(WebhookEventKind::MemberRemoved), start + second * 3);
        assert!(held.cancel(&trigger(WebhookEventKind::MemberAdded)));
        assert!(!held.cancel(&trigger(WebhookEventKind::MemberAdded)));
        held.hold(trigger(WebhookEventKind::MemberRemoved), start + second * 5);
        assert!(held.take_due(start + second * 4).is_none());
        assert!(held.take_due(start + second * 5).is_some());
        assert!(held.is_empty());
    }

    #[test]
    fn a_departure_can_be_cancelled_while_other_nodes_are_asked() {
        let mut held = DepartureDebounce::default();
        let departure = trigger(WebhookEventKind::MemberRemoved);
        held.ask(&departure);
        assert!(held.answered(&departure));
        held.ask(&departure);
        assert!(held.cancel(&trigger(WebhookEventKind::MemberAdded)));
        assert!(!held.answered(&departure));
    }
}
