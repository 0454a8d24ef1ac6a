//! The sockets of a hub, and the subscribers of each channel.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::pusher::SocketId;

use super::write_batch::WriteBatch;
use crate::broadcast::actor::DeliveryCounts;
use crate::broadcast::actor::{Delivery, HubMailbox};
use crate::broadcast::shrink::ShrinkSparse;
use crate::broadcast::{ChannelKey, EnqueueResult, Socket};

/// The sockets of one worker thread. Sending to a channel iterates over a dense list; joining and leaving take constant
/// time.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    sockets: HashMap<SocketId, Rc<Socket>>,
    channels: HashMap<ChannelKey, IndexMap<SocketId, Subscriber>>,
}

#[derive(Debug)]
struct Subscriber {
    socket: Rc<Socket>,
    /// The member that the application signed the authorisation for.
    user_id: Option<Arc<str>>,
}

impl Subscriptions {
    pub(crate) fn add_socket(&mut self, socket: Rc<Socket>) {
        self.sockets.insert(socket.id(), socket);
    }

    /// Removes a socket. Returns the channels that it was in, with the user of each.
    pub(crate) fn remove_socket(&mut self, socket: &Socket) -> Vec<(ChannelKey, Option<Arc<str>>)> {
        self.sockets.remove(&socket.id());
        self.sockets.shrink_if_sparse();
        let channels = socket.take_channels();
        channels.into_iter().filter_map(|channel| self.leave(socket, &channel).map(|user| (channel, user))).collect()
    }

    pub(crate) fn socket(&self, id: SocketId) -> Option<&Rc<Socket>> {
        self.sockets.get(&id)
    }

    pub(crate) fn sockets(&self) -> impl Iterator<Item = &Rc<Socket>> {
        self.sockets.values()
    }

    pub(crate) fn join(&mut self, socket: &Rc<Socket>, channel: &ChannelKey, user_id: Option<Arc<str>>) {
        socket.joined(channel.name.clone());
        let subscriber = Subscriber { socket: Rc::clone(socket), user_id };
        self.channels.entry(channel.clone()).or_default().insert(socket.id(), subscriber);
    }

    /// Removes a socket from a channel. `None`: it was not in it; else the user that it was in it for.
    pub(crate) fn leave(&mut self, socket: &Socket, channel: &ChannelKey) -> Option<Option<Arc<str>>> {
        let subscribers = self.channels.get_mut(channel)?;
        let subscriber = subscribers.swap_remove(&socket.id())?;
        subscribers.shrink_if_sparse();
        if subscribers.is_empty() {
            self.channels.remove(channel);
            self.channels.shrink_if_sparse();
        }
        socket.left(&channel.name);
        Some(subscriber.user_id)
    }

    /// The user that a socket is in a channel for.
    pub(crate) fn user_of(&self, socket: &Socket, channel: &ChannelKey) -> Option<Arc<str>> {
        self.channels.get(channel)?.get(&socket.id())?.user_id.clone()
    }

    /// All sockets of a channel.
    pub(crate) fn sockets_in(&self, channel: &ChannelKey) -> Vec<Rc<Socket>> {
        let subscribers = self.channels.get(channel).into_iter().flat_map(IndexMap::values);
        subscribers.map(|subscriber| Rc::clone(&subscriber.socket)).collect()
    }

    /// The sockets that are in a channel for a user.
    pub(crate) fn sockets_of(&self, channel: &ChannelKey, user_id: &str) -> Vec<Rc<Socket>> {
        let subscribers = self.channels.get(channel).into_iter().flat_map(IndexMap::values);
        let theirs = subscribers.filter(|subscriber| subscriber.user_id.as_deref() == Some(user_id));
        theirs.map(|subscriber| Rc::clone(&subscriber.socket)).collect()
    }

    /// Sends a frame to the sockets of a channel, within a write batch.
    pub(crate) fn deliver(&self, delivery: &Delivery, writes: &mut WriteBatch, mailbox: &HubMailbox) -> DeliveryCounts {
        let mut sent = DeliveryCounts::default();
        let Some(subscribers) = self.channels.get(&delivery.channel) else { return sent };
        for (id, Subscriber { socket, .. }) in subscribers {
            if delivery.except != Some(*id) {
                match writes.send(socket, &delivery.frame, delivery.priority, mailbox) {
                    EnqueueResult::Queued => {
                        sent.queued += 1;
                        sent.bytes_saved += socket.send_queue().bytes_saved(&delivery.frame) as u64;
                    }
                    EnqueueResult::Dropped => sent.dropped += 1,
                    EnqueueResult::Full => sent.too_slow += 1,
                }
            }
        }
        sent
    }
}
