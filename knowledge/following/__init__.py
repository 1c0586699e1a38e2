"""Following a dossier: the second proof, and who is to be told of it."""
