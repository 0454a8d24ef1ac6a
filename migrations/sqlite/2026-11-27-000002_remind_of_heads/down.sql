DROP INDEX removals_by_time;
DROP TABLE leases;
