# Aliases of ./kuber, for those whose fingers know make.
.PHONY: up down status logs test check bench clean

up down status logs test check bench clean:
	./kuber $@
