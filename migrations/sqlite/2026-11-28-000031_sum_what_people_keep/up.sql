-- The sums of the rations: bytes of a person's files, and of the documents that they made.
CREATE INDEX files_by_uploader ON files (uploader_id, message_id, bytes);
CREATE INDEX documents_by_maker ON documents (created_by, bytes);
