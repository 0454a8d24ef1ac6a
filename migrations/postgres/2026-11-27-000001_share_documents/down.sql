DELETE FROM events WHERE document_id IS NOT NULL;
ALTER TABLE events DROP COLUMN document_id;
DROP TABLE document_versions;
DROP TABLE documents;
