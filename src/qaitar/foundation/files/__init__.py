"""Files from outside: checked on entry, kept by content, never altered; pictures of them are made anew."""
