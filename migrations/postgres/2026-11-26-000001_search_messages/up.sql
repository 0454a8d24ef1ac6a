-- Which words stand in which message. The program cuts the words, the same for both databases and whatever the
-- database's locale. Beside the words stand `room:1`, `from:2`, `has:link`.
CREATE TABLE message_search (
    message_id BIGINT PRIMARY KEY,
    terms TSVECTOR NOT NULL
);
-- A short list of what is pending: moving it into the index holds up the post that finds it full.
CREATE INDEX message_search_by_term ON message_search USING GIN (terms) WITH (gin_pending_list_limit = 512);
-- A foreign key would look each message up once more when it is posted.
CREATE FUNCTION message_search_forgets() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM message_search WHERE message_id = old.id;
    RETURN NULL;
END $$;
CREATE TRIGGER message_search_forgets AFTER DELETE ON messages
    FOR EACH ROW EXECUTE FUNCTION message_search_forgets();

-- Every word that was ever indexed, and its groups of three characters: what a part of a word stands for. A word may
-- stand here twice: with a unique index, writers that meet the same words in another order would wait for each other.
CREATE TABLE search_words (
    word TEXT COLLATE "C" NOT NULL,
    parts TEXT[] NOT NULL
);
CREATE INDEX search_words_by_word ON search_words (word);
CREATE INDEX search_words_by_part ON search_words USING GIN (parts);

-- How the index was made; see `store/search/rebuild.rs`.
CREATE TABLE search_state (
    version BIGINT PRIMARY KEY NOT NULL
);
