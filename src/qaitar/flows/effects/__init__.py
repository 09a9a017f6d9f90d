"""What has to happen outside exactly once, one file a story: what is sent, and how it is found again."""
