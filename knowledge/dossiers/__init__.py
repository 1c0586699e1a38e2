"""Dossiers: tracking codes, statuses, the registry, its import and export, due dates."""
