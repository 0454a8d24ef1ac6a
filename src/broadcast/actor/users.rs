//! Signed-in users: sign-in, watchlists, revocation of rights and termination of connections.

use std::sync::Arc;
use std::time::Instant;

use super::mailbox::{HubMessage, Joined, SignIn};
use crate::broadcast::{ChannelKey, Frame};
use crate::bus::{CredentialsEnded, Revocation, Termination};
use crate::pusher::{AppId, ChannelName, SubscriptionRefusal, server_frame};

use super::broadcaster::Broadcaster;

impl Broadcaster {
    /// Signs a socket in as a user: it joins the user's own channel, which reaches all sockets of the user and shows whether
    /// the user is online.
    pub(crate) async fn sign_in(&mut self, sign_in: SignIn) {
        let SignIn { hub, socket, channel, user, frame, written } = sign_in;
        if self.ended_credentials.contain(channel.app, user.credential.as_deref()) {
            // The socket holds the credential since it asked.
            let ended = user.credential.as_deref().map(Arc::from).into_iter().collect();
            self.tell(hub, HubMessage::EndCredentials(channel.app, ended)).await;
            drop(written);
            return;
        }
        let was_online = self.channels.get(&channel).is_some();
        // Never refused: only presence channels have a limit.
        let _ = self.channels.join(&channel, hub, None, usize::MAX);
        if !was_online {
            self.cluster.subscribe(&channel);
        }
        self.watchlists.watch(channel.app, &user.id, &user.watchlist);
        let mut frames = vec![frame];
        if !user.watchlist.is_empty() {
            frames.push(self.watchlist_status(channel.app, &user.watchlist));
        }
        let (app, user_id) = (channel.app, Some(Arc::from(user.id.as_str())));
        let joined = Joined { socket, channel, user_id, is_repeated: false, frames, written };
        self.tell(hub, HubMessage::Joined(joined)).await;
        if !was_online {
            self.tell_watchers(app, &user.id, &server_frame::watchlist_events(&[&user.id], &[])).await;
        }
    }

    fn watchlist_status(&self, app: AppId, watchlist: &[String]) -> Frame {
        let is_online = |user: &&str| {
            ChannelName::of_user(user).is_ok_and(|name| self.channels.get(&ChannelKey { app, name }).is_some())
        };
        let (online, offline): (Vec<_>, Vec<_>) = watchlist.iter().map(String::as_str).partition(is_online);
        Frame::text(&server_frame::watchlist_events(&online, &offline))
    }

    pub(crate) async fn went_offline(&mut self, app: AppId, user_id: &str) {
        self.watchlists.stop_watching(app, user_id);
        self.tell_watchers(app, user_id, &server_frame::watchlist_events(&[], &[user_id])).await;
    }

    async fn tell_watchers(&self, app: AppId, user_id: &str, text: &str) {
        for watcher in self.watchlists.watchers_of(app, user_id) {
            if let Ok(name) = ChannelName::of_user(&watcher) {
                self.send_best_effort(&ChannelKey { app, name }, text).await;
            }
        }
    }

    /// Takes a user's sockets out of a channel, and refuses authorisations that were issued before.
    pub(crate) async fn revoke(&mut self, Revocation { app, user_id, channel, revoked_at }: Revocation) {
        let channel = ChannelKey { app, name: channel };
        let user_id: Arc<str> = user_id.to_string().into();
        self.revocations.add(channel.clone(), Arc::clone(&user_id), revoked_at, Instant::now());
        let Some(held) = self.channels.get(&channel) else { return };
        let refusal = SubscriptionRefusal::revoked();
        let frame = Frame::text(&server_frame::subscription_error(channel.name.as_str(), &refusal));
        for hub in held.hubs() {
            self.tell(hub, HubMessage::Revoke(channel.clone(), Arc::clone(&user_id), frame.clone())).await;
        }
    }

    /// Closes the sockets that these sessions and API tokens have let in, and refuses authorisations of theirs.
    pub(crate) async fn end_credentials(&mut self, CredentialsEnded { app, ended, .. }: CredentialsEnded) {
        let now = Instant::now();
        let mut new: Vec<Arc<str>> = ended.iter().map(|ended| ended.credential.to_string().into()).collect();
        new.retain(|credential| self.ended_credentials.add(app, Arc::clone(credential), now));
        let new: Arc<[_]> = new.into();
        if new.is_empty() {
            return;
        }
        for &hub in self.hubs.keys() {
            self.tell(hub, HubMessage::EndCredentials(app, Arc::clone(&new))).await;
        }
    }

    /// Closes the sockets that are signed in as a user.
    pub(crate) async fn terminate(&mut self, Termination { app, user_id }: Termination) {
        // A user with an id that no channel may have cannot be signed in.
        let Ok(name) = ChannelName::of_user(&user_id) else { return };
        let channel = ChannelKey { app, name };
        let Some(held) = self.channels.get(&channel) else { return };
        for hub in held.hubs() {
            self.tell(hub, HubMessage::Terminate(channel.clone())).await;
        }
    }
}
