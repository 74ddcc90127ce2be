"""The inside of a book. Outside of this package use `kuber.exchange.book`."""
