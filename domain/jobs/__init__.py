"""What the workers keep in the database: cron slots and failed jobs."""
