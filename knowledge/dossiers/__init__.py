"""Dossiers: tracking codes, statuses, sources and their registry, due dates, the report."""
