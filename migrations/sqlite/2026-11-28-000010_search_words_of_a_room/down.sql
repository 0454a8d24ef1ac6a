ALTER TABLE users DROP COLUMN name_words;
ALTER TABLE search_state DROP COLUMN removals;
DROP TRIGGER search_word_parts_forget;
DROP TRIGGER search_word_parts_follow;
DROP TABLE search_word_parts;
DROP TABLE search_words;
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
DELETE FROM search_state;
