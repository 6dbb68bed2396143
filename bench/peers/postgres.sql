DROP TABLE IF EXISTS ballots, tally;
CREATE TABLE ballots (voter bytea PRIMARY KEY, unit integer NOT NULL, choice integer NOT NULL);
CREATE TABLE tally (unit integer, choice integer, votes bigint NOT NULL, PRIMARY KEY (unit, choice))
    WITH (fillfactor = 50);
