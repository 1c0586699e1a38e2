"""The report on dossiers: its words, tables, charts, exports, and the page for staff."""
