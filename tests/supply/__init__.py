"""What the program is made of: known vulnerabilities of the locked packages, their age, and the bill of materials."""
