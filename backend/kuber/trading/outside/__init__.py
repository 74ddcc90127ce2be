"""Order intents of outside agents, from Kafka: off by default, by API key, admitted as by hand."""
