"""The one kind of error that is meant for people."""


class UserError(Exception):
    """Something a person can mend: the message says in one sentence what happened and in one what to do."""
