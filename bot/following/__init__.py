"""Following dossiers: taking second proofs, telling news, and those who ask."""
