"""What the procedure, the law and the merchant say of a request.  Pure but for what gathers the facts."""
