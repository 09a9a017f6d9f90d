"""The command qaitar and its subcommands."""
