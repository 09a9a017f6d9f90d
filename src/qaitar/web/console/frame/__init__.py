"""What every page stands in: signing in, layout, answers, errors, the installed app."""
