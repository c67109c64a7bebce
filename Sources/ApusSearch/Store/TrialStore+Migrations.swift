import GRDB

extension TrialStore {
    /// The versions of the file, each made from the one before.
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 studies, trials, values, runs") { database in
            try database.execute(
                sql: """
                    CREATE TABLE studies (
                        id INTEGER PRIMARY KEY,
                        name TEXT NOT NULL UNIQUE,
                        search TEXT NOT NULL,
                        created REAL NOT NULL
                    );
                    CREATE TABLE trials (
                        id INTEGER PRIMARY KEY,
                        study INTEGER NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
                        number INTEGER NOT NULL,
                        state TEXT NOT NULL,
                        assignment TEXT NOT NULL,
                        budget INTEGER,
                        usedBudget INTEGER NOT NULL DEFAULT 0,
                        score REAL,
                        scores TEXT NOT NULL DEFAULT '{}',
                        seed INTEGER NOT NULL,
                        started REAL,
                        finished REAL,
                        folder TEXT,
                        error TEXT,
                        attempts INTEGER NOT NULL DEFAULT 0,
                        owner TEXT,
                        heartbeat REAL,
                        UNIQUE (study, number)
                    );
                    CREATE INDEX trialsByState ON trials (study, state);
                    CREATE TABLE intermediateValues (
                        trial INTEGER NOT NULL REFERENCES trials (id) ON DELETE CASCADE,
                        step INTEGER NOT NULL,
                        value REAL,
                        PRIMARY KEY (trial, step)
                    ) WITHOUT ROWID;
                    CREATE TABLE runs (
                        folder TEXT PRIMARY KEY,
                        name TEXT NOT NULL,
                        state TEXT NOT NULL,
                        started REAL NOT NULL,
                        finished REAL,
                        command TEXT NOT NULL,
                        version TEXT NOT NULL,
                        final TEXT NOT NULL,
                        best TEXT NOT NULL,
                        tags TEXT NOT NULL
                    ) WITHOUT ROWID;
                    """)
        }
        migrator.registerMigration("2 settings of studies, trials that diverged") { database in
            try database.execute(sql: "ALTER TABLE studies ADD COLUMN settings TEXT")
        }
        return migrator
    }
}
