"""The kill matrix: every story that reaches outside or takes something in, killed at each of its moments in every way.

Real processes: a worker or a web process is forked from one loaded program, dies at the moment named, and another goes
on.  `python -m tests.kill_matrix` runs it; `rows.py` is the table.
"""
