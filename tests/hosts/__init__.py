"""Several hosts on this machine: network namespaces on one bridge, with a database that fails over and the program on it.

`python -m tests.hosts` runs the story of docs/scaling.md; everything it makes is in namespaces of its own, so nothing
of it can outlive it.
"""
