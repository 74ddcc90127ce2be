"""Splits and dividends reach positions of the simulated venue (rule M25): once each, in a round."""
