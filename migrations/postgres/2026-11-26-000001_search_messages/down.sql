DROP TABLE search_state;
DROP TABLE search_words;
DROP TRIGGER message_search_forgets ON messages;
DROP FUNCTION message_search_forgets;
DROP TABLE message_search;
