"""Reading splits and dividends: from files of them, and from columns beside bars."""
