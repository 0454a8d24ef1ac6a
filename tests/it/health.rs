use crate::harness::Server;

#[actix_web::test]
async fn a_running_server_lives_and_is_ready() {
    let server = Server::start().await;
    assert_eq!(server.stranger().get("/health/live").await.expect(200).json["status"], "live");
    assert_eq!(server.stranger().get("/health/ready").await.expect(200).json["status"], "ready");
}

#[actix_web::test]
async fn a_server_that_is_about_to_end_lives_but_is_not_ready() {
    let server = Server::start().await;
    server.state.begin_shutdown();
    server.stranger().get("/health/live").await.expect(200);
    server.stranger().get("/health/ready").await.expect_problem(503, "shutting_down");
}
