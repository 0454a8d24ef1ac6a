ALTER TABLE users DROP COLUMN name_words;
ALTER TABLE search_state DROP COLUMN removals;
DROP TABLE search_words;
CREATE TABLE search_words (
    word TEXT COLLATE "C" NOT NULL,
    parts TEXT[] NOT NULL
);
CREATE INDEX search_words_by_word ON search_words (word);
CREATE INDEX search_words_by_part ON search_words USING GIN (parts);
DELETE FROM search_state;
