"""Jobs, the clock, logs, and what every process stands on."""
