"""Photos of receipts: QR and bar codes are read, the pictures are kept nowhere."""
