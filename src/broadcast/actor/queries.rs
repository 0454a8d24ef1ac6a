//! What the HTTP API asks, here or of another node.

use std::time::Instant;

use crate::broadcast::channel::Channel;
use crate::broadcast::{ChannelInfo, ChannelKey};
use crate::bus::{Query, QueryResult};
use crate::pusher::ChannelKind;

use super::broadcaster::Broadcaster;

impl Broadcaster {
    /// What is known here.
    pub(crate) fn answer(&self, query: &Query) -> QueryResult {
        let mut answer = QueryResult::default();
        match query {
            Query::Channel(channel) => {
                answer.channels.insert(channel.name.clone(), self.info(channel));
            }
            Query::Channels(app, prefix) => {
                let occupied = self.channels.iter().map(|(key, _)| key).filter(|key| {
                    key.app == *app
                        && key.name.kind() != ChannelKind::ServerToUser
                        && key.name.as_str().starts_with(prefix)
                });
                // What is cached is asked of one channel: thousands of copies would keep everybody waiting.
                answer.channels = occupied.map(|key| (key.name.clone(), self.counts_of(key))).collect();
            }
            Query::Users(channel) => {
                let members = self.channels.get(channel).into_iter().flat_map(Channel::members);
                answer.users = members.map(|member| member.user_id.clone()).collect();
            }
        }
        answer
    }

    fn info(&self, channel: &ChannelKey) -> ChannelInfo {
        let now = Instant::now();
        let cached = self.caches.get(channel, now);
        let cached = cached.map(|cached| (cached.data.clone(), cached.expires_at.duration_since(now)));
        ChannelInfo { cached, ..self.counts_of(channel) }
    }

    fn counts_of(&self, channel: &ChannelKey) -> ChannelInfo {
        let held = self.channels.get(channel);
        ChannelInfo {
            socket_count: held.map_or(0, Channel::socket_count),
            user_count: held.map_or(0, Channel::member_count),
            cached: None,
        }
    }
}
