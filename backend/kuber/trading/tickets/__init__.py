"""Orders by hand: checked before anything is written, then wanted of the order service (M19)."""
