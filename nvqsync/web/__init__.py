"""The pages of the claim queue: what needs a person today, and everything a claim rests on."""
