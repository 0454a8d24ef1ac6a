//! Answers the queries of the HTTP API, of this process and of other nodes.

use std::time::Instant;

use tokio::sync::oneshot;

use crate::broadcast::channel::Channel;
use crate::broadcast::{ChannelInfo, ChannelKey};
use crate::bus::{Query, QueryResult};
use crate::pusher::ChannelKind;

use super::broadcaster::Broadcaster;

impl Broadcaster {
    /// Answers a query with what is known here.
    pub(crate) fn respond_to_query(&self, query: &Query, result: oneshot::Sender<QueryResult>) {
        // Fails when the caller is gone, and then nobody needs the answer.
        let _ = result.send(self.query_result(query));
    }

    fn query_result(&self, query: &Query) -> QueryResult {
        let mut result = QueryResult::default();
        match query {
            Query::Channel(channel) => {
                result.channels.insert(channel.name.clone(), self.info(channel));
            }
            Query::Channels(app, prefix) => {
                let occupied = self.channels.iter().map(|(key, _)| key).filter(|key| {
                    key.app == *app
                        && key.name.kind() != ChannelKind::ServerToUser
                        && key.name.as_str().starts_with(prefix)
                });
                // Without the cached events: copying thousands of them would keep everybody waiting.
                result.channels = occupied.map(|key| (key.name.clone(), self.counts_of(key))).collect();
            }
            Query::Users(channel) => {
                let members = self.channels.get(channel).into_iter().flat_map(Channel::members);
                result.users = members.map(|member| member.user_id.clone()).collect();
            }
            Query::Member(channel, user_id) => {
                // Each node for its own sockets: another one may not know yet who has left.
                let is_here = self.channels.get(channel).is_some_and(|held| held.has_member_here(user_id));
                result.users = is_here.then(|| user_id.clone()).into_iter().collect();
            }
            Query::Connections(app) => result.connections = self.counters.sockets_of(*app),
        }
        result
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
