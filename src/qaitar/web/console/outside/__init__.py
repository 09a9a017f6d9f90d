"""What outside systems and the program's own work on them note in English, said in the reader's language.

The stored sentence stays English by contract (API, logs, doctor).  One nobody has put into words is shown as it came,
and so are the vendor's own words inside a sentence.
"""
