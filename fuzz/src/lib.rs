//! The program's own modules, compiled into the fuzzer without the rest, which they do not need.

#[path = "../../src/pusher/mod.rs"]
pub mod pusher;
#[path = "../../src/domain/yjs/mod.rs"]
pub mod yjs;

/// Markdown, and the characters that show nothing; the rest of the domain is not needed.
#[path = "."]
pub mod domain {
    #[path = "."]
    pub mod text {
        #[allow(dead_code)]
        #[path = "../../src/domain/text/invisible.rs"]
        mod invisible;
        #[allow(dead_code)]
        #[path = "../../src/domain/text/markdown/mod.rs"]
        mod markdown;

        use invisible::is_blank;
        pub use markdown::{RENDERER_VERSION, excerpt, render_markdown};
    }
}
