//! Subscribing and unsubscribing, and the events that others get about it.

use std::sync::Arc;
use std::time::Instant;

use tracing::info;

use super::mailbox::{Departure, HubMessage, Joined, Subscribe};
use super::webhook_event::WebhookEvent;
use crate::broadcast::channel::{Channel, ChannelChange};
use crate::broadcast::{ChannelKey, Frame};
use crate::pusher::{App, ChannelKind, MemberId, PresenceMember, SubscriptionRefusal, WebhookEventKind, server_frame};

use super::broadcaster::Broadcaster;

impl Broadcaster {
    pub(crate) async fn subscribe(&mut self, subscribe: Subscribe) {
        let app = self.apps.by_id(subscribe.channel.app);
        if let Some(subscribe) = self.wait_for_snapshot(subscribe, app.as_deref()) {
            self.admit_or_refuse(subscribe).await;
        }
    }

    pub(crate) async fn admit_or_refuse(&mut self, subscribe: Subscribe) {
        let app = self.apps.by_id(subscribe.channel.app);
        match self.admit(&subscribe, app.as_ref()) {
            Ok(changed) => self.complete_subscription(subscribe, changed, app.as_ref()).await,
            Err(refusal) => {
                let channel = subscribe.channel.name.as_str();
                let SubscriptionRefusal { reason, error, .. } = &refusal;
                let (app_id, socket_id) = (subscribe.channel.app, subscribe.socket);
                info!(%app_id, %socket_id, channel, reason, error, "a subscription was refused");
                self.counters.subscriptions_refused.count(reason);
                let frame = Frame::text(&server_frame::subscription_error(channel, &refusal));
                self.tell(subscribe.hub, HubMessage::Refused(subscribe.socket, frame, subscribe.written)).await;
            }
        }
    }

    fn admit(&mut self, subscribe: &Subscribe, app: Option<&Arc<App>>) -> Result<ChannelChange, SubscriptionRefusal> {
        let Subscribe { hub, channel, member, is_repeated, .. } = subscribe;
        let Some(app) = app else { return Err(SubscriptionRefusal::unauthorised("The app is gone.")) };
        let credential = member.as_ref().and_then(|member| member.credential.as_deref());
        match member {
            _ if self.ended_credentials.contain(channel.app, credential) => {
                Err(SubscriptionRefusal::credential_ended())
            }
            Some(member) if self.revocations.cover(channel, member) => Err(SubscriptionRefusal::revoked()),
            _ if *is_repeated => Ok(ChannelChange::default()),
            _ => self.channels.join(channel, *hub, member.as_ref(), app.limits.max_presence_members),
        }
    }

    async fn complete_subscription(&mut self, subscribe: Subscribe, changed: ChannelChange, app: Option<&Arc<App>>) {
        let Subscribe { hub, socket, channel, member, is_repeated, written } = subscribe;
        // The new member is not in its hub's list yet, and so does not hear of itself.
        if let Some(member) = member.as_ref().filter(|_| changed.presence.is_global) {
            self.send_best_effort(&channel, &server_frame::member_added(&channel.name, member)).await;
            let event = WebhookEvent::of_user(WebhookEventKind::MemberAdded, &channel.name, &member.user_id);
            self.tell_webhooks_of(app, event);
        }
        if let Some(member) = member.as_ref().filter(|_| changed.presence.has_new_info) {
            self.announce_new_info(&channel, member).await;
        }
        if changed.is_occupancy {
            self.cluster.subscribe(&channel);
            if changed.remote_sockets == 0 {
                self.tell_webhooks_of(app, WebhookEvent::new(WebhookEventKind::ChannelOccupied, &channel.name));
            }
        }
        if !is_repeated && app.is_some_and(|app| self.is_cluster_wide(&channel, app)) {
            self.publish_delta(&channel, &changed, member.as_ref(), None);
        }
        let frames = self.first_frames(&channel, app);
        let user_id = member.map(|member| Arc::from(member.user_id));
        let joined = Joined { socket, channel: channel.clone(), user_id, is_repeated, frames, written };
        self.tell(hub, HubMessage::Joined(joined)).await;
        if !is_repeated {
            self.count_changed(&channel, self.count_of(&channel), app).await;
        }
    }

    /// Sends the sockets here what the application says of a member now. The protocol has no event for it: the member leaves
    /// and joins.
    pub(crate) async fn announce_new_info(&self, channel: &ChannelKey, member: &PresenceMember) {
        self.send_best_effort(channel, &server_frame::member_removed(&channel.name, member.id())).await;
        self.send_best_effort(channel, &server_frame::member_added(&channel.name, member)).await;
    }

    /// `subscription_succeeded`, and in a cache channel its last event or `pusher:cache_miss`.
    fn first_frames(&mut self, channel: &ChannelKey, app: Option<&Arc<App>>) -> Vec<Frame> {
        let succeeded = match (channel.name.kind(), self.channels.get(channel)) {
            (ChannelKind::Presence, Some(held)) => server_frame::presence_succeeded(&channel.name, held.members()),
            _ => server_frame::subscription_succeeded(&channel.name),
        };
        let mut frames = vec![Frame::text(&succeeded)];
        if channel.name.is_cache() {
            match self.caches.get(channel, Instant::now()) {
                Some(cached) => frames.push(cached.frame.clone()),
                None => {
                    frames.push(Frame::text(&server_frame::cache_miss(&channel.name)));
                    self.report_cache_miss(channel, app);
                }
            }
        }
        frames
    }

    fn report_cache_miss(&mut self, channel: &ChannelKey, app: Option<&Arc<App>>) {
        let Some(held) = self.channels.get_mut(channel) else { return };
        if !std::mem::replace(&mut held.is_miss_reported, true) {
            self.tell_webhooks_of(app, WebhookEvent::new(WebhookEventKind::CacheMiss, &channel.name));
        }
    }

    /// A socket is out of a channel since a time: for webhooks, a grace period counts from the end of the connection.
    pub(crate) async fn leave(&mut self, Departure { hub, channel, user_id }: Departure, since: Instant) {
        let member = user_id.as_deref().and_then(|user_id| self.channels.get(&channel)?.member(user_id));
        let is_number = member.is_some_and(|member| member.is_number);
        let changed = self.channels.leave(&channel, hub, user_id.as_deref());
        if changed.is_occupancy {
            self.unsubscribe_if_idle(Some(channel.clone()));
        }
        if let Some(user_id) = channel.name.user_id() {
            if changed.is_occupancy {
                self.went_offline(channel.app, user_id).await;
            }
            return;
        }
        let app = self.apps.by_id(channel.app);
        if app.as_deref().is_some_and(|app| self.is_cluster_wide(&channel, app)) {
            self.publish_delta(&channel, &changed, None, user_id.as_deref());
        }
        if let Some(user_id) = user_id.filter(|_| changed.presence.is_global) {
            let id = MemberId { text: &user_id, is_number };
            self.send_best_effort(&channel, &server_frame::member_removed(&channel.name, id)).await;
            let event = WebhookEvent::of_user(WebhookEventKind::MemberRemoved, &channel.name, &user_id);
            self.tell_webhooks_since(app.as_ref(), event, since);
        }
        if changed.is_occupancy && changed.remote_sockets == 0 {
            let event = WebhookEvent::new(WebhookEventKind::ChannelVacated, &channel.name);
            self.tell_webhooks_since(app.as_ref(), event, since);
        }
        // The channel is forgotten here with its last socket, and may have some on other nodes.
        self.count_changed(&channel, changed.local_sockets + changed.remote_sockets, app.as_ref()).await;
    }

    /// Sends subscribers and webhooks the number of sockets in a channel on all nodes, if the app is configured so. Presence channels have
    /// their members instead.
    async fn count_changed(&mut self, channel: &ChannelKey, count: usize, app: Option<&Arc<App>>) {
        let Some(app) = app.filter(|_| channel.name.kind() != ChannelKind::Presence) else { return };
        if app.has_subscription_counts && self.counts.changed(channel, count, Instant::now()) {
            self.announce_count(channel, count, app).await;
        }
    }

    pub(crate) async fn announce_due_counts(&mut self) {
        for channel in self.counts.take_due(Instant::now()) {
            // Without a socket here, the channel is another node's to tell of.
            let count = self.channels.get(&channel).map(Channel::global_socket_count);
            if let Some((count, app)) = count.zip(self.apps.by_id(channel.app)) {
                self.announce_count(&channel, count, &app).await;
            }
        }
    }

    /// Sends the number of sockets after another node's has changed.
    pub(crate) async fn remote_count_changed(&mut self, channel: &ChannelKey) {
        let app = self.apps.by_id(channel.app);
        self.count_changed(channel, self.count_of(channel), app.as_ref()).await;
    }

    /// Whether this node tells webhooks of a channel. It knows other nodes' changes a moment after them, so that its last word is
    /// right, and one node alone tells. A channel that has lost its last socket here is told of here when none is left.
    pub(super) fn reports(&self, channel: &ChannelKey, count: usize) -> bool {
        let this_node = self.cluster.this_node();
        self.channels.get(channel).map_or(count == 0, |held| held.is_reported_by(this_node))
    }

    pub(super) fn count_of(&self, channel: &ChannelKey) -> usize {
        self.channels.get(channel).map_or(0, Channel::global_socket_count)
    }

    async fn announce_count(&self, channel: &ChannelKey, count: usize, app: &Arc<App>) {
        if self.reports(channel, count) {
            let mut event = WebhookEvent::new(WebhookEventKind::SubscriptionCount, &channel.name);
            event.subscription_count = Some(count);
            self.tell_webhooks_of(Some(app), event);
        }
        self.send_best_effort(channel, &server_frame::subscription_count(&channel.name, count)).await;
    }
}
