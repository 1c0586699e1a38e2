"""What the department knows: procedures, dossiers, offices. Imports nothing of bot or actions."""
