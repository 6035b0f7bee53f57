"""How an item of the LMS finds its unit and criteria: ID numbers, the mapping file, guesses, what is left over."""
