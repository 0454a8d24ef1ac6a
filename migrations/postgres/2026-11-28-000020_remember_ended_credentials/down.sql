DROP TABLE ended_credentials;
