"""What the ledger's lines say and add up to."""
