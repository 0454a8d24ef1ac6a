DROP INDEX documents_by_maker;
DROP INDEX files_by_uploader;
