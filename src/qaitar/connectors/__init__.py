"""One folder an outside system; each implements a contract and nothing else."""
