"""What we ask the database, a module for each subject; ``nvqsync.store`` opens it."""
