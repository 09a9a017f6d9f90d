"""Settings, URLs, job queue, connector registry: the only place that knows everything."""
