-- Which version of the renderer made the HTML of the messages; see `store/messages/rerender.rs`. The next start fills it.
CREATE TABLE renderer_state (
    version BIGINT PRIMARY KEY NOT NULL
);
