//! Identity: passwords, JSON Web Tokens, tokens for scripts.
