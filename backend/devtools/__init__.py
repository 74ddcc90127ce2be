"""Tools for working on Kuber: setting up, testing, checking. No part of the product."""
