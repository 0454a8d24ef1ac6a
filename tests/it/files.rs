use std::collections::BTreeMap;
use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use actix_web::rt::time::sleep;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use image::{DynamicImage, ImageFormat};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::support::person::{Answer, Person};
use crate::support::server::Server;
use crate::support::settings::DEADLINE;

const SANDBOX: &str = "sandbox; default-src 'none'; frame-ancestors 'none'";

/// Ada and Bob in a room, and Eve in none.
struct Scene {
    server: Server,
    ada: Person,
    bob: Person,
    eve: Person,
    room: i64,
}

async fn scene() -> Scene {
    let server = Server::start_with(|config| config.http.max_file_bytes = 1_000_000).await;
    let (ada, bob, eve) = (server.sign_up("ada").await, server.sign_up("bob").await, server.sign_up("eve").await);
    let room = ada.create_room("Lobby", "closed").await;
    ada.post(&format!("/api/v1/rooms/{room}/members"), &json!({"user_id": bob.id})).await.expect(200);
    Scene { server, ada, bob, eve, room }
}

impl Scene {
    async fn upload(&self, person: &Person, name: &str, content: impl Into<reqwest::Body>) -> Answer {
        let path = format!("/api/v1/rooms/{}/files", self.room);
        Answer::of(person.request(Method::POST, &path).query(&[("name", name)]).body(content)).await
    }

    /// Uploads a file; answers its id.
    async fn uploaded(&self, name: &str, content: impl Into<reqwest::Body>) -> i64 {
        self.upload(&self.ada, name, content).await.expect(201).number("/id")
    }

    async fn attach(&self, person: &Person, room: i64, file_ids: &[i64]) -> Answer {
        let path = format!("/api/v1/rooms/{room}/messages");
        person.post(&path, &json!({"body": "", "file_ids": file_ids})).await
    }

    /// Every file below the directory of the contents, with its length.
    fn on_disk(&self) -> BTreeMap<String, u64> {
        let mut found = BTreeMap::new();
        collect(&self.server.data_dir().join("files"), &mut found);
        found
    }
}

fn collect(directory: &Path, found: &mut BTreeMap<String, u64>) {
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let entry = entry.expect("an entry");
        match entry.metadata() {
            Ok(directory) if directory.is_dir() => collect(&entry.path(), found),
            Ok(file) => drop(found.insert(entry.file_name().to_string_lossy().into_owned(), file.len())),
            // It went while it was looked at.
            Err(_) => {}
        }
    }
}

async fn download(person: &Person, path: &str, headers: &[(&str, &str)]) -> Response {
    let request =
        headers.iter().fold(person.request(Method::GET, path), |request, (name, value)| request.header(*name, *value));
    request.send().await.expect("an answer")
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map(|value| value.to_str().expect("text")).unwrap_or_default()
}

fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let image = match format {
        ImageFormat::Jpeg => DynamicImage::new_rgb8(width, height),
        _ => DynamicImage::new_rgba8(width, height),
    };
    image.write_to(&mut bytes, format).expect("encoded");
    bytes.into_inner()
}

#[actix_web::test]
async fn a_file_goes_from_one_member_to_another_unchanged() {
    let scene = scene().await;
    let content = picture(800, 400, ImageFormat::Png);
    let file = scene.upload(&scene.ada, "Ein Bild é.png", content.clone()).await.expect(201);
    let id = file.number("/id");
    let url = format!("/api/v1/files/{id}");
    let expected = json!({"id": id, "name": "Ein Bild é.png", "content_type": "image/png", "bytes": content.len(),
        "width": 800, "height": 400, "url": url, "thumbnail_url": format!("{url}/thumbnail")});
    assert_eq!((&file.json, file.header("location")), (&expected, url.as_str()));
    let message = scene.attach(&scene.ada, scene.room, &[id]).await.expect(201);
    assert_eq!((&message.json["files"], &message.json["body"]), (&json!([expected]), &json!("")));

    let received = download(&scene.bob, &url, &[]).await;
    assert_eq!((received.status().as_u16(), header(&received, "content-type")), (200, "image/png"));
    let disposition = received.headers()["content-disposition"].as_bytes();
    let inline = "inline; filename=\"Ein Bild é.png\"; filename*=UTF-8''Ein%20Bild%20%C3%A9.png";
    assert_eq!(disposition, inline.as_bytes());
    assert_eq!(header(&received, "content-length"), content.len().to_string());
    assert_eq!(header(&received, "cache-control"), "no-store");
    assert_eq!(received.bytes().await.expect("whole"), content);
    let thumbnail = download(&scene.bob, &format!("{url}/thumbnail"), &[]).await;
    assert_eq!(header(&thumbnail, "content-type"), "image/png");
    let thumbnail = image::load_from_memory(&thumbnail.bytes().await.expect("whole")).expect("an image");
    assert_eq!((thumbnail.width(), thumbnail.height()), (640, 320));

    let room = format!("/api/v1/rooms/{}", scene.room);
    let id = message.number("/id");
    for (path, pointer) in [
        (format!("{room}/messages"), "/items/0/files"),
        (format!("{room}/messages/{id}"), "/files"),
        (format!("{room}/events?after=3"), "/items/0/message/files"),
        ("/api/v1/search?q=has:file".to_owned(), "/items/0/message/files"),
    ] {
        assert_eq!(scene.bob.get(&path).await.expect(200).json.pointer(pointer), Some(&json!([expected])), "{path}");
    }
}

#[actix_web::test]
async fn files_stand_in_the_order_that_their_author_chose_and_a_repeat_is_recognised_by_them() {
    let scene = scene().await;
    let (one, two) = (scene.uploaded("one.txt", "1").await, scene.uploaded("two.txt", "2").await);
    let path = format!("/api/v1/rooms/{}/messages", scene.room);
    let post = async |file_ids: &[i64]| {
        scene.ada.post(&path, &json!({"body": "both", "client_id": "c-1", "file_ids": file_ids})).await
    };
    let first = post(&[two, one]).await.expect(201);
    assert_eq!((first.number("/files/0/id"), first.number("/files/1/id")), (two, one));
    let repeat = post(&[two, one]).await.expect(200);
    assert_eq!((repeat.header("idempotency-replayed"), &repeat.json), ("true", &first.json));
    post(&[one, two]).await.expect_problem(409, "client_id_reused");
}

#[actix_web::test]
async fn a_part_of_a_file_is_answered_and_what_is_known_is_not_sent_again() {
    let scene = scene().await;
    let content: Vec<u8> = (0..200_000_u32).map(|number| (number % 251) as u8).collect();
    let url = format!("/api/v1/files/{}", scene.uploaded("data", content.clone()).await);
    let part = download(&scene.ada, &url, &[("range", "bytes=100-150000")]).await;
    assert_eq!((part.status().as_u16(), header(&part, "content-range")), (206, "bytes 100-150000/200000"));
    let etag = header(&part, "etag").to_owned();
    assert_eq!(part.bytes().await.expect("whole"), content[100..=150_000]);
    for range in ["bytes=200000-", "bytes=0-1,5-6"] {
        let refused = Answer::of(scene.ada.request(Method::GET, &url).header("range", range)).await;
        refused.expect_problem(416, "range_not_satisfiable");
        assert_eq!(refused.header("content-range"), "bytes */200000");
    }
    let known = download(&scene.ada, &url, &[("if-none-match", &format!("\"x\", {etag}"))]).await;
    assert_eq!((known.status().as_u16(), header(&known, "etag")), (304, etag.as_str()));
    assert!(known.bytes().await.expect("none").is_empty());
    let goes_on = download(&scene.ada, &url, &[("range", "bytes=-10"), ("if-range", &etag)]).await;
    assert_eq!(goes_on.status(), 206);
    let begins_anew = download(&scene.ada, &url, &[("range", "bytes=-10"), ("if-range", "\"other\"")]).await;
    assert_eq!(begins_anew.bytes().await.expect("whole").len(), 200_000);
    let head = Answer::of(scene.ada.request(Method::HEAD, &url)).await.expect(200);
    assert_eq!((head.header("content-length"), head.text.as_str()), ("200000", ""));
}

#[actix_web::test]
async fn a_file_is_seen_by_its_uploader_and_then_by_the_members_of_its_room() {
    let scene = scene().await;
    let id = scene.uploaded("plan.txt", "the plan").await;
    let url = format!("/api/v1/files/{id}");
    scene.ada.get(&url).await.expect(200);
    for person in [&scene.bob, &scene.eve] {
        let refused = person.get(&url).await;
        refused.expect_problem(404, "file_not_found");
        assert!(!refused.text.contains("plan"));
    }
    scene.server.stranger().get(&url).await.expect_problem(401, "token_missing");
    scene.attach(&scene.ada, scene.room, &[id]).await.expect(201);
    assert_eq!(scene.bob.get(&url).await.expect(200).text, "the plan");
    scene.eve.get(&url).await.expect_problem(404, "file_not_found");
    // Not even a file known by its ETag is told of.
    let hash = format!("\"{}\"", scene.on_disk().keys().next().expect("one file"));
    assert_eq!(download(&scene.eve, &url, &[("if-none-match", &hash)]).await.status(), 404);
    let membership = format!("/api/v1/rooms/{}/members/{}", scene.room, scene.bob.id);
    scene.ada.delete(&membership).await.expect(204);
    for path in [url.clone(), format!("{url}/thumbnail")] {
        scene.bob.get(&path).await.expect_problem(404, "file_not_found");
    }
    scene.ada.get(&format!("{url}/thumbnail")).await.expect_problem(404, "thumbnail_not_found");
}

#[actix_web::test]
async fn only_ones_own_free_files_of_the_room_can_be_attached() {
    let scene = scene().await;
    let id = scene.uploaded("one.txt", "1").await;
    let other = scene.ada.create_room("Other", "open").await;
    scene.attach(&scene.bob, scene.room, &[id]).await.expect_problem(404, "file_not_found");
    scene.attach(&scene.ada, other, &[id]).await.expect_problem(404, "file_not_found");
    scene.attach(&scene.ada, scene.room, &[id, id]).await.expect_problem(422, "duplicate_file");
    scene.attach(&scene.ada, scene.room, &[id + 1]).await.expect_problem(404, "file_not_found");
    scene.attach(&scene.ada, scene.room, &[]).await.expect_problem(422, "message_empty");
    let too_many: Vec<i64> = (1..=11).collect();
    let detail = scene.attach(&scene.ada, scene.room, &too_many).await.expect_problem(422, "too_many_files");
    assert!(detail.contains("HUBBUB_MAX_FILES_PER_MESSAGE"), "{detail}");
    scene.attach(&scene.ada, scene.room, &[id]).await.expect(201);
    scene.attach(&scene.ada, scene.room, &[id]).await.expect_problem(404, "file_not_found");
    assert_eq!(scene.ada.bodies(scene.room).await, [""]);
    assert!(scene.ada.bodies(other).await.is_empty());
}

#[actix_web::test]
async fn only_members_upload() {
    let scene = scene().await;
    scene.upload(&scene.eve, "x", "x").await.expect_problem(404, "room_not_found");
    scene.upload(&scene.server.stranger(), "x", "x").await.expect_problem(401, "token_missing");
    let open = scene.ada.create_room("Open", "open").await;
    let refused = scene.eve.post_raw(&format!("/api/v1/rooms/{open}/files?name=x"), "text/plain", "x").await;
    refused.expect_problem(403, "not_a_member");
    assert!(scene.on_disk().is_empty());
}

#[actix_web::test]
async fn a_file_that_is_too_large_is_refused_early_and_leaves_nothing() {
    let scene = scene().await;
    let detail = scene.upload(&scene.ada, "x", vec![0; 1_000_001]).await.expect_problem(413, "file_too_large");
    assert!(detail.contains("HUBBUB_MAX_FILE_BYTES"), "{detail}");
    // Without a length, and without an end.
    let pieces = stream::repeat(Bytes::from(vec![0; 100_000])).take(11).map(Ok::<_, std::io::Error>);
    let endless = pieces.chain(stream::pending());
    let refused = scene.upload(&scene.ada, "x", reqwest::Body::wrap_stream(endless)).await;
    refused.expect_problem(413, "file_too_large");
    assert!(scene.on_disk().is_empty());
    scene.upload(&scene.ada, "x", vec![0; 1_000_000]).await.expect(201);
}

#[actix_web::test]
async fn an_upload_that_is_cut_off_leaves_nothing() {
    let scene = scene().await;
    let url = scene.server.url("");
    let mut socket = TcpStream::connect(url.trim_start_matches("http://")).expect("connected");
    let token = scene.ada.token.as_deref().expect("signed in");
    let path = format!("/api/v1/rooms/{}/files?name=x", scene.room);
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nContent-Length: 1000\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).expect("sent");
    socket.write_all(&[b'x'; 500]).expect("sent");
    let deadline = Instant::now() + DEADLINE;
    let wait_until = async |begun: bool| {
        while scene.on_disk().is_empty() == begun {
            assert!(Instant::now() < deadline, "on the disk: {:?}", scene.on_disk());
            sleep(Duration::from_millis(5)).await;
        }
    };
    wait_until(true).await;
    drop(socket);
    wait_until(false).await;
}

#[actix_web::test]
async fn names_are_shown_and_never_become_paths() {
    let scene = scene().await;
    for (name, kept) in [("../../../etc/passwd", "passwd"), ("C:\\a\\b.txt", "b.txt"), ("a\u{202e}txt.exe", "atxt.exe")]
    {
        let answer = scene.upload(&scene.ada, name, "harmless").await.expect(201);
        assert_eq!(answer.string("/name"), kept);
    }
    for name in ["", "..", "a/", " "] {
        scene.upload(&scene.ada, name, "x").await.expect_problem(422, "invalid_file_name");
    }
    for name in ["a\r\nb", "a\0b"] {
        scene.upload(&scene.ada, name, "x").await.expect_problem(422, "invalid_text");
    }
    let without = format!("/api/v1/rooms/{}/files", scene.room);
    scene.ada.post_raw(&without, "text/plain", "x").await.expect_problem(422, "invalid_query");
    let names: Vec<String> = scene.on_disk().into_keys().collect();
    assert!(names.len() == 1 && names[0].len() == 64 && names[0].bytes().all(|b| b.is_ascii_hexdigit()), "{names:?}");
}

#[actix_web::test]
async fn what_a_browser_could_run_is_served_as_something_to_save() {
    let scene = scene().await;
    for (name, content) in [
        ("x.html", "<!doctype html><script>alert(1)</script>"),
        ("x.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>"),
        ("x.png", "<?xml version=\"1.0\"?><svg onload=\"alert(1)\"/>"),
        ("x.js", "alert(1)"),
    ] {
        let path = format!("/api/v1/rooms/{}/files?name={name}", scene.room);
        let url = scene.ada.post_raw(&path, "text/html", content).await.expect(201).string("/url");
        let served = download(&scene.ada, &url, &[]).await;
        assert_eq!(header(&served, "content-type"), "text/plain; charset=utf-8", "{name}");
        assert!(header(&served, "content-disposition").starts_with("attachment;"), "{name}");
        assert_eq!(header(&served, "x-content-type-options"), "nosniff");
        assert_eq!(header(&served, "content-security-policy"), SANDBOX);
    }
}

#[actix_web::test]
async fn the_same_content_stands_once_and_goes_with_its_last_message() {
    let scene = scene().await;
    let content = picture(30, 20, ImageFormat::Jpeg);
    let (one, two) =
        (scene.uploaded("one.jpg", content.clone()).await, scene.uploaded("two.jpg", content.clone()).await);
    let before = scene.on_disk();
    assert_eq!(before.len(), 2, "the content and its thumbnail: {before:?}");
    let first = scene.attach(&scene.ada, scene.room, &[one]).await.expect(201).number("/id");
    let second = scene.attach(&scene.ada, scene.room, &[two]).await.expect(201).number("/id");
    let messages = format!("/api/v1/rooms/{}/messages", scene.room);
    let deleted = scene.ada.delete(&format!("{messages}/{first}")).await.expect(200);
    assert_eq!(deleted.json["files"], json!([]));
    scene.bob.get(&format!("/api/v1/files/{one}")).await.expect_problem(404, "file_not_found");
    assert_eq!(download(&scene.bob, &format!("/api/v1/files/{two}"), &[]).await.bytes().await.expect("whole"), content);
    assert_eq!(scene.on_disk(), before);
    scene.ada.delete(&format!("{messages}/{second}")).await.expect(200);
    assert!(scene.on_disk().is_empty(), "{:?}", scene.on_disk());
    // It can come back.
    let again = scene.uploaded("one.jpg", content.clone()).await;
    assert_eq!(download(&scene.ada, &format!("/api/v1/files/{again}"), &[]).await.status(), 200);
}

#[actix_web::test]
async fn images_that_claim_too_much_or_are_broken_are_files_without_a_thumbnail() {
    let scene = scene().await;
    let mut gif = picture(1, 1, ImageFormat::Gif);
    gif[6..10].copy_from_slice(&[0xff; 4]);
    let mut png = picture(1, 1, ImageFormat::Png);
    png[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    let checksum = crc32(&png[12..29]).to_be_bytes();
    png[29..33].copy_from_slice(&checksum);
    let mut cut = picture(50, 50, ImageFormat::Jpeg);
    cut.truncate(100);
    let size = |file: &Value| (file["width"].as_i64(), file["height"].as_i64());
    for (name, content, expected) in [
        ("bomb.gif", gif, (Some(65_535), Some(65_535))),
        ("bomb.png", png, (Some(60_000), Some(60_000))),
        ("cut.jpg", cut, (None, None)),
        ("only-a-name.png", b"\x89PNG\r\n\x1a\n".to_vec(), (None, None)),
    ] {
        let file = scene.upload(&scene.ada, name, content).await.expect(201);
        assert_eq!((size(&file.json), &file.json["thumbnail_url"]), (expected, &json!(null)), "{name}");
    }
    // The server still draws.
    let drawn = scene.upload(&scene.ada, "ok.webp", picture(10, 10, ImageFormat::WebP)).await.expect(201);
    assert_eq!(size(&drawn.json), (Some(10), Some(10)));
    assert!(drawn.json["thumbnail_url"].is_string());
}

/// The checksum of PNG's chunks.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

#[actix_web::test]
async fn curl_saves_a_file_under_its_name() {
    let scene = scene().await;
    for (name, saved) in
        [("notes.txt", "notes.txt"), ("Größe 5.txt", "Größe 5.txt"), ("5\" disk; a=b.txt", "5_ disk; a=b.txt")]
    {
        let id = scene.uploaded(name, "text").await;
        let directory = tempfile::tempdir().expect("a directory");
        let token = scene.ada.token.clone().expect("signed in");
        let curl = tokio::process::Command::new("curl")
            .args([
                "-fsSOJ",
                "-H",
                &format!("Authorization: Bearer {token}"),
                &scene.server.url(&format!("/api/v1/files/{id}")),
            ])
            .current_dir(directory.path())
            .output();
        let curl = curl.await.expect("curl runs");
        assert!(curl.status.success(), "{}", String::from_utf8_lossy(&curl.stderr));
        let files: Vec<_> = std::fs::read_dir(directory.path())
            .expect("a directory")
            .map(|entry| entry.expect("an entry").file_name())
            .collect();
        assert_eq!(files, [saved], "{name}");
    }
}

#[actix_web::test]
async fn a_compressed_upload_is_refused_and_not_taken_for_the_file() {
    let scene = scene().await;
    let path = format!("/api/v1/rooms/{}/files?name=a.txt", scene.room);
    for encoding in ["gzip", "br", "identity, gzip", "x-unknown"] {
        let request = scene.ada.request(Method::POST, &path).header("content-encoding", encoding).body("text");
        Answer::of(request).await.expect_problem(415, "unsupported_media_type");
    }
    let two = scene
        .ada
        .request(Method::POST, &path)
        .header("content-encoding", "identity")
        .header("content-encoding", "gzip");
    Answer::of(two.body("text")).await.expect_problem(415, "unsupported_media_type");
    let plain = scene.ada.request(Method::POST, &path).header("content-encoding", "Identity").body("text");
    Answer::of(plain).await.expect(201);
}

#[actix_web::test]
async fn an_edit_may_empty_the_text_beside_a_file_and_no_other() {
    let scene = scene().await;
    let id = scene.uploaded("a.txt", "text").await;
    let messages = format!("/api/v1/rooms/{}/messages", scene.room);
    let with_file =
        scene.ada.post(&messages, &json!({"body": "see", "file_ids": [id]})).await.expect(201).number("/id");
    for blank in ["", " \n\u{200b}"] {
        scene.ada.patch(&format!("{messages}/{with_file}"), &json!({"body": "see"})).await.expect(200);
        let edited = scene.ada.patch(&format!("{messages}/{with_file}"), &json!({"body": blank})).await.expect(200);
        assert_eq!((&edited.json["body"], &edited.json["html"]), (&json!(""), &json!("")), "{blank:?}");
        assert_eq!(edited.json["files"][0]["id"], id);
        assert!(edited.json["edited_at"].is_string());
    }
    let without = scene.ada.say(scene.room, "no file").await["id"].clone();
    let refused = scene.ada.patch(&format!("{messages}/{without}"), &json!({"body": " "})).await;
    refused.expect_problem(422, "message_empty");
    assert_eq!(refused.json["errors"][0]["field"], "body");
    scene.ada.delete(&format!("{messages}/{with_file}")).await.expect(200);
    scene
        .ada
        .patch(&format!("{messages}/{with_file}"), &json!({"body": ""}))
        .await
        .expect_problem(422, "message_empty");
}
