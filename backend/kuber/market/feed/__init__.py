"""The feed: quotes from one source, checked, stored as the newest, published."""
