//! What the HTTP API asks.

use std::time::Instant;

use crate::broadcast::channels::Channel;
use crate::broadcast::mailbox::Question;
use crate::broadcast::{ChannelInfo, ChannelKey};
use crate::pusher::ChannelKind;

use super::Broadcaster;

impl Broadcaster {
    /// Answers; whoever asked may have gone, and then nobody minds.
    pub(super) fn answer(&self, question: Question) {
        match question {
            Question::Channel(channel, answer) => drop(answer.send(self.info(&channel))),
            Question::Channels(app, prefix, answer) => {
                let occupied = self.channels.iter().map(|(key, _)| key).filter(|key| {
                    key.app == app
                        && key.name.kind() != ChannelKind::ServerToUser
                        && key.name.as_str().starts_with(&prefix)
                });
                drop(answer.send(occupied.map(|key| (key.clone(), self.info(key))).collect()));
            }
            Question::Users(channel, answer) => {
                let members = self.channels.get(&channel).into_iter().flat_map(Channel::members);
                drop(answer.send(members.map(|member| member.user_id.clone()).collect()));
            }
        }
    }

    fn info(&self, channel: &ChannelKey) -> ChannelInfo {
        let now = Instant::now();
        let held = self.channels.get(channel);
        let cached = self.caches.get(channel, now);
        ChannelInfo {
            socket_count: held.map_or(0, Channel::socket_count),
            user_count: held.map_or(0, Channel::member_count),
            cached: cached.map(|cached| (cached.data.clone(), cached.expires_at.duration_since(now))),
        }
    }
}
