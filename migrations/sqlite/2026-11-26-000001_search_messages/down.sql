DROP TABLE search_state;
DROP TRIGGER search_word_parts_follow;
DROP TABLE search_word_parts;
DROP TABLE search_words;
DROP TRIGGER message_search_forgets;
DROP TABLE message_search;
