//! Frames that clients send, and what the server makes of them: nothing panics, and what goes to others is JSON.

#![no_main]

use hubbub_fuzz::pusher::{ChannelName, ClientFrame, PresenceMember, SignedInUser, server_frame};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|text: &str| {
    match ClientFrame::parse(text) {
        Ok(ClientFrame::Subscribe(frame)) => {
            let channel = ChannelName::parse(&frame.channel);
            let member = frame.channel_data.as_deref().and_then(|data| PresenceMember::parse(data).ok());
            if let (Ok(channel), Some(member)) = (channel, member) {
                let added = json(&server_frame::member_added(&channel, &member));
                assert_eq!(id(&inner(&added)["user_id"]), member.user_id.as_str());
                let members = json(&server_frame::presence_succeeded(&channel, [&member].into_iter()));
                assert_eq!(id(&inner(&members)["presence"]["ids"][0]), member.user_id.as_str());
            }
        }
        Ok(ClientFrame::SignIn(frame)) => {
            let success = json(&server_frame::signin_success(&frame.user_data));
            assert_eq!(success["data"]["user_data"], frame.user_data.as_str());
            if let Ok(user) = SignedInUser::parse(&frame.user_data) {
                assert!(ChannelName::of_user(&user.id).is_ok(), "a user that cannot be reached");
            }
        }
        Ok(ClientFrame::ClientEvent(event)) => {
            if let Ok(channel) = ChannelName::parse(&event.channel) {
                let relayed = server_frame::client_event(&event.event, &channel, event.data.as_deref(), Some("1"));
                let relayed = json(&relayed);
                assert_eq!((&relayed["event"], &relayed["user_id"]), (&event.event.into(), &"1".into()));
            }
        }
        Ok(ClientFrame::Unsubscribe(_) | ClientFrame::Ping | ClientFrame::Pong) | Err(_) => {}
    }
});

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("what goes to a client is JSON")
}

/// An id as text: one that was a number stays a number in frames.
fn id(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn inner(frame: &Value) -> Value {
    json(frame["data"].as_str().expect("data is a text"))
}
