"""plan → approve → apply → settle: the one road for every spending or destroying call."""
