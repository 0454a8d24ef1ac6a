-- Which words stand in which message. The program cuts the words, the same for both databases, so the index need only
-- part them at the spaces. The texts themselves stay in `messages`. Beside the words stand `room:1`, `from:2`, `has:link`.
CREATE VIRTUAL TABLE message_search USING fts5 (
    terms, content = '', contentless_delete = 1, tokenize = "ascii tokenchars ':'"
);
CREATE TRIGGER message_search_forgets AFTER DELETE ON messages BEGIN
    DELETE FROM message_search WHERE rowid = old.id;
END;

-- Every word that was ever indexed, and its groups of three characters: what a part of a word stands for.
CREATE TABLE search_words (
    id INTEGER PRIMARY KEY NOT NULL,
    word TEXT NOT NULL UNIQUE
);
CREATE VIRTUAL TABLE search_word_parts USING fts5 (
    word, content = 'search_words', content_rowid = 'id', columnsize = 0, tokenize = 'trigram case_sensitive 1'
);
CREATE TRIGGER search_word_parts_follow AFTER INSERT ON search_words BEGIN
    INSERT INTO search_word_parts (rowid, word) VALUES (new.id, new.word);
END;

-- How the index was made; see `store/search/rebuild.rs`.
CREATE TABLE search_state (
    version BIGINT PRIMARY KEY NOT NULL
);
