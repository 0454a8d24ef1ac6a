//! Finding messages, and not finding what one may not see.

use std::fs;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use tokio::task::JoinSet;

use crate::domain::{MessageId, Refusal, RoomId, RoomKind, SearchQuery, Timestamp, UserId};
use crate::store::engine::connection::DbConnection;
use crate::store::{Archive, DatabaseUrl, Posted, SearchPage, Store, StoreError, StoreOptions, copy_sqlite};

use super::database::{OPTIONS, body, draft, new_room};
use super::{TestDatabase, on_both_databases};

fn query(text: &str) -> SearchQuery {
    SearchQuery::parse(text).unwrap_or_else(|invalid| panic!("{text:?}: {invalid}"))
}

async fn page(store: &Store, viewer: UserId, text: &str) -> SearchPage {
    store
        .search(viewer, query(text), Archive::Excluded, None, 50)
        .await
        .unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

/// The texts found, the newest first.
pub(super) async fn found(store: &Store, viewer: UserId, text: &str) -> Vec<String> {
    page(store, viewer, text).await.items.into_iter().map(|hit| hit.message.body).collect()
}

async fn room_with(database: &TestDatabase, by: UserId, texts: &[&str]) -> RoomId {
    let room = database.open_room(by, &[]).await;
    for text in texts {
        database.post(by, room, text).await.expect("stored");
    }
    room
}

on_both_databases! {
    async fn words_are_found_whatever_their_case_and_diacritics(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        room_with(database, ada, &["Crème BRÛLÉE", "creme", "Straße nach Łódź"]).await;
        assert_eq!(found(database, ada, "crème").await, ["creme", "Crème BRÛLÉE"]);
        assert_eq!(found(database, ada, "brulee CREME").await, ["Crème BRÛLÉE"]);
        assert_eq!(found(database, ada, "strasse lodz").await, ["Straße nach Łódź"]);
        assert!(found(database, ada, "creme missing").await.is_empty());
    }

    async fn parts_of_words_are_found_and_quotes_ask_for_the_whole_word(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        room_with(database, ada, &["Donaudampfschiff", "dampf", "a dampfer on 07:30", "no steam"]).await;
        assert_eq!(found(database, ada, "dampf").await, ["a dampfer on 07:30", "dampf", "Donaudampfschiff"]);
        assert_eq!(found(database, ada, "schif").await, ["Donaudampfschiff"]);
        assert_eq!(found(database, ada, "do").await, ["Donaudampfschiff"]);
        assert_eq!(found(database, ada, "\"dampf\"").await, ["dampf"]);
        assert_eq!(found(database, ada, "07:30").await, ["a dampfer on 07:30"]);
    }

    async fn scripts_without_spaces_are_searched_from_one_character_on(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        room_with(database, ada, &["我愛東京都的春天", "京都は東", "カタカナ", "대한민국"]).await;
        assert_eq!(found(database, ada, "東京都").await, ["我愛東京都的春天"]);
        assert_eq!(found(database, ada, "京都").await, ["京都は東", "我愛東京都的春天"]);
        assert_eq!(found(database, ada, "東").await, ["京都は東", "我愛東京都的春天"]);
        assert_eq!(found(database, ada, "タカ").await, ["カタカナ"]);
        assert_eq!(found(database, ada, "한민국").await, ["대한민국"]);
        assert!(found(database, ada, "都京").await.is_empty());
    }

    async fn phrases_want_their_words_in_order(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        room_with(database, ada, &["on Friday we deploy", "Friday on", "see https://example.org/a-b"]).await;
        assert_eq!(found(database, ada, "\"on friday\"").await, ["on Friday we deploy"]);
        assert_eq!(found(database, ada, "on friday").await.len(), 2);
        assert_eq!(found(database, ada, "example.org/a-b").await, ["see https://example.org/a-b"]);
    }

    async fn operators_narrow_the_search(database: &TestDatabase) {
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let (lobby, _) = database.create_room(ada, new_room("Lobby", RoomKind::Open, &[bob])).await.expect("made");
        let (engine, _) =
            database.create_room(ada, new_room("Engine Room", RoomKind::Closed, &[bob])).await.expect("made");
        let (lobby, engine) = (lobby.room.id, engine.room.id);
        database.post(ada, lobby, "tea at <https://example.org>").await.expect("stored");
        database.post(bob, engine, "tea in `rust`").await.expect("stored");
        assert_eq!(found(database, ada, "tea").await.len(), 2);
        for (text, expected) in [
            ("tea from:bob", "tea in `rust`"),
            ("from:@Ada", "tea at <https://example.org>"),
            ("tea in:\"engine room\"", "tea in `rust`"),
            ("in:#lobby", "tea at <https://example.org>"),
            ("has:code", "tea in `rust`"),
            ("tea has:link", "tea at <https://example.org>"),
        ] {
            assert_eq!(found(database, bob, text).await, [expected], "{text}");
        }
        assert_eq!(found(database, ada, &format!("tea in:{engine}")).await, ["tea in `rust`"]);
        assert_eq!(found(database, ada, "tea from:ada from:bob").await.len(), 2);
        for text in ["tea has:file", "from:bob has:link", "tea from:bob in:lobby"] {
            assert!(found(database, ada, text).await.is_empty(), "{text}");
        }
    }

    async fn days_bound_the_search(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        room_with(database, ada, &["old tea", "tea of the first", "tea of the second", "new tea"]).await;
        database.run_sql("UPDATE messages SET created_at = CASE id \
            WHEN 1 THEN 1769731199000000 WHEN 2 THEN 1769904000000000 WHEN 3 THEN 1770033599999999 ELSE created_at END").await;
        // 2026-01-29T23:59:59, 2026-02-01T00:00:00 and 2026-02-02T11:59:59.999999.
        assert_eq!(found(database, ada, "tea before:2026-01-30").await, ["old tea"]);
        assert_eq!(found(database, ada, "tea after:2026-01-31 before:2026-02-02").await, ["tea of the first"]);
        assert_eq!(found(database, ada, "after:2026-02-02").await, ["new tea"]);
        assert!(found(database, ada, "tea after:2999-01-01").await.is_empty());
    }

    async fn who_does_not_belong_to_a_room_finds_nothing_in_it(database: &TestDatabase) {
        let (ada, bob, eve) =
            (database.sign_up("ada").await, database.sign_up("bob").await, database.sign_up("eve").await);
        let closed = database.closed_room(ada, &[bob]).await;
        let open = room_with(database, ada, &["a secret in the open"]).await;
        database.post(ada, closed, "a secret").await.expect("stored");
        assert_eq!(found(database, bob, "secret").await, ["a secret"]);
        for text in ["secret", "from:ada", "secr", "\"a secret\""] {
            assert!(found(database, eve, text).await.is_empty(), "{text}");
        }
        for room in [open, closed] {
            let in_room = database.search(eve, query(&format!("secret in:{room}")), Archive::Excluded, None, 50).await;
            assert_eq!(in_room, Err(StoreError::Refused(Refusal::RoomNotFound)));
        }
        database.remove_member(ada, closed, bob, false).await.expect("removed");
        assert!(found(database, bob, "secret").await.is_empty());
        assert_eq!(found(database, ada, "secret").await.len(), 2);
    }

    async fn an_edited_message_is_found_by_its_new_text_and_a_deleted_one_not_at_all(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = room_with(database, ada, &["first draft"]).await;
        let id = page(database, ada, "draft").await.items[0].message.id;
        database.edit_message(ada, room, id, body("final version")).await.expect("edited");
        assert!(found(database, ada, "draft").await.is_empty());
        assert_eq!(found(database, ada, "vers").await, ["final version"]);
        database.delete_message(ada, room, id).await.expect("deleted");
        for text in ["version", "vers", "from:ada"] {
            assert!(found(database, ada, text).await.is_empty(), "{text}");
        }
    }

    async fn a_post_that_is_refused_or_undone_leaves_no_trace_in_the_index(database: &TestDatabase) {
        let (ada, eve) = (database.sign_up("ada").await, database.sign_up("eve").await);
        let room = room_with(database, ada, &["hello"]).await;
        assert_eq!(database.post(eve, room, "intruding").await, Err(StoreError::Refused(Refusal::NotAMember)));
        database.post_message(ada, room, draft("once", Some("c-1"))).await.expect("stored");
        database.post_message(ada, room, draft("once", Some("c-1"))).await.expect("repeated");
        assert_eq!(found(database, ada, "once").await, ["once"]);
        // Refused words are not taken for known ones.
        database.post(ada, room, "intruding").await.expect("stored");
        assert_eq!(found(database, ada, "trudin").await, ["intruding"]);
    }

    async fn a_page_ends_before_it_is_too_long_and_the_next_goes_on(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        let mut ids = database.post_many(ada, room, 5).await;
        ids.reverse();
        let store = database.open_again_with(&StoreOptions { page_bytes: 1, ..OPTIONS });
        let (mut before, mut found) = (None, Vec::new());
        loop {
            let page = store.search(ada, query("message"), Archive::Excluded, before, 50).await.expect("found");
            assert_eq!(page.items.len(), 1, "the first is always on it");
            before = Some(page.items[0].message.id);
            found.extend(before);
            if !page.has_older {
                break;
            }
        }
        assert_eq!(found, ids);
    }

    async fn pages_follow_each_other_without_overlap(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        let ids = database.post_many(ada, room, 7).await;
        let (mut seen, mut before) = (Vec::new(), None);
        loop {
            let page = database.search(ada, query("message"), Archive::Excluded, before, 3).await.expect("found");
            let found: Vec<MessageId> = page.items.iter().map(|hit| hit.message.id).collect();
            before = found.last().copied();
            seen.extend(found);
            if !page.has_older {
                break;
            }
        }
        assert!(seen.iter().eq(ids.iter().rev()), "{seen:?}");
    }

    async fn more_messages_than_are_probed_are_searched(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = room_with(database, ada, &["a needle"]).await;
        for _ in 0..11 {
            let mut posts = JoinSet::new();
            for _ in 0..100 {
                let store = (*database).clone();
                posts.spawn(async move { store.post_message(ada, room, draft("hay", None)).await });
            }
            assert!(posts.join_all().await.iter().all(Result::is_ok));
        }
        assert_eq!(found(database, ada, "needle").await, ["a needle"]);
        assert_eq!(found(database, ada, "hay").await.len(), 50);
    }

    async fn nothing_in_a_query_is_syntax_for_the_database(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        room_with(database, ada, &["100% sure", "a_b", "room 1"]).await;
        for text in [
            "x' OR '1'='1", "\"x\" NEAR(\"y\")", "terms:x", "x*", "^x", "x:* & y", "!x | (y)", "{terms} : x", "x'; DROP",
            "-x +y", "\\", "AND", "OR NOT", "room:1", "has:link'", "%", "_", "*", "from:x' in:y", "\u{0}x", "(((x",
        ] {
            let Ok(parsed) = SearchQuery::parse(text) else { continue };
            let outcome = database.search(ada, parsed, Archive::Excluded, None, 50).await;
            let is_clear = matches!(outcome, Ok(_) | Err(StoreError::Refused(Refusal::UserNotFound) | StoreError::Refused(Refusal::RoomNotFound)));
            assert!(is_clear, "{text:?}: {outcome:?}");
            if let Ok(page) = outcome {
                assert!(page.items.len() <= 1, "{text:?} found {:?}", page.items);
            }
        }
        assert_eq!(found(database, ada, "100%").await, ["100% sure"]);
        assert_eq!(found(database, ada, "sur%").await, ["100% sure"]);
        assert_eq!(found(database, ada, "room:1").await, ["room 1"]);
        assert!(found(database, ada, "s_re").await.is_empty());
    }

    async fn unknown_people_and_rooms_are_said_to_be_unknown(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        room_with(database, ada, &["hello"]).await;
        let search = async |text| database.search(ada, query(text), Archive::Excluded, None, 50).await;
        assert_eq!(search("hello from:nobody").await, Err(StoreError::Refused(Refusal::UserNotFound)));
        assert_eq!(search("hello in:nowhere").await, Err(StoreError::Refused(Refusal::RoomNotFound)));
    }

    async fn the_index_is_made_anew_when_it_is_of_another_version(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = room_with(database, ada, &["hello world", "gone"]).await;
        let gone = page(database, ada, "gone").await.items[0].message.id;
        database.delete_message(ada, room, gone).await.expect("deleted");
        database.run_sql("DELETE FROM message_search; DELETE FROM search_words; UPDATE search_state SET version = 0").await;
        assert!(found(database, ada, "hello").await.is_empty());
        let opened = database.open_again();
        assert_eq!(found(&opened, ada, "worl").await, ["hello world"]);
        assert!(found(&opened, ada, "gone").await.is_empty());
    }

    async fn words_of_deleted_and_edited_messages_are_in_no_copy_of_the_database(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = room_with(database, ada, &["zebrafishdeleted", "quokkaedited", "wombatkept"]).await;
        let deleted = page(database, ada, "zebrafishdeleted").await.items[0].message.id;
        let edited = page(database, ada, "quokkaedited").await.items[0].message.id;
        database.delete_message(ada, room, deleted).await.expect("deleted");
        database.edit_message(ada, room, edited, body("something else")).await.expect("edited");
        assert!(found(database, ada, "zebrafishdeleted").await.is_empty());
        let DatabaseUrl::Sqlite(path) = &database.url else { return };
        let directory = tempfile::tempdir().expect("a directory");
        let copy = directory.path().join("copy.db");
        copy_sqlite(path, &copy).expect("copied");
        let copy = fs::read(copy).expect("readable");
        let has = |word: &str| copy.windows(word.len()).any(|bytes| bytes == word.as_bytes());
        assert!(has("wombatkept") && !has("zebrafishdeleted") && !has("quokkaedited"));
    }

    async fn hits_show_where_they_are(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        room_with(database, ada, &["The Café is <b>open</b>"]).await;
        let hit = page(database, ada, "caf").await.items.remove(0);
        assert_eq!(hit.room_name, "Lobby");
        let marked: Vec<_> = hit.snippet.iter().map(|part| (part.text.as_str(), part.is_hit)).collect();
        assert_eq!(marked, [("The ", false), ("Café", true), (" is <b>open</b>", false)]);
    }

    async fn somebody_in_many_rooms_finds_what_is_theirs_among_what_everybody_writes(database: &TestDatabase) {
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let bobs = room_with(database, bob, &["old hay"]).await;
        for number in 0..10 {
            let room = database.open_room(ada, &[]).await;
            database.post(ada, room, &format!("hay {number}")).await.expect("stored");
        }
        for _ in 0..11 {
            let mut posts = JoinSet::new();
            for _ in 0..100 {
                let store = (*database).clone();
                posts.spawn(async move { store.post_message(bob, bobs, draft("hay", None)).await });
            }
            assert!(posts.join_all().await.iter().all(Result::is_ok));
        }
        assert_eq!(found(database, ada, "hay").await.len(), 10);
        assert_eq!(found(database, ada, "\"hay 7\"").await, ["hay 7"]);
        assert_eq!(found(database, bob, "\"old hay\"").await, ["old hay"]);
    }

    async fn what_a_complete_query_finds_is_found_while_it_is_typed(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        // Words that begin like those looked for, more than any list of candidates holds.
        let crowd: String = (0..200).map(|number| spelled("ptlmdqa", number)).collect();
        database.post(ada, room, &crowd).await.expect("stored");
        for (text, query) in [
            ("see PROJ-1234 please", "PROJ-12"),
            ("write to ada.lovelace@example.org", "ada.love"),
            ("call my_long_function()", "my_long_func"),
            ("released v2.10.3-beta1", "2.10.3"),
            ("released v2.10.3-beta1", "v2.10.3-beta1"),
            ("the commit a3f9c2d4e5b6a7c8 is bad", "a3f9c2d4e5b6a7c8"),
            ("10am in room B12", "B12"),
            ("https://example.org/path/to?x=1", "example.org/path/to?x=1"),
            ("Straße nach Łódź", "straße nach łódź"),
            ("we met\u{2014}on Friday", "on Friday"),
            ("we met on Friday", "\"on Friday\""),
            ("a 5\" disk and a 3\" disk", "5\" disk"),
            ("我愛東京都abc的春天", "東京都abc的"),
            ("ประเทศไทยสวยงามมาก", "ไทยสวย"),
            ("ສະບາຍດີຊາວໂລກ", "ດີຊາວ"),
            ("ភាសាខ្មែរពិរោះ", "ខ្មែរ"),
            ("မြန်မာစာလှပသည်", "စာလှပ"),
            ("أهلاً بكم في المدرسة", "اهلا بكم"),
            ("مُحَمَّد هنا", "محمد"),
            ("שָׁלוֹם לכולם", "שלום"),
            ("Donau\u{ad}dampf\u{ad}schiff", "Donaudampfschiff"),
            ("می\u{200c}خواهم", "میخواهم"),
            ("well done🎉👍🏽", "🎉👍"),
            ("I \u{2764}\u{fe0f} it", "\u{2764}"),
            ("Ёлка in December", "елка"),
            ("대한민국 만세", "대한민국"),
        ] {
            database.post(ada, room, text).await.expect("stored");
            let ends = query.char_indices().map(|(index, c)| index + c.len_utf8());
            for typed in ends.map(|end| &query[..end]) {
                // Punctuation alone is nothing to look for.
                let Ok(parsed) = SearchQuery::parse(typed) else { continue };
                let page = database.search(ada, parsed, Archive::Excluded, None, 100).await.unwrap_or_else(|error| panic!("{typed:?}: {error}"));
                let found: Vec<_> = page.items.iter().map(|hit| hit.message.body.as_str()).collect();
                assert!(found.contains(&text), "{typed:?} of {query:?} finds {text:?}, not only {found:?}");
                let hit = page.items.iter().find(|hit| hit.message.body == text).expect("found");
                assert!(hit.snippet.iter().any(|part| part.is_hit), "{typed:?} is marked in {:?}", hit.snippet);
            }
        }
        assert!(SearchQuery::parse("5\" disk").is_ok());
    }

    async fn what_others_write_in_their_rooms_hides_nothing(database: &TestDatabase) {
        let (ada, eve) = (database.sign_up("ada").await, database.sign_up("eve").await);
        room_with(database, ada, &["the Donaudampfschiffkapitän came"]).await;
        let hers = database.closed_room(eve, &[]).await;
        let crowd: String = (0..400).map(|number| format!("x{}dampf ", letters(number))).collect();
        database.post(eve, hers, &crowd).await.expect("stored");
        assert_eq!(found(database, ada, "dampf").await, ["the Donaudampfschiffkapitän came"]);
        assert_eq!(found(database, ada, "schiffkap").await.len(), 1);
    }

    async fn words_leave_the_vocabulary_with_the_last_message_that_has_them(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let (room, other) = (database.open_room(ada, &[]).await, database.open_room(ada, &[]).await);
        database.post(ada, room, "shared plain").await.expect("stored");
        database.post(ada, other, "shared secretword").await.expect("stored");
        let id = database.post(ada, room, "shared secretword").await.expect("stored").id;
        database.edit_message(ada, room, id, body("shared othersecret")).await.expect("edited");
        assert_eq!(vocabulary(database).await, words_of(&[(other, "secretword"), (other, "shared"), (room, "othersecret"), (room, "plain"), (room, "shared")]));
        database.delete_message(ada, room, id).await.expect("deleted");
        assert_eq!(vocabulary(database).await, words_of(&[(other, "secretword"), (other, "shared"), (room, "plain"), (room, "shared")]));
        let later = Timestamp::now().after(std::time::Duration::from_secs(60));
        while database.trim_room(other, later, 100).await.expect("trimmed") > 0 {}
        assert_eq!(vocabulary(database).await, words_of(&[(room, "plain"), (room, "shared")]));
        assert_eq!(parts_of_words(database, "cretw").await, 0);
        // A word that comes back is known to have gone.
        database.post(ada, room, "othersecret again").await.expect("stored");
        assert_eq!(found(database, ada, "hersecr").await, ["othersecret again"]);
        assert_eq!(parts_of_words(database, "hersecr").await, 1);
    }

    async fn another_process_learns_that_words_have_gone(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        let other = database.open_again();
        let posted = other.post_message(ada, room, draft("donaudampfschiff", None)).await.expect("stored");
        let Posted::New { message, .. } = posted else { panic!("not new") };
        database.delete_message(ada, room, message.id).await.expect("deleted");
        assert!(vocabulary(database).await.is_empty());
        other.post_message(ada, room, draft("donaudampfschiff", None)).await.expect("stored");
        assert_eq!(found(database, ada, "dampf").await, ["donaudampfschiff"]);
    }
}

/// A word of letters alone, another one for each number.
fn letters(number: usize) -> String {
    [number / 26 % 26, number % 26]
        .into_iter()
        .map(|index| char::from(b'a' + u8::try_from(index).unwrap_or(0)))
        .collect()
}

/// Words that begin with each of these letters.
fn spelled(firsts: &str, number: usize) -> String {
    firsts.chars().map(|first| format!("{first}{} ", letters(number))).collect()
}

#[derive(QueryableByName, Debug, PartialEq)]
struct KnownWord {
    #[diesel(sql_type = BigInt)]
    room_id: i64,
    #[diesel(sql_type = Text)]
    word: String,
}

fn words_of(words: &[(RoomId, &str)]) -> Vec<KnownWord> {
    let mut words: Vec<_> =
        words.iter().map(|(room, word)| KnownWord { room_id: room.0, word: (*word).to_owned() }).collect();
    words.sort_by(|one, other| (one.room_id, &one.word).cmp(&(other.room_id, &other.word)));
    words
}

async fn vocabulary(database: &TestDatabase) -> Vec<KnownWord> {
    let words = "SELECT DISTINCT room_id, word FROM search_words ORDER BY room_id, word";
    database.read(move |connection| Ok(diesel::sql_query(words).load(connection)?)).await.expect("readable")
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// How many entries the index of parts has for a part of a word, whether or not the word is still there.
async fn parts_of_words(database: &TestDatabase, part: &'static str) -> i64 {
    let count = move |connection: &mut DbConnection| {
        let sql = match connection {
            DbConnection::Sqlite(_) => {
                format!("SELECT count(*) AS count FROM search_word_parts WHERE search_word_parts MATCH '\"{part}\"'")
            }
            DbConnection::Postgres(_) => {
                format!("SELECT count(*) AS count FROM search_words WHERE parts @> ARRAY['{}']", &part[..3])
            }
        };
        Ok(diesel::sql_query(sql).get_result::<Counted>(connection)?.count)
    };
    database.read(count).await.expect("readable")
}
