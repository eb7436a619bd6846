"""Arrays and lists of sequences, checked once and given in the form that the core takes."""
