"""The record: an append-only chain of every event that matters, and its verification."""
