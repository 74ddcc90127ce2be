"""What the command line does; `kuber.cli` only names it and takes its arguments."""
