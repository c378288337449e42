class UserError(Exception):
    """Something the caller can put right: shown without a stack trace. Says place, expected, got and remedy."""
