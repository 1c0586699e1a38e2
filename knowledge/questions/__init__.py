"""Questions that people leave for the staff: tickets (phiếu hỏi)."""
