-- The words of each room: what a part of a word stands for is chosen among the words of the rooms that somebody may
-- read. The next start fills the tables; see `store/search/rebuild.rs`.
DROP TABLE search_word_parts;
DROP TABLE search_words;
CREATE TABLE search_words (
    id INTEGER PRIMARY KEY NOT NULL,
    room_id BIGINT NOT NULL,
    word TEXT NOT NULL,
    UNIQUE (room_id, word)
);
CREATE VIRTUAL TABLE search_word_parts USING fts5 (
    word, content = 'search_words', content_rowid = 'id', columnsize = 0, tokenize = 'trigram case_sensitive 1'
);
-- What is removed leaves the index's pages at once.
INSERT INTO search_word_parts (search_word_parts, rank) VALUES ('secure-delete', 1);
CREATE TRIGGER search_word_parts_follow AFTER INSERT ON search_words BEGIN
    INSERT INTO search_word_parts (rowid, word) VALUES (new.id, new.word);
END;
CREATE TRIGGER search_word_parts_forget AFTER DELETE ON search_words BEGIN
    INSERT INTO search_word_parts (search_word_parts, rowid, word) VALUES ('delete', old.id, old.word);
END;

-- How often words were removed. Processes that remember words forget them when it has changed.
ALTER TABLE search_state ADD COLUMN removals BIGINT NOT NULL DEFAULT 0;

-- What people are found by: the words of their names, each behind a space.
ALTER TABLE users ADD COLUMN name_words TEXT NOT NULL DEFAULT '';
