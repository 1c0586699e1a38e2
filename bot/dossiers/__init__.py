"""Sources of dossiers outside the database: a portal, pushed messages, dropped files."""
