"""Corporate actions: splits, which prices are adjusted for, and dividends, which are kept."""
