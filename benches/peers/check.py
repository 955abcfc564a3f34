"""Checks: every engine's answer must be equal to trichter's, down to the last count."""


def rows(answer):
    """An answer as a mapping from what is counted to its counts."""
    if isinstance(answer, dict):
        return {key: tuple(counts) for key, counts in answer.items()}
    return {f"step {number}": (count,) for number, count in enumerate(answer, 1)}


def differences(question, ours, theirs, engine):
    """One line per row that differs."""
    ours, theirs = rows(ours), rows(theirs)
    return [
        f"{question}, {key or 'no campaign'}: trichter {ours.get(key)}, {engine} {theirs.get(key)}"
        for key in sorted(ours.keys() | theirs.keys())
        if ours.get(key) != theirs.get(key)
    ]
