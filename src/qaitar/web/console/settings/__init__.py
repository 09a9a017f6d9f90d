"""Pages of the office: stores, people, connections, rules, tokens, security."""
