"""What the department knows: procedures, dossiers, offices. Imports neither bot nor actions nor Rasa."""
