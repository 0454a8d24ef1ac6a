-- The words of each room: what a part of a word stands for is chosen among the words of the rooms that somebody may
-- read. The next start fills the tables; see `store/search/rebuild.rs`. A word may stand here twice: with a unique
-- index, writers that meet the same words in another order would wait for each other.
DROP TABLE search_words;
CREATE TABLE search_words (
    room_id BIGINT NOT NULL,
    word TEXT COLLATE "C" NOT NULL,
    parts TEXT[] NOT NULL
);
CREATE INDEX search_words_by_word ON search_words (room_id, word);
CREATE INDEX search_words_by_part ON search_words USING GIN (parts);

-- How often words were removed. Processes that remember words forget them when it has changed.
ALTER TABLE search_state ADD COLUMN removals BIGINT NOT NULL DEFAULT 0;

-- What people are found by: the words of their names, each behind a space.
ALTER TABLE users ADD COLUMN name_words TEXT COLLATE "C" NOT NULL DEFAULT '';
